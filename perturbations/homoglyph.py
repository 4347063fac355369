"""Different characters that look the same: other alphabets, full width, presentation forms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.errors import NotApplicableError
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.tables.substitutions import covered, read_table, replace_one, substitutions
from robustir.text.blocks import Block

__all__ = ["Homoglyph", "homoglyphs"]


def homoglyphs(character: str, lang: str) -> tuple[str, ...]:
    """Return what looks like a character (one code point) in a text of this language, most alike first; () for none.

    Raises NotApplicableError for a language without a table.
    """
    if lang not in covered("homoglyph"):
        raise NotApplicableError(
            f"there are no homoglyphs for {lang}; the languages with some are: {', '.join(sorted(covered('homoglyph')))}"
        )
    return read_table("homoglyph", lang, "confusions").get(character, ())


class Homoglyph(RuleBased):
    """One character of a word is replaced by another code point that looks like it, as in spoofed text.

    Latin, Greek and Cyrillic letters stand for one another, or have full width; Arabic has Persian letters and
    presentation forms, Devanagari letters put together from signs, Thai two signs for one, Chinese compatibility
    ideographs and radicals.
    """

    name: ClassVar[str] = "homoglyph"
    version: ClassVar[str] = "1"
    languages: ClassVar[frozenset[str] | None] = covered("homoglyph")
    inside_clusters: ClassVar[bool] = True
    severity_meaning: ClassVar[str] = (
        "expected share of words with one homoglyph, among words with a character that has any; in Thai and Chinese the "
        "share of such characters (grapheme clusters)"
    )
    source: ClassVar[str] = (
        "after Unicode Technical Standard 39; the source field of each file in perturbations/data/homoglyph"
    )

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts with look-alikes in them."""
        table = substitutions("homoglyph", lang, "confusions")
        return replace_one(Block.join(texts), table, lang, severity, keys).texts()
