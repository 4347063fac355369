"""Strings that replace parts of texts, as one array of code points, for :func:`robustir.text.splices.splice`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pool"]


class Pool:
    """Strings that may be written; the first one is empty. codes: uint32; start, length: int64, by entry: as of ``ready``."""

    def __init__(self) -> None:
        self._strings = [""]
        self._made = 0
        self.codes: NDArray[np.uint32] = np.zeros(0, dtype=np.uint32)
        self.start: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.length: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def add(self, strings: tuple[str, ...]) -> int:
        """Add some strings one after the other; return the first one's number."""
        self._strings += strings
        return len(self._strings) - len(strings)

    def ready(self) -> None:
        """Make the arrays of what was added."""
        if self._made < len(self._strings):
            new = self._strings[self._made :]
            length = np.fromiter(map(len, new), dtype=np.int64, count=len(new))
            codes = np.frombuffer("".join(new).encode("utf-32-le", "surrogatepass"), dtype="<u4")
            self.start = np.concatenate([self.start, len(self.codes) + np.cumsum(length) - length])
            self.codes = np.concatenate([self.codes, codes])
            self.length = np.concatenate([self.length, length])
            self._made = len(self._strings)
