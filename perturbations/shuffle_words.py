"""A control: the words of a query change places, and nothing else changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.languages import has_spaces
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.tables.marks import open_before
from robustir.seeds import uniforms
from robustir.text.blocks import Block, ragged_arange
from robustir.text.compounds import block_whole_words

__all__ = ["ShuffleWords"]

_ORDER, _SELECT = 0, 1  # slots
_REPEATS = 0x0E46  # ๆ, which says the Thai word before it twice and is not a word


class ShuffleWords(RuleBased):
    """Words trade places: a control for how much an encoder relies on word order, with every word kept.

    A random order (from the key alone) puts the words of a text into pairs, the last three together if their number is
    odd. A pair changes places, and three move round, if the group's own uniform number is below the severity; spaces and
    punctuation stay where they are. Groups do not depend on the severity, so severities nest exactly: words that moved at
    0.1 are at 0.2 where they were at 0.1. At severity 1 every word has moved (a random pairing, not a uniform
    permutation). Two equal words that change places leave the text as it was. Thai and Chinese words come from newmm and
    jieba (ๆ stays where it is); Vietnamese words of several syllables move as one.
    """

    name: ClassVar[str] = "shuffle-words"
    version: ClassVar[str] = "4"
    claims: ClassVar[frozenset[str]] = frozenset(
        {"keeps-names", "keeps-numbers", "keeps-negations", "writes-words", "survives-nfkc"}
    )
    severity_meaning: ClassVar[str] = "expected share of words that change places with another word of the text"
    source: ClassVar[str] = (
        "after Sinha et al. (2021), Masked language modeling and the distributional hypothesis: order word matters "
        "pre-training for little; words: jieba (zh), PyThaiNLP newmm (th), spaces and punctuation elsewhere"
    )

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts with words in other places."""
        return _shuffled(Block.join(texts), lang, severity, keys).texts()


def _shuffled(block: Block, lang: str, severity: float, keys: NDArray[np.uint64]) -> Block:
    starts, stops = block_whole_words(block, lang)
    # A word that could join with its neighbour would make one cluster with another.
    closed = ~open_before(block, starts)
    if not has_spaces(lang):
        closed &= ~open_before(block, stops) & (block.codes[starts] != _REPEATS)
    starts, stops = starts[closed], stops[closed]
    taken = _sources(block.rows(starts), severity, keys)
    before, after = np.append(0, stops), np.append(starts, len(block.codes))
    pieces = np.zeros((len(before), 2, 2), dtype=np.int64)  # per place: what is before it, the word that comes here
    pieces[:, 0] = np.stack([before, after - before], axis=1)
    pieces[:-1, 1] = np.stack([starts[taken], (stops - starts)[taken]], axis=1)
    return Block(block.codes[ragged_arange(pieces[:, :, 0].ravel(), pieces[:, :, 1].ravel())], block.offsets)


def _sources(row: NDArray[np.int64], severity: float, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return for each word's place the number of the word that comes there; row: the text of each word, ascending."""
    size = np.bincount(row, minlength=1)[row]
    begin = np.searchsorted(row, row)
    order = np.lexsort((uniforms(keys.take(row, axis=0), np.arange(len(row)) - begin, _ORDER), row))
    rank = np.arange(len(row)) - begin  # the sort keeps rows together: row, size and begin hold for order as well
    group = np.minimum(rank // 2, np.maximum(size // 2 - 1, 0))
    moves = (uniforms(keys.take(row, axis=0), group, _SELECT) < severity) & (size > 1)
    first = 2 * group
    width = np.where(group == size // 2 - 1, size - first, 2)
    following = begin + first + np.where(moves, (rank - first + 1) % np.maximum(width, 1), rank - first)
    taken = np.empty(len(row), dtype=np.int64)
    taken[order] = order[following]
    return taken
