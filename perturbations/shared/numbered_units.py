"""Units of a block, each with its own number, so that each has its own draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from robustir.languages import has_spaces
from robustir.seeds import Draws
from robustir.text.blocks import Block, ragged_arange
from robustir.text.classes import DIGIT, LETTER
from robustir.text.compounds import block_whole_words
from robustir.text.units import Clusters, unit_spans
from robustir.text.words import block_word_spans

__all__ = ["FEW", "SELECT", "Units", "has_any", "letter_units", "set_apart", "whole_word_units", "word_units"]

SELECT = 0  # the slot that decides whether a unit is edited
FEW: Final = 24  # with one unit in more code points than these, slicing is faster than splitting the whole block


@dataclass(frozen=True, slots=True)
class Units:
    """Spans of a block; start, stop: code point positions; row: the text; number: counted per text. All int64 [units]."""

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    row: NDArray[np.int64]
    number: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start)

    @classmethod
    def of(cls, block: Block, start: NDArray[np.int64], stop: NDArray[np.int64]) -> Self:
        """Number the spans of a block, which ascend."""
        begin = np.searchsorted(start, block.offsets)
        size = np.diff(begin)
        number = ragged_arange(np.zeros_like(size), size)
        return cls(start, stop, np.repeat(np.arange(len(size)), size), number)

    def take(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> Self:
        """Return some of the units, with the numbers that they have."""
        return type(self)(self.start[chosen], self.stop[chosen], self.row[chosen], self.number[chosen])

    def draws(self, keys: NDArray[np.uint64]) -> Draws:
        """Return the units' uniform numbers; keys: uint64 [texts, 2]."""
        return Draws(keys.take(self.row, axis=0), self.number)

    def draw(self, keys: NDArray[np.uint64], slot: int) -> NDArray[np.float64]:
        """Return each unit's uniform number for one decision; keys: uint64 [texts, 2]."""
        return self.draws(keys).uniform(slot)

    def chosen(self, keys: NDArray[np.uint64], severity: float) -> NDArray[np.bool_]:
        """Return which units are edited at a severity if they can be, bool [units]."""
        return self.draw(keys, SELECT) < severity

    def strings(self, block: Block) -> list[str]:
        """Return what the units read."""
        many = FEW * len(self) >= len(block.codes)
        if many and (self.start[1:] > self.stop[:-1]).all() and (self.stop > self.start).all():
            # What is between them becomes spaces: splitting is three times as fast as slicing.
            edges = np.zeros(len(block.codes) + 1, dtype=bool)
            edges[self.start] = edges[self.stop] = True
            inside = np.logical_xor.accumulate(edges[:-1])
            blank = np.where(inside, block.codes, np.uint32(0x20))
            pieces = blank.tobytes().decode("utf-32-le", "surrogatepass").split()
            # If not all of it comes back, some have spaces inside (Vietnamese words).
            if len(pieces) == len(self) and len("".join(pieces)) == np.count_nonzero(inside):
                return pieces
        joined = block.text
        return [joined[start:stop] for start, stop in zip(self.start.tolist(), self.stop.tolist(), strict=True)]


def word_units(block: Block, lang: str) -> Units:
    """Return the words of a block; Thai and Chinese are segmented."""
    return Units.of(block, *block_word_spans(block, lang))


def whole_word_units(block: Block, lang: str) -> Units:
    """Return the words of a block; Thai and Chinese are segmented, Vietnamese syllables of one word are together."""
    return Units.of(block, *block_whole_words(block, lang))


def letter_units(block: Block, lang: str) -> Units:
    """Return the words with a letter, or, if the script has no spaces, the grapheme clusters that begin with one."""
    if has_spaces(lang):
        units = Units.of(block, *unit_spans(block, spaced=True))
        return units.take(has_any(units, block.kinds & LETTER != 0))
    clusters = Clusters.of(block)
    letters = np.flatnonzero((clusters.kind & (LETTER | DIGIT)) == LETTER)
    return Units.of(block, clusters.start[letters], clusters.start[letters + 1])


def has_any(units: Units, where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which units hold at least one of the marked code points; where: bool [code points]."""
    marked: NDArray[np.bool_] = where[units.start]
    rest = np.flatnonzero(~marked)
    if len(rest):  # few: most words begin with a letter
        length = units.stop[rest] - units.start[rest]
        owner = np.repeat(rest, length)
        marked[owner[where[ragged_arange(units.start[rest], length)]]] = True
    return marked


def set_apart(joined: str, spans: Units, new: Sequence[str]) -> list[str]:
    """Set words of a script with spaces apart from letters, their marks, and digits beside them; joined: the block's text."""
    apart, last, before_last = [], -1, False  # where the word before stopped; whether it ends with a letter or digit
    for start, stop, word in zip(spans.start.tolist(), spans.stop.tolist(), new, strict=True):
        before = before_last if start == last else start > 0 and _is_part(joined[start - 1])
        # A vowel sign or tone mark cannot follow here: a word ends where a cluster ends.
        after = joined[stop].isalnum()
        apart.append(f"{' ' if before else ''}{word}{' ' if after else ''}")
        last, before_last = stop, not after and word[-1].isalnum()
    return apart


def _is_part(character: str) -> bool:
    """Whether a word can end with a character: Thai words end with vowel signs and tone marks too."""
    return character.isalnum() or category(character).startswith("M")
