"""Typing errors, on the keyboard of each language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.languages import LANGUAGES, has_spaces
from robustir.perturbations.shared.choices import choices
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.typing.edits import apply
from robustir.perturbations.typing.key_table import key_table
from robustir.perturbations.typing.typing_errors import OPERATIONS, Typist
from robustir.text.blocks import Block

__all__ = ["Typos"]


class Typos(RuleBased):
    """Typing errors as a keyboard makes them: a wrong key, a key too many, a key missed, two keys in the wrong order.

    The wrong key is a neighbour on the language's own layout (for Vietnamese also Telex keys that did not combine, for
    Chinese another character of the same pinyin syllable). An edited unit has one edit, on whole grapheme clusters; only
    the wrong key works inside Hindi and Thai clusters, as InScript and Kedmanee do, and leaves no mark without a letter.

    Args:
        parts: the operations to choose from with equal chances, any of keyboard, insert, delete, transpose, each once.

    Raises:
        SpecError: for another operation, one that is given twice, or none.
    """

    name: ClassVar[str] = "typos"
    version: ClassVar[str] = "1"
    languages: ClassVar[frozenset[str] | None] = frozenset(LANGUAGES)
    inside_clusters: ClassVar[bool] = True
    severity_meaning: ClassVar[str] = (
        "expected share of words with one typing error, among words of two letters or more; in Thai and Chinese the share of "
        "characters (grapheme clusters that begin with a letter)"
    )
    source: ClassVar[str] = (
        "operations: Damerau (1964), A technique for computer detection and correction of spelling errors; layouts and "
        "homophones: the source field of each file in perturbations/data"
    )

    def __init__(self, parts: Sequence[str] | str = OPERATIONS) -> None:
        chosen = choices("typos", "parts", parts, OPERATIONS)
        self.parts = tuple(operation for operation in OPERATIONS if operation in chosen)

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts as a hasty typist would write them."""
        block = Block.join(texts)
        typist = Typist(block, key_table(lang), keys, self.parts)
        edits = typist.by_words(severity) if has_spaces(lang) else typist.by_clusters(severity)
        return apply(edits, block, typist.clusters).texts() if len(edits) else list(texts)
