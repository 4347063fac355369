"""Writing files so that a reader sees the old content or the new one, never half of it."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from robustir.errors import RunError

__all__ = ["digest_of", "explained", "is_full", "write_atomically", "write_text_atomically", "write_whole"]

_CHUNK = 2**20  # bytes


def digest_of(folder: Path, paths: Iterable[Path]) -> str:
    """Return 32 hex digits of the SHA-256 over files, in this order: their names within ``folder``, sizes and content."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as handle:
            while chunk := handle.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()[:32]


def is_full(error: OSError) -> bool:
    """Whether a disk or a quota has no room left."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an OSError while ``path`` is written into a RunError that says what to do."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise RunError(
                f"the disk is full: {path} was not written; free some space and run  robustir resume  on the run"
            ) from error
        raise RunError(f"{path} cannot be written: {error.strerror or error}") from error


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary neighbour of ``path``, then rename it into place. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        temporary.replace(path)
    finally:
        # If the folder itself is out of reach, the first error is the one to report.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Do as :func:`write_whole`, flushed to disk before the renaming. Raises RunError that says what to do."""

    def flushed(temporary: Path) -> None:
        write(temporary)
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())

    with explained(path):
        write_whole(path, flushed)


def write_text_atomically(path: Path, text: str) -> None:
    """Write UTF-8 text with line feeds, atomically."""
    write_atomically(path, lambda temporary: temporary.write_bytes(text.encode("utf-8")))
