"""What chatting people write for words: short forms, phrases run together or cut to letters, fewer vowels, more letters.

One file per language in ``data/chat``: ``words`` and ``phrases`` have the forms of each, ``lengthened`` the words that are
drawn out. How often each kind is written is in ``data/chat_rates``, counted by ``robustir chat rates``; languages without a
file there take the rates of English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import regex
from numpy.typing import NDArray

from robustir.perturbations.tables.lexicons import fold
from robustir.perturbations.typing.keyboards import read_data

__all__ = ["KINDS", "ChatForms", "chat_forms", "chat_rates", "form_rate"]

KINDS: Final = ("forms", "phrases", "vowels", "lengthening", "apostrophes", "capitals", "marks")
"""Other forms of words; of phrases; words without vowels; drawn-out words; apostrophes, capitals, marks left out."""

_DROPS_VOWELS: Final = frozenset({"en", "tr"})
_VOWELS: Final = regex.compile("(?<=.)[aeiouáéíóúüöıâ]")
_LENGTHS: Final = (3, 4, 5)  # of a drawn-out letter
_DRAWN_OUT: Final = regex.compile(
    r"[aeiouyáéíóúüöäıаеёиоуыэюяàáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữự]", regex.IGNORECASE
)
_SHORT, _LONG = 4, 8  # letters of words that are written without vowels
_CONSONANTS: Final = (2, 5)  # that are left of them
_APOSTROPHES: Final = regex.compile("['’]")


@dataclass(frozen=True, slots=True)
class ChatForms:
    """The forms of one language, all folded.

    words: of a word; phrases: of several; openings, seconds: the first and the second words of phrases, numbered from 1;
    begun: bool [openings + 1, seconds + 1], whether a phrase begins with these two.
    """

    lang: str
    words: Mapping[str, tuple[str, ...]]
    phrases: Mapping[str, tuple[str, ...]]
    openings: Mapping[str, int]
    seconds: Mapping[str, int]
    begun: NDArray[np.bool_]
    longest: int
    lengthened: frozenset[str]

    def without_vowels(self, folded: str) -> str:
        """Return a word of some letters without its vowels, but for one that begins it; "" if it is not written so."""
        if self.lang not in _DROPS_VOWELS or not _SHORT <= len(folded) <= _LONG or not folded.isalpha():
            return ""
        left = _VOWELS.sub("", folded)
        return left if _CONSONANTS[0] <= len(left) <= _CONSONANTS[1] and len(left) < len(folded) - 1 else ""

    def drawn_out(self, folded: str) -> tuple[str, ...]:
        """Return a listed word with its last vowel three, four or five times; () for others."""
        vowels = [*_DRAWN_OUT.finditer(folded)] if folded in self.lengthened else []
        if not vowels:
            return ()
        at = vowels[-1].start()
        if folded.endswith("e") and len(vowels) > 1 and self.lang == "en":
            at = vowels[-2].start()  # love: looove
        return tuple(folded[:at] + folded[at] * length + folded[at + 1 :] for length in _LENGTHS)

    @staticmethod
    def without_apostrophes(word: str) -> str:
        """Return a word without apostrophes."""
        return str(_APOSTROPHES.sub("", word))


@cache
def chat_forms(lang: str) -> ChatForms:
    """Return the forms of a language that has a file."""
    data: dict[str, Any] = read_data("chat", f"{lang}.json")
    words, phrases = (
        {fold(old, lang): tuple(new.split(" | ")) for old, new in data[field].items()} for field in ("words", "phrases")
    )
    pairs = [(first, second) for first, second, *_ in (phrase.split(" ") for phrase in phrases if " " in phrase)]
    openings, seconds = (
        {word: number for number, word in enumerate(sorted(set(column)), 1)} for column in zip(*pairs, strict=True)
    )
    begun = np.zeros((len(openings) + 1, len(seconds) + 1), dtype=bool)
    begun[[openings[first] for first, _ in pairs], [seconds[second] for _, second in pairs]] = True
    return ChatForms(
        lang,
        words,
        phrases,
        openings,
        seconds,
        begun,
        max(phrase.count(" ") + 1 for phrase in phrases),
        frozenset(data["lengthened"].split()),
    )


@cache
def _counted() -> dict[str, Any]:
    counted: dict[str, Any] = read_data("chat_rates", "en.json")
    return counted


def chat_rates() -> dict[str, float]:
    """Return how often each kind is written where it could be, as it was counted in English forum posts."""
    rates: dict[str, float] = _counted()["rates"]
    return rates


def form_rate(lang: str, word: str) -> float:
    """Return how often a listed word is written in one of its forms; languages without counts take the mean of English."""
    own: dict[str, float] = _counted()["words of forms"] if lang == "en" else {}
    return own.get(word, chat_rates()["forms"])
