"""One channel of translation noise on a block of texts: which words are lost, moved and added, and what they become."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.casing import lowered
from robustir.perturbations.lexicons import fold
from robustir.perturbations.mt_instead import UNTRANSLATED, Options, another, capitalised, instead
from robustir.perturbations.mt_layout import laid_out, turned
from robustir.perturbations.mt_rates import OUTCOMES, Rates
from robustir.perturbations.mt_words import COMMON, FUNCTION, word_class, word_classes
from robustir.perturbations.numbered_units import word_units
from robustir.text.blocks import Block
from robustir.text.classes import OPEN, flags
from robustir.text.scripts import has_spaces

__all__ = ["STRONGEST", "Channel"]

_LOSE, _HOW, _WHICH, _ADD, _ADDED, _ADDED_WHICH = range(6)  # slots; mt_layout has three more
STRONGEST: Final = 2.0  # the greatest strength
_DROPPED = OUTCOMES.index("dropped") - 1


class Channel:
    """Texts in one language and what a channel does to them at one strength.

    rates: of the channel at strength 1; strength: their multiple; pair: source and target language; pool: function words
    that are added; keys: uint64 [texts, 2], the keys. No word that a text has comes into it anew, nor are
    all of its words dropped, so that what was edited at a lower strength does not look clean at a higher one.
    """

    def __init__(
        self,
        texts: Sequence[str],
        pair: tuple[str, str],
        rates: Rates,
        pool: Options,
        strength: float,
        keys: NDArray[np.uint64],
    ) -> None:
        self.texts, self.pair, self.lang = texts, pair, pair[1]
        self.rates, self.pool, self.strength, self.keys = rates, pool, strength, keys
        self.block = Block.join(texts)
        self.units = word_units(self.block, self.lang)
        self._tests: dict[int, _Fits] = {}
        self._least: dict[int, dict[str, float]] = {}  # per text: the lowest of a folded word's own draws
        self._spaced = has_spaces(self.lang)

    def noisy(self) -> list[str]:
        """Return the texts with noise."""
        units, rates = self.units, self.rates
        if not len(units):
            return list(self.texts)
        gone, new = self._lost()
        taken = turned(units, self.keys, self._able, rates.reach, self.strength * rates.moved)
        more = self._added()
        first = np.flatnonzero(units.number == 0)
        begun = np.zeros(len(units), dtype=bool)
        begun[np.fromiter(more, dtype=np.int64, count=len(more))] = True
        inward = first[(taken[first] != first) | begun[first]]
        self._lower(inward, gone, new)
        made = laid_out(self.block, units, taken, gone, new, more, spaced=self._spaced)
        lost = np.zeros(len(units), dtype=bool)
        lost[np.fromiter(new, dtype=np.int64, count=len(new))] = True
        touched = first[gone[first] | lost[first] | begun[first] | (taken[first] != first)]
        self._capitals(touched, made)
        return made

    @cached_property
    def _able(self) -> NDArray[np.bool_]:
        """Whether nothing beside a word could join with what comes in its place, bool [units]."""
        open_at = (flags()[self.block.codes] & OPEN) != 0
        before = (self.units.start > 0) & open_at[self.units.start - 1]
        able: NDArray[np.bool_] = ~before & ~open_at[self.units.stop - 1]
        return able

    @cached_property
    def _joined(self) -> str:
        return self.block.text()

    @cached_property
    def _bounds(self) -> tuple[list[int], list[int], list[int]]:
        """Where words start and stop in the joined texts, and the first word of each text; lists are read faster."""
        first = np.searchsorted(self.units.row, np.arange(len(self.block) + 1))
        return self.units.start.tolist(), self.units.stop.tolist(), first.tolist()

    def _form(self, word: int) -> str:
        starts, stops, _ = self._bounds
        return self._joined[starts[word] : stops[word]]

    @cached_property
    def _lose(self) -> NDArray[np.float64]:
        return self.units.draw(self.keys, _LOSE)

    def _lost(self) -> tuple[NDArray[np.bool_], dict[int, str]]:
        """Return which words are dropped, bool [units], and what stands for others that are lost."""
        units, rates = self.units, self.rates
        lose = self._lose
        lost = np.flatnonzero((lose < self.strength * rates.lost.max()) & self._able)
        kinds = word_classes(self.block, units, self.lang, lost)
        truly = lose[lost] < self.strength * rates.lost[kinds]
        lost, kinds = lost[truly], kinds[truly]
        picked = units.take(lost)
        ways = (picked.draw(self.keys, _HOW)[:, None] >= rates.how[kinds]).sum(axis=1)
        gone = np.zeros(len(units), dtype=bool)
        gone[lost[ways == _DROPPED]] = True
        begin = np.flatnonzero(units.number == 0)
        gone &= lose < np.maximum.reduceat(lose, begin)[np.searchsorted(begin, np.arange(len(units)), "right") - 1]
        kept = np.flatnonzero(ways != _DROPPED)
        new: dict[int, str] = {}
        rest = picked.take(kept)
        columns = (lost[kept], rest.row, kinds[kept], ways[kept], rest.draw(self.keys, _WHICH))
        for word, row, kind, way, chance in zip(*(column.tolist() for column in columns), strict=True):
            found = instead(self._form(word), kind, way, self.pair, chance, self._fits(row))
            if found is not None:
                new[word] = self._apart(word, found) if way == UNTRANSLATED else found
        return gone, new

    def _added(self) -> dict[int, str]:
        """Return the words that come before some places."""
        function, other = self.rates.added
        total = function + other
        if not total:
            return {}
        places = np.flatnonzero((self.units.draw(self.keys, _ADD) < self.strength * total) & self._able)
        picked = self.units.take(places)
        of_pool = (picked.draw(self.keys, _ADDED) < function / total).tolist()
        chances = picked.draw(self.keys, _ADDED_WHICH).tolist()
        more = {}
        for place, row, pooled, chance in zip(places.tolist(), picked.row.tolist(), of_pool, chances, strict=True):
            if found := self._addition(place, row, chance, of_pool=pooled):
                more[place] = found
        return more

    def _addition(self, place: int, row: int, chance: float, *, of_pool: bool) -> str | None:
        fits = self._fits(row)
        found = None if of_pool else another(self._form(place), self.pair, chance, fits)
        return found or self.pool.drawn(chance, lambda word: fits(word) or self._stays(word, row))

    def _fits(self, row: int) -> Callable[[str], bool]:
        """Return the test whether a folded word is none of a text's words, nor a part of a text without spaces."""
        if row not in self._tests:
            self._tests[row] = _Fits(fold(self.texts[row], self.lang), self._spaced)
        return self._tests[row]

    def _stays(self, folded: str, row: int) -> bool:
        """Whether no strength takes any of a text's own words ``folded``, so that one more of them shows."""
        if row not in self._least:
            first, last = self._bounds[2][row : row + 2]
            least: dict[str, float] = {}
            for at in range(first, last):
                form = fold(self._form(at), self.lang)
                least[form] = min(least.get(form, 1.0), float(self._lose[at]))
            self._least[row] = least
        return self._least[row].get(folded, 1.0) >= STRONGEST * float(self.rates.lost[word_class(folded, self.lang)])

    def _apart(self, word: int, new: str) -> str:
        """Set a word from a script with spaces apart where the language has none."""
        if self._spaced or not has_spaces(self.pair[0]):
            return new
        units, row = self.units, self.units.row
        before = word > 0 and row[word - 1] == row[word] and units.stop[word - 1] == units.start[word]
        after = word + 1 < len(units) and row[word + 1] == row[word] and units.start[word + 1] == units.stop[word]
        return f"{' ' if before else ''}{new}{' ' if after else ''}"

    def _lower(self, first: NDArray[np.int64], gone: NDArray[np.bool_], new: dict[int, str]) -> None:
        """Take the capital from words that no longer begin their text, unless they are names or German content words."""
        first = np.array([word for word in first.tolist() if not gone[word]], dtype=np.int64)
        for word, kind in zip(
            first.tolist(), word_classes(self.block, self.units, self.lang, first).tolist(), strict=True
        ):
            form = new.get(word, self._form(word))
            if (
                (kind == FUNCTION or (kind == COMMON and self.lang != "de"))
                and form[:1].isupper()
                and not form[1:2].isupper()
            ):
                small = lowered(form[0], self.lang)
                new[word] = small + form[1:] if len(small) == 1 else form

    def _capitals(self, first: NDArray[np.int64], made: list[str]) -> None:
        """Give the first word of a text a capital, if the one that began it before had one."""
        at = (self.units.start[first] - self.block.offsets[self.units.row[first]]).tolist()
        for word, row, place in zip(first.tolist(), self.units.row[first].tolist(), at, strict=True):
            text = made[row]
            if self._form(word)[:1].isupper() and text[place : place + 1].islower():
                made[row] = text[:place] + capitalised(text[place:], self.lang)


@dataclass(slots=True)
class _Fits:
    """Whether a folded word is new to a folded text: no word of it, nor a part of a text without spaces."""

    text: str
    spaced: bool

    def __call__(self, folded: str) -> bool:
        at = self.text.find(folded)
        while at >= 0:
            end = at + len(folded)
            if not self.spaced or not (self.text[at - 1 : at].isalnum() or self.text[end : end + 1].isalnum()):
                return False
            at = self.text.find(folded, at + 1)
        return True
