"""Spaces forgotten between words, and spaces inside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.languages import has_spaces
from robustir.perturbations.shared.choices import choices
from robustir.perturbations.shared.numbered_units import Units, word_units
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.tables.marks import is_space, open_before
from robustir.text.blocks import Block, ragged_arange
from robustir.text.classes import DIGIT
from robustir.text.clusters import cluster_starts
from robustir.text.compounds import inside_numbers
from robustir.text.splices import splice_strings

__all__ = ["PARTS", "Spacing"]

PARTS = ("merge", "split")
_OPERATION, _PLACE = 1, 2  # slots
# A Thai vowel sign that is its own cluster still belongs to its consonant: เ แ โ ใ ไ before it, ะ า ำ ๅ after.
_TIED_TO_NEXT = np.array([0x0E40, 0x0E41, 0x0E42, 0x0E43, 0x0E44], dtype=np.uint32)
_TIED_TO_PREVIOUS = np.array([0x0E2F, 0x0E30, 0x0E32, 0x0E33, 0x0E45, 0x0E46], dtype=np.uint32)


class Spacing(RuleBased):
    """Two words are written as one, or one as two.

    A word takes part if only white space is between it and the next word (it can merge) or if it has two characters
    or more (it can be split, at the place that is drawn); an operation that is not possible gives way to the other. Numbers
    are neither cut nor run together. In Thai and Chinese, whose words (newmm, jieba) have no spaces, a split may also fall
    between a word and the next one; in Thai it falls nowhere else.

    Args:
        parts: the operations to choose from with equal chances, merge, split or both.

    Raises:
        SpecError: for another operation, one that is given twice, or none.
    """

    name: ClassVar[str] = "spacing"
    version: ClassVar[str] = "3"
    claims: ClassVar[frozenset[str]] = frozenset({"keeps-numbers", "survives-nfkc"})
    severity_meaning: ClassVar[str] = (
        "expected share of words merged with the next one or split, among words that can be"
    )
    source: ClassVar[str] = (
        "Kukich (1992), Techniques for automatically correcting words in text: run-on and split words"
    )

    def __init__(self, parts: Sequence[str] | str = PARTS) -> None:
        chosen = choices("spacing", "parts", parts, PARTS)
        self.parts = tuple(part for part in PARTS if part in chosen)

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts with spaces missing and too many."""
        block = Block.join(texts)
        units = word_units(block, lang)
        gap = np.append(units.start[1:], len(block.codes))[: len(units)] - units.stop
        followed = np.append(np.diff(units.row) == 0, False)[: len(units)]
        can_merge = followed & self._only_space(block, units, gap) & ~open_before(block, units.stop)
        digit = (block.kinds & DIGIT) != 0
        can_merge &= ~(digit[units.stop - 1] & digit[np.minimum(units.stop + gap, len(digit) - 1)])
        cuts, count = _cuts(block, units, followed & (gap == 0) & (not has_spaces(lang)), inside=lang != "th")
        can_merge &= "merge" in self.parts
        can_split = (count > 0) & ("split" in self.parts)
        chosen = units.chosen(keys, severity) & (can_merge | can_split)
        merges = chosen & can_merge & ((units.draw(keys, _OPERATION) < 0.5) | ~can_split)
        splits = np.flatnonzero(chosen & ~merges)
        before = np.cumsum(count) - count
        drawn = (units.draw(keys, _PLACE)[splits] * count[splits]).astype(np.int64)
        at = cuts[before[splits] + drawn]
        start = np.concatenate([units.stop[merges], at])
        stop = np.concatenate([(units.stop + gap)[merges], at])
        order = np.argsort(start, kind="stable")
        new = np.array([""] * int(merges.sum()) + [" "] * len(at))[order]
        return splice_strings(block, start[order], stop[order], new.tolist()).texts()

    @staticmethod
    def _only_space(block: Block, units: Units, gap: NDArray[np.int64]) -> NDArray[np.bool_]:
        before = np.append(0, np.cumsum(is_space(block)))
        spaces: NDArray[np.bool_] = (gap > 0) & (before[units.stop + gap] - before[units.stop] == gap)
        return spaces


def _cuts(
    block: Block, units: Units, after: NDArray[np.bool_], *, inside: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where words can be split, in order, and how many places each word has.

    after: whether a word's end is one; inside: whether the places between its characters are.
    """
    first = units.start + 1 if inside else units.stop
    lengths = units.stop - first + after
    positions = ragged_arange(first, lengths)
    word = np.repeat(np.arange(len(units)), lengths)
    codes = block.codes
    fits = cluster_starts(block)[positions]
    digit = (block.kinds & DIGIT) != 0
    fits &= ~(digit[positions - 1] & digit[positions])
    numeric = inside_numbers(block)
    fits &= ~(numeric[positions - 1] | numeric[positions])
    fits &= ~np.isin(codes[positions - 1], _TIED_TO_NEXT) & ~np.isin(codes[positions], _TIED_TO_PREVIOUS)
    return positions[fits], np.bincount(word[fits], minlength=len(units))
