"""Chinese words in pinyin without tones, each character as it is read in its word."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from robustir.perturbations.typing.keyboards import read_data
from robustir.text.words import in_chinese_dictionary

__all__ = ["pinyin", "readings"]

_SMALL: Final = frozenset("和与及或是在")  # words that a segmenter leaves with a name after them


def pinyin(word: str) -> str:
    """Return a word's syllables as one Latin word; a word with a character without a known reading stays.

    A small word that the segmenter left with the name after it is set apart: 和威尔 he weier.
    """
    known = readings(word)
    if len(word) > 2 and word[0] in _SMALL and known and not in_chinese_dictionary(word):
        return f"{known[0]} {''.join(known[1:])}"
    return "".join(known) if known else word


def readings(word: str) -> list[str]:
    """Return the syllable of each character of a word, [] if one is unknown; ASCII letters and digits stay themselves.

    Characters with several readings have one alone (地 de) and another inside words (地位 diwei); words in which they are
    read otherwise are listed, and so are parts of longer words: the longest listed part is taken, from the left.
    """
    data = _data()
    syllables: list[str] = []
    at = 0
    while at < len(word):
        size = next((size for size in range(min(4, len(word) - at), 1, -1) if word[at : at + size] in data["words"]), 1)
        part = word[at : at + size]
        if size > 1:
            syllables += data["words"][part].split()
        else:
            special = data["alone"] if len(word) == 1 else data["within"]
            syllable = special.get(part) or data["usual"].get(part) or (part if part.isascii() else "")
            if not syllable:
                return []
            syllables.append(syllable)
        at += size
    return syllables


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = read_data("transliterate", "zh.json")
    syllables: dict[str, str] = read_data("pinyin.json")["syllables"]
    usual = {
        character: syllable
        for table in (data["others"], syllables)  # the later wins
        for syllable, characters in reversed(table.items())
        for character in characters
    }
    return {**data, "usual": usual}
