"""Queries without function words, as they are typed into a search box."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from robustir.languages import LANGUAGES, has_spaces
from robustir.perturbations.casing import raised
from robustir.perturbations.shared.known_forms import KnownForms
from robustir.perturbations.shared.numbered_units import Units, whole_word_units
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.tables.marks import begins_sentence, is_space, joined_words, open_before
from robustir.perturbations.typing.keyboards import read_data
from robustir.text.blocks import Block, ragged_arange
from robustir.text.classes import DIGIT, LETTER
from robustir.text.splices import splice_strings

__all__ = ["Stopwords", "function_words"]

# A function word as it is written inside a sentence, at its beginning; another capital; the first of a phrase, another.
_LOWER, _TITLED, _NAME, _BEGINS, _GOES_ON = 1, 2, 4, 8, 16
_NO_NAMES: Final = frozenset({"de"})  # every noun has a capital


class Stopwords(RuleBased):
    """Function words are left out, with the space after them (before them at the end of a text or before a mark).

    Kept are negations ("may not require" stays), a function word with a capital inside a sentence (Doctor Who, the US) or
    between two names (Bank of America), and parts of words joined by a mark (on-site). Question words and others of several
    words go as one (how many, ne zaman, 什么时候) or, if half of them is content, stay as one (how old). In a text of function
    words only, the last one stays and is not eligible, so that no text becomes empty. Thai and Chinese words come from newmm
    and jieba, Vietnamese words of several syllables from a list (robustir.text.compounds).
    """

    name: ClassVar[str] = "stopwords"
    version: ClassVar[str] = "5"
    languages: ClassVar[frozenset[str] | None] = frozenset(LANGUAGES)
    claims: ClassVar[frozenset[str]] = frozenset(
        {"keeps-names", "keeps-numbers", "keeps-negations", "writes-words", "survives-nfkc"}
    )
    severity_meaning: ClassVar[str] = (
        "expected share of function words that are left out, negations and parts of names not counted"
    )
    source: ClassVar[str] = "the source field of each file in perturbations/data/stopwords"

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts without chosen function words."""
        block = Block.join(texts)
        units, bits = _with_phrases(block, whole_word_units(block, lang), lang)
        eligible = _eligible(block, units, bits, lang)
        chosen = eligible & units.chosen(keys, severity)
        last = np.append(np.diff(units.row) != 0, True)[: len(units)]
        others = np.bincount(units.row[~eligible], minlength=len(block))
        gone = units.take(chosen & ~(last & (others[units.row] == 0)))
        start, stop = _with_spaces(block, gone, spaced=has_spaces(lang))
        return splice_strings(block, start, stop, [""] * len(start)).texts()


def _with_phrases(block: Block, units: Units, lang: str) -> tuple[Units, NDArray[np.int64]]:
    """Return the units, each listed phrase as one (the longest wins, from the left), and what each is, int64 [units]."""
    forms = _forms(lang)
    bits = forms.values_of(block, units)
    gap = units.start[1:] - units.stop[:-1]
    near = (units.row[1:] == units.row[:-1]) & (bits[1:] & _GOES_ON != 0)
    near &= (gap == 1) & is_space(block, units.stop[:-1]) if has_spaces(lang) else gap == 0
    begun = np.flatnonzero(near & (bits[:-1] & _BEGINS != 0))
    stop, inner, near = units.stop.copy(), np.zeros(len(units), dtype=bool), np.append(near, False)[: len(units)]
    text, end = block.text, 0
    for first in begun.tolist():
        if first < end:
            continue
        reach, start = first, int(units.start[first])
        while near[reach]:
            reach += 1
            phrase = text[start : units.stop[reach]]
            if phrase in forms.phrases:
                bits[first], stop[first], end = forms.phrases[phrase], units.stop[reach], reach + 1
        inner[first + 1 : end] = True
    joined = Units(units.start, stop, units.row, units.number)
    return joined.take(~inner), bits[~inner]


def _eligible(block: Block, units: Units, bits: NDArray[np.int64], lang: str) -> NDArray[np.bool_]:
    """Return which units are function words that may go, bool [units]."""
    titled = np.flatnonzero(bits & (_TITLED | _NAME))
    initial = np.zeros(len(units), dtype=bool)
    initial[titled] = begins_sentence(block, units.start[titled])
    eligible: NDArray[np.bool_] = (bits & _LOWER != 0) | ((bits & _TITLED != 0) & initial)
    if not has_spaces(lang):  # 3个或3个 would become 33
        follows = units.start > block.offsets[units.row]
        eligible[follows] &= block.kinds[units.start[follows] - 1] & DIGIT == 0
    some = np.flatnonzero(eligible)
    start, stop = units.start[some], units.stop[some]
    eligible[some] = ~open_before(block, start) & ~joined_words(block, start, stop)
    if lang not in _NO_NAMES:
        eligible &= ~_between_names((bits & (_NAME | _TITLED) != 0) & ~initial, eligible, units)
    return eligible


def _between_names(names: NDArray[np.bool_], function: NDArray[np.bool_], units: Units) -> NDArray[np.bool_]:
    """Return which units are between two names, alone or two together (Juan de la Cruz), bool [units]."""
    near = np.append((units.start[1:] - units.stop[:-1] == 1) & (units.row[1:] == units.row[:-1]), False)[: len(names)]
    before = np.append(False, (names & near)[:-1])[: len(names)]
    after = np.append((names & np.append(False, near[:-1])[: len(names)])[1:], False)[: len(names)]
    first = function & before & np.append(function[1:] & after[1:], False)[: len(names)]
    between: NDArray[np.bool_] = (before & after) | first | np.append(False, first[:-1])[: len(names)]
    return between


def _with_spaces(block: Block, gone: Units, *, spaced: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return what goes, as spans: each unit and the space after it, else the one before it that is left.

    spaced: whether the script has spaces; if not, a space goes only if there is another one before the unit.
    """
    space = is_space(block)
    space[block.offsets[1:] - 1] = False
    after = space[gone.stop]
    if not spaced:
        after &= (gone.start == block.offsets[gone.row]) | space[gone.start - 1]
    taken = np.zeros(len(block.codes) + 1, dtype=bool)
    taken[ragged_arange(gone.start, gone.stop + after - gone.start)] = True
    begins = set(block.offsets[:-1].tolist())
    wordish = (block.kinds[gone.stop] & (LETTER | DIGIT)) != 0  # without spaces, the next word
    for start in gone.start[~after & ~wordish].tolist():  # a mark or the end of the text follows
        left = start
        while left not in begins and taken[left - 1]:
            left -= 1
        if left not in begins and space[left - 1]:
            taken[left - 1] = True
    edges = np.flatnonzero(np.diff(taken, prepend=False))
    return edges[0::2], edges[1::2]


@cache
def function_words(lang: str) -> frozenset[str]:
    """Return the function words of a language, those too that no text loses: as listed, with a capital, and in capitals."""
    data: dict[str, str] = read_data("stopwords", f"{lang}.json")
    listed = [word.replace("_", " ") for field in ("words", "kept") for word in data[field].split()]
    return frozenset(form for word in listed for form in (word, raised(word[0], lang) + word[1:], raised(word, lang)))


class _Forms(KnownForms):
    """What each form is, as bits; phrases: what each phrase is, as bits."""

    def __init__(self, lang: str) -> None:
        super().__init__()
        data: dict[str, str] = read_data("stopwords", f"{lang}.json")
        self.lower = frozenset(word.replace("_", " ") for word in data["words"].split())
        self.titled = frozenset(_titled(word, lang) for word in self.lower) - self.lower
        self.phrases: dict[str, int] = {}
        for field, small, large in (("phrases", _LOWER, _TITLED), ("kept_phrases", 0, 0)):
            for phrase in data[field].split():
                words = phrase.replace("_", " ")
                self.phrases |= {_titled(words, lang): large, words: small}
        self._begins, self._goes_on = _parts(self.phrases, spaced=has_spaces(lang))

    def value_of(self, form: str) -> int:
        """Return what a form is that was not met before."""
        kind = _LOWER * (form in self.lower) | _TITLED * (form in self.titled) | self.phrases.get(form, 0)
        kind = kind or _NAME * form[:1].isupper()
        return kind | _BEGINS * (form in self._begins) | _GOES_ON * (form in self._goes_on)


def _titled(words: str, lang: str) -> str:
    return raised(words[0], lang) + words[1:]


def _parts(phrases: Iterable[str], *, spaced: bool) -> tuple[frozenset[str], frozenset[str]]:
    """Return what a phrase can begin with, and what it can go on with; without spaces any part of it, as a segmenter cuts."""
    begins: set[str] = set()
    goes_on: set[str] = set()
    for phrase in phrases:
        pieces = phrase.split(" ") if spaced else [phrase]
        edges = range(1, len(phrase))
        begins |= {pieces[0]} if spaced else {phrase[:edge] for edge in edges}
        goes_on |= set(pieces[1:]) if spaced else {phrase[a:b] for a in edges for b in range(a + 1, len(phrase) + 1)}
    return frozenset(begins), frozenset(goes_on)


@cache
def _forms(lang: str) -> _Forms:
    return _Forms(lang)
