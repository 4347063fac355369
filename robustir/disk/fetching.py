"""The data of a benchmark or the files of an encoder, from their source or from local files."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from robustir.disk.atomic import write_atomically
from robustir.disk.download import Remote, fetch
from robustir.errors import DataError, NotApplicableError
from robustir.plugins.registry import create, registered
from robustir.plugins.specs import parse

__all__ = ["Order", "fetchable", "how_to_get", "order"]

_SHORT = {"laser": "laser2"}  # the usual name of these files, though not of an encoder


class Accept(Protocol):
    """Checks a fetched file; raises InputError if it is the wrong file."""

    def __call__(self, path: Path, *, new: bool) -> None: ...


def fetchable(spec: str) -> Any:
    """Return the benchmark of a spec, or an encoder with files to fetch (LASER). Raises UnknownNameError."""
    spec = _SHORT.get(spec, spec)
    name = parse(spec).name
    if name not in registered("benchmark") and name in registered("encoder"):
        encoder = create("encoder", spec)
        if hasattr(encoder, "files"):
            return encoder
    return create("benchmark", spec)


@dataclass(frozen=True)
class Order:
    """The files to fetch, and what a reader must know before the download.

    Args:
        name: of the benchmark or encoder.
        licence, source: of the files.
        folder: their folder inside the data folder.
        remotes: the files.
        accept: checks files without a known checksum; None: nothing does.
        instead: what is checked in files without a checksum, in words.
    """

    name: str
    licence: str
    source: str
    folder: str
    remotes: tuple[Remote, ...]
    accept: Accept | None = None
    instead: str = "their content is not checked"

    def lines(self, target: Path) -> list[str]:
        """Return licence, source and size, to be shown first."""
        known = [remote.size for remote in self.remotes if remote.size is not None]
        unchecked = sum(not remote.sha256 for remote in self.remotes)
        count = f"{len(self.remotes)} files" + (
            f", {sum(known) / 1e6:.1f} MB" if len(known) == len(self.remotes) else ""
        )
        return [
            f"{self.name}: licence {self.licence}",
            f"  from {self.source}",
            f"  {count if self.remotes else 'local files'} into {target / self.folder}",
            *([f"  {unchecked} of them have no known checksum: {self.instead}"] if unchecked else []),
        ]

    @property
    def size(self) -> int:
        """Bytes of all files; 0 if the size of any is unknown."""
        sizes = [remote.size for remote in self.remotes]
        return 0 if None in sizes else sum(size or 0 for size in sizes)

    def carry_out(
        self,
        target: Path,
        sources: Sequence[Path],
        step: Callable[[], object],
        received: Callable[[int], object] | None = None,
    ) -> Counter[str]:
        """Fetch every file; return how many were there, copied or downloaded.

        Args:
            target: the data folder.
            sources: as for :func:`robustir.disk.download.fetch`.
            step: called after each file.
            received: called with numbers of received bytes, which add up to the files' sizes.
        """
        done: Counter[str] = Counter()
        if not self.remotes:
            done["copied"] = _copy_tree(self, target, sources)
        for remote in self.remotes:
            counted = _Counted(received)
            outcome = fetch(remote, target, sources=sources, progress=counted)
            counted(remote.size or counted.seen, None)
            if self.accept is not None:
                self.accept(target / remote.path, new=outcome != "there")
            done[outcome] += 1
            step()
        return done


class _Counted:
    """Passes on how many bytes came since the last call."""

    def __init__(self, received: Callable[[int], object] | None) -> None:
        self.seen = 0
        self._received = received

    def __call__(self, done: int, _total: int | None) -> None:
        if self._received is not None and done > self.seen:
            self._received(done - self.seen)
        self.seen = max(self.seen, done)


def order(benchmark: Any, sources: Sequence[Path]) -> Order:
    """Return the files that a benchmark or encoder needs; raise NotApplicableError if there are none, or no address."""
    name, folder = benchmark.name, benchmark.folder
    remotes = _remotes(benchmark)
    if folder is None:
        raise NotApplicableError(f"{name} needs no download: its data is in the package, or at the path in its spec")
    if not remotes and not sources:
        raise NotApplicableError(
            f"{name} has no pinned address to download from; get it from {benchmark.source} and give the folder "
            f"that holds {folder}/ with --from (docs/benchmarks.md describes the files)"
        )
    if getattr(benchmark, "open_folder", False) and any(_root(source, folder).is_dir() for source in sources):
        return Order(name, benchmark.licence, benchmark.source, folder, ())
    known = Order(name, benchmark.licence, benchmark.source, folder, remotes)
    accept = getattr(benchmark, "accept", None)
    if accept is None:
        return known
    checked = getattr(benchmark, "instead_of_checksums", "their content is checked, and its checksum recorded")
    return replace(known, accept=accept, instead=checked)


def how_to_get(benchmark: Any, data: Path | None = None) -> str:
    """Return the command that gets a benchmark's files into ``data`` (None: the default folder), or their source."""
    into = f" --data {data}" if data is not None else ""
    if _remotes(benchmark):
        return f"get it with  robustir fetch {benchmark.name}{into}"
    return (
        f"no command can download it: get it from {benchmark.source}, then  robustir fetch {benchmark.name} --from DIR{into}  "
        f"with the folder DIR that holds {benchmark.folder}/"
    )


def _remotes(benchmark: Any) -> tuple[Remote, ...]:
    return tuple(benchmark.files()) if hasattr(benchmark, "files") else ()


def _root(source: Path, folder: str) -> Path:
    return source if source.name == Path(folder).name else source / folder


def _copy_tree(wanted: Order, target: Path, sources: Sequence[Path]) -> int:
    """Copy the files of ``SOURCE/folder`` (or of a SOURCE of that name) into the data folder; return their number."""
    for source in sources:
        root = _root(source, wanted.folder)
        paths = sorted(path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))
        for path in paths:
            write_atomically(
                target / wanted.folder / path.relative_to(root),
                lambda temporary, path=path: shutil.copyfile(path, temporary),  # type: ignore[misc]  # bound in the loop
            )
        if paths:
            return len(paths)
    raise DataError(f"{', '.join(map(str, sources))} holds no folder {wanted.folder}/ with files")
