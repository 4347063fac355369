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

    table: int64 [11, forms]: first entry in the pool and number of entries of each of _WORDS, then its small form (-1: it
    has no capital at its beginning alone), and its numbers as the first and as the second word of phrases (0: it is none). Behind the
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
        row.append(listed.openings.get(plain, 0))
        row.append(listed.seconds.get(plain, 0))
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
        self._number = self._forms.values_of(block, units)
        self._phrase = np.zeros((len(units), 3), dtype=np.int64)  # first entry, number of entries, last unit
        if _PHRASES in self._kinds:
            self._find_phrases()
        self._marks = self._find_marks()

    def _column(self, column: int) -> NDArray[np.int64]:
        """Return what the table of forms has in one column for each word, int64 [units]."""
        found: NDArray[np.int64] = self._forms.table[column].take(self._number)
        return found

    def texts(self, severity: float) -> list[str]:
        """Return the texts; severity: above 0, the expected share of words that are written otherwise."""
        units = self._units
        if not len(units):
            return self._block.texts()
        rates = self._rates()
        hazard = rates.sum(axis=0)
        live = np.flatnonzero(hazard > 0)
        draws = units.take(live).draws(self._keys)
        upto = np.cumsum(rates[:, live], axis=0)
        kind = np.zeros(len(units), dtype=np.int64)
        kind[live] = np.minimum((draws.uniform(_KIND) * hazard[live] >= upto).sum(axis=0), len(KINDS) - 1)
        free = np.flatnonzero(~self._within_phrases(live[kind[live] == _PHRASES])[live])
        some = live[free]
        taken = draws.uniform(_SELECT, free) < chances(units.row[some], hazard[some], severity)
        chosen = some[taken]
        start, stop, entry = self._written(chosen, kind[chosen], draws.uniform(_WHICH, free[taken]))
        pool = self._forms.pool
        pool.ready()
        order = np.lexsort((stop, start))
        entry = entry[order]
        return splice(self._block, start[order], stop[order], pool.codes, pool.start[entry], pool.length[entry]).texts()

    def _rates(self) -> NDArray[np.float64]:
        """Return how often people write each word in each way, float64 [kinds, units]; 0 where it is not possible."""
        known, units = chat_rates(), self._units
        rates = np.zeros((len(KINDS), len(units)))
        for place, kind in enumerate(_WORDS):
            if kind != _FORMS and kind in self._kinds:
                np.multiply(self._column(2 * place + 1) > 0, known[KINDS[kind]], out=rates[kind])
        if _FORMS in self._kinds:
            np.array(self._forms.often).take(self._number, out=rates[_FORMS])
        if _PHRASES in self._kinds:
            np.multiply(self._phrase[:, 1] > 0, known["phrases"], out=rates[_PHRASES])
        if _CAPITALS in self._kinds:
            titled = np.flatnonzero(self._column(8) >= 0)
            alone = (units.stop - units.start)[titled] == 1
            first = np.where(units.number[titled] == 0, known["first capital"], known["capital"])
            rates[_CAPITALS, titled] = np.where(alone, known["lone capital"], first)
        if _MARKS in self._kinds:
            marked = np.flatnonzero(self._marks[:, 1] > self._marks[:, 0])
            last = np.append(units.row[1:] != units.row[:-1], True)[: len(units)]
            rates[_MARKS, marked] = np.where(last[marked], known["final mark"], known["mark"])
        return rates

    def _find_phrases(self) -> None:
        """Fill in which phrase begins with each word: the longest that is listed."""
        units, last = self._units, len(self._units) - 1
        begun = self._forms.listed.begun[self._column(9)[:-1], self._column(10)[1:]]
        openings, text, phrase = np.flatnonzero(begun), self._block.text, self._forms.phrase
        reach = openings[:, None] + np.arange(self._forms.listed.longest - 1)  # words that a phrase could go on from
        here, following = np.minimum(reach, last), np.minimum(reach + 1, last)
        stop = units.stop[here]
        near = (units.start[following] - stop == 1) & (units.row[following] == units.row[here])
        near &= is_space(self._block, stop.ravel()).reshape(stop.shape)
        goes_on, stops = near.tolist(), units.stop[following].tolist()
        for place, (first, start) in enumerate(zip(openings.tolist(), units.start[openings].tolist(), strict=True)):
            for further, (near_next, stop) in enumerate(zip(goes_on[place], stops[place], strict=True), 1):
                if not near_next:
                    break
                entry, count = phrase(text[start:stop])
                if count:
                    self._phrase[first] = entry, count, first + further

    def _within_phrases(self, openings: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which words go with a phrase that begins before them, whether it is written so or not, bool [units].

        openings: int64 [m], the words that would be written as the phrase that they begin.
        """
        taken = np.zeros(len(self._units), dtype=bool)
        for first in openings.tolist():
            if not taken[first]:
                taken[first + 1 : self._phrase[first, 2] + 1] = True
        return taken

    def _find_marks(self) -> NDArray[np.int64]:
        """Return where the marks after each word start and stop, int64 [units, 2], those outside numbers and words; ¿ and ¡ before it if there are none."""
        block, units = self._block, self._units
        marks = np.stack([units.stop, units.stop], axis=1)
        at = np.flatnonzero(matching(_AFTER).take(block.codes))
        at = at[~inside_words(block, spaced=True, at=at)]
        following = np.minimum(at + 1, len(block.codes) - 1)
        at = at[(at == following) | (block.kinds[following] & JOINS == 0)]
        mark = np.zeros(len(block.codes), dtype=bool)
        mark[at] = True
        before = np.flatnonzero(mark[units.stop])
        if len(before):
            ends = at[np.append(np.diff(at) != 1, True)] + 1
            stop = ends[np.searchsorted(ends, units.stop[before], side="right")]
            # A word after it without a space keeps it: the two would be one.
            open_end = (block.kinds[np.minimum(stop, len(mark) - 1)] & LETTER) != 0
            marks[before, 1] = np.where(open_end, units.stop[before], stop)
        at = np.flatnonzero(matching(_BEFORE).take(block.codes)) + 1
        opening = np.searchsorted(units.start, at)
        at, opening = at[opening < len(units)], opening[opening < len(units)]
        opening = opening[(units.start[opening] == at) & (marks[opening, 0] == marks[opening, 1])]
        marks[opening] = np.stack([units.start[opening] - 1, units.start[opening]], axis=1)
        return marks

    def _written(
        self, chosen: NDArray[np.int64], kind: NDArray[np.int64], which: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return where something is written for the chosen words: start, stop, entry."""
        units, table = self._units, self._forms.table[:, self._number[chosen]]
        start, stop = units.start[chosen], units.stop[chosen]
        entry = np.zeros(len(chosen), dtype=np.int64)
        small = units.take(chosen).draw(self._keys, _CAPITAL)
        known = chat_rates()
        titled = table[8] >= 0
        keeps = titled & ((small >= known["first capital"]) | (_CAPITALS not in self._kinds))
        for place, word_kind in enumerate(_WORDS):
            at = np.flatnonzero(kind == word_kind)
            first, count = table[2 * place, at], table[2 * place + 1, at]
            entry[at] = first + (which[at] * count).astype(np.int64) + count * keeps[at]
        at = np.flatnonzero(kind == _PHRASES)
        first, count, last = self._phrase[chosen[at]].T
        entry[at] = first + (which[at] * count).astype(np.int64)
        stop[at] = units.stop[last]
        at = np.flatnonzero(kind == _CAPITALS)
        entry[at] = table[8, at]
        at = np.flatnonzero(kind == _MARKS)
        start[at], stop[at] = self._marks[chosen[at]].T
        return start, stop, entry
