"""Punctuation left out, wrong, doubled or too much, in each language's own marks, as often as people do each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from robustir.languages import has_spaces
from robustir.perturbations.shared.choices import choices
from robustir.perturbations.shared.numbered_units import Units, word_units
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.tables.marks import inside_words, is_space, open_before, single_marks
from robustir.text.blocks import Block
from robustir.text.splices import splice_strings

__all__ = ["PARTS", "Punctuation"]

PARTS = ("drop", "double", "insert", "wrong")
_OPERATION, _MARK, _END = 1, 2, 3  # slots
# How often people do each, and how rarely a mark comes where none belongs: RoCS-MT (English forum posts beside their
# normalised form) has 1,564 marks left out, 320 wrong and 90 doubled of 4,394, and 135 more after 26,950 words.
_SHARES: Final = {"drop": 0.79, "wrong": 0.16, "double": 0.05}
_INSERTED: Final = 0.011  # ends of words that count as a place, for each mark of the text
_LIKELY: Final = (
    3  # comma and full stop, the first two of a language, come in place of another this often against each other mark
)
_MARKS: Final = {
    "ar": "،.؟؛:!",
    "de": ",.?;:!",
    "el": ",.;·:!",
    "en": ",.?;:!",
    "es": ",.?;:!",
    "hi": ",।?;:!",
    "ru": ",.?;:!",
    "th": ",.?:!",
    "tr": ",.?;:!",
    "vi": ",.?;:!",
    "zh": "，。？；：！、",
}
_OPENING: Final = {"¿": "¡", "¡": "¿"}


class Punctuation(RuleBased):
    """Marks are left out, replaced by another of the language's, doubled, or put after a word where none belongs.

    Places are the punctuation marks outside words and, with ``insert``, one end of a word in ninety (all of them if it is
    the only part; in Thai those before a space). A mark inside a number, an address or a joined word (3.5, 192.168.1.1,
    U.S.) belongs to it and stays. Only sentence marks are exchanged (¿ for ¡) and doubled; quotation marks and brackets
    are left out. No mark is left out of a text without words.

    Args:
        parts: the operations to choose from, any of drop, double, insert, wrong, each once; they come as often as in
            people's writing.

    Raises:
        SpecError: for another operation, one that is given twice, or none.
    """

    name: ClassVar[str] = "punctuation"
    version: ClassVar[str] = "2"
    languages: ClassVar[frozenset[str] | None] = frozenset(_MARKS)
    claims: ClassVar[frozenset[str]] = frozenset(
        {"keeps-names", "keeps-numbers", "keeps-negations", "writes-words", "keeps-sound", "survives-nfkc"}
    )
    severity_meaning: ClassVar[str] = (
        "expected share of places edited: punctuation marks that the parts can edit, and the few ends of words where one may be inserted"
    )
    source: ClassVar[str] = (
        "marks: Unicode CLDR 42, exemplarCharacters (punctuation) of each language; Unicode License v3; rates: Bawden & Sagot "
        "(2023), RoCS-MT: robustness challenge set for machine translation"
    )

    def __init__(self, parts: Sequence[str] | str = PARTS) -> None:
        chosen = choices("punctuation", "parts", parts, PARTS)
        self.parts = tuple(part for part in PARTS if part in chosen)

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts with other punctuation."""
        block = Block.join(texts)
        marks = single_marks(block)
        in_words = word_units(block, lang)
        at_marks = np.flatnonzero(marks & ~inside_words(block, spaced=has_spaces(lang)))
        at_ends = self._ends(block, in_words, marks, lang, keys) if "insert" in self.parts else at_marks[:0]
        start = np.concatenate([at_marks, at_ends])
        order = np.argsort(start, kind="stable")  # no position is both: an end has no mark
        stop = np.concatenate([at_marks + 1, at_ends])[order]
        places = Units.of(block, start[order], stop)
        places = places.take(places.chosen(keys, severity))
        worded = np.bincount(in_words.row, minlength=len(block)) > 0
        new = self._marks(block, places, lang, keys, worded)
        return splice_strings(block, _with_space(block, places, new), places.stop, new).texts()

    def _ends(
        self, block: Block, units: Units, marks: NDArray[np.bool_], lang: str, keys: NDArray[np.uint64]
    ) -> NDArray[np.int64]:
        ends = units.stop
        last = np.append(np.diff(units.row) != 0, True)[: len(units)]
        fits = ~marks[ends] & ~last & ~open_before(block, ends)
        if lang == "th":
            fits &= is_space(block, ends)
        if len(self.parts) > 1:
            fits &= units.draw(keys, _END) < _INSERTED
        places: NDArray[np.int64] = ends[fits]
        return places

    def _marks(
        self, block: Block, places: Units, lang: str, keys: NDArray[np.uint64], worded: NDArray[np.bool_]
    ) -> list[str]:
        """Return what replaces each place."""
        marks = _weighted(_MARKS[lang])
        operation, mark = (places.draw(keys, slot).tolist() for slot in (_OPERATION, _MARK))
        rows = worded[places.row].tolist()
        after = []
        for old, first, second, droppable in zip(places.strings(block), operation, mark, rows, strict=True):
            if not old:
                after.append(marks[int(second * len(marks))])
                continue
            others = marks.replace(old, "") if old in marks else _OPENING.get(old, "")
            new = {"wrong": others[int(second * len(others))]} if others else {}
            new |= {"drop": ""} if droppable else {}
            new |= {"double": old * 2} if others else {}
            possible = [part for part in self.parts if part in new]
            after.append(new[_drawn(possible, first)] if possible else old)
        return after


def _with_space(block: Block, places: Units, new: list[str]) -> NDArray[np.int64]:
    """Return where the places start, with the space before a mark that is left out between two spaces or at the end."""
    gone = np.fromiter((not mark for mark in new), dtype=bool, count=len(new)) & (places.stop > places.start)
    inside = gone & ~np.isin(places.start, block.offsets)
    spaces = is_space(block, np.maximum(places.start - 1, 0)) & is_space(block, places.stop)
    start: NDArray[np.int64] = places.start - (inside & spaces)
    return start


def _weighted(marks: str) -> str:
    return marks[:2] * _LIKELY + marks[2:]


def _drawn(possible: Sequence[str], drawn: float) -> str:
    """Return one of the operations, by its share among them; drawn: in [0, 1)."""
    limit = drawn * sum(_SHARES[part] for part in possible)
    for part in possible[:-1]:
        limit -= _SHARES[part]
        if limit < 0:
            return part
    return possible[-1]
