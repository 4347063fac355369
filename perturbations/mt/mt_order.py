"""The words of a block in a new order, some of them dropped, others changed, others added, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.shared.numbered_units import Units
from robustir.perturbations.tables.marks import is_space
from robustir.seeds import Draws
from robustir.text.blocks import Block, ragged_arange
from robustir.text.splices import spliced_texts

__all__ = ["rearranged", "turned"]

_REACH, _TURN, _WAY = 8, 9, 10  # slots

Able = Callable[[NDArray[np.int64]], NDArray[np.bool_]]  # which of some words may be moved


def turned(units: Units, draws: Draws, able: Able, reach: NDArray[np.float64], share: float) -> NDArray[np.int64]:
    """Return for each word's place the number of the word that comes there; a share of the words moves on average.

    Every text is cut into stretches of k + 1 words, k drawn from ``reach`` (cumulative), before the severity is looked
    at. A stretch turns if its own uniform number is low enough: one word moves over the k others. draws: of the units.
    """
    taken = np.arange(len(units))
    if share <= 0:
        return taken
    size = np.bincount(units.row)
    mean = 2 + float((1 - reach).sum())
    # A stretch has the draws of the word of its number; one of n words has n // 2 stretches at most.
    turns = (draws.uniform(_TURN) < share * mean) & (2 * units.number + 2 <= size[units.row])
    rows = np.zeros(len(size), dtype=bool)
    rows[units.row[turns]] = True
    texts = np.flatnonzero(rows)  # where a stretch ends matters in these alone
    many = size[texts] // 2
    begin = np.searchsorted(units.row, texts)
    stretch = ragged_arange(begin, many)  # the word whose draws it has
    length = 2 + np.searchsorted(reach, draws.uniform(_REACH, stretch), side="right")
    end = np.cumsum(length)
    end += np.repeat(begin - np.append(0, end)[np.cumsum(many) - many], many)
    chosen = np.flatnonzero(turns[stretch] & (end <= np.repeat(begin + size[texts], many)))
    length = length[chosen]
    first = end[chosen] - length
    if not len(first):
        return taken
    free = np.logical_and.reduceat(able(ragged_arange(first, length)), np.cumsum(length) - length)
    first, length = first[free], length[free]
    step = ragged_arange(np.zeros_like(length), length)
    turn = np.where(draws.uniform(_WAY, first) < 0.5, 1, length - 1)
    taken[ragged_arange(first, length)] = np.repeat(first, length) + (step + np.repeat(turn, length)) % np.repeat(
        length, length
    )
    return taken


def rearranged(
    block: Block,
    units: Units,
    taken: NDArray[np.int64],
    gone: NDArray[np.bool_],
    instead: Mapping[int, str],
    added: Mapping[int, str],
    *,
    spaced: bool,
) -> Iterator[tuple[int, str]]:
    """Yield (row, new text) of the texts that change.

    taken: int64 [units], the word that comes to each place; gone: bool [units], words that are left out, with the space
    after them (before them at the end of a text); instead: word to what replaces it; added: place to what comes before
    its word. What is between places stays. spaced: whether a space sets an added word apart.
    """
    replaced, extra = (np.fromiter(of, dtype=np.int64, count=len(of)) for of in (instead, added))
    known = gone.copy()  # of these words the text is not asked for
    known[replaced] = True
    changed = known[taken] | (taken != np.arange(len(units)))
    changed[extra] = True
    places = np.flatnonzero(changed)
    words = taken[places]
    forms = [instead.get(word, "") for word in words.tolist()]
    same = np.flatnonzero(~known[words])
    for at, form in zip(same.tolist(), units.take(words[same]).strings(block), strict=True):
        forms[at] = form
    space = " " if spaced else ""
    for at, more in zip(np.searchsorted(places, extra).tolist(), added.values(), strict=True):
        forms[at] = f"{more}{space}{forms[at]}" if forms[at] else more  # takes the place of one that is gone
    empty = np.flatnonzero(gone[words])
    empty = empty[~np.isin(places[empty], extra)]
    starts, stops = units.start[places], units.stop[places]
    before, after = _spaces(block, units, places[empty])
    starts[empty[before]] -= 1
    stops[empty[after]] += 1
    return spliced_texts(block, starts, stops, forms)


def _spaces(block: Block, units: Units, holes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which of the empty places take the space before them along, and which the one after them.

    It is the one before them if no word comes after them in the text.
    """
    row, order = units.row[holes], np.arange(len(holes))
    last = np.searchsorted(units.row, row, side="right") - 1
    followed = np.searchsorted(holes, last, side="right") - 1 - order < last - holes
    nearest = units.start[np.minimum(holes + 1, last)]
    after = followed & (units.stop[holes] < nearest) & is_space(block, units.stop[holes])
    left = units.stop[holes - 1]
    left[1:] += after[:-1] & (np.diff(holes) == 1)
    apart = (units.number[holes] > 0) & (left < units.start[holes])
    before = ~after & apart & is_space(block, np.maximum(units.start[holes] - 1, 0))
    return np.flatnonzero(before), np.flatnonzero(after)
