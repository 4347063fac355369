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
_CLASS, _STAYS, _FIRST, _COUNT, _SMALL = range(5)  # columns of the table of forms
_REPLACED, _SPLIT, _JOINED, _LEFT_OUT = range(len(KINDS))
_FUNCTION: Final = CLASSES.index("function")
_EMPTY: Final = 0  # the pool's first entry
# Marks that recognisers do not write; hyphens, apostrophes inside words, % and & are theirs too.
_MARKS: Final = r"[.,;:!?…·()\[\]{}\"“”„«»‘’'¿¡、。，；：？！「」『』《》（）؟،؛।—–]"


class _Forms(FormRows):
    """The word forms of a language.

    table: int64 [5, forms]: class (of CLASSES), whether it stays if words are left out, first option in the pool, number of
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

    def pairs(self, forms: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first pair of words that each form is taken for, in the pool, and their number, int64 [forms]."""
        asked, known = forms.tolist(), self._pairs
        for form in set(asked).difference(known):
            pairs = self.words.split(self._folded[form])
            known[form] = self.pool.add(pairs), len(pairs)
        first, count = np.array([known[form] for form in asked], dtype=np.int64).reshape(-1, 2).T
        return first, count

    def joined(self, forms: NDArray[np.int64], following: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the word, in the pool, that each form and the one after it are taken for, int64 [forms]; -1: none."""
        asked, known = [*zip(forms.tolist(), following.tolist(), strict=True)], self._joined
        for one, other in set(asked).difference(known):
            word = self.words.joined(self._folded[one], self._folded[other])
            known[one, other] = self.pool.add((word,)) if word else -1
        return np.fromiter(map(known.__getitem__, asked), dtype=np.int64, count=len(asked))


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
        self._number = self._forms.values_of(block, units)
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
        some = np.flatnonzero(forms.table[_COUNT].take(self._number))
        picked = units.take(some)
        draws = picked.draws(self._keys)
        hazard = np.array([rates.classes[name] for name in CLASSES]).take(self._of(_CLASS, some))
        chosen = np.flatnonzero(draws.uniform(_SELECT) < chances(picked.row, hazard, severity))
        taken = some[chosen]
        ways = self._ways(self._of(_CLASS, taken) == _FUNCTION, draws.uniform(_KIND, chosen))
        which = draws.uniform(_WHICH, chosen)
        entry = self._of(_FIRST, taken) + _geometric(which, self._of(_COUNT, taken))
        begin, end = units.start.take(taken), units.stop.take(taken)
        wrong = np.zeros(len(units), dtype=bool)
        wrong[taken] = True
        kept = self._joins(taken, ways, entry, end, wrong)
        self._splits(taken, ways, which, entry)
        out = kept & (ways == _LEFT_OUT) & self._droppable(taken)
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

    def _ways(self, function: NDArray[np.bool_], drawn: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return in which way (of KINDS) words are wrong, int64 [words]. function: which are function words; drawn: in [0, 1)."""
        ways = np.zeros(len(drawn), dtype=np.int64)
        of_kinds = ([of[kind] for kind in KINDS[:-1]] for of in (self._rates.function, self._rates.content))
        for of_function, of_content in zip(*map(accumulate, of_kinds), strict=True):
            ways += drawn >= np.where(function, of_function, of_content)
        return ways

    def _of(self, column: int, words: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return what the table of forms has in one column for some words, int64 [words]."""
        found: NDArray[np.int64] = self._forms.table[column].take(self._number.take(words))
        return found

    def _droppable(self, words: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which words may be left out, bool [words]."""
        may: NDArray[np.bool_] = ~self._last.take(words) & (self._of(_STAYS, words) == 0)
        return may

    def _joins(
        self,
        taken: NDArray[np.int64],
        ways: NDArray[np.int64],
        entry: NDArray[np.int64],
        end: NDArray[np.int64],
        wrong: NDArray[np.bool_],
    ) -> NDArray[np.bool_]:
        """Write words that join with the next one into ``entry``, ``end`` and ``wrong``; return which of ``taken`` are still there.

        If both together sound like no word, a function word that follows is left out: "went to" becomes "want".
        """
        places = np.flatnonzero((ways == _JOINED) & self._near[taken])
        words = taken[places]
        joined = self._forms.joined(self._number[words], self._number[words + 1])
        known = joined >= 0
        fits = known | ((self._of(_CLASS, words + 1) == _FUNCTION) & self._droppable(words + 1))
        places, words, joined, known = places[fits], words[fits], joined[fits], known[fits]
        # A word that has joined the one before it joins no other: of neighbours every second one does.
        order = np.arange(len(words))
        begun = np.maximum.accumulate(np.where(np.diff(words, prepend=-1) != 1, order, 0))
        free = (order - begun) % 2 == 0
        places, words, joined, known = places[free], words[free], joined[free], known[free]
        entry[places[known]] = joined[known]
        end[places] = self._units.stop[words + 1]
        gone = np.zeros(len(wrong), dtype=bool)
        gone[words + 1] = wrong[words + 1] = True
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
        first, count = self._forms.pairs(self._number[taken[places]])
        known = count > 0
        entry[places[known]] = first[known] + _geometric(which[places[known]], count[known])

    def _close(self, begin: NDArray[np.int64], end: NDArray[np.int64], out: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Let a space go with each word that is left out: the one after it, in ``end``; else (before a mark) return the one before it.

        That one may be before other words that are left out.
        """
        gone = np.flatnonzero(out)
        after = is_space(self._block, end[gone])
        end[gone[after]] += 1
        ends = gone[~after]
        ends = ends[(self._block.kinds.take(end[ends]) & (LETTER | DIGIT)) == 0]
        starts = dict(zip(end[gone].tolist(), begin[gone].tolist(), strict=True)) if len(ends) else {}
        spaces = []
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
        first = np.flatnonzero((units.number == 0) & ~wrong)
        first = first[self._of(_SMALL, first) >= 0]
        below = self._rates.sides["capital"] * self._scale(severity)
        first = first[units.take(first).draw(self._keys, _CAPITAL) < below]
        return units.start[first], units.stop[first], self._of(_SMALL, first)

    def _marks(self, severity: float) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the marks that go, each with the space after it if another one is before it."""
        block, words = self._block, self._words
        at = np.flatnonzero(block.kinds & (LETTER | DIGIT) == 0)
        at = at[matching(_MARKS).take(block.codes.take(at))]
        at = at[~inside_words(block, spaced=self._spaced, at=at) & ~open_before(block, at)]
        joins = (block.kinds.take(at + 1) & JOINS) != 0  # the separator is the last code point
        word = np.searchsorted(words.start, at, side="right") - 1
        within = (word >= 0) & (at < words.stop.take(np.maximum(word, 0)))
        rows = block.rows(at)
        fits = ~joins & ~within & (np.bincount(self._units.row, minlength=len(block)) > 0).take(rows)
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
