"""The best passages per query, for the pool and for each language, exact and in trec_eval's order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from robustir.ranking.counting import Columns

__all__ = ["Top", "find_top"]


@dataclass(frozen=True, slots=True)
class Top:
    """The best ``K`` passages of every query, in some of its lists: the pool's, and those of candidate languages.

    Args:
        languages: ("all", then the pool's languages in order of first appearance).
        lists: intp [queries, lists], the kept lists of every query as places in ``languages``; -1: none.
        passages: int32 [queries, lists, K], passage rows, best first (by score, then the id greater in byte order);
            -1 if a list has fewer than K passages.
        scores: float32 [queries, lists, K]; NaN for passages of -1.
    """

    languages: tuple[str, ...]
    lists: NDArray[np.intp]
    passages: NDArray[np.int32]
    scores: NDArray[np.float32]

    @classmethod
    def empty(cls, columns: Columns, queries: int, keep: int, lists: NDArray[np.intp] | None = None) -> Self:
        """Make room for ``keep`` passages (at most the pool's size) in the ``lists`` of each query; None: in all lists."""
        languages = ("all", *columns.languages)
        if lists is None:
            lists = np.broadcast_to(np.arange(len(languages)), (queries, len(languages)))
        shape = (*lists.shape, min(keep, len(columns.column)))
        return cls(languages, lists, np.full(shape, -1, dtype=np.int32), np.full(shape, np.nan, dtype=np.float32))


def find_top(scores: NDArray[np.float32], columns: Columns, top: Top, first: int) -> None:
    """Write the best passages of ``scores`` into ``top`` from query ``first`` on.

    ``scores`` [b, width] are in the order of ``columns``. A score and the place of its passage's id make one 64-bit key,
    so that one integer selection settles ties too.
    """
    keep = top.passages.shape[2]
    size = len(columns.column)
    by_position = np.empty(size, dtype=np.int32)
    by_position[columns.position[columns.column]] = np.arange(size)
    best: list[NDArray[np.int64]] = []
    for start, end in zip(columns.starts, columns.ends, strict=True):
        keys = _sortable(scores[:, start:end]).astype(np.int64) << 32
        keys |= size - 1 - columns.position[start:end]
        best.append(_largest(keys, keep))
    here = slice(first, first + len(scores))
    wanted, passages, values = (part[here] for part in (top.lists, top.passages, top.scores))
    for language, keys in enumerate([_largest(np.concatenate(best, axis=1), keep), *best]):
        for place in range(wanted.shape[1]):
            own = np.flatnonzero(wanted[:, place] == language)
            if not len(own):
                continue
            rows = slice(None) if len(own) == len(keys) else own  # a slice makes no copy
            kept = keys[rows]
            passages[rows, place, : keys.shape[1]] = by_position[size - 1 - (kept & 0xFFFFFFFF)]
            values[rows, place, : keys.shape[1]] = _mirror((kept >> 32).astype(np.int32)).view(np.float32)


def _largest(keys: NDArray[np.int64], keep: int) -> NDArray[np.int64]:
    """Return the largest keys of each row, in descending order."""
    surplus = keys.shape[1] - keep
    if surplus > 0:
        keys = np.partition(keys, surplus, axis=1)[:, surplus:]
    return np.sort(keys, axis=1)[:, ::-1]


def _sortable(scores: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return integers in the order of the scores; adding 0 makes -0 and 0 equal, as they compare."""
    return _mirror((scores + np.float32(0)).view(np.int32))


def _mirror(bits: NDArray[np.int32]) -> NDArray[np.int32]:
    """Reverse the order of negative floats' bit patterns; applied twice, it restores them."""
    return bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))
