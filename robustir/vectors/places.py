"""Where the vectors of texts lie: the keys in the heads of an encoder's files, held in memory, sorted."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustir.vectors.file import DamagedError, read_head, unreadable

__all__ = ["RECORD", "Places"]

RECORD: Final = re.compile(r"[0-9a-f]{32}\.vectors")
_LEFT_OVER: Final = 86_400  # seconds after which an unfinished file is one that a killed process left


class _Sorted(NamedTuple):
    """Texts by the first half of their keys. head: sorted, rest: the other half; where: file and row, int64 [n, 2]."""

    head: NDArray[np.uint64]
    rest: NDArray[np.uint64]
    where: NDArray[np.int64]

    @classmethod
    def of(cls, parts: Sequence[_Sorted]) -> _Sorted:
        """Return the texts of all parts."""
        head = np.concatenate([part.head for part in parts])
        order = np.argsort(head, kind="stable")
        rest, where = np.concatenate([part.rest for part in parts]), np.concatenate([part.where for part in parts])
        return cls(head[order], rest[order], where[order])


class Places:
    """The files of one encoder and role in ``folder``, and the texts in them: 32 bytes of memory per text."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[str] = []
        self._known: set[str] = set()
        self._parts: list[_Sorted] = []  # each at least twice as large as the next, so that few are searched

    def path(self, number: int) -> Path:
        """Return a file by its number."""
        return self._folder / self._files[number]

    def forget(self, number: int) -> None:
        """Look for the texts of a file elsewhere from now on; one of that name that comes again is read again."""
        self._known.discard(self._files[number])
        kept = [(part, part.where[:, 0] != number) for part in self._parts]
        self._parts = [_Sorted(part.head[mask], part.rest[mask], part.where[mask]) for part, mask in kept if mask.any()]

    def find(self, keys: Sequence[bytes], drop: Callable[[Path, DamagedError], None]) -> NDArray[np.int64]:
        """Return the file and row of every key, int64 [keys, 2], -1 where there is none; ``drop`` gets damaged files."""
        wanted = np.frombuffer(b"".join(keys), dtype="<u8").reshape(-1, 2)
        where = self._look(wanted)
        if (where[:, 0] < 0).any() and self._read_new(drop):
            where = self._look(wanted)
        return where

    def _look(self, wanted: NDArray[np.uint64]) -> NDArray[np.int64]:
        where = np.full((len(wanted), 2), -1, dtype=np.int64)
        for part in self._parts:
            # If two texts share the first half, which no store of this world has, the second is encoded again.
            at = np.minimum(np.searchsorted(part.head, wanted[:, 0]), len(part.head) - 1)
            same = (part.head[at] == wanted[:, 0]) & (part.rest[at] == wanted[:, 1]) & (where[:, 0] < 0)
            where[same] = part.where[at[same]]
        return where

    def _read_new(self, drop: Callable[[Path, DamagedError], None]) -> bool:
        """Read the heads of files that came since; return whether there were any."""
        new = []
        for name in self._names():
            path = self._folder / name
            try:
                head = read_head(path, f"{self._folder.name}/{name}".encode())
            except DamagedError as error:
                drop(path, error)
                continue
            if head is not None and len(head.keys):
                keys = np.ascontiguousarray(head.keys).view("<u8")
                rows = np.arange(len(keys), dtype=np.int64)
                where = np.stack([np.full_like(rows, len(self._files)), rows], axis=1)
                new.append(_Sorted(keys[:, 0], keys[:, 1], where))
                self._files.append(name)
                self._known.add(name)
        if new:
            self._parts.append(_Sorted.of(new))
        while len(self._parts) > 1 and len(self._parts[-2].head) < 2 * len(self._parts[-1].head):
            self._parts[-2:] = [_Sorted.of(self._parts[-2:])]
        return bool(new)

    def _names(self) -> list[str]:
        """Return the names of files not yet read, in order; what killed processes left unfinished is deleted."""
        try:
            with os.scandir(self._folder) as entries:
                names = [entry.name for entry in entries]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise unreadable(self._folder, error) from error
        for name in names:
            left = self._folder / name
            with suppress(OSError):
                if name.endswith(".tmp") and left.stat().st_mtime < time.time() - _LEFT_OVER:
                    left.unlink()
        return sorted(name for name in names if RECORD.fullmatch(name) and name not in self._known)
