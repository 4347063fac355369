"""Files of vectors: one per encoded unit, written whole, every byte of it covered by a digest.

A file is a head (what made the vectors, and of which texts), and the vectors. The head has its digest, and one for each
vector, bound to the text's key: so reading a few vectors reads and checks these alone. Files are read, never mapped into
memory: a file that was cut short is an error here, not the end of the process.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustir.disk.atomic import is_full, write_whole
from robustir.disk.limits import limited
from robustir.errors import RunError

__all__ = ["KEY_BYTES", "DamagedError", "Head", "read_head", "read_vectors", "unreadable", "write_vectors"]

KEY_BYTES = 16
_MAGIC = b"rbstvec3"
# magic, rows, dimensions, bytes of the maker's name; then the digest of the head
_START = struct.Struct("<8sQQQ")
_DIGEST = 16
_CHECK = 8  # bytes of a vector's digest: a damaged one passes once in 2^64
_ROW = KEY_BYTES + _CHECK


class DamagedError(Exception):
    """The file of vectors is not what was written."""


class Head(NamedTuple):
    """What a file holds. maker: what made the vectors; keys: of its texts, uint8 [rows, 16]; checks: uint8 [rows, 8]."""

    maker: bytes
    width: int
    keys: NDArray[np.uint8]
    checks: NDArray[np.uint8]

    @property
    def first(self) -> int:
        """Return the place of the first vector in the file."""
        return _START.size + _DIGEST + len(self.maker) + len(self.keys) * _ROW


def write_vectors(path: Path, name: bytes, maker: bytes, keys: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
    """Write float32 vectors [n, d] with the keys of their texts, whole or not at all; a file that is there stays.

    The disk is not waited for: a file that a crash of the machine cuts short is found by its digest.
    name: what the file is called, which its digest covers too. Raises RunError if the disk is full or refuses.
    """
    count, width = vectors.shape
    rows = np.ascontiguousarray(vectors, dtype="<f4")
    checks = b"".join(map(_check, keys, rows))
    start, table = _START.pack(_MAGIC, count, width, len(maker)), b"".join(keys)
    head = b"".join((start, _digest(name, start, maker, table, checks), maker, table, checks))

    def fill(temporary: Path) -> None:
        with temporary.open("wb") as handle:
            handle.write(head)
            handle.write(rows.data)

    try:
        if not path.exists():
            write_whole(path, fill)
    except OSError as error:
        why = "the disk is full" if is_full(error) else error.strerror or error
        raise RunError(
            f"cannot write to the embedding store {path.parent.parent} ({why}); nothing half-written is "
            "left. Free disk space with  robustir cache prune , or set ROBUSTIR_CACHE to a folder with space"
        ) from error


def read_head(path: Path, name: bytes) -> Head | None:
    """Return the head of a file, None if there is no such file; raises DamagedError, or RunError if it can't be read."""
    with _reading(path) as handle:
        return None if handle is None else _head(handle, name)


def read_vectors(
    path: Path, name: bytes, rows: NDArray[np.intp] | None, keys: Sequence[bytes]
) -> NDArray[np.float32] | None:
    """Return the vectors float32 [keys, d] of texts: those in ``rows`` of a file, or all of them in order.

    None if there is no such file. Raises DamagedError if a byte that was read isn't what was written, or the rows hold
    other texts; RunError if the file can't be read.
    """
    with _reading(path) as handle:
        if handle is None:
            return None
        head = _head(handle, name)
        wanted = np.arange(len(head.keys)) if rows is None else rows
        if len(wanted) != len(keys) or (len(wanted) and int(wanted.max()) >= len(head.keys)):
            raise DamagedError("it holds other texts")
        return _rows(handle, head, wanted, keys)


def _rows(handle: int, head: Head, wanted: NDArray[np.intp], keys: Sequence[bytes]) -> NDArray[np.float32]:
    """Read vectors, neighbours at once, and check each against its digest."""
    size = 4 * head.width
    vectors = np.empty((len(wanted), head.width), dtype="<f4")
    order = np.argsort(wanted, kind="stable")
    for run in np.split(order, np.flatnonzero(np.diff(wanted[order]) != 1) + 1):
        content = _pread(handle, size * len(run), head.first + size * int(wanted[run[0]]))
        vectors[run] = np.frombuffer(content, dtype="<f4").reshape(len(run), head.width)
    if head.keys[wanted].tobytes() != b"".join(keys):
        raise DamagedError("it holds other texts")
    if head.checks[wanted].tobytes() != b"".join(map(_check, keys, vectors)):
        raise DamagedError("a vector does not match its digest")
    return vectors.astype(np.float32, copy=False)


def _head(handle: int, name: bytes) -> Head:
    size = os.fstat(handle).st_size
    start = _pread(handle, _START.size + _DIGEST, 0)
    magic, count, width, named = _START.unpack_from(start)
    if magic != _MAGIC:
        raise DamagedError("it does not begin as a file of vectors")
    if size != len(start) + named + count * (_ROW + 4 * width):
        raise DamagedError(f"it is {size} bytes long, which is not what its head says")
    content = _pread(handle, named + count * _ROW, len(start))
    maker, table, checks = (
        content[:named],
        content[named : named + count * KEY_BYTES],
        content[named + count * KEY_BYTES :],
    )
    if _digest(name, start[: _START.size], maker, table, checks) != start[_START.size :]:
        raise DamagedError("its head does not match its digest")
    return Head(
        maker,
        width,
        np.frombuffer(table, dtype=np.uint8).reshape(count, KEY_BYTES),
        np.frombuffer(checks, dtype=np.uint8).reshape(count, _CHECK),
    )


def _digest(name: bytes, *parts: bytes) -> bytes:
    digest = blake2b(name, digest_size=_DIGEST)
    for part in parts:
        digest.update(part)
    return digest.digest()


def _check(key: bytes, vector: NDArray[np.float32]) -> bytes:
    """Return the digest of a vector, bound to its text."""
    return blake2b(vector.data, digest_size=_CHECK, key=key).digest()


def _pread(handle: int, size: int, at: int) -> bytes:
    parts = []
    while size > 0:  # the system reads at most 2 GiB at once
        part = os.pread(handle, size, at)
        if not part:
            raise DamagedError("it ends early")
        parts.append(part)
        size, at = size - len(part), at + len(part)
    return b"".join(parts)


def unreadable(path: Path, error: OSError) -> RunError:
    """Return what to raise where the system does not let a file or folder of the store be read."""
    return RunError(
        f"{path} cannot be read ({error.strerror or error}); make it readable, or set ROBUSTIR_CACHE to another folder"
    )


@contextmanager
def _reading(path: Path) -> Iterator[int | None]:
    """Open a file for reading; None if there is none."""
    handle = None
    try:
        with suppress(FileNotFoundError):
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        if handle is not None and hasattr(os, "posix_fadvise"):
            # Reading ahead would read 32 times what a vector needs once the store outgrows the memory.
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_RANDOM)
        yield handle
    except OSError as error:
        if error.errno in {errno.EIO, errno.EISDIR}:
            raise DamagedError(error.strerror) from error
        if limit := limited(error):
            raise limit from error
        raise unreadable(path, error) from error
    finally:
        if handle is not None:
            os.close(handle)
