"""Greek words in Latin letters by ELOT 743 (ISO 843:1997), without accents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from unicodedata import normalize

__all__ = ["greeklish"]

_VOICELESS: Final = frozenset("θκξπσςτφχψ")
_WITH_UPSILON: Final = {"α": "αυ", "ε": "ευ", "η": "ηυ", "ο": "ου"}
_ACUTE, _DIAERESIS = "\u0301", "\u0308"


def greeklish(word: str, table: Mapping[str, str]) -> str:
    """Return a word in Latin letters; what is not Greek stays.

    αυ, ευ and ηυ end in f before a voiceless letter and at the end of the word, else in v. An upsilon with a dialytika, or
    after a vowel with an accent of its own, is read by itself: αϋπνία aypnia, άυλος aylos.
    """
    letters = _letters(word)
    latin, at = [], 0
    while at < len(letters):
        base, marks = letters[at]
        pair = base.lower() + (letters[at + 1][0].lower() if at + 1 < len(letters) else "")
        if pair in table and not (pair in _WITH_UPSILON.values() and _apart(marks, letters[at + 1][1])):
            new, size = table[pair], 2
            follows = letters[at + 2][0].lower() if at + 2 < len(letters) else ""
            if pair in ("αυ", "ευ", "ηυ") and (not follows or follows in _VOICELESS):
                new = new[:-1] + "f"
            elif pair == "μπ" and at == 0:
                new = "b"
        else:
            new, size = table.get(base.lower(), base if base.lower() not in table else ""), 1
        latin.append(new[:1].upper() + new[1:] if base.isupper() else new)
        at += size
    return "".join(latin)


def _letters(word: str) -> list[tuple[str, str]]:
    """Return (letter, its accents) for each letter; accents that Greek has not are letters by themselves."""
    letters: list[tuple[str, str]] = []
    for piece in normalize("NFD", word):
        if piece in (_ACUTE, _DIAERESIS) and letters:
            letters[-1] = (letters[-1][0], letters[-1][1] + piece)
        else:
            letters.append((piece, ""))
    return letters


def _apart(first: str, second: str) -> bool:
    return _DIAERESIS in second or (_ACUTE in first and _ACUTE not in second)
