"""Punctuation left out, doubled, wrong or too much, in each language's own marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.shared.choices import choices
from robustir.perturbations.shared.numbered_units import Units, word_units
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.tables.marks import open_before, single_marks
from robustir.text.blocks import Block
from robustir.text.splices import splice_strings

__all__ = ["PARTS", "Punctuation"]

PARTS = ("drop", "double", "insert", "wrong")
_OPERATION, _MARK = 1, 2  # slots
_MARKS = {
    "ar": "،.؟؛:!",
    "de": ",.?;:!",
    "el": ",.;·:!",
    "en": ",.?;:!",
    "es": ",.?;:!",
    "hi": ",।?;:!",
    "ru": ",.?;:!",
    "th": ",.?ฯ:!",
    "tr": ",.?;:!",
    "vi": ",.?;:!",
    "zh": "，。？；：！、",
}
_OPENING = {"¿": "¡", "¡": "¿"}


class Punctuation(RuleBased):
    """Marks are left out, doubled, replaced by another of the language's, or put after a word where none belongs.

    Places are the punctuation marks outside words and, with ``insert``, the ends of words without a mark or the end
    of the text behind them. Only sentence marks are exchanged (¿ for ¡); other marks are left out or doubled. No mark
    is left out of a text without words.

    Args:
        parts: the operations to choose from with equal chances, any of drop, double, insert, wrong, each once.

    Raises:
        SpecError: for another operation, one that is given twice, or none.
    """

    name: ClassVar[str] = "punctuation"
    version: ClassVar[str] = "1"
    languages: ClassVar[frozenset[str] | None] = frozenset(_MARKS)
    severity_meaning: ClassVar[str] = (
        "expected share of places edited: punctuation marks that the parts can edit, and ends of words where one may be inserted"
    )
    source: ClassVar[str] = (
        "marks: Unicode CLDR 42, exemplarCharacters (punctuation) of each language; Unicode License v3"
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
        at_marks = np.flatnonzero(marks)
        at_ends = self._ends(block, in_words, marks) if "insert" in self.parts else at_marks[:0]
        start = np.concatenate([at_marks, at_ends])
        order = np.argsort(start, kind="stable")  # no position is both: an end has no mark
        stop = np.concatenate([at_marks + 1, at_ends])[order]
        places = Units.of(block, start[order], stop)
        places = places.take(places.chosen(keys, severity))
        worded = np.bincount(in_words.row, minlength=len(block)) > 0
        return splice_strings(block, places.start, places.stop, self._marks(block, places, lang, keys, worded)).texts()

    @staticmethod
    def _ends(block: Block, units: Units, marks: NDArray[np.bool_]) -> NDArray[np.int64]:
        ends = units.stop
        last = np.append(np.diff(units.row) != 0, True)[: len(units)]
        places: NDArray[np.int64] = ends[~marks[ends] & ~last & ~open_before(block, ends)]
        return places

    def _marks(
        self, block: Block, places: Units, lang: str, keys: NDArray[np.uint64], worded: NDArray[np.bool_]
    ) -> list[str]:
        """Return what replaces each place."""
        marks = _MARKS[lang]
        operation, mark = (places.draw(keys, slot).tolist() for slot in (_OPERATION, _MARK))
        rows = worded[places.row].tolist()
        after = []
        for old, first, second, droppable in zip(places.strings(block), operation, mark, rows, strict=True):
            if not old:
                after.append(marks[int(second * len(marks))])
                continue
            others = marks.replace(old, "") if old in marks else _OPENING.get(old, "")
            new = {"drop": "" if droppable else old, "double": old * 2, "insert": old}
            new["wrong"] = others[int(second * len(others))] if others else old
            possible = [new[part] for part in self.parts if new[part] != old]
            after.append(possible[int(first * len(possible))] if possible else old)
        return after
