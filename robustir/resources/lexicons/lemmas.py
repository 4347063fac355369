"""Dictionary forms of words, by which the forms of one word count together when a lexicon is induced.

The lemmas of simplemma (MIT; its word lists come from Wiktionary, UniMorph and others) serve eight languages; Chinese, Thai
and Vietnamese do not inflect. Lemmas only group forms: what a lexicon ships is always a form seen in text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from importlib import import_module
from typing import Any

from robustir.errors import MissingExtraError
from robustir.perturbations.tables.lexicons import fold

__all__ = ["Lemmas", "bare_arabic", "single_accent", "to_simplified"]

Look = Callable[[str], str]
Known = Callable[[str], bool]

_INFLECTING = frozenset({"ar", "de", "el", "en", "es", "hi", "ru", "tr"})
_ARABIC_MARKS = re.compile("[\u064b-\u0652\u0640]")  # short vowels and the lengthening stroke
_ARABIC_PREFIXES = ("وال", "بال", "كال", "فال", "لل", "ال", "و", "ف", "ب", "ل", "ك", "س")
_ARABIC_SUFFIXES = ("هما", "كما", "هم", "ها", "كم", "نا", "هن", "ني", "ه", "ك", "ي")
_SHORTEST = 3  # letters that must remain where an Arabic clitic is taken off
_ACUTE = "\u0301"


class Lemmas:
    """The folded lemma of each word of one language, remembered once found. Raises MissingExtraError without simplemma."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._found: dict[str, str] = {}
        self._look, self._known = _simplemma(lang) if lang in _INFLECTING else (str, bool)

    def __call__(self, word: str) -> str:
        """Return the lemma of a word in the case that it has inside a sentence."""
        if word not in self._found:
            self._found[word] = fold(self._lemma(word) or word, self.lang)
        return self._found[word]

    def _lemma(self, word: str) -> str:
        if self.lang not in _INFLECTING:
            return word
        if self.lang == "de":  # nouns are listed with their capital
            return self._look(word)
        folded = fold(word, self.lang)
        if self.lang == "ar":
            return _arabic_lemma(bare_arabic(folded) or folded, self._look, self._known)
        if self.lang == "el":
            folded = single_accent(folded)
        if self.lang == "tr":
            folded = re.split("['\u2019]", folded)[0] or folded  # suffixes of names follow an apostrophe
        return self._look(folded)


def bare_arabic(word: str) -> str:
    """Return an Arabic word without vowel marks and lengthening strokes."""
    return _ARABIC_MARKS.sub("", word)


def single_accent(word: str) -> str:
    """Return a Greek word without the second accent that a following pronoun throws on it (``όνομά μου``)."""
    letters = list(unicodedata.normalize("NFD", word))
    accents = [place for place, letter in enumerate(letters) if letter == _ACUTE]
    if len(accents) > 1:
        del letters[accents[-1]]
    return unicodedata.normalize("NFC", "".join(letters))


def to_simplified() -> Look:
    """Return the conversion of Chinese text to simplified characters. Raises MissingExtraError without OpenCC."""
    convert: Look = _module("opencc").OpenCC("t2s").convert
    return convert


def _arabic_lemma(word: str, look: Look, known: Known) -> str:
    """Return the lemma of the word, or of what remains without a conjunction, preposition, article or pronoun joined to it."""
    ends = [("", ""), *((prefix, "") for prefix in _ARABIC_PREFIXES), *(("", suffix) for suffix in _ARABIC_SUFFIXES)]
    ends += [(prefix, suffix) for prefix in _ARABIC_PREFIXES for suffix in _ARABIC_SUFFIXES]
    for prefix, suffix in ends:
        rest = word[len(prefix) : len(word) - len(suffix)]
        fits = word.startswith(prefix) and word.endswith(suffix)
        if fits and (rest == word or len(rest) >= _SHORTEST):
            lemma = look(rest)
            if lemma != rest or known(rest):
                return lemma
    return word


def _simplemma(lang: str) -> tuple[Look, Known]:
    simplemma = _module("simplemma")
    lemmatizer = simplemma.Lemmatizer()
    return lambda word: str(lemmatizer.lemmatize(word, lang=lang)), lambda word: bool(simplemma.is_known(word, lang))


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise MissingExtraError(name, "lexicon") from None
