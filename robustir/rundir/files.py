"""The files of a run that cells are made of (Parquet, indexes), each with the digest of its bytes: damage is found when it is read.

A digest is noted when a file is written, as a line of ``digests.sha256`` (``sha256sum --check`` reads it); the manifest
takes them over when it is written.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from robustir.disk.atomic import explained, write_atomically
from robustir.disk.limits import limited
from robustir.errors import RunError

__all__ = ["JOURNAL", "KEYED", "KEYED_PARTS", "RunFiles"]

JOURNAL = "digests.sha256"
KEYED_PARTS = (
    "queries",
    "ranks",
    "top",
    "rankings",
    "passages",
    "relevant",
    "shown",
    "indexes",
)  # of files named by keys
_OF_CELLS = ("ranks", "top", "rankings")  # made together, of one key
KEYED = re.compile(r"[0-9a-f]{32}\.(parquet|faiss)")
_LINE = re.compile(r"([0-9a-f]{64})  (\S+)")  # what a full disk cut short is not one


class RunFiles:
    """The files in the folder of a run that are named by keys. ``listed`` returns the digests that the manifest holds, None without any."""

    def __init__(self, folder: Path, listed: Callable[[], Mapping[str, str] | None]) -> None:
        self._folder, self._listed = folder, listed
        self._known: dict[str, str] | None = None  # as last looked up

    def digests(self) -> dict[str, str] | None:
        """Return the digests of all files by their names within the folder; None for a run made before they were kept."""
        listed, noted = self._listed(), self._noted()
        return None if listed is None and noted is None else {**(listed or {}), **(noted or {})}

    def settle(self) -> None:
        """Forget what was noted, once a manifest holds it."""
        (self._folder / JOURNAL).unlink(missing_ok=True)
        self._known = None

    def audit(self) -> list[str]:
        """Remove what is not as it was written, so that it is made again; return the names of damaged and lost files.

        A file without a digest goes too, unless no file has one: digests are then noted for files as they are. With one
        file of a cell go the others.
        """
        digests = self.digests()
        found = {self._name(path): _digest(path) for path in self._present()}
        if digests is None:
            for name, digest in found.items():
                self._note(name, digest)
            return []
        damaged = sorted(name for name, digest in digests.items() if found.get(name) != digest)
        for name in {*damaged, *(found.keys() - digests.keys())}:
            part, _, file = name.partition("/")
            for other in _OF_CELLS if part in _OF_CELLS else (part,):
                (self._folder / other / file).unlink(missing_ok=True)
        return damaged

    def write(self, path: Path, table: Any, facts: Mapping[str, str] | None = None) -> None:
        """Write a pyarrow table and facts about it, atomically, and note its digest."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        sink = pa.BufferOutputStream()
        pq.write_table(
            table.replace_schema_metadata(dict(facts) if facts else None),
            sink,
            compression="zstd",
            row_group_size=max(1, len(table)),
            store_schema=bool(facts),  # it holds the facts
            write_page_checksum=True,
        )
        content = sink.getvalue()
        write_atomically(path, lambda temporary: temporary.write_bytes(content))
        self._note(self._name(path), hashlib.sha256(content).hexdigest())

    def write_with(self, path: Path, write: Callable[[Path], object]) -> None:
        """Let ``write`` fill a file of another format, atomically, and note its digest."""
        found: list[str] = []

        def digested(temporary: Path) -> None:
            write(temporary)
            found.append(_digest(temporary))

        write_atomically(path, digested)
        self._note(self._name(path), found[0])

    def checked(self, path: Path) -> Path:
        """Return the path of a file of another format, once its bytes are those that were written."""
        self._check(path, _digest(path))
        return path

    def read(self, path: Path, columns: Sequence[str] | None = None) -> Any:
        """Return a file, or some of its columns, as a pyarrow table."""
        with _refusing_damage(path):
            return self._open(path).read(columns=None if columns is None else list(columns))

    def facts(self, path: Path) -> dict[str, str]:
        """Return the facts of a file."""
        with _refusing_damage(path):
            metadata = self._open(path).schema_arrow.metadata or {}
        return {name.decode(): value.decode() for name, value in metadata.items()}

    def batches(self, path: Path, columns: Sequence[str]) -> Iterator[Any]:
        """Yield the rows of a file as pyarrow record batches."""
        with _refusing_damage(path):
            yield from self._open(path).iter_batches(batch_size=2**18, columns=list(columns))

    def _open(self, path: Path) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        content = path.read_bytes()
        self._check(path, hashlib.sha256(content).hexdigest())
        return pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)

    def _check(self, path: Path, found: str) -> None:
        name = self._name(path)
        if self._known is not None and self._known.get(name) == found:
            return
        self._known = self.digests() or {}  # another process may have written it since
        wanted = self._known.get(name)
        if wanted != found and self._known:
            why = "its bytes are not those that were written" if wanted else "the run did not note its digest"
            raise RunError(f"{path} is damaged ({why}); make it again with  robustir resume {self._folder}")

    def _name(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()

    def _present(self) -> Iterator[Path]:
        for part in KEYED_PARTS:
            yield from (path for path in sorted((self._folder / part).glob("*.*")) if KEYED.fullmatch(path.name))

    def _noted(self) -> dict[str, str] | None:
        try:
            text = (self._folder / JOURNAL).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None
        lines = (_LINE.fullmatch(line) for line in text.split("\n"))
        return {line[2]: line[1] for line in lines if line}

    def _note(self, name: str, digest: str) -> None:
        """Append one line; processes that share the folder append whole lines."""
        with explained(self._folder / JOURNAL), (self._folder / JOURNAL).open("ab", buffering=0) as handle:
            handle.write(f"{digest}  {name}\n".encode())
        if self._known is not None:
            self._known[name] = digest


def _digest(path: Path) -> str:
    with _refusing_damage(path), path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@contextmanager
def _refusing_damage(path: Path) -> Iterator[None]:
    import pyarrow as pa

    run = path.parent.parent
    try:
        yield
    except FileNotFoundError:
        raise RunError(f"{path} is missing; finish the run with  robustir resume {run}") from None
    except (pa.ArrowException, OSError) as error:
        if limit := limited(error):
            raise limit from error
        # pyarrow sets errno if the system refused, and leaves it out if the content is wrong.
        if isinstance(error, OSError) and error.errno is not None:
            raise RunError(f"{path} cannot be read: {error.strerror or error}") from error
        raise RunError(f"{path} is damaged ({error}); make it again with  robustir resume {run}") from error
