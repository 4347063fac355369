"""Opposites: words that share a context, and sometimes a translation in a lexicon from few sentences, but not a meaning."""

from __future__ import annotations

from functools import cache
from typing import Final

from robustir.perturbations.tables.lexicons import fold, load_lexicon
from robustir.perturbations.typing.keyboards import read_data

__all__ = ["negates", "opposite"]

_NEGATING: Final = ("un", "in", "im", "ir", "il", "dis", "non")
_MEANINGS: Final = 2  # a word's best English translations


def opposite(first: str, second: str, lang: str) -> bool:
    """Whether two words of a language are everyday opposites, or one negates the other, seen by their English translations."""
    return any(
        frozenset((one, other)) in _pairs() or _negated(one, other) or _negated(other, one)
        for one in _english(fold(first, lang), lang)
        for other in _english(fold(second, lang), lang)
    )


def negates(word: str) -> bool:
    """Whether an English word is another one with a negating prefix, as far as its letters tell."""
    known = load_lexicon("en", "de").entries
    return any(_negated(word[len(prefix) :], word) and word[len(prefix) :] in known for prefix in _NEGATING)


def _negated(word: str, other: str) -> bool:
    return len(word) > 3 and any(other == prefix + word for prefix in _NEGATING)


@cache
def _english(folded: str, lang: str) -> tuple[str, ...]:
    if lang == "en":
        return (folded,)
    return tuple(fold(word, "en") for word, _ in load_lexicon(lang, "en").translations(folded)[:_MEANINGS])


@cache
def _pairs() -> frozenset[frozenset[str]]:
    pairs: list[str] = read_data("english", "opposites.json")["pairs"]
    return frozenset(frozenset(pair.split()) for pair in pairs)
