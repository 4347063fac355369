"""How mixed a text is: the code-mixing index, from the clean query and the noisy one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robustir.text.words import words

__all__ = ["code_mixing_index", "mixing_index", "mixing_indexes", "replaced_words"]


def code_mixing_index(matrix: int, embedded: int) -> float:
    """Return the index of one text, 0 (one language) to 50 (two languages in equal parts).

    matrix, embedded: numbers of words of either language; words of no language (numbers) are left out of both:
    ``100 * (1 - max(matrix, embedded) / (matrix + embedded))``, and 0 for a text without words. Das & Gambäck (2014),
    Identifying languages at the word level in code-mixed Indian social media text.
    """
    total = matrix + embedded
    return 100.0 * (1.0 - max(matrix, embedded) / total) if total else 0.0


def replaced_words(clean: Sequence[str], noisy: Sequence[str]) -> int:
    """Return how many words of the clean text are missing from the noisy one, each counted as often as it occurs."""
    return sum((Counter(clean) - Counter(noisy)).values())


def mixing_index(clean: Sequence[str], noisy: Sequence[str]) -> float:
    """Return the code-mixing index of a noisy text whose clean words are known.

    clean, noisy: the words of both texts. A word with a digit belongs to no language.
    """
    before, after = ([word for word in words if not any(map(str.isnumeric, word))] for words in (clean, noisy))
    replaced = replaced_words(before, after)
    return code_mixing_index(len(before) - replaced, replaced)


def mixing_indexes(clean: Sequence[str], noisy: Sequence[str], langs: Sequence[str]) -> NDArray[np.float64]:
    """Return the code-mixing index of every noisy text, float64 [n]; ``langs``: the language of each clean text."""
    indexes = np.zeros(len(clean))
    for row, (before, after, lang) in enumerate(zip(clean, noisy, langs, strict=True)):
        if before != after:
            indexes[row] = mixing_index(words(before, lang), words(after, lang))
    return indexes
