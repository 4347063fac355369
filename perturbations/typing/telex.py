"""What goes wrong when Vietnamese is typed in Telex: a forgotten, wrong or uncombined key for a tone or a letter's mark.

In Telex a letter's mark is typed with a second key (``aa`` â, ``aw`` ă, ``ow`` ơ, ``dd`` đ) and the tone with one of
``s f r x j`` after the vowel. If the input method misses the combination, the raw keys stay in the text.
"""

from __future__ import annotations

from functools import cache
from unicodedata import normalize

__all__ = ["telex_base", "telex_mistakes"]

_TONES = {"s": "\u0301", "f": "\u0300", "r": "\u0309", "x": "\u0303", "j": "\u0323"}
# Tone keys that touch on QWERTY (s-x, f-r), and hoi/nga (r-x), which sound alike in the southern dialects.
_MISTAKEN = {"s": "x", "x": "sr", "r": "fx", "f": "r", "j": ""}
_LETTERS = {"â": "aa", "ă": "aw", "ê": "ee", "ô": "oo", "ơ": "ow", "ư": "uw", "đ": "dd"}
_CONFUSED = {"â": "ă", "ă": "â", "ô": "ơ", "ơ": "ô"}  # the same letter with the other mark key
_VOWELS = "aăâeêioôơuưy"


@cache
def _toned() -> dict[str, tuple[str, str]]:
    """Return every toned vowel with its letter and tone key: ệ -> (ê, j)."""
    return {normalize("NFC", vowel + mark): (vowel, key) for vowel in _VOWELS for key, mark in _TONES.items()}


def _tone(vowel: str, key: str) -> str:
    return normalize("NFC", vowel + _TONES[key])


def telex_mistakes() -> dict[str, list[str]]:
    """Return what may replace each lower-case letter with a mark or a tone, most ordinary mistake first."""
    wrong = {letter: [raw[0], raw, *_CONFUSED.get(letter, "")] for letter, raw in _LETTERS.items()}
    for letter, (vowel, key) in _toned().items():
        mistakes = [vowel, vowel + key, *(_tone(vowel, other) for other in _MISTAKEN[key])]
        if vowel in _LETTERS:
            raw = _LETTERS[vowel]
            mistakes += [_tone(raw[0], key), raw + key]
        wrong[letter] = mistakes
    return wrong


def telex_base(letter: str) -> str:
    """Return the letter key that is pressed first: ệ -> e, đ -> d."""
    vowel = _toned().get(letter, (letter, ""))[0]
    return _LETTERS.get(vowel, vowel)[0]
