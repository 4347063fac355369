"""The data of a benchmark, from its pinned source or from local files."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustir.download import Remote, fetch
from robustir.errors import DataError, NotApplicableError
from robustir.files import write_atomically

__all__ = ["Order", "order"]


@dataclass(frozen=True)
class Order:
    """What is to be fetched for a benchmark: its files, and what a reader must know before they come."""

    name: str
    licence: str
    source: str
    folder: str
    remotes: tuple[Remote, ...]

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
            *(
                [f"  {unchecked} of them have no known checksum: nothing is claimed of their content"]
                if unchecked
                else []
            ),
        ]

    def carry_out(self, target: Path, sources: Sequence[Path], step: Callable[[], None]) -> Counter[str]:
        """Fetch every file; return how many were there, copied or downloaded."""
        done: Counter[str] = Counter()
        if not self.remotes:
            done["copied"] = _copy_tree(self, target, sources)
        for remote in self.remotes:
            done[fetch(remote, target, sources=sources)] += 1
            step()
        return done


def order(benchmark: Any, sources: Sequence[Path]) -> Order:
    """Return what a benchmark needs; raise NotApplicableError where it needs nothing or has no pinned source."""
    name, folder = benchmark.name, benchmark.folder
    remotes = tuple(benchmark.files()) if hasattr(benchmark, "files") else ()
    if folder is None:
        raise NotApplicableError(f"{name} needs no download: its data is in the package or where its spec says")
    if not remotes and not sources:
        raise NotApplicableError(
            f"{name} cannot be downloaded by a pinned address; get it from {benchmark.source} and give the folder "
            f"that holds {folder}/ with --from (docs/benchmarks.md says how the files are laid out)"
        )
    return Order(name, benchmark.licence, benchmark.source, folder, remotes)


def _copy_tree(wanted: Order, target: Path, sources: Sequence[Path]) -> int:
    """Copy the files of ``SOURCE/folder`` (or of a SOURCE of that name) into the data folder; return their number."""
    for source in sources:
        root = source if source.name == Path(wanted.folder).name else source / wanted.folder
        paths = sorted(path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))
        for path in paths:
            write_atomically(
                target / wanted.folder / path.relative_to(root),
                lambda temporary, path=path: shutil.copyfile(path, temporary),  # type: ignore[misc]  # bound in the loop
            )
        if paths:
            return len(paths)
    raise DataError(f"{', '.join(map(str, sources))} holds no folder {wanted.folder}/ with files")
