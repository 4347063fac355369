"""What is typed with one stroke, and the words that strokes make: clusters, or code points in Hindi and Thai; words, segmented if need be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustir.languages import has_spaces
from robustir.perturbations.shared.numbered_units import Units
from robustir.perturbations.typing.key_table import KeyTable
from robustir.text.blocks import Block
from robustir.text.classes import LETTER
from robustir.text.units import Clusters, word_runs
from robustir.text.words import block_word_spans

__all__ = ["Words", "typed_units"]


def typed_units(block: Block, table: KeyTable) -> Clusters:
    """Return the units of a block: grapheme clusters, or single code points where signs have keys of their own."""
    if table.follows is None:
        return Clusters.of(block)
    on_keys = table.kind_of.take(table.rows(block.codes)) > 0
    kind = np.where(on_keys, block.kinds | np.uint8(LETTER), block.kinds)
    return Clusters(np.arange(len(kind) + 1), kind)


@dataclass(frozen=True, slots=True)
class Words:
    """Words of a block in which an error is possible.

    first, last: int64 [words], the units of each, the second one past the end; spans: where they are, numbered over all
    words of their text; letters: int64 [words], how many letters each has.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    spans: Units
    letters: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first)

    @classmethod
    def of(cls, block: Block, units: Clusters, lang: str, *, whole: bool) -> Words:
        """Find the words with two letters or more, in Chinese with one; whole: each text is one word."""
        if whole:
            first = np.searchsorted(units.start, block.offsets[:-1])
            last = np.searchsorted(units.start, block.offsets[1:] - 1)
        elif has_spaces(lang):
            first, last = word_runs(units)
        else:
            first, last = (np.searchsorted(units.start, bound) for bound in block_word_spans(block, lang))
        before = np.append(0, np.cumsum((units.kind & LETTER) != 0))
        letters = before.take(last) - before.take(first)
        spans = Units.of(block, units.start.take(first), units.start.take(last))
        return cls(first, last, spans, letters).take(letters >= (1 if lang == "zh" else 2))

    def take(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> Words:
        """Return some of the words, with the numbers that they have."""
        places = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen.astype(np.int64, copy=False)
        spans = self.spans.take(places)
        return Words(self.first.take(places), self.last.take(places), spans, self.letters.take(places))
