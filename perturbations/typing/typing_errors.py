"""Where a typist errs and how: every choice is drawn for every word before severity is looked at, so severities nest.

A word has its own uniform number and is wrong where that is below its probability (:mod:`.word_choice`). The other draws
(kind of error, place, wrong key, a second error) come from slots of their own. A kind that a word does not allow gives way
to the next one that it does, so that a wrong word always differs from the clean one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.typing.edits import DELETE, INSERT_AFTER, INSERT_BEFORE, REPLACE, TRANSPOSE, Edits
from robustir.perturbations.typing.key_table import BESIDE, FAR, NEAR, KeyTable
from robustir.perturbations.typing.rates import KINDS, LONGEST, UNIT, Rates
from robustir.perturbations.typing.typed_units import Reading, Words
from robustir.perturbations.typing.word_choice import chances
from robustir.seeds import Draws
from robustir.text.blocks import ragged_arange
from robustir.text.classes import LETTER, OPEN

__all__ = ["SLOTS", "Typist"]

_SELECT, _KIND, _PLACE, _WRONG, _SIDE, _AGAIN = range(6)  # slots
SLOTS: Final = 8  # between the slots of a word's first error and of its second
_NEAR, _FAR, _BESIDE, _AWAY, _DOUBLE, _DELETE, _TRANSPOSE = range(len(KINDS))
_ACTIONS: Final = np.array(
    [REPLACE, REPLACE, INSERT_BEFORE, INSERT_BEFORE, INSERT_BEFORE, DELETE, TRANSPOSE], dtype=np.uint8
)
_CONTEXT: Final = {_NEAR: NEAR, _FAR: FAR, _BESIDE: BESIDE}
_APART = 3  # units between two errors of a word: neither sees what the other does
_FINAL_SIGMA, _SIGMA = ord("ς"), ord("σ")
_LONG = 8  # clusters longer than this are not compared code point by code point


@dataclass(frozen=True, slots=True)
class _Targets:
    """Errors: the word (a number into the chosen ones), the unit, the kind; all int64 [e]. slot: of their draws."""

    word: NDArray[np.int64]
    unit: NDArray[np.int64]
    kind: NDArray[np.int64]
    slot: int


@dataclass(frozen=True, slots=True)
class _Letters:
    """The letters of wrong words: unit, word (a number into these words, ascending), row of the table: int64; code: uint32.

    weight: int64, how likely each is to be missed, from its place in the word. stops: int64 [words + 1], how many letters the
    words before each have.
    """

    unit: NDArray[np.int64]
    word: NDArray[np.int64]
    code: NDArray[np.uint32]
    row: NDArray[np.int32]
    weight: NDArray[np.int64]
    stops: NDArray[np.int64]

    def take(self, chosen: NDArray[np.int64]) -> _Letters:
        """Return some of the letters, of words that keep their numbers."""
        return self._take(chosen, self.word.take(chosen), len(self.stops) - 1)

    def of_words(self, chosen: NDArray[np.int64]) -> tuple[_Letters, NDArray[np.int64]]:
        """Return some of the letters, whose words are numbered anew, and which words these were."""
        word = self.word.take(chosen)
        begins = np.append(True, word[1:] != word[:-1])[: len(word)]
        return self._take(chosen, np.cumsum(begins) - 1, int(np.count_nonzero(begins))), word[begins]

    def _take(self, chosen: NDArray[np.int64], word: NDArray[np.int64], words: int) -> _Letters:
        return _Letters(
            self.unit.take(chosen),
            word,
            self.code.take(chosen),
            self.row.take(chosen),
            self.weight.take(chosen),
            _summed(np.bincount(word, minlength=words)),
        )


@lru_cache(maxsize=24)  # all draws at a severity have the same
def _chances(reading: Reading, rates: Rates, severity: float) -> NDArray[np.float64]:
    """Return the probability of each word to be wrong."""
    hazard = rates.hazard.take(np.minimum(reading.words.letters * rates.keys, LONGEST))
    return chances(reading.words.spans.row, hazard, severity)


class Typist:
    """One block of texts in one language, to be typed badly. keys: uint64 [texts, 2]."""

    def __init__(self, reading: Reading, table: KeyTable, rates: Rates, keys: NDArray[np.uint64]) -> None:
        self._reading, self._table, self._rates, self._keys = reading, table, rates, keys
        self._block, self.units = reading.block, reading.units
        self._single = reading.single
        self._closed = reading.closed if table.follows is None else None
        self._offers = np.ones((len(KINDS), table.count.shape[1]), dtype=bool)
        for kind, context in _CONTEXT.items():
            self._offers[kind] = table.count[context] > 0

    def chosen(self, severity: float) -> Words:
        """Return the words that are wrong at a severity."""
        words = self._reading.words
        drawn = words.spans.draw(self._keys, _SELECT)
        return words.take(drawn < _chances(self._reading, self._rates, severity))

    def edits(self, severity: float) -> Edits:
        """Return the errors at a severity, one in each wrong word or two."""
        words = self.chosen(severity)
        letters = self._letters(words)
        draws = words.spans.draws(self._keys)
        errors = [self._placed(letters, np.arange(len(words)), draws, 0)]
        several = self._rates.several.take(np.minimum(words.letters * self._rates.keys, LONGEST))
        again = draws.uniform(_AGAIN) < several
        if again.any():
            centre = np.full(len(words), -1)
            centre[errors[0].word] = errors[0].unit
            left = np.flatnonzero(again.take(letters.word))
            there = centre.take(letters.word[left])
            left = left[(there >= 0) & (np.abs(letters.unit[left] - there) >= _APART)]
            errors.append(self._placed(*letters.of_words(left), draws, SLOTS))
        return self._edits(errors, letters, draws)

    def _letters(self, words: Words) -> _Letters:
        size = words.last - words.first
        unit, word = ragged_arange(words.first, size), np.repeat(np.arange(len(words)), size)
        lettered = (self.units.kind.take(unit) & LETTER) != 0
        if not lettered.all():
            unit, word = unit[lettered], word[lettered]
        code = self._block.codes.take(self.units.start.take(unit))
        stops = _summed(size if lettered.all() else np.bincount(word, minlength=len(words)))
        weight = np.full(len(unit), UNIT)
        weight[stops[1:] - 1] = self._rates.last
        weight[stops[:-1]] = self._rates.first
        return _Letters(unit, word, code, self._table.rows(code), weight, stops)

    def _placed(self, letters: _Letters, words: NDArray[np.int64], draws: Draws, slot: int) -> _Targets:
        """Return an error for each word that allows one; words: the numbers that the letters' words have among the draws."""
        bounds = np.cumsum(self._rates.kinds)
        kind = np.searchsorted(bounds[:-1], draws.uniform(slot + _KIND, words), side="right")
        place = draws.uniform(slot + _PLACE, words)
        unit = np.full(len(words), -1)
        done = np.full(len(words), -1)
        for _ in KINDS:
            total = _summed(self._weights(letters, kind.take(letters.word)))
            limits = total.take(letters.stops)
            begin = limits[:-1]
            sums = limits[1:] - begin
            here = np.flatnonzero(sums)
            wanted = begin[here] + _scaled(place[here], sums[here])
            unit[here] = letters.unit[np.searchsorted(total, wanted, side="right") - 1]
            done[here] = kind[here]
            left = np.flatnonzero(sums.take(letters.word) == 0)
            if not len(left):
                break
            letters, kind = letters.take(left), self._next(kind)
        found = np.flatnonzero(unit >= 0)
        return _Targets(words.take(found), unit[found], done[found], slot)

    def _next(self, kind: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the next kind that is made at all, in a circle."""
        made = np.flatnonzero(self._rates.kinds)
        following = made[np.searchsorted(made, np.arange(len(KINDS)), side="right") % len(made)]
        return following[kind]

    def _weights(self, letters: _Letters, kind: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how likely each letter is to be missed in the way that is drawn for its word, 0 for impossible."""
        possible = self._offers.ravel().take(kind * self._offers.shape[1] + letters.row)
        if not self._single:
            start = self.units.start
            possible &= (start.take(letters.unit + 1) - start.take(letters.unit) == 1) | (kind >= _AWAY)
        if self._closed is not None:
            possible &= self._closed.take(letters.unit) | (kind <= _FAR)
        swapped = np.flatnonzero(possible & (kind == _TRANSPOSE))
        possible[swapped] = self._swappable(letters, swapped)
        deleted = kind == _DELETE
        together = letters.word[1:] == letters.word[:-1]  # with the next letter
        possible &= ~deleted | _either(together)
        if self._table.follows is not None:
            possible &= self._fits(letters, kind)
        weight = letters.weight
        if self._rates.doubled != UNIT:
            weight = weight * UNIT
            beside = np.flatnonzero(_either(together & (letters.code[1:] == letters.code[:-1])) & deleted)
            weight[beside] = weight[beside] // UNIT * self._rates.doubled
        if self._rates.prone:
            weight = weight * np.where(kind == _FAR, self._table.prone.take(letters.row), UNIT)
        return weight * possible

    def _swappable(self, letters: _Letters, at: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether a letter and the next one differ, belong to one word, and neither may join with what is beside them."""
        after = np.minimum(at + 1, len(letters.word) - 1)
        inside = letters.unit.take(at)
        swappable = (letters.word.take(after) == letters.word.take(at)) & (letters.unit.take(after) == inside + 1)
        if self._closed is not None:
            swappable &= self._closed.take(np.minimum(inside + 1, len(self.units) - 1))
        if self._single:
            found: NDArray[np.bool_] = swappable & (letters.code.take(after) != letters.code.take(at))
            return found
        pair = np.flatnonzero(swappable)
        start, codes = self.units.start, self._block.codes
        first, second = start[inside[pair]], start[inside[pair] + 1]
        length, other_length = second - first, start[inside[pair] + 2] - second
        differs = (length != other_length) | (codes[first] != codes[second])
        for offset in range(1, _LONG):
            rest = np.flatnonzero(~differs & (length > offset))
            if not len(rest):
                break
            differs[rest] = codes[first[rest] + offset] != codes[second[rest] + offset]
        swappable[pair] = differs
        return cast("NDArray[np.bool_]", swappable)

    def _fits(self, letters: _Letters, kind: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether what comes to be neighbours may be, where signs need a place; units are code points here.

        Where no space parts two words, the first letter of the second one neither goes nor moves: the last letter of the
        first one may.
        """
        follows = self._table.follows
        assert follows is not None
        codes, at = self._block.codes, letters.unit
        of = self._table.kind_of
        before, here, after, then = (
            of.take(self._table.rows(codes.take(np.clip(at + moved, 0, len(codes) - 1)))) for moved in (-1, 0, 1, 2)
        )
        before = np.where(at > 0, before, 0)
        begins = np.append(True, np.diff(letters.word) != 0)[: len(at)] & (before > 0)
        gone = follows[before, after] & ~begins
        swapped = gone & follows[after, here] & follows[here, then]
        found: NDArray[np.bool_] = np.select(
            [kind == _DELETE, kind == _TRANSPOSE, kind <= _FAR], [gone, swapped, True], follows[here, here]
        )
        # What is beside a joiner stays: it would join other letters.
        kinds = self._block.kinds
        joiner = [
            (kinds.take(np.clip(at + moved, 0, len(codes) - 1)) & OPEN != 0) & (other == 0)
            for moved, other in ((-1, before), (1, after))
        ]
        found &= (here > 0) & ~joiner[0] & ~joiner[1]
        return found

    def _edits(self, errors: list[_Targets], letters: _Letters, draws: Draws) -> Edits:
        parts = [self._written(targets, letters, draws) for targets in errors]
        actions, units, starts, lengths, extra = zip(*parts, strict=True)
        action, unit, start = np.concatenate(actions), np.concatenate(units), np.concatenate(starts)
        length, added = np.concatenate(lengths), np.concatenate(extra)
        own = np.flatnonzero(added)
        codes = np.concatenate([self._table.codes, added[own].astype(np.uint32)])
        start[own] = len(self._table.codes) + np.arange(len(own))
        return Edits(action, unit, self.units.start.take(unit), start, length, codes)

    def _written(
        self, targets: _Targets, letters: _Letters, draws: Draws
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return action, unit, start and length of the entry, and a code point that no entry holds (else 0), per error."""
        kind, unit = targets.kind, targets.unit
        typed = self._block.codes.take(self.units.start.take(unit))
        drawn = draws.uniform(targets.slot + _WRONG, targets.word)
        start, length = self._entries(kind, typed, drawn)
        added = np.zeros(len(kind), dtype=np.int64)
        doubled = kind == _DOUBLE
        added[doubled] = self._table.twice(typed[doubled])
        away = np.flatnonzero(kind == _AWAY)
        if self._table.follows is not None:
            away = away[length[away] == 0]  # no other letter of the class: the key is struck twice
            added[away] = typed[away]
        elif len(away):
            added[away] = self._away(targets, away, letters, drawn[away])
        length[added > 0] = 1
        action = _ACTIONS.take(kind)
        after = (draws.uniform(targets.slot + _SIDE, targets.word) < 0.5) | doubled
        if not self._single:
            after &= self.units.start.take(unit + 1) - self.units.start.take(unit) == 1
        action[(action == INSERT_BEFORE) & after] = INSERT_AFTER
        return action, unit, start, length, added

    def _entries(
        self, kind: NDArray[np.int64], typed: NDArray[np.uint32], drawn: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return start and length, in the table's codes, of what is typed; length 0 where the table holds nothing."""
        context = np.array([NEAR, FAR, BESIDE, FAR, BESIDE, NEAR, NEAR])[kind]
        rows = self._table.rows(typed)
        count = self._table.count[context, rows]
        count[kind > _BESIDE] = 0
        if self._table.ranked:
            drawn = drawn * drawn  # the first third of a list is taken in 58% of the cases
        entry = np.where(count > 0, self._table.start[context, rows] + _scaled(drawn, count), 0)
        return self._table.entry_start[entry], np.where(count > 0, self._table.entry_length[entry], 0)

    def _away(
        self, targets: _Targets, mine: NDArray[np.int64], letters: _Letters, drawn: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Return what slips in from elsewhere: another letter of the word, as fingers run ahead or repeat; int64 [mine]."""
        unit, word = targets.unit[mine], targets.word[mine]
        begin, end = letters.stops[word], letters.stops[word + 1]
        skipped = np.where(end - begin > 1, 1, 0)  # the first letter may be a capital
        begin, size = begin + skipped, end - begin - skipped
        here = np.searchsorted(letters.unit, unit) - begin
        other = begin + (here + 1 + _scaled(drawn, np.maximum(size - 1, 1))) % size
        fits = np.ones(len(mine), dtype=bool)
        if not self._single:
            start = self.units.start
            fits = start.take(letters.unit[other] + 1) - start.take(letters.unit[other]) == 1
        if self._closed is not None:
            fits &= self._closed.take(letters.unit[other])
        typed = self._block.codes.take(self.units.start.take(unit))
        code = np.where(letters.code[other] == _FINAL_SIGMA, _SIGMA, letters.code[other])
        return np.where(fits, code, self._table.twice(typed)).astype(np.int64)


def _either(pairs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which of n things are in a marked pair of neighbours, bool [n]; pairs: bool [n - 1]."""
    found = np.zeros(len(pairs) + 1, dtype=bool)
    found[:-1] = pairs
    found[1:] |= pairs
    return found


def _summed(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the sums of the first 0, 1, ... values, int64 [n + 1]."""
    sums = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=sums[1:])
    return sums


def _scaled(drawn: NDArray[np.float64], count: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return floor(drawn * count), which is below count: numbers in [0, 1) have 53 bits."""
    return np.minimum((drawn * count).astype(np.int64), np.maximum(count - 1, 0))
