"""A speech recogniser's transcript: words that sound alike, words lost, cut and joined, few capitals, no marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.languages import LANGUAGES
from robustir.perturbations.shared.misheard import Misheard
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.tables.heard import recognition_rates
from robustir.text.blocks import Block

__all__ = ["ASR"]


class ASR(RuleBased):
    """What reaches the index of a spoken query, after a recogniser that hears sounds and writes words.

    A wrong word gives way to a word of the same or a near sound, to two words, or with the next one to one word; or it is
    left out, function words more often; function words are added. Function words err least and words beyond the
    vocabulary, such as names, most; these become words that are spelled like their sounds. The last word of a text stays,
    numbers stay, negations are not left out. Beside that, the capital of a first word that is not a name goes, and so do
    punctuation marks outside numbers and words: all of them from the natural share of wrong words on, fewer below it.
    Chinese words are taken for words of the same pinyin, those of the same tones first.
    """

    name: ClassVar[str] = "asr"
    version: ClassVar[str] = "3"
    languages: ClassVar[frozenset[str] | None] = frozenset(LANGUAGES)
    claims: ClassVar[frozenset[str]] = frozenset({"keeps-numbers", "survives-nfkc"})
    nested: bool = False
    nesting_note: ClassVar[str] = (
        "a word that lost its capital or its mark at a low severity may give way to another word at a higher one, or join with the next"
    )
    severity_meaning: ClassVar[str] = (
        "expected share of wrong words in every text, among words that can be misheard; rare words more often; Thai and "
        "Chinese words are segmented; people who speak to a recogniser get 0.19"
    )
    source: ClassVar[str] = (
        "rates: the source field of perturbations/data/recognition_rates/en.json (English; used in every language); near words: the "
        "source line of each file in perturbations/data/asr; after Sidiropoulos et al. (2022), On the impact of speech "
        "recognition errors in passage retrieval for spoken question answering"
    )

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts as a recogniser would have heard them."""
        return Misheard(Block.join(texts), lang, recognition_rates(), keys).texts(severity)
