"""Words without their diacritics, or with wrong ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.errors import SpecError
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.tables.substitutions import (
    Substitutions,
    covered,
    read_table,
    replace_all,
    replace_one,
    substitutions,
)
from robustir.perturbations.typing.keyboards import read_data
from robustir.text.blocks import Block

__all__ = ["Diacritics"]

_MODES = ("strip", "wrong")


class Diacritics(RuleBased):
    """Diacritics left out or confused, in composed and decomposed text.

    Left out is what people leave out: accents, tones, Arabic vowel signs, and the marks of letters that have a plainer one
    (Turkish ı, Vietnamese đ, Arabic أ and ة, Russian ё). What only looks marked stays: Russian й and Arabic ئ and ؤ are
    letters of their own. A Hindi word loses its nukta, has ं for ँ, and loses either at its end alone (मे for में, but not
    अक for अंक); vowel signs of Hindi and Thai stay.

    Args:
        mode: ``strip``, every mark of a chosen word goes (German words are spelled ae oe ue, or lose the dots, with equal
            chances, one way in a word; ß is always ss); ``wrong``, one mark of a chosen word becomes another one (not in
            Russian, whose one letter with a mark has no other).

    Raises:
        SpecError: for another mode.
    """

    name: ClassVar[str] = "diacritics"
    version: ClassVar[str] = "3"
    languages: ClassVar[frozenset[str] | None] = covered("diacritics")
    inside_clusters: ClassVar[bool] = True
    claims: ClassVar[frozenset[str]] = frozenset({"keeps-numbers", "survives-nfkc"})
    severity_meaning: ClassVar[str] = (
        "expected share of words whose marks are left out (or one of them is wrong), among words that carry any; in Thai "
        "the share of such grapheme clusters"
    )
    source: ClassVar[str] = (
        "canonical decompositions of the Unicode Character Database; the source field of each file in perturbations/data/diacritics"
    )

    def __init__(self, mode: str = "strip") -> None:
        if mode not in _MODES:
            raise SpecError(f"diacritics has no mode {mode!r}; write  diacritics(mode='strip')  or  mode='wrong'")
        self.mode = mode
        if mode == "wrong":
            vars(self)["languages"] = frozenset(
                lang for lang in covered("diacritics") if read_table("diacritics", lang, mode)
            )

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts as a hurried writer would leave their marks."""
        block, table = Block.join(texts), substitutions("diacritics", lang, self.mode)
        if self.mode == "wrong":
            return replace_one(block, table, lang, severity, keys).texts()
        return replace_all(block, table, lang, severity, keys, last=_at_the_end(lang)).texts()


@cache
def _at_the_end(lang: str) -> Substitutions | None:
    """Return what the last mark of a word becomes, if it is not what it becomes elsewhere."""
    known = "strip_last" in read_data("diacritics", f"{lang}.json")
    return substitutions("diacritics", lang, "strip_last") if known else None
