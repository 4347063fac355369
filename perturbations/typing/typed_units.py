"""What is typed with one stroke, and the words that strokes make: clusters, or code points in Hindi and Thai; words, segmented if need be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from robustir.languages import has_spaces
from robustir.perturbations.shared.numbered_units import Units
from robustir.perturbations.typing.key_table import KeyTable, key_table
from robustir.text.blocks import Block
from robustir.text.classes import LETTER, OPEN
from robustir.text.units import Clusters, word_runs
from robustir.text.words import block_word_spans

__all__ = ["Reading", "Words", "read", "reading", "typed_units"]


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


@dataclass(frozen=True, eq=False)
class Reading:
    """What a typist has to write, whatever goes wrong: a block of texts, what one stroke types, words that may be wrong."""

    block: Block
    units: Clusters
    words: Words

    @cached_property
    def single(self) -> bool:
        """Whether every unit is one code point."""
        return len(self.units) == len(self.block.codes)

    @cached_property
    def closed(self) -> NDArray[np.bool_] | None:
        """Whether neither a unit nor its neighbours could join with what an edit puts beside them; None if all are so.

        The first code point counts as well as the last: typed twice, it comes without the marks that closed it.
        """
        last = self.units.kind if self.single else self.block.kinds.take(self.units.start[1:] - 1)
        ends = ((self.units.kind | last) & OPEN) != 0
        if not ends.any():
            return None
        around = np.concatenate([[False], ends, [False]])
        closed: NDArray[np.bool_] = ~(around[:-2] | around[1:-1] | around[2:])
        return closed


def read(block: Block, lang: str, table: KeyTable, *, whole: bool = False) -> Reading:
    """Read a block of texts; whole: each text is one word."""
    units = typed_units(block, table)
    return Reading(block, units, Words.of(block, units, lang, whole=whole))


@lru_cache(maxsize=12)  # of 4,096 texts each takes 5 MB; a benchmark's languages, for all of its severities and draws
def reading(texts: tuple[str, ...], lang: str, mix: str) -> Reading:
    """Return :func:`read` of texts that will be typed again."""
    return read(Block.join(texts), lang, key_table(lang, mix))
