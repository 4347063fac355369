"""Typing errors, on the keyboard of each language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.errors import SpecError
from robustir.languages import LANGUAGES
from robustir.perturbations.shared.choices import choices
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.typing.mistyping import mistyped
from robustir.perturbations.typing.rates import MIXES, OPERATIONS, rates
from robustir.perturbations.typing.side_errors import without_sides

__all__ = ["Typos"]


class Typos(RuleBased):
    """Typing errors as people make them on the keyboard of each language: a wrong key, a key too many, one missed, two swapped.

    Kinds of error, places in the word and the growth of the error rate with the length of a word follow natural errors
    (``robustir naturalness``); a long word may have two. Keys are those of the language: in Hindi and Thai vowel signs and
    tone marks have their own, in Vietnamese the keys of Telex are composed to what they give, in Chinese a wrong key gives
    a character of the same or of a similar syllable. No sign is left where no keyboard would put it.

    Args:
        parts: the operations to choose from, any of keyboard, insert, delete, transpose, each once.
        mix: ``natural``, or ``uniform``: operations and words with equal chances, neighbouring keys alone.
        sides: also leave out capitals at the beginning of words, spaces and final marks, each as often as people do who make
            so many errors (natural rates). Then severities do not nest: a wrong letter may lose its capital at a higher one.

    Raises:
        SpecError: for another operation or mix, an operation that is given twice, or none; for sides of a uniform mix.
    """

    name: ClassVar[str] = "typos"
    version: ClassVar[str] = "2"
    languages: ClassVar[frozenset[str] | None] = frozenset(LANGUAGES)
    inside_clusters: ClassVar[bool] = True
    claims: ClassVar[frozenset[str]] = frozenset({"keeps-numbers", "survives-nfkc"})
    severity_meaning: ClassVar[str] = (
        "expected share of words with a typing error in every text, among words of two letters or more (in Chinese one); long "
        "words more often; Thai and Chinese words are segmented"
    )
    source: ClassVar[str] = (
        "rates: the source field of each file in perturbations/data/typing_rates; operations: Damerau (1964), A technique for "
        "computer detection and correction of spelling errors; layouts and homophones: the source field of each file in "
        "perturbations/data"
    )

    def __init__(self, parts: Sequence[str] | str = OPERATIONS, mix: str = "natural", *, sides: bool = False) -> None:
        chosen = choices("typos", "parts", parts, OPERATIONS)
        self.parts = tuple(operation for operation in OPERATIONS if operation in chosen)
        if mix not in MIXES:
            raise SpecError(f"typos(mix={mix!r}): give {' or '.join(map(repr, MIXES))}")
        if sides and mix != "natural":
            raise SpecError("typos(sides=True): only natural errors have rates of what is left out; leave mix out")
        self.mix, self.sides = mix, sides
        if sides:
            self.nested = False
            self.nesting_note = (
                "a capital that was typed wrongly at a low severity may be a small letter at a higher one"
            )

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts as a hasty typist would write them."""
        noisy = mistyped(texts, lang, severity, keys, self.parts, self.mix)
        if not self.sides:
            return noisy
        return without_sides(noisy, lang, severity, keys, rates(lang, self.mix, self.parts).sides)
