"""One channel of translation noise on a block of texts: which words are lost, moved and added, and what they become."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.casing import lowered
from robustir.perturbations.lexicons import fold
from robustir.perturbations.marks import open_before
from robustir.perturbations.mt_instead import UNTRANSLATED, Options, another, capitalised, instead
from robustir.perturbations.mt_layout import laid_out, turned
from robustir.perturbations.mt_rates import OUTCOMES, Rates
from robustir.perturbations.mt_words import COMMON, FUNCTION, word_class, word_classes
from robustir.perturbations.numbered_units import Units, word_units
from robustir.text.blocks import SEPARATOR, Block
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
        self._limits: list[float] = (STRONGEST * rates.lost).tolist()  # below which a strength takes a word, by class
        self._least: dict[int, dict[str, float]] = {}  # per text: the lowest of a folded word's own draws
        self._spaced = has_spaces(self.lang)

    def noisy(self) -> list[str]:
        """Return the texts with noise."""
        units, rates = self.units, self.rates
        made = list(self.texts)
        if not len(units):
            return made
        gone, new = self._lost()
        taken = turned(units, self.keys, self._able, rates.reach, self.strength * rates.moved)
        more = self._added()
        begun, lost = self._marked(more), self._marked(new)
        moved = taken != np.arange(len(units))
        first = np.flatnonzero(units.number == 0)
        self._lower(first[(moved | begun)[first] & ~gone[first]], new)
        touched = first[(gone | lost | begun | moved)[first]]
        # Of most texts nothing is taken: they are not laid out anew.
        rows = np.zeros(len(self.block), dtype=bool)
        rows[units.row[gone | lost | begun | moved]] = True
        inside = np.flatnonzero(rows[units.row])
        some = np.flatnonzero(rows).tolist()
        part = Block.join([self.texts[row] for row in some])
        number = np.cumsum(rows) - 1
        shift = (part.offsets[:-1] - self.block.offsets[:-1][rows])[number[units.row[inside]]]
        held = units.take(inside)
        held = Units(held.start + shift, held.stop + shift, number[held.row], held.number)
        place = np.empty(len(units), dtype=np.int64)
        place[inside] = np.arange(len(inside))
        to = place[taken[inside]]
        renamed = [
            dict(zip(place[np.fromiter(words, np.int64, len(words))].tolist(), words.values(), strict=True))
            for words in (new, more)
        ]
        laid = laid_out(part, held, to, gone[inside], *renamed, spaced=self._spaced)
        for row, text in zip(some, laid, strict=True):
            made[row] = text
        self._capitals(touched, made)
        return made

    def _marked(self, words: Mapping[int, str]) -> NDArray[np.bool_]:
        """Return which words are keys of ``words``, bool [units]."""
        found = np.zeros(len(self.units), dtype=bool)
        found[np.fromiter(words, dtype=np.int64, count=len(words))] = True
        return found

    @cached_property
    def _able(self) -> NDArray[np.bool_]:
        """Whether nothing beside a word could join with what comes in its place, bool [units]."""
        return ~open_before(self.block, self.units.start) & ~open_before(self.block, self.units.stop)

    @cached_property
    def _joined(self) -> str:
        return self.block.text()

    @cached_property
    def _first(self) -> NDArray[np.int64]:
        """The first word of each text and one past the last, int64 [texts + 1]."""
        return np.searchsorted(self.units.row, np.arange(len(self.block) + 1))

    def _forms(self, words: NDArray[np.int64] | slice) -> list[str]:
        """Return what some words read."""
        bounds = zip(self.units.start[words].tolist(), self.units.stop[words].tolist(), strict=True)
        return [self._joined[start:stop] for start, stop in bounds]

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
        dropped = np.flatnonzero(gone)
        begin = np.flatnonzero(units.number == 0)
        gone[dropped] = lose[dropped] < np.maximum.reduceat(lose, begin)[np.searchsorted(begin, dropped, "right") - 1]
        kept = np.flatnonzero(ways != _DROPPED)
        new: dict[int, str] = {}
        rest = picked.take(kept)
        columns = (lost[kept], rest.row, kinds[kept], ways[kept], rest.draw(self.keys, _WHICH))
        forms, texts = self._forms(lost[kept]), self._folded
        for form, word, row, kind, way, chance in zip(forms, *(column.tolist() for column in columns), strict=True):
            found = instead(form, kind, way, self.pair, chance, texts[row], spaced=self._spaced)
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
        added = map(self._addition, self._forms(places), picked.row.tolist(), chances, of_pool)
        found = dict(zip(places.tolist(), added, strict=True))
        return {place: word for place, word in found.items() if word}

    def _addition(self, next_word: str, row: int, chance: float, of_pool: bool) -> str | None:
        text, spaced = self._folded[row], self._spaced
        found = None if of_pool else another(next_word, self.pair, chance, text, spaced=spaced)
        return found or self.pool.drawn(chance, text, spaced=spaced, stays=lambda word: self._stays(word, row))

    @cached_property
    def _folded(self) -> list[str]:
        """The texts as their words are compared; all at once, since no letter joins over a separator."""
        found = fold(self._joined, self.lang).split(SEPARATOR)[:-1]
        return found if len(found) == len(self.texts) else [fold(text, self.lang) for text in self.texts]

    def _stays(self, folded: str, row: int) -> bool:
        """Whether no strength takes any of a text's own words ``folded``, so that one more of them shows."""
        if row not in self._least:
            first, last = self._first[row : row + 2].tolist()
            words = first + np.flatnonzero(self._lose[first:last] < max(self._limits))  # the others are safe
            forms = [fold(form, self.lang) for form in self._forms(words)]
            # The lowest draw of a form is the last that stands.
            draws = sorted(zip(forms, self._lose[words].tolist(), strict=True), key=itemgetter(1), reverse=True)
            self._least[row] = dict(draws)
        return self._least[row].get(folded, math.inf) >= self._limits[word_class(folded, self.lang)]

    def _apart(self, word: int, new: str) -> str:
        """Set a word from a script with spaces apart where the language has none."""
        if self._spaced or not has_spaces(self.pair[0]):
            return new
        units, row = self.units, self.units.row
        before = word > 0 and row[word - 1] == row[word] and units.stop[word - 1] == units.start[word]
        after = word + 1 < len(units) and row[word + 1] == row[word] and units.start[word + 1] == units.stop[word]
        return f"{' ' if before else ''}{new}{' ' if after else ''}"

    def _lower(self, first: NDArray[np.int64], new: dict[int, str]) -> None:
        """Take the capital from words that no longer begin their text, unless they are names or German content words."""
        kinds = word_classes(self.block, self.units, self.lang, first).tolist()
        for word, form, kind in zip(first.tolist(), self._forms(first), kinds, strict=True):
            form = new.get(word, form)
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
        for form, row, place in zip(self._forms(first), self.units.row[first].tolist(), at, strict=True):
            text = made[row]
            if form[:1].isupper() and text[place : place + 1].islower():
                made[row] = text[:place] + capitalised(text[place:], self.lang)
