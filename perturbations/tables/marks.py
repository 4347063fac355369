"""Punctuation marks by themselves, outside words, as code points of a block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustir.text.blocks import Block
from robustir.text.classes import DIGIT, JOINS, LETTER, OPEN, matching
from robustir.text.units import Clusters, word_runs

__all__ = ["begins_sentence", "inside_words", "is_space", "joined_words", "open_before", "single_marks"]


def is_space(block: Block, at: NDArray[np.int64] | None = None) -> NDArray[np.bool_]:
    """Return which code points are white space (the separators among them) that carries no mark, bool [n].

    at: int64 [m], the positions asked for, by default all; then bool [m].
    """
    if at is None:
        at = np.arange(len(block.codes))
    spaces: NDArray[np.bool_] = matching(r"\s").take(block.codes.take(at))
    # There is a separator at the end, so that clipping the position after it changes nothing.
    spaces &= (block.kinds.take(np.minimum(at + 1, len(block.codes) - 1)) & JOINS) == 0
    return spaces


def single_marks(block: Block) -> NDArray[np.bool_]:
    """Return which code points are punctuation marks that are a cluster each, outside words, bool [n].

    A mark after a joiner, a virama or the like is left out: without it, its neighbours would become one cluster.
    """
    marks: NDArray[np.bool_] = matching(r"\p{P}").take(block.codes)
    clusters = Clusters.of(block)
    alone = np.zeros(len(marks), dtype=bool)
    alone[clusters.start[:-1][np.diff(clusters.start) == 1]] = True
    edges = np.zeros(len(marks) + 1, dtype=np.int8)
    first, last = word_runs(clusters)
    edges[clusters.start[first]] = 1
    edges[clusters.start[last]] -= 1
    single: NDArray[np.bool_] = marks & alone & (np.cumsum(edges[:-1], dtype=np.int8) == 0)
    return single & ~open_before(block, np.arange(len(marks)))


def open_before(block: Block, at: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which positions [m] follow a code point that could join with another letter, bool [m]."""
    before: NDArray[np.bool_] = (at > 0) & ((block.kinds.take(np.maximum(at - 1, 0)) & OPEN) != 0)
    return before


def begins_sentence(block: Block, at: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which positions [m] begin a text or a sentence, after opening brackets and quotation marks, bool [m]."""
    passed = matching(r"[\s\p{Ps}\p{Pi}\p{Pf}\"'¿¡]")
    ends = matching(r"[.?!…。？！؟।]")
    first = block.offsets[block.rows(at)]
    before = at - 1
    moving = np.flatnonzero((before >= first) & passed[block.codes[np.maximum(before, 0)]])
    while len(moving):
        before[moving] -= 1
        left = moving[before[moving] >= first[moving]]
        moving = left[passed[block.codes[before[left]]]]
    begins: NDArray[np.bool_] = (before < first) | ends[block.codes[np.maximum(before, 0)]]
    return begins


def joined_words(block: Block, start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which words [m] are joined to another word or number by a mark without spaces (on-site, A.D.), bool [m].

    start, stop: int64 [m], code point positions.
    """
    joiner = matching(r"[\p{Pd}\p{Pc}./&@+'’:,]")
    codes, kinds, end, part = block.codes, block.kinds, len(block.codes) - 1, LETTER | DIGIT | JOINS
    mark, further = np.maximum(start - 1, 0), np.maximum(start - 2, 0)
    before: NDArray[np.bool_] = (start > 1) & joiner[codes[mark]] & ((kinds[further] & part) != 0)
    after: NDArray[np.bool_] = joiner[codes[np.minimum(stop, end)]] & ((kinds[np.minimum(stop + 1, end)] & part) != 0)
    return before | after


def inside_words(block: Block, *, spaced: bool, at: NDArray[np.int64] | None = None) -> NDArray[np.bool_]:
    """Return which code points are between two letters or digits without a space, bool [n].

    In a script without spaces, only between two digits or two letters of ASCII: marks between other letters end a clause.
    at: int64 [m], the positions asked for, by default all; then bool [m].
    """
    codes, kinds = block.codes, block.kinds
    last = len(codes) - 1

    def part(places: NDArray[np.int64]) -> NDArray[np.bool_]:
        kind = kinds.take(np.clip(places, 0, last))
        found: NDArray[np.bool_] = (kind & (LETTER | DIGIT | JOINS)) != 0
        if not spaced:
            found &= ((kind & DIGIT) != 0) | (codes.take(np.clip(places, 0, last)) < 0x80)
        return found

    if at is None:
        at = np.arange(len(codes))
    return (at > 0) & (at < last) & part(at - 1) & part(at + 1)
