"""The words of a block in a new order, some of them gone, others changed, others added: put together in one pass."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.marks import is_space
from robustir.perturbations.numbered_units import Units
from robustir.seeds import uniforms
from robustir.text.blocks import Block, ragged_arange

__all__ = ["laid_out", "turned"]

_REACH, _TURN, _WAY = 8, 9, 10  # slots


def turned(
    units: Units, words: NDArray[np.uint64], able: NDArray[np.bool_], reach: NDArray[np.float64], share: float
) -> NDArray[np.int64]:
    """Return for each word's place the number of the word that comes there; a share of the words moves on average.

    Every text is cut into stretches of k + 1 words, k drawn from ``reach`` (cumulative), before the severity is looked
    at. A stretch turns if its own uniform number is low enough: one word moves over the k others. able: bool
    [units], words that may be moved.
    """
    taken = np.arange(len(units))
    if share <= 0:
        return taken
    size = np.bincount(units.row)
    texts = np.flatnonzero(size)
    many = size[texts] // 2
    row = np.repeat(texts, many)
    number = ragged_arange(np.zeros_like(many), many)
    length = 2 + np.searchsorted(reach, uniforms(words[row], number, _REACH), side="right")
    end = np.cumsum(length)
    end -= np.repeat(np.append(0, end)[np.cumsum(many) - many], many)
    mean = 2 + float((1 - reach).sum())
    drawn = uniforms(words[row], number, _TURN)
    chosen = np.flatnonzero((end <= size[row]) & (drawn < share * mean))
    first = np.searchsorted(units.row, row[chosen]) + end[chosen] - length[chosen]
    length = length[chosen]
    unable = np.append(0, np.cumsum(~able))
    free = unable[first + length] == unable[first]
    first, length = first[free], length[free]
    inside = ragged_arange(first, length)
    step = ragged_arange(np.zeros_like(length), length)
    turn = np.where(uniforms(words[units.row[first]], units.number[first], _WAY) < 0.5, 1, length - 1)
    taken[inside] = np.repeat(first, length) + (step + np.repeat(turn, length)) % np.repeat(length, length)
    return taken


def laid_out(
    block: Block,
    units: Units,
    taken: NDArray[np.int64],
    gone: NDArray[np.bool_],
    instead: Mapping[int, str],
    added: Mapping[int, str],
    *,
    spaced: bool,
) -> list[str]:
    """Return the texts.

    taken: int64 [units], the word that comes to each place; gone: bool [units], words that are left out, with the space
    after them (before them at the end of a text); instead: word to what stands for it; added: place to what comes before
    its word. What stands between places stays. spaced: whether a space sets an added word apart.
    """
    extra = [*instead.values(), *(word + (" " if spaced else "") for word in added.values())]
    lengths = np.fromiter(map(len, extra), dtype=np.int64, count=len(extra))
    starts = len(block.codes) + np.cumsum(lengths) - lengths
    word_start, word_length = units.start.copy(), units.stop - units.start
    changed = np.fromiter(instead, dtype=np.int64, count=len(instead))
    word_start[changed], word_length[changed] = starts[: len(changed)], lengths[: len(changed)]
    places = np.fromiter(added, dtype=np.int64, count=len(added))
    more_start, more_length = np.zeros_like(word_start), np.zeros_like(word_length)
    more_start[places], more_length[places] = starts[len(changed) :], lengths[len(changed) :]
    word_length[gone] = 0
    empty = gone[taken]
    word_start, word_length = word_start[taken], word_length[taken]
    filled = empty & (more_length > 0)  # an added word takes the place of one that is gone
    more_length[filled] -= spaced
    gap_start, gap_length = _gaps(block, units, empty & ~filled)
    pieces = np.stack([gap_start[:-1], more_start, word_start], axis=1).ravel()
    sizes = np.stack([gap_length[:-1], more_length, word_length], axis=1)
    taken_codes = ragged_arange(np.append(pieces, gap_start[-1]), np.append(sizes.ravel(), gap_length[-1]))
    codes = np.concatenate([block.codes, np.frombuffer("".join(extra).encode("utf-32-le", "surrogatepass"), "<u4")])
    return Block(codes[taken_codes], _offsets(block, taken_codes)).texts()


def _gaps(block: Block, units: Units, empty: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return start and length of what stands before each place and after the last, a space less beside each empty place."""
    start = np.append(0, units.stop)
    stop = np.append(units.start, len(block.codes))
    space = is_space(block)
    space[block.offsets[1:] - 1] = False
    holes = np.flatnonzero(empty)
    full = np.flatnonzero(~empty)
    last = np.full(len(block), -1, dtype=np.int64)
    last[units.row[full]] = units.number[full]  # numbers ascend, so that the greatest stays
    after = (
        (units.number[holes] < last[units.row[holes]]) & space[start[holes + 1]] & (start[holes + 1] < stop[holes + 1])
    )
    start[holes[after] + 1] += 1
    rest = holes[~after & (units.number[holes] > 0)]
    rest = rest[start[rest] < stop[rest]]
    stop[rest[space[stop[rest] - 1]]] -= 1
    return start, stop - start


def _offsets(block: Block, taken: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where the texts begin in the new codes: after the separators, which are all still there, in order."""
    ends = np.zeros(len(block.codes), dtype=bool)
    ends[block.offsets[1:] - 1] = True
    inside = taken < len(ends)
    found = np.flatnonzero(inside & ends[np.where(inside, taken, 0)])
    return np.append(0, found + 1)
