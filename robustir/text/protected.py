"""Words that noise on the level of meaning must leave alone: numbers, probable names, single letters, addresses."""

from __future__ import annotations

from collections.abc import Sequence

import regex

__all__ = ["protected_words"]

_DIGIT = regex.compile(r"\p{N}")
_ADDRESS = regex.compile(
    r"^(?:https?:|www\.|\S+@\S+\.\S+|\S+\.(?:com|org|net|edu|gov|io|de|es|ru)\b)", regex.IGNORECASE
)
_LETTER = regex.compile(r"^\p{L}\p{M}*$")
_ACRONYM = regex.compile(r"^(?=(?:.*\p{Lu}){2})[\p{Lu}\p{N}.&-]+s?$")
_INNER_CAPITAL = regex.compile(r"\p{Ll}\p{Lu}")
_CASED = regex.compile(r"[\p{Lu}\p{Ll}]")
_LATIN = regex.compile(r"\p{Latin}")
_SHORT_WORDS_ARE_LETTERS = frozenset({"de", "el", "en", "es", "ru", "tr", "vi", "ar"})
_NOT_LATIN = frozenset({"ar", "el", "hi", "ru", "th", "zh"})


def protected_words(words: Sequence[str], lang: str) -> list[bool]:
    """Say of each word of one text whether it is to be left alone; ``words`` are all its words, in order.

    Protected are: words with a digit; addresses of the web and of mail; single letters (in Hindi, Thai and Chinese one
    letter can be a word); acronyms and words with a capital inside; words in Latin letters where the language has another
    script; and probable names: capitalised words that are not the text's first. In a text that is all in capitals, or
    where nearly every word begins with one (a headline), capitals say nothing. German capitalises every noun, so there a
    capital alone says nothing either: ask the lexicon, whose German forms carry their usual case.
    """
    titled = [word[:1].isupper() for word in words]
    cased = sum(bool(_CASED.search(word)) for word in words)
    shouted = cased > 1 and not any(any(letter.islower() for letter in word) for word in words)
    headline = cased > 3 and sum(titled) > 0.8 * cased
    names = lang != "de" and not shouted and not headline
    return [
        _by_form(word, lang, shouted=shouted) or (names and place > 0 and titled[place])
        for place, word in enumerate(words)
    ]


def _by_form(word: str, lang: str, *, shouted: bool) -> bool:
    if _DIGIT.search(word) or _ADDRESS.match(word) or (lang in _NOT_LATIN and _LATIN.search(word)):
        return True
    if lang in _SHORT_WORDS_ARE_LETTERS and _LETTER.match(word):
        return True
    return not shouted and bool(_ACRONYM.match(word) or _INNER_CAPITAL.search(word))
