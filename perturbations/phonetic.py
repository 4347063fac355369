"""Misspellings by sound: what is written sounds like what was meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.languages import has_spaces
from robustir.perturbations.shared.numbered_units import Units, letter_units, word_units
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.tables.confusions import confusions
from robustir.text.blocks import Block
from robustir.text.splices import splice_strings

__all__ = ["Phonetic"]

_SPELLING = 1  # slot


class Phonetic(RuleBased):
    """Words spelled as they sound: homophones, common misspellings, and letters that stand for the same sound.

    A word that is easily taken for another (their, there) or often misspelled becomes that; else one of its spellings
    by the language's rules is taken, each with the same chance. A rule holds only where the sound stays. A chosen word
    without any stays and does not count as eligible. A Chinese word becomes another word of the same syllables and
    tones or, if there is none, has one common character of the same sound. Arabic, Hindi and Turkish are left out:
    nearly every other spelling is another sound there.
    """

    name: ClassVar[str] = "phonetic"
    version: ClassVar[str] = "4"
    languages: ClassVar[frozenset[str] | None] = frozenset({"de", "el", "en", "es", "ru", "th", "vi", "zh"})
    inside_clusters: ClassVar[bool] = True
    claims: ClassVar[frozenset[str]] = frozenset({"keeps-numbers", "keeps-sound", "survives-nfkc"})
    severity_meaning: ClassVar[str] = (
        "expected share of words spelled wrongly by sound, among words that can be (Thai and Chinese are segmented)"
    )
    source: ClassVar[str] = "the source field of each file in perturbations/data/phonetic"

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts with chosen words as they sound."""
        block = Block.join(texts)
        units = letter_units(block, lang) if has_spaces(lang) else word_units(block, lang)
        units = units.take(units.chosen(keys, severity))
        return splice_strings(block, units.start, units.stop, _sounding_alike(block, units, lang, keys)).texts()


def _sounding_alike(block: Block, units: Units, lang: str, keys: NDArray[np.uint64]) -> list[str]:
    """Return for each unit another spelling of its sound, drawn from the key, or the unit itself if there is none."""
    spellings = confusions(lang)
    after = []
    for word, drawn in zip(units.strings(block), units.draw(keys, _SPELLING).tolist(), strict=True):
        others = spellings(word)
        after.append(others[int(drawn * len(others))] if others else word)
    return after
