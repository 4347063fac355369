"""The texts that an encoder must encode for a plan, each distinct text once, in units that depend on the plan alone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.disk.atomic import explained

__all__ = ["UNIT", "TextIndex", "Unit", "VectorFile"]

# Texts per unit: large enough to fill batches after sorting by length, small enough to share among workers.
UNIT = 2048


@dataclass(frozen=True)
class Unit:
    """Texts that are encoded in one call; ``first`` is the row of the first one in the vector file."""

    first: int
    role: Role
    texts: tuple[str, ...]
    langs: tuple[str, ...]


class TextIndex:
    """Gives every distinct (role, text) a row; the language counts if the encoder uses it."""

    def __init__(self, *, uses_langs: bool) -> None:
        self._uses_langs = uses_langs
        self._rows: dict[tuple[str, ...], int] = {}
        self._entries: list[tuple[Role, str, str]] = []
        self._starts: list[int] = []

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, role: Role, texts: Iterable[str], langs: Iterable[str]) -> NDArray[np.int64]:
        """Return the rows of ``texts``; those not seen before begin a new unit, so that a unit never mixes calls."""
        self._starts.append(len(self._entries))
        rows = []
        for text, lang in zip(texts, langs, strict=True):
            key = (role, text, lang) if self._uses_langs else (role, text)
            row = self._rows.setdefault(key, len(self._entries))
            if row == len(self._entries):
                self._entries.append((role, text, lang))
            rows.append(row)
        return np.array(rows, dtype=np.int64)

    def units(self, needed: NDArray[np.bool_]) -> list[Unit]:
        """Return the units with a needed row. Unit borders do not depend on the needed rows."""
        units = []
        for begin, end in zip(self._starts, [*self._starts[1:], len(self._entries)], strict=True):
            for first in range(begin, end, UNIT):
                last = min(first + UNIT, end)
                if needed[first:last].any():
                    entries = self._entries[first:last]
                    units.append(
                        Unit(
                            first,
                            entries[0][0],
                            tuple(text for _, text, _ in entries),
                            tuple(lang for _, _, lang in entries),
                        )
                    )
        return units


class VectorFile:
    """All vectors of one encoder for one plan, float32 [rows, d] in a temporary file that worker processes map into memory.

    The file exists from the first write on; ``reserve`` first sets its number of rows.
    """

    def __init__(self, folder: Path) -> None:
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._folder = tempfile.TemporaryDirectory(dir=folder, prefix="vectors-")
        self.path = Path(self._folder.name) / "vectors.npy"
        self._rows = 0
        self._handle: BinaryIO | None = None
        self._begin = 0

    def reserve(self, rows: int) -> None:
        """Set the number of rows of the file."""
        self._rows = rows

    def write(self, first: int, vectors: NDArray[np.float32]) -> None:
        """Store vectors from row ``first`` on; raises RunError if the disk is full."""
        with explained(self.path):
            # Written, not copied into a map: faster, and a full disk is an error instead of the end of the process.
            if self._handle is None:
                self._handle = self._create(vectors.shape[1])
            self._handle.seek(self._begin + first * vectors.shape[1] * vectors.itemsize)
            self._handle.write(np.ascontiguousarray(vectors, dtype=np.float32).data)
            self._handle.flush()

    def _create(self, width: int) -> BinaryIO:
        handle = self.path.open("wb")
        header = {"descr": "<f4", "fortran_order": False, "shape": (self._rows, width)}
        np.lib.format.write_array_header_1_0(handle, header)
        self._begin = handle.tell()
        handle.truncate(self._begin + self._rows * width * 4)
        return handle

    def close(self) -> None:
        """Delete the file."""
        if self._handle is not None:
            with suppress(OSError):
                self._handle.close()
        self._folder.cleanup()


def needed_rows(size: int, rows: Sequence[NDArray[np.int64]]) -> NDArray[Any]:
    """Return a mask [size] of the rows that appear in any of ``rows``."""
    mask = np.zeros(size, dtype=np.bool_)
    for part in rows:
        mask[part] = True
    return mask
