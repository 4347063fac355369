"""Words that noise of meaning (translations, synonyms) must leave alone: numbers, probable names, single letters, addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import regex
from numpy.typing import NDArray

from robustir.languages import LANGUAGES, language

__all__ = ["FORM_BITS", "TITLED", "form_bits", "probable_names", "protected_rows", "protected_words"]

TITLED: Final = 1  # begins with a capital
_CASED, _LOWER, _ALWAYS, _UNLESS_SHOUTED = 2, 4, 8, 16
FORM_BITS: Final = 5  # how many bits form_bits uses

_DIGIT = regex.compile(r"\p{N}")
_ADDRESS = regex.compile(
    r"^(?:https?:|www\.|\S+@\S+\.\S+|\S+\.(?:com|org|net|edu|gov|io|de|es|ru)\b)", regex.IGNORECASE
)
_LETTER = regex.compile(r"^\p{L}\p{M}*$")
_ACRONYM = regex.compile(r"^(?=(?:.*\p{Lu}){2})[\p{Lu}\p{N}.&-]+s?$")
_INNER_CAPITAL = regex.compile(r"\p{Ll}\p{Lu}")
_CASED_LETTER = regex.compile(r"[\p{Lu}\p{Ll}]")
_LATIN = regex.compile(r"\p{Latin}")
_SHORT_WORDS_ARE_LETTERS = frozenset({"de", "el", "en", "es", "ru", "tr", "vi", "ar"})
_NOT_LATIN = frozenset(lang for lang in LANGUAGES if language(lang).script != "Latn")


def protected_words(words: Sequence[str], lang: str) -> list[bool]:
    """Say of each word of one text whether it is to be left alone; ``words`` are all its words, in order.

    Protected are: words with a digit; addresses of the web and of mail; single letters (in Hindi, Thai and Chinese one
    letter can be a word); acronyms and words with a capital inside; words in Latin letters where the language has another
    script; and probable names: capitalised words that are not the text's first. In a text that is all in capitals, or
    where nearly every word begins with one (a headline), capitals say nothing. German capitalises every noun, so there a
    capital alone says nothing either: ask the lexicon, whose German forms carry their usual case.
    """
    bits = np.fromiter((form_bits(word, lang) for word in words), dtype=np.int64, count=len(words))
    protected: list[bool] = protected_rows(bits, np.zeros(len(words), dtype=np.int64), lang).tolist()
    return protected


def probable_names(words: Sequence[str], lang: str) -> list[str]:
    """Return those of all words of one text that are probably names: protected, of two letters or more, without a digit."""
    protected = protected_words(words, lang)
    return [
        word for word, one in zip(words, protected, strict=True) if one and len(word) > 1 and not _DIGIT.search(word)
    ]


def form_bits(form: str, lang: str) -> int:
    """Return what a word's form alone says, for :func:`protected_rows`: TITLED and others."""
    bits = TITLED if form[:1].isupper() else 0
    bits |= _CASED if _CASED_LETTER.search(form) else 0
    bits |= _LOWER if any(letter.islower() for letter in form) else 0
    if (
        _DIGIT.search(form)
        or _ADDRESS.match(form)
        or (lang in _NOT_LATIN and _LATIN.search(form))
        or (lang in _SHORT_WORDS_ARE_LETTERS and _LETTER.match(form))
    ):
        return bits | _ALWAYS
    return bits | _UNLESS_SHOUTED if _ACRONYM.match(form) or _INNER_CAPITAL.search(form) else bits


def protected_rows(bits: NDArray[np.int64], rows: NDArray[np.int64], lang: str) -> NDArray[np.bool_]:
    """Return :func:`protected_words` of many texts, bool [words].

    bits: int64 [words], ``form_bits`` of all their words in order (higher bits are ignored); rows: int64 [words], the
    text of each, ascending.
    """
    texts = int(rows[-1]) + 1 if len(rows) else 0
    cased = np.bincount(rows[bits & _CASED != 0], minlength=texts)
    lower = np.bincount(rows[bits & _LOWER != 0], minlength=texts)
    titled = np.bincount(rows[bits & TITLED != 0], minlength=texts)
    shouted = (cased > 1) & (lower == 0)
    protected: NDArray[np.bool_] = (bits & _ALWAYS != 0) | ((bits & _UNLESS_SHOUTED != 0) & ~shouted[rows])
    if lang != "de":
        names = ~shouted & ~((cased > 3) & (titled > 0.8 * cased))
        first = np.append(True, rows[1:] != rows[:-1])[: len(rows)]
        protected |= names[rows] & (bits & TITLED != 0) & ~first
    return protected
