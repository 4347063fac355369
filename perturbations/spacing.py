"""Spaces forgotten between words, and spaces inside them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import ClassVar, Final
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from robustir.languages import has_spaces
from robustir.perturbations.shared.choices import choices
from robustir.perturbations.shared.numbered_units import Units, word_units
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.tables.marks import is_space, open_before
from robustir.text.blocks import Block, ragged_arange
from robustir.text.classes import DIGIT, matching
from robustir.text.clusters import cluster_starts
from robustir.text.compounds import inside_numbers
from robustir.text.splices import splice_strings

__all__ = ["PARTS", "Spacing"]

PARTS = ("merge", "split")
_OPERATION, _PLACE = 1, 2  # slots
_WAW: Final = 0x0648
_VOWELS: Final = frozenset("aeiouyıæœøαεηιουωаеёиоуыэюяєі")
_ALPHABETS: Final = ((0x41, 0x250), (0x370, 0x530), (0x1E00, 0x2000))  # Latin, Greek and Cyrillic
# A Thai vowel sign that is its own cluster still belongs to its consonant: เ แ โ ใ ไ before it, ะ า ำ ๅ after.
_TIED_TO_NEXT = np.array([0x0E40, 0x0E41, 0x0E42, 0x0E43, 0x0E44], dtype=np.uint32)
_TIED_TO_PREVIOUS = np.array([0x0E2F, 0x0E30, 0x0E32, 0x0E33, 0x0E45, 0x0E46], dtype=np.uint32)


class Spacing(RuleBased):
    """Two words are written as one, or one as two.

    A word takes part if only white space is between it and the next word (it can merge) or if it can be split, at the place
    that is drawn, into parts that could be words: of two characters or more, each with a vowel if the script writes them,
    and not before a capital (NASA); Arabic also after the *and* at the beginning of a word (و). An operation that is not
    possible gives way to the other. Numbers are neither cut nor run together. In Thai and Chinese, whose words (newmm, jieba)
    have no spaces, a split falls between a word and the next one.

    Args:
        parts: the operations to choose from with equal chances, merge, split or both.

    Raises:
        SpecError: for another operation, one that is given twice, or none.
    """

    name: ClassVar[str] = "spacing"
    version: ClassVar[str] = "4"
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
        cuts, count = (
            _inner_cuts(block, units, lang) if has_spaces(lang) else _cuts_between(block, units, followed & (gap == 0))
        )
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


def _inner_cuts(block: Block, units: Units, lang: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where words can be cut in two, in order, and how many such places each word has."""
    starts = cluster_starts(block)
    lengths = np.maximum(units.stop - units.start - 1, 0)
    positions, word = ragged_arange(units.start + 1, lengths), np.repeat(np.arange(len(units)), lengths)
    first, stop = units.start[word], units.stop[word]
    before, after = _counted(starts, first, positions, stop)
    fits = (before >= 2) & (after >= 2)
    if lang == "ar":
        fits |= (positions - first == 1) & (block.codes[first] == _WAW) & (after >= 3)
    fits &= starts[positions] & ~matching(r"\p{Lu}")[block.codes[positions]]
    lettered = _alphabetic()[block.codes[first]]
    with_vowels, vowels_after = _counted(_vowels()[block.codes], first, positions, stop)
    fits &= ~lettered | ((with_vowels > 0) & (vowels_after > 0))
    return _apart(block, positions[fits], word[fits], len(units))


def _cuts_between(
    block: Block, units: Units, touching: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ends of words that touch the next one, in order, and whether each word has one, as a count."""
    word = np.flatnonzero(touching)
    positions = units.stop[word]
    fits = cluster_starts(block)[positions]
    fits &= ~np.isin(block.codes[positions - 1], _TIED_TO_NEXT) & ~np.isin(block.codes[positions], _TIED_TO_PREVIOUS)
    return _apart(block, positions[fits], word[fits], len(units))


def _apart(
    block: Block, positions: NDArray[np.int64], word: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the positions outside numbers, and how many each of ``size`` words has."""
    digit, numeric = (block.kinds & DIGIT) != 0, inside_numbers(block)
    inside = (digit[positions - 1] & digit[positions]) | numeric[positions - 1] | numeric[positions]
    return positions[~inside], np.bincount(word[~inside], minlength=size)


def _counted(
    marked: NDArray[np.bool_], first: NDArray[np.int64], at: NDArray[np.int64], stop: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many marked code points are from ``first`` to ``at``, and from there to ``stop``."""
    upto = np.append(0, np.cumsum(marked))
    return upto[at] - upto[first], upto[stop] - upto[at]


@cache
def _vowels() -> NDArray[np.bool_]:
    """Return which code points are vowels of an alphabet, with or without marks, bool [0x110000]."""
    table = np.zeros(0x110000, dtype=bool)
    for first, stop in _ALPHABETS:
        for code in range(first, stop):
            table[code] = normalize("NFD", chr(code))[0].lower() in _VOWELS
    return table


@cache
def _alphabetic() -> NDArray[np.bool_]:
    """Return which code points are of a script that writes all vowels as letters, bool [0x110000]."""
    table = np.zeros(0x110000, dtype=bool)
    for first, stop in _ALPHABETS:
        table[first:stop] = True
    return table
