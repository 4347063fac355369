"""Word-by-word translation through the induced lexicons: questions with passages exist in five of eleven languages."""

from __future__ import annotations

from functools import cache

from robustir.languages import has_spaces
from robustir.perturbations.tables.lexicons import load_lexicon
from robustir.text.words import words

__all__ = ["gloss"]


@cache
def _best(word: str, lang: str) -> str:
    found = load_lexicon("en", lang).translations(word)
    return found[0][0] if found else word


def gloss(text: str, lang: str) -> str:
    """Return an English text with the best translation of each word that the lexicon has; other words stay.

    To a table of subword vectors, which knows no word order, a gloss says much of what a translation would.
    """
    return (" " if has_spaces(lang) else "").join(_best(word, lang) for word in words(text, "en"))
