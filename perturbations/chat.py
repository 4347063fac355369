"""Queries as they are written in chats and forums: short forms, run-together phrases, no capitals, no marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.shared.chatting import Chatting
from robustir.perturbations.shared.choices import choices
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.tables.chat_forms import KINDS
from robustir.perturbations.tables.substitutions import covered
from robustir.text.blocks import Block

__all__ = ["Chat"]


class Chat(RuleBased):
    """Words as people write them in chats: idk, ppl, bc, u, dont, soooo, and without capitals and marks.

    Each word that could be written otherwise is, the more often the more often forum writers do so: a small i for I, a lost
    comma or a missing apostrophe come long before a word without its vowels. A phrase (I don't know, right now) becomes
    one form; a word loses the marks after it, or its capital, or both an apostrophe and its capital (I'm, im). Forms come
    from a list by hand in each language; which of them a word takes is drawn.

    Args:
        kinds: what may happen, any of forms (listed short and phonetic forms of words), phrases (acronyms and words run
            together), vowels (left out: English, Turkish), lengthening (soooo), apostrophes, capitals, marks.

    Raises:
        SpecError: for another kind, one that is given twice, or none.
    """

    name: ClassVar[str] = "chat"
    version: ClassVar[str] = "1"
    languages: ClassVar[frozenset[str] | None] = covered("chat")
    claims: ClassVar[frozenset[str]] = frozenset({"survives-nfkc"})
    severity_meaning: ClassVar[str] = (
        "expected share of words written otherwise in every text, among words that can be; what people do more often comes first"
    )
    source: ClassVar[str] = (
        "rates: the source field of perturbations/data/chat_rates/en.json (English; used in every language); forms: the source "
        "field of each file in perturbations/data/chat; kinds after Bawden & Sagot (2023), RoCS-MT: Robustness challenge set "
        "for machine translation"
    )

    def __init__(self, kinds: Sequence[str] | str = KINDS) -> None:
        chosen = choices("chat", "kinds", kinds, KINDS)
        self.kinds = tuple(kind for kind in KINDS if kind in chosen)

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts as they would be written in a chat."""
        return Chatting(Block.join(texts), lang, self.kinds, keys).texts(severity)
