"""One block of texts as it is written in a chat: what each word could become, how likely, and what is drawn."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.casing import lowered, raised
from robustir.perturbations.shared.form_rows import FormRows
from robustir.perturbations.shared.numbered_units import has_any, word_units
from robustir.perturbations.tables.chat_forms import KINDS, chat_forms, chat_rates, form_rate
from robustir.perturbations.tables.lexicons import fold
from robustir.perturbations.tables.marks import inside_words, is_space
from robustir.perturbations.typing.word_choice import chances
from robustir.text.blocks import Block
from robustir.text.classes import JOINS, LETTER, matching
from robustir.text.splices import splice

__all__ = ["Chatting"]

_SELECT, _KIND, _WHICH, _CAPITAL = range(4)  # slots
_FORMS, _PHRASES, _VOWELS, _LENGTHENING, _APOSTROPHES, _CAPITALS, _MARKS = range(len(KINDS))
_WORDS: Final = (_FORMS, _VOWELS, _LENGTHENING, _APOSTROPHES)  # kinds whose forms a word itself has
_AFTER: Final = "[.,;:!?…;·।]"
_BEFORE: Final = "[¿¡]"


class _Forms(FormRows):
    """The word forms of a language.

    table: int64 [forms, 11]: first entry in the pool and number of entries of each of _WORDS, then its small form (-1: it
    has no capital at its beginning alone), whether it begins a phrase, and whether it is the second word of one. Behind the
    entries of a word with a capital are the same with a capital.
    """

    columns = 11

    def __init__(self, lang: str) -> None:
        super().__init__(lang)
        self.listed = chat_forms(lang)
        self.often: list[float] = []  # how often each form's word is written in a listed form
        self._phrases: dict[str, tuple[int, int]] = {}

    def row_of(self, form: str) -> tuple[int, ...]:
        """Look at a form for the first time."""
        folded, listed, lang = fold(form, self.lang), self.listed, self.lang
        plain = folded.replace("’", "'")
        titled = form != folded and form[1:] == folded[1:]
        bare = listed.without_apostrophes(folded)
        kinds = {
            _FORMS: listed.words.get(plain, ()),
            _VOWELS: tuple(filter(None, [listed.without_vowels(folded)])),
            _LENGTHENING: listed.drawn_out(folded),
            _APOSTROPHES: (bare,) if bare != folded else (),
        }
        row: list[int] = []
        for kind in _WORDS:
            forms = kinds[kind]
            with_capital = tuple(raised(one[0], lang) + one[1:] for one in forms) if titled else forms
            row += [self.pool.add(forms + with_capital), len(forms)]
        row.append(self.pool.add((lowered(form, lang),)) if titled else -1)
        row.append(plain in listed.openings)
        row.append(plain.partition(" ")[0] in listed.seconds)
        self.often.append(form_rate(lang, plain) if kinds[_FORMS] else 0.0)
        return tuple(row)

    def phrase(self, text: str) -> tuple[int, int]:
        """Return the first form of a phrase in the pool, and how many it has."""
        if text not in self._phrases:
            forms = self.listed.phrases.get(fold(text, self.lang).replace("’", "'"), ())
            self._phrases[text] = self.pool.add(forms), len(forms)
        return self._phrases[text]


@cache
def _forms(lang: str) -> _Forms:
    return _Forms(lang)


class Chatting:
    """One block of texts in one language. kinds: some of KINDS; keys: uint64 [texts, 2]."""

    def __init__(self, block: Block, lang: str, kinds: tuple[str, ...], keys: NDArray[np.uint64]) -> None:
        self._block, self._keys = block, keys
        self._kinds = [KINDS.index(kind) for kind in kinds]
        units = word_units(block, lang)
        self._units = units = units.take(has_any(units, block.kinds & LETTER != 0))
        self._forms = _forms(lang)
        number = self._forms.numbers(units.strings(block))
        self._table = self._forms.table[number]
        self._often = np.array(self._forms.often)[number] if len(number) else np.zeros(0)
        self._phrase = np.zeros((len(units), 3), dtype=np.int64)  # first entry, number of entries, last unit
        if _PHRASES in self._kinds:
            self._find_phrases()
        self._marks = self._find_marks()

    def texts(self, severity: float) -> list[str]:
        """Return the texts; severity: above 0, the expected share of words that are written otherwise."""
        units = self._units
        if not len(units):
            return self._block.texts()
        rates = self._rates()
        hazard = rates.sum(axis=1)
        draws = units.draws(self._keys)
        upto = np.cumsum(rates, axis=1)
        kind = (draws.uniform(_KIND)[:, None] * hazard[:, None] >= upto).sum(axis=1)
        kind = np.minimum(kind, len(KINDS) - 1)
        able = (hazard > 0) & ~self._within_phrases(kind, hazard)
        some = np.flatnonzero(able)
        chosen = some[draws.uniform(_SELECT, some) < chances(units.row[some], hazard[some], severity)]
        start, stop, entry = self._written(chosen, kind[chosen], draws.uniform(_WHICH, chosen))
        pool = self._forms.pool
        pool.ready()
        order = np.lexsort((stop, start))
        entry = entry[order]
        return splice(self._block, start[order], stop[order], pool.codes, pool.start[entry], pool.length[entry]).texts()

    def _rates(self) -> NDArray[np.float64]:
        """Return how often people write each word in each way, float64 [units, kinds]; 0 where it is not possible."""
        known, table, units = chat_rates(), self._table, self._units
        rates = np.zeros((len(units), len(KINDS)))
        for place, kind in enumerate(_WORDS):
            rates[:, kind] = (table[:, 2 * place + 1] > 0) * known[KINDS[kind]]
        rates[:, _FORMS] = self._often
        rates[:, _PHRASES] = (self._phrase[:, 1] > 0) * known["phrases"]
        alone = units.stop - units.start == 1
        capital = np.where(
            alone, known["lone capital"], np.where(units.number == 0, known["first capital"], known["capital"])
        )
        rates[:, _CAPITALS] = (table[:, 8] >= 0) * capital
        last = np.append(units.row[1:] != units.row[:-1], True)[: len(units)]
        rates[:, _MARKS] = (self._marks[:, 1] > self._marks[:, 0]) * np.where(last, known["final mark"], known["mark"])
        absent = [kind for kind in range(len(KINDS)) if kind not in self._kinds]
        rates[:, absent] = 0.0
        return rates

    def _find_phrases(self) -> None:
        """Fill in which phrase begins with each word: the longest that is listed."""
        units, text = self._units, self._block.text
        gap = np.append(units.start[1:], 0)[: len(units)] - units.stop
        near = (gap == 1) & is_space(self._block, units.stop)
        near &= np.append(units.row[1:] == units.row[:-1], False)[: len(units)]
        begins = near & (self._table[:, 9] > 0) & np.append(self._table[1:, 10] > 0, False)[: len(units)]
        goes_on, stops, longest, phrase = (
            near.tolist(),
            units.stop.tolist(),
            self._forms.listed.longest,
            self._forms.phrase,
        )
        for first, start in zip(np.flatnonzero(begins).tolist(), units.start[begins].tolist(), strict=True):
            last = first
            while last - first < longest - 1 and goes_on[last]:
                last += 1
                entry, count = phrase(text[start : stops[last]])
                if count:
                    self._phrase[first] = entry, count, last

    def _within_phrases(self, kind: NDArray[np.int64], hazard: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which words go with a phrase that begins before them, whether it is written so or not, bool [units]."""
        taken = np.zeros(len(kind), dtype=bool)
        for first in np.flatnonzero((kind == _PHRASES) & (hazard > 0)).tolist():
            if not taken[first]:
                taken[first + 1 : self._phrase[first, 2] + 1] = True
        return taken

    def _find_marks(self) -> NDArray[np.int64]:
        """Return where the marks after each word start and stop, int64 [units, 2], those outside numbers and words; ¿ and ¡ before it if there are none."""
        block, units = self._block, self._units
        mark = matching(_AFTER).take(block.codes) & ~inside_words(block, spaced=True)
        mark &= np.append((block.kinds[1:] & JOINS) == 0, True)
        run = np.append(np.flatnonzero(~mark), len(mark))
        stop = run[np.searchsorted(run, units.stop)] if len(units) else units.stop
        # A word after it without a space keeps it: the two would be one.
        open_end = (block.kinds.take(np.minimum(stop, len(mark) - 1)) & LETTER) != 0
        marks = np.stack([units.stop, np.where(open_end, units.stop, stop)], axis=1)
        opening = np.flatnonzero(
            matching(_BEFORE).take(block.codes.take(np.maximum(units.start - 1, 0))) & (units.start > 0)
        )
        opening = opening[marks[opening, 0] == marks[opening, 1]]
        marks[opening] = np.stack([units.start[opening] - 1, units.start[opening]], axis=1)
        return marks

    def _written(
        self, chosen: NDArray[np.int64], kind: NDArray[np.int64], which: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return where something is written for the chosen words: start, stop, entry."""
        units, table = self._units, self._table
        start, stop = units.start[chosen].copy(), units.stop[chosen].copy()
        entry = np.zeros(len(chosen), dtype=np.int64)
        small = units.take(chosen).draw(self._keys, _CAPITAL)
        known = chat_rates()
        titled = table[chosen, 8] >= 0
        keeps = titled & ((small >= known["first capital"]) | (_CAPITALS not in self._kinds))
        for place, word_kind in enumerate(_WORDS):
            at = np.flatnonzero(kind == word_kind)
            first, count = table[chosen[at], 2 * place], table[chosen[at], 2 * place + 1]
            entry[at] = first + (which[at] * count).astype(np.int64) + count * keeps[at]
        at = np.flatnonzero(kind == _PHRASES)
        first, count, last = self._phrase[chosen[at]].T
        entry[at] = first + (which[at] * count).astype(np.int64)
        stop[at] = units.stop[last]
        at = np.flatnonzero(kind == _CAPITALS)
        entry[at] = table[chosen[at], 8]
        at = np.flatnonzero(kind == _MARKS)
        start[at], stop[at] = self._marks[chosen[at]].T
        return start, stop, entry
