"""Errors of optical character recognition, by script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.tables.substitutions import covered, replace_one, substitutions
from robustir.text.blocks import Block

__all__ = ["Ocr"]


class Ocr(RuleBased):
    """One character of a word, or two that run together, is read as another of the same shape (``rn`` as ``m``).

    All places and readings have equal chances. Latin letters may lose or change their diacritics, Arabic letters
    their dots, Chinese characters become look-alikes.
    """

    name: ClassVar[str] = "ocr"
    version: ClassVar[str] = "2"
    languages: ClassVar[frozenset[str] | None] = covered("ocr")
    inside_clusters: ClassVar[bool] = True
    claims: ClassVar[frozenset[str]] = frozenset({"survives-nfkc"})
    severity_meaning: ClassVar[str] = (
        "expected share of words with one misread place, among words with a character that can be misread (Thai and "
        "Chinese are segmented)"
    )
    source: ClassVar[str] = "shapes of printed letters: the source field of each file in perturbations/data/ocr"

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts as a scanner would read them."""
        table = substitutions("ocr", lang, "confusions")
        return replace_one(Block.join(texts), table, lang, severity, keys, segmented=True).texts()
