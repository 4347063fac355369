"""Different characters that look the same: letters of other alphabets, other forms of one letter, full width."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import ClassVar
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from robustir.errors import NotApplicableError, SpecError
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.tables.joined_forms import joined_forms
from robustir.perturbations.tables.substitutions import Substitutions, covered, read_table, replace_one
from robustir.text.blocks import Block

__all__ = ["Homoglyph", "homoglyphs"]


@cache
def _look_alikes(lang: str, compatibility: bool) -> dict[str, tuple[str, ...]]:
    """Return what NFKC leaves apart or, with ``compatibility``, what it makes one."""
    chosen = {
        old: tuple(new for new in instead if (normalize("NFKC", new) == normalize("NFKC", old)) == compatibility)
        for old, instead in read_table("homoglyph", lang, "confusions").items()
    }
    if lang == "ar" and compatibility:
        chosen |= {chr(code): (chr(code),) for code in range(0xFE80, 0xFEF5)}
    return {old: instead for old, instead in chosen.items() if instead}


def homoglyphs(character: str, lang: str, *, compatibility: bool = False) -> tuple[str, ...]:
    """Return what looks like a character (one code point) in a text of this language, most alike first; () for none.

    In Arabic, it is what looks like the letter standing alone. Raises NotApplicableError for a language without a table.
    """
    if lang not in covered("homoglyph"):
        raise NotApplicableError(
            f"there are no homoglyphs for {lang}; the languages with some are: {', '.join(sorted(covered('homoglyph')))}"
        )
    if lang == "ar":
        character = chr(joined_forms(Block.join([character]))[0])
    return _look_alikes(lang, compatibility).get(character, ())


_FEWEST = (
    5  # look-alikes that a language is claimed for: Thai has one sign that NFKC takes apart, which most texts lack
)


@cache
def _languages(compatibility: bool) -> frozenset[str]:
    return frozenset(lang for lang in covered("homoglyph") if len(_look_alikes(lang, compatibility)) >= _FEWEST)


@cache
def _substitutions(lang: str, compatibility: bool) -> Substitutions:
    return Substitutions.of(_look_alikes(lang, compatibility), same=compatibility)


class Homoglyph(RuleBased):
    """One character of a word is replaced by another code point that looks like it, as in spoofed text.

    Latin, Greek and Cyrillic letters stand for one another; Arabic has Persian and Urdu letters where they look the same
    in the form that joining gives them (ي and ی at the beginning and in the middle of a word, not at its end); Devanagari
    has letters put together from signs, Thai two signs for one and obsolete twins, Chinese radicals, variant forms and
    characters one stroke apart. None of these is undone by NFKC, which most tokenizers begin with.

    Args:
        compatibility: take the look-alikes that NFKC undoes instead: full width, Arabic presentation forms, CJK
            compatibility ideographs. Such noise does not reach most encoders; it shows which ones lack normalisation.

    Raises:
        SpecError: for a value of ``compatibility`` that is not true or false.
    """

    name: ClassVar[str] = "homoglyph"
    version: ClassVar[str] = "2"
    languages: ClassVar[frozenset[str] | None] = covered("homoglyph")
    inside_clusters: ClassVar[bool] = True
    claims: ClassVar[frozenset[str]] = frozenset({"keeps-numbers", "survives-nfkc"})
    severity_meaning: ClassVar[str] = (
        "expected share of words with one homoglyph, among words with a character that has any; in Thai and Chinese the "
        "share of such characters (grapheme clusters)"
    )
    source: ClassVar[str] = (
        "after Unicode Technical Standard 39; the source field of each file in perturbations/data/homoglyph"
    )

    def __init__(self, compatibility: bool = False) -> None:
        if not isinstance(compatibility, bool):
            raise SpecError(f"homoglyph(compatibility={compatibility!r}): give true or false")
        self.compatibility = compatibility
        if compatibility:
            vars(self)["languages"] = _languages(compatibility)
            vars(self)["claims"] = frozenset()  # digits have full width, too

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts with look-alikes in them."""
        block = Block.join(texts)
        table = _substitutions(lang, self.compatibility)
        seen = joined_forms(block) if lang == "ar" else block.codes
        return replace_one(block, table, lang, severity, keys, seen=seen).texts()
