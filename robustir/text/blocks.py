"""Many texts as one array of code points, so that a batch takes a few array operations instead of a Python loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from robustir.text.classes import flags

__all__ = ["SEPARATOR", "Block", "ragged_arange"]

SEPARATOR = "\n"  # a control: clusters and words end at it, so no text touches the next


@dataclass(frozen=True)
class Block:
    """Texts joined, each followed by one separator.

    codes: uint32 [n], the code points (lone surrogates too); offsets: int64 [texts + 1]: text ``i`` is
    ``codes[offsets[i] : offsets[i + 1] - 1]``.
    """

    codes: NDArray[np.uint32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def join(cls, texts: Sequence[str]) -> Self:
        """Make a block of texts."""
        joined = SEPARATOR.join([*texts, ""]) if texts else ""
        offsets = np.zeros(len(texts) + 1, dtype=np.int64)
        np.cumsum(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 1, out=offsets[1:])
        block = cls(np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4"), offsets)
        vars(block)["text"] = joined
        return block

    def rows(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return which text each code point position belongs to."""
        return np.searchsorted(self.offsets, positions, side="right") - 1

    @cached_property
    def kinds(self) -> NDArray[np.uint8]:
        """The flags of every code point (:mod:`robustir.text.classes`), uint8 [n]."""
        return flags().take(self.codes)

    @cached_property
    def text(self) -> str:
        """The texts as one string, each with its separator; positions are those of ``codes``."""
        return self.codes.astype("<u4", copy=False).tobytes().decode("utf-32-le", "surrogatepass")

    def texts(self) -> list[str]:
        """Return the texts."""
        joined = self.text
        parts = joined.split(SEPARATOR)
        if len(parts) == len(self) + 1:  # no text has a separator inside, and splitting is faster than slicing
            return parts[:-1]
        bounds = self.offsets.tolist()
        return [joined[start : stop - 1] for start, stop in pairwise(bounds)]


def ragged_arange(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return ``concatenate([arange(s, s + l) for s, l in zip(starts, lengths)])``."""
    if not len(lengths):
        return np.zeros(0, dtype=np.int64)
    ends = np.cumsum(lengths)
    total = int(ends[-1])
    # Small numbers are repeated in half of the time.
    kind = np.int32 if int(starts.max()) + total < 1 << 31 else np.int64
    numbers = np.repeat((starts - (ends - lengths)).astype(kind), lengths)
    numbers += np.arange(total, dtype=kind)
    return numbers.astype(np.int64, copy=False)
