"""A speech recogniser's transcript: words of the same sound, no capitals, no punctuation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.languages import LANGUAGES
from robustir.perturbations.casing import lowered
from robustir.perturbations.phonetic import sounding_alike
from robustir.perturbations.shared.numbered_units import Units, letter_units
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.tables.marks import single_marks
from robustir.text.blocks import Block
from robustir.text.splices import splice_strings

__all__ = ["ASR"]


class ASR(RuleBased):
    """What reaches the index of a spoken query, after a recogniser that hears sounds and writes words.

    A chosen word (a character in Thai and Chinese) is written in small letters, by a homophone or a spelling of the
    same sound if ``phonetic`` knows one, and loses the punctuation that touches it: the marks after it up to the next
    space or word, and at the beginning those before it. A mark between two words, such as a hyphen, becomes a space. A
    chosen word that has neither such a spelling, nor a capital, nor a mark stays and does not count as eligible.
    """

    name: ClassVar[str] = "asr"
    version: ClassVar[str] = "2"
    languages: ClassVar[frozenset[str] | None] = frozenset(LANGUAGES)
    inside_clusters: ClassVar[bool] = True
    severity_meaning: ClassVar[str] = (
        "expected share of words as a recogniser writes them, among words that it changes; in Thai and Chinese of characters"
    )
    source: ClassVar[str] = (
        "after Sidiropoulos et al. (2022), On the impact of speech recognition errors in passage retrieval for spoken "
        "question answering; spellings: the source field of each file in perturbations/data/phonetic"
    )

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts as a recogniser would have heard them."""
        block = Block.join(texts)
        units = letter_units(block, lang)
        chosen = units.chosen(keys, severity)
        at, between = _marks_of(block, units, chosen)
        units = units.take(chosen)
        spelled = sounding_alike(block, units, lang, keys)
        heard = [word if word.islower() else lowered(word, lang) for word in spelled]
        start = np.concatenate([units.start, at])
        stop = np.concatenate([units.stop, at + 1])
        order = np.argsort(start, kind="stable").tolist()
        new = heard + [" " if space else "" for space in between.tolist()]
        return splice_strings(block, start[order], stop[order], [new[place] for place in order]).texts()


def _marks_of(block: Block, units: Units, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the marks (positions) of chosen units, and which of them are the only mark between two units."""
    at = np.flatnonzero(single_marks(block))
    if not len(at) or not len(units):
        return at[:0], np.zeros(0, dtype=bool)
    opens = np.diff(at, prepend=-2) != 1  # marks side by side make one run
    run = np.cumsum(opens) - 1
    closes = np.append(opens[1:], True)
    before = np.searchsorted(units.stop, at[opens])  # the unit that ends where the run begins
    after = np.searchsorted(units.start, at[closes] + 1)  # the unit that begins where the run ends
    last = len(units) - 1
    follows = units.stop[np.minimum(before, last)] == at[opens]
    leads = units.start[np.minimum(after, last)] == at[closes] + 1
    goes = (follows | leads) & chosen[np.minimum(np.where(follows, before, after), last)]
    kept = goes[run]
    return at[kept], (opens & (follows & leads)[run])[kept]
