"""One block of texts as a recogniser hears it: which words are wrong, what is written for them, and which marks go."""

from __future__ import annotations

from functools import cache
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from robustir.languages import has_spaces
from robustir.perturbations.casing import lowered
from robustir.perturbations.shared.form_rows import FormRows
from robustir.perturbations.shared.numbered_units import Units, has_any, word_units
from robustir.perturbations.tables.heard import CLASSES, KINDS, RecognitionRates, heard_words
from robustir.perturbations.tables.lexicons import fold
from robustir.perturbations.tables.marks import inside_words, is_space, open_before
from robustir.perturbations.typing.keyboards import read_data
from robustir.perturbations.typing.word_choice import chances
from robustir.text.blocks import SEPARATOR, Block
from robustir.text.classes import DIGIT, JOINS, LETTER, matching
from robustir.text.splices import splice

__all__ = ["Misheard"]

_SELECT, _KIND, _WHICH, _ADD, _ADDED, _CAPITAL, _MARK = range(7)  # slots
_NEXT: Final = 0.6  # the chance that a further word is taken for a word instead of a nearer one, seen from that one's
_REPLACED, _SPLIT, _JOINED, _LEFT_OUT = range(len(KINDS))
_FUNCTION: Final = CLASSES.index("function")
_EMPTY: Final = 0  # the pool's first entry
# Marks that recognisers do not write; hyphens, apostrophes inside words, % and & are theirs too.
_MARKS: Final = r"[.,;:!?…·()\[\]{}\"“”„«»‘’'¿¡、。，；：？！「」『』《》（）؟،؛।—–]"


class _Forms(FormRows):
    """The word forms of a language.

    table: int64 [forms, 5]: class (of CLASSES), whether it stays if words are left out, first option in the pool, number of
    options, how it is written at the beginning of a text (in the pool; -1: as it is).
    """

    columns = 5

    def __init__(self, lang: str) -> None:
        super().__init__(lang)
        self.words = heard_words(lang)
        data: dict[str, str] = read_data("stopwords", f"{lang}.json")
        self._kept = frozenset(fold(word.replace("_", " "), lang) for word in data["kept"].split())
        self._folded: list[str] = []
        self._pairs: dict[int, tuple[int, int]] = {}
        self._joined: dict[tuple[int, int], int] = {}
        added = self.words.added
        space = " " if has_spaces(lang) else ""
        self.added = self.pool.add(tuple(word + space for word in added))
        weights = np.cumsum([1 / (rank + 2) for rank in range(len(added))])
        self.added_upto = weights / weights[-1]

    def row_of(self, form: str) -> tuple[int, ...]:
        """Look at a form for the first time."""
        folded, words = fold(form, self.lang), self.words
        kind = words.class_of(folded)
        stands = kind == "number" or (len(form) > 1 and form.isupper() and form.lower() != form)
        options = () if stands else words.instead(folded) or words.split(folded)
        usual = words.usual(folded)
        small = usual == folded and form != folded and form[1:] == form[1:].lower()
        first = self.pool.add((lowered(form, self.lang),)) if small else -1
        self._folded.append(folded)
        return CLASSES.index(kind), folded in self._kept, self.pool.add(options), len(options), first

    def pairs(self, form: int) -> tuple[int, int]:
        """Return the first pair of words that a form is taken for, in the pool, and their number."""
        if form not in self._pairs:
            pairs = self.words.split(self._folded[form])
            self._pairs[form] = self.pool.add(pairs), len(pairs)
        return self._pairs[form]

    def joined(self, form: int, following: int) -> int:
        """Return the word, in the pool, that two forms are taken for; -1: none."""
        key = form, following
        if key not in self._joined:
            word = self.words.joined(self._folded[form], self._folded[following])
            self._joined[key] = self.pool.add((word,)) if word else -1
        return self._joined[key]


@cache
def _forms(lang: str) -> _Forms:
    return _Forms(lang)


class Misheard:
    """One block of texts in one language. rates: of the recogniser's errors; keys: uint64 [texts, 2]."""

    def __init__(self, block: Block, lang: str, rates: RecognitionRates, keys: NDArray[np.uint64]) -> None:
        self._block, self._rates, self._keys = block, rates, keys
        self._words = units = word_units(block, lang)
        fits = has_any(units, block.kinds & LETTER != 0) & ~open_before(block, units.start)
        self._units = units = units.take(fits & ~open_before(block, units.stop))
        self._forms = _forms(lang)
        self._number = self._forms.numbers(units.strings(block))
        self._spaced = has_spaces(lang)
        last = np.append(units.row[1:] != units.row[:-1], True)[: len(units)]
        gap = np.append(units.start[1:], 0)[: len(units)] - units.stop
        self._last = last
        # Nothing but one space, or nothing where there are no spaces, is between a word and the next one.
        self._near = ~last & ((gap == 1) & is_space(block, units.stop) if self._spaced else gap == 0)

    def texts(self, severity: float) -> list[str]:
        """Return the texts; severity: above 0, the expected share of wrong words."""
        if not len(self._units):
            return self._block.texts()
        wrong, start, stop, entry = self._wrong(severity)
        parts = [(start, stop, entry), self._capitals(severity, wrong), self._marks(severity)]
        start, stop, entry = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        order = np.lexsort((stop, start))
        # A space may go with a word and with a mark.
        clear = np.append(True, start[order][1:] >= np.maximum.accumulate(stop[order])[:-1])[: len(order)]
        order = order[clear]
        pool = self._forms.pool
        pool.ready()
        entry = entry[order]
        return splice(self._block, start[order], stop[order], pool.codes, pool.start[entry], pool.length[entry]).texts()

    def _wrong(
        self, severity: float
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return which words are wrong, bool [units], and where something is written instead of them: start, stop, entry."""
        units, rates, forms = self._units, self._rates, self._forms
        kind, stays, first, count, _ = forms.table[self._number].T
        some = np.flatnonzero(count)
        picked = units.take(some)
        draws = picked.draws(self._keys)
        hazard = np.array([rates.classes[name] for name in CLASSES])[kind[some]]
        chosen = np.flatnonzero(draws.uniform(_SELECT) < chances(picked.row, hazard, severity))
        taken = some[chosen]
        upto = np.array([[*accumulate(shares[name] for name in KINDS)] for shares in (rates.content, rates.function)])
        above = draws.uniform(_KIND, chosen)[:, None] >= upto[(kind[taken] == _FUNCTION).astype(np.int64)]
        ways = np.minimum(above.sum(axis=1), _LEFT_OUT)
        which = draws.uniform(_WHICH, chosen)
        entry = first[taken] + _geometric(which, count[taken])
        begin, end = units.start[taken].copy(), units.stop[taken].copy()
        wrong = np.zeros(len(units), dtype=bool)
        wrong[taken] = True
        kept = self._joins(taken, ways, entry, end, wrong, kind, stays)
        self._splits(taken, ways, which, entry)
        out = kept & (ways == _LEFT_OUT) & ~self._last[taken] & (stays[taken] == 0)
        entry[out] = _EMPTY
        spaces = self._close(begin, end, out)
        adds = kept & (draws.uniform(_ADD, chosen) < rates.added) & ~out
        at = units.start[taken[adds]]
        words = forms.added + np.searchsorted(forms.added_upto, draws.uniform(_ADDED, chosen[adds]), side="right")
        return (
            wrong,
            np.concatenate([begin[kept], at, spaces]),
            np.concatenate([end[kept], at, spaces + 1]),
            np.concatenate([entry[kept], words, np.full(len(spaces), _EMPTY)]),
        )

    def _joins(
        self,
        taken: NDArray[np.int64],
        ways: NDArray[np.int64],
        entry: NDArray[np.int64],
        end: NDArray[np.int64],
        wrong: NDArray[np.bool_],
        kind: NDArray[np.int64],
        stays: NDArray[np.int64],
    ) -> NDArray[np.bool_]:
        """Write words that join with the next one into ``entry``, ``end`` and ``wrong``; return which of ``taken`` are still there.

        If both together sound like no word, a function word that follows is left out: "went to" becomes "want".
        """
        gone = np.zeros(len(wrong), dtype=bool)
        for place in np.flatnonzero((ways == _JOINED) & self._near[taken]).tolist():
            word = int(taken[place])
            if gone[word]:
                continue
            joined = self._forms.joined(int(self._number[word]), int(self._number[word + 1]))
            if joined < 0 and (kind[word + 1] != _FUNCTION or stays[word + 1] or self._last[word + 1]):
                continue
            if joined >= 0:
                entry[place] = joined
            end[place] = self._units.stop[word + 1]
            gone[word + 1] = wrong[word + 1] = True
        kept: NDArray[np.bool_] = ~gone[taken]
        return kept

    def _splits(
        self,
        taken: NDArray[np.int64],
        ways: NDArray[np.int64],
        which: NDArray[np.float64],
        entry: NDArray[np.int64],
    ) -> None:
        """Write words that are heard as two into ``entry``."""
        places = np.flatnonzero(ways == _SPLIT)
        pairs = [self._forms.pairs(form) for form in self._number[taken[places]].tolist()]
        first, count = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        known = count > 0
        entry[places[known]] = first[known] + _geometric(which[places[known]], count[known])

    def _close(self, begin: NDArray[np.int64], end: NDArray[np.int64], out: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Let a space go with each word that is left out: the one after it, in ``end``; else (before a mark) return the one before it.

        That one may be before other words that are left out.
        """
        gone = np.flatnonzero(out)
        after = is_space(self._block, end[gone])
        end[gone[after]] += 1
        starts = dict(zip(end[gone].tolist(), begin[gone].tolist(), strict=True))
        spaces = []
        ends = gone[~after]
        ends = ends[(self._block.kinds.take(end[ends]) & (LETTER | DIGIT)) == 0]
        for left in begin[ends].tolist():
            while left in starts:
                left = starts[left]
            if left > 0:
                spaces.append(left - 1)
        found = np.unique(np.array(spaces, dtype=np.int64))
        return found[self._blank(found)]

    def _blank(self, at: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which positions are white space inside a text."""
        blank: NDArray[np.bool_] = is_space(self._block, at) & (self._block.codes.take(at) != ord(SEPARATOR))
        return blank

    def _scale(self, severity: float) -> float:
        """Return how much of what recognisers leave out is left out: all of it from the natural share of wrong words on."""
        return min(1.0, severity / self._rates.wrong)

    def _capitals(
        self, severity: float, wrong: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        units = self._units
        small = self._forms.table[self._number, 4]
        first = np.flatnonzero((units.number == 0) & (small >= 0) & ~wrong)
        below = self._rates.sides["capital"] * self._scale(severity)
        first = first[units.take(first).draw(self._keys, _CAPITAL) < below]
        return units.start[first], units.stop[first], small[first]

    def _marks(self, severity: float) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the marks that go, each with the space after it if another one is before it."""
        block, words = self._block, self._words
        at = np.flatnonzero(matching(_MARKS).take(block.codes))
        at = at[~inside_words(block, spaced=self._spaced, at=at) & ~open_before(block, at)]
        joins = (block.kinds.take(at + 1) & JOINS) != 0  # the separator is the last code point
        word = np.searchsorted(words.start, at, side="right") - 1
        within = (word >= 0) & (at < words.stop.take(np.maximum(word, 0)))
        rows = block.rows(at)
        fits = ~joins & ~within & np.isin(rows, self._units.row)
        at, rows = at[fits], rows[fits]
        final = np.append(self._units.row, -1)[np.searchsorted(self._units.start, at)] != rows
        sides = self._rates.sides
        below = np.where(final, sides["final"], sides["mark"]) * self._scale(severity)
        at = at[Units.of(block, at, at + 1).draw(self._keys, _MARK) < below]
        alone = ((at == 0) | is_space(block, np.maximum(at - 1, 0))) & self._blank(at + 1)
        return at, at + 1 + alone, np.full(len(at), _EMPTY)


def _geometric(drawn: NDArray[np.float64], count: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number below each count: each has _NEXT of the chance of the one before it; drawn: in [0, 1)."""
    number = np.log1p(-drawn * (1 - _NEXT**count)) / np.log(_NEXT)
    below: NDArray[np.int64] = np.minimum(number.astype(np.int64), count - 1)
    return below
