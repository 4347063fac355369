"""The units that severity and dose count: words, or grapheme clusters where a script has no spaces between words.

A word is a run of clusters that begin with a letter or a digit, with apostrophes inside it (``don't``); punctuation,
symbols, emoji and white space belong to no unit. A cluster unit begins with a letter or a digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from robustir.text.blocks import Block
from robustir.text.classes import APOSTROPHE, DIGIT, JOINS, LETTER
from robustir.text.clusters import cluster_starts

__all__ = ["Clusters", "unit_spans", "word_runs"]

_WORDISH = np.uint8(LETTER | DIGIT)


@dataclass(frozen=True, slots=True)
class Clusters:
    """The clusters of a block. start: int64 [c + 1], code point positions, closed by the block's length; kind: uint8 [c], flags."""

    start: NDArray[np.int64]
    kind: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.kind)

    @classmethod
    def of(cls, block: Block) -> Self:
        """Find the clusters of a block; one that begins with a mark (Thai ำ is a letter, too) counts as no letter."""
        starts = cluster_starts(block)
        if starts.all():
            first, kind = np.arange(len(starts) + 1), block.kinds
        else:
            first = np.append(np.flatnonzero(starts), len(starts))
            kind = block.kinds.take(first[:-1])
        joins = (kind & JOINS) != 0
        return cls(first, np.where(joins, kind & ~_WORDISH, kind) if joins.any() else kind)


def _runs(inside: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    return edges[0::2], edges[1::2]


def word_runs(clusters: Clusters) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return first cluster and one past the last cluster of every word, two int64 arrays [words]."""
    inside = (clusters.kind & (LETTER | DIGIT)) != 0
    marks = np.flatnonzero((clusters.kind & APOSTROPHE) != 0)
    marks = marks[(marks > 0) & (marks + 1 < len(inside))]
    inside[marks[inside[marks - 1] & ((clusters.kind[marks + 1] & LETTER) != 0)]] = True
    return _runs(inside)


def unit_spans(block: Block, *, spaced: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each unit of a block starts and stops (code point positions, two int64 arrays)."""
    clusters = Clusters.of(block)
    if spaced:
        first, last = word_runs(clusters)
        if len(clusters) == len(block.codes):  # each is one code point
            return first, last
        return clusters.start[first], clusters.start[last]
    units = np.flatnonzero((clusters.kind & (LETTER | DIGIT)) != 0)
    return clusters.start[units], clusters.start[units + 1]
