"""One channel of translation noise on a block of texts: which words are lost, moved and added, and what they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from robustir.languages import has_spaces
from robustir.perturbations.casing import lowered
from robustir.perturbations.mt.mt_instead import UNTRANSLATED, Options, another, capitalised, instead
from robustir.perturbations.mt.mt_order import rearranged, turned
from robustir.perturbations.mt.mt_rates import OUTCOMES, Rates
from robustir.perturbations.mt.mt_words import COMMON, FUNCTION, word_class, word_classes
from robustir.perturbations.shared.numbered_units import whole_word_units
from robustir.perturbations.tables.lexicons import fold
from robustir.perturbations.tables.marks import open_before
from robustir.text.blocks import Block

__all__ = ["STRONGEST", "Channel"]

_LOSE, _HOW, _WHICH, _ADD, _ADDED, _ADDED_WHICH = range(6)  # slots; mt_order has three more
STRONGEST: Final = 2.0  # the greatest strength
_DROPPED = OUTCOMES.index("dropped") - 1


class Channel:
    """Texts in one language and what a channel does to them at one strength.

    rates: of the channel at strength 1; strength: their multiple; pair: source and target language; pool: function words
    that are added; keys: uint64 [texts, 2]. No word that a text has is added to it again, nor are
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
        self.rates, self.pool, self.strength = rates, pool, strength
        self.block = Block.join(texts)
        self.units = whole_word_units(self.block, self.lang)
        self.draws = self.units.draws(keys)
        self._folds: dict[int, str] = {}
        self._risky: dict[tuple[int, int], frozenset[str]] = {}  # by text and class
        # By class: where the words that some strength takes of it start and stop, and which are each text's first.
        self._takeable: dict[int, tuple[list[int], list[int], list[int]]] = {}
        self._spaced = has_spaces(self.lang)

    def noisy(self) -> list[str]:
        """Return the texts with noise."""
        units, rates = self.units, self.rates
        texts = list(self.texts)
        if not len(units):
            return texts
        gone, new = self._lost()
        taken = turned(units, self.draws, self._able, rates.reach, self.strength * rates.moved)
        more = self._added()
        begun, lost = self._marked(more), self._marked(new)
        moved = taken != np.arange(len(units))
        first = np.flatnonzero(units.number == 0)
        self._lower(first[(moved | begun)[first] & ~gone[first]], new)
        for row, text in rearranged(self.block, units, taken, gone, new, more, spaced=self._spaced):
            texts[row] = text
        self._capitals(first[(gone | lost | begun | moved)[first]], texts)
        return texts

    def _marked(self, words: Mapping[int, str]) -> NDArray[np.bool_]:
        """Return which words are keys of ``words``, bool [units]."""
        marks = np.zeros(len(self.units), dtype=bool)
        marks[np.fromiter(words, dtype=np.int64, count=len(words))] = True
        return marks

    def _able(self, words: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether nothing beside some words could join with what comes in their place, bool [words]."""
        start, stop = self.units.start[words], self.units.stop[words]
        return ~(open_before(self.block, start) | open_before(self.block, stop))

    @cached_property
    def _lose(self) -> NDArray[np.float64]:
        return self.draws.uniform(_LOSE)

    def _taken(self, below: float, slot_draws: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the words that can be edited and whose draw is low enough."""
        words = np.flatnonzero(slot_draws < below)
        return words[self._able(words)]

    def _lost(self) -> tuple[NDArray[np.bool_], dict[int, str]]:
        """Return which words are dropped, bool [units], and what replaces others that are lost."""
        units, rates, lose = self.units, self.rates, self._lose
        shares = rates.lost_at(self.strength)
        lost = self._taken(float(shares.max()), lose)
        kinds = word_classes(self.block, units, self.lang, lost)
        truly = lose[lost] < shares[kinds]
        lost, kinds = lost[truly], kinds[truly]
        ways = (self.draws.uniform(_HOW, lost)[:, None] >= rates.how[kinds]).sum(axis=1)
        gone = np.zeros(len(units), dtype=bool)
        gone[lost[ways == _DROPPED]] = True
        dropped = np.flatnonzero(gone)
        begin = np.flatnonzero(units.number == 0)
        gone[dropped] = lose[dropped] < np.maximum.reduceat(lose, begin)[np.searchsorted(begin, dropped, "right") - 1]
        kept = np.flatnonzero(ways != _DROPPED)
        words = units.take(lost[kept])
        columns = (kinds[kept], ways[kept], self.draws.uniform(_WHICH, lost[kept]))
        kind, way, chance = (column.tolist() for column in columns)
        forms, texts = words.strings(self.block), self._folded(words.row)
        replacements = instead(forms, kind, way, self.pair, chance, texts, spaced=self._spaced)
        new = {
            word: replacement
            for word, replacement in zip(lost[kept].tolist(), replacements, strict=True)
            if replacement is not None
        }
        if has_spaces(self.pair[0]) and not self._spaced:
            for word in lost[kept[ways[kept] == UNTRANSLATED]].tolist():
                if word in new:
                    new[word] = self._apart(word, new[word])
        return gone, new

    def _added(self) -> dict[int, str]:
        """Return the words that come before some places."""
        function, other = self.rates.added
        total = function + other
        if not total:
            return {}
        places = self._taken(self.strength * total, self.draws.uniform(_ADD))
        of_pool = (self.draws.uniform(_ADDED, places) < function / total).tolist()
        chances = self.draws.uniform(_ADDED_WHICH, places).tolist()
        picked = self.units.take(places)
        texts = self._folded(picked.row)
        added = map(self._addition, picked.strings(self.block), picked.row.tolist(), texts, chances, of_pool)
        return {place: word for place, word in zip(places.tolist(), added, strict=True) if word}

    def _addition(self, next_word: str, row: int, text: str, chance: float, of_pool: bool) -> str | None:
        second = None if of_pool else another(next_word, self.pair, chance, text, spaced=self._spaced)
        return second or self.pool.drawn(chance, text, spaced=self._spaced, stays=lambda word: self._stays(word, row))

    def _folded(self, rows: NDArray[np.int64]) -> list[str]:
        """Return some texts as their words are compared; each is made once."""
        asked: list[int] = rows.tolist()
        folds, texts, lang = self._folds, self.texts, self.lang
        folds.update({row: fold(texts[row], lang) for row in set(asked).difference(folds)})
        return [folds[row] for row in asked]

    def _stays(self, folded: str, row: int) -> bool:
        """Whether no strength takes any of a text's own words ``folded``, so that one more of them shows."""
        kind = word_class(folded, self.lang)
        if (row, kind) not in self._risky:
            self._risky[row, kind] = self._taken_forms(row, kind)
        return folded not in self._risky[row, kind]

    def _taken_forms(self, row: int, kind: int) -> frozenset[str]:
        """Return the words of a text, folded, that some strength takes if they are of a class."""
        if kind not in self._takeable:
            words = self.units.take(np.flatnonzero(self._lose < self.rates.lost_at(STRONGEST)[kind]))
            firsts = np.searchsorted(words.row, np.arange(len(self.block) + 1))
            self._takeable[kind] = words.start.tolist(), words.stop.tolist(), firsts.tolist()
        starts, stops, first = self._takeable[kind]
        span = slice(first[row], first[row + 1])
        return frozenset(
            fold(self.block.text[start:stop], self.lang) for start, stop in zip(starts[span], stops[span], strict=True)
        )

    def _apart(self, word: int, new: str) -> str:
        """Set a word from a script with spaces apart if the language has none."""
        units, row = self.units, self.units.row
        before = word > 0 and row[word - 1] == row[word] and units.stop[word - 1] == units.start[word]
        after = word + 1 < len(units) and row[word + 1] == row[word] and units.start[word + 1] == units.stop[word]
        return f"{' ' if before else ''}{new}{' ' if after else ''}"

    def _lower(self, first: NDArray[np.int64], new: dict[int, str]) -> None:
        """Take the capital from words that no longer begin their text, unless they are names or German content words."""
        kinds = word_classes(self.block, self.units, self.lang, first).tolist()
        forms = self.units.take(first).strings(self.block)
        for word, form, kind in zip(first.tolist(), forms, kinds, strict=True):
            form = new.get(word, form)
            if (
                (kind == FUNCTION or (kind == COMMON and self.lang != "de"))
                and form[:1].isupper()
                and not form[1:2].isupper()
            ):
                small = lowered(form[0], self.lang)
                new[word] = small + form[1:] if len(small) == 1 else form

    def _capitals(self, first: NDArray[np.int64], noisy: list[str]) -> None:
        """Give the first word of a text a capital, if the one that began it before had one."""
        words = self.units.take(first)
        at = (words.start - self.block.offsets[words.row]).tolist()
        for form, row, place in zip(words.strings(self.block), words.row.tolist(), at, strict=True):
            text = noisy[row]
            if form[:1].isupper() and text[place : place + 1].islower():
                noisy[row] = text[:place] + capitalised(text[place:], self.lang)
