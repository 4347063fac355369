"""Arabic and Hindi words in Latin letters, as they are typed in messages: letters from data files, and a few rules.

Arabic is written without its short vowels, and no table brings them back: apart from some function words a word
becomes the skeleton of its letters (``دفاع`` dfa3). Hindi has a vowel after every consonant that is not written and not
always spoken; rules say where it is left out.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final
from unicodedata import normalize

from robustir.perturbations.typing.keyboards import read_data

__all__ = ["arabic", "hindi"]

_SHADDA = "\u0651"
_SHORT = "\u064b\u064c\u064d\u064e\u064f\u0650\u0652"
_VOWEL_LETTERS = "اأإآٱىةوي"
_SAME = {"\u064e": "ا", "\u064f": "و", "\u0650": "ي"}  # a short vowel, and the letter that only makes it long
_VIRAMA, _NUKTA = "\u094d", "\u093c"
_NASAL = "\u0901\u0902"
_SILENT = "\u200c\u200d"
_LONGEST_NAME: Final = 7
_CLEAR_NAMES: Final = frozenset(["एफ", "एच", "एल", "एम", "एन", "एस", "एक्स", "डब्ल्यू", "यू", "आई"])
_LABIAL = ("p", "b", "m", "f")
_KEEPS = ("y", "r", "v", "w", "l", "n")  # a cluster that ends so keeps the vowel at the end of a word: mitra, vishwa
_LONG = {"A": ("a", "aa"), "I": ("i", "ee"), "U": ("u", "oo")}  # in a word; in one of one closed syllable


@cache
def _data(lang: str) -> dict[str, Any]:
    table: dict[str, Any] = read_data("transliterate", f"{lang}.json")
    return table


def arabic(word: str) -> str:
    """Return a word in the Arabic chat alphabet (Arabizi); characters that it does not know stay."""
    word = normalize("NFC", word)
    table = _data("ar")
    if word in table["words"]:
        listed: str = table["words"][word]
        return listed
    letters: dict[str, str] = table["letters"]
    start = _stem(word)
    spelled: list[str] = []
    for at, letter in enumerate(word):
        if at in (0, start) and _long_i(word, at):  # إيطاليا italiya
            continue
        if letter == _SHADDA:  # doubles the consonant; a short vowel comes before it in canonical order
            place = len(spelled) - (word[at - 1] in _SHORT) if at else 0
            spelled[place:place] = spelled[place - 1 : place] if place else []
        elif letter in "أإ" and at not in (0, start):
            spelled.append(_hamza(word, at))
        elif letter in "وي":
            spelled.append(_glide(word, at, start, spelled[-1] if spelled else ""))
        elif letter in "اىة" and at and word[at - 1] in "\u064b\u064e":
            continue
        elif letter == "\u064b" and word[at - 1 : at] == "ا":
            spelled.append("n")
        elif letter == "ة" and (word[at - 1 : at] == "ا" or word[at + 1 : at + 2] in set(_SHORT)):
            spelled.append("t")
        else:
            spelled.append(letters.get(letter, letter))
    return "".join(spelled)


def _stem(word: str) -> int:
    """Return where a word begins after its article, and an *and*, *in* or *as* before that; 0 if it has none."""
    for prefix in ("وال", "بال", "كال", "فال", "ال", "ولل", "لل"):
        if word.startswith(prefix) and len(word) > len(prefix) + 1:
            return len(prefix)
    return 0


def _long_i(word: str, at: int) -> bool:
    """Return whether إي, or اي in a longer word, is a long i at a place (ايطاليا italiya, but ايام ayam)."""
    return word.startswith("إي", at) or (word.startswith("اي", at) and len(word) - at > 4 and word[at + 2] not in "اوض")


def _hamza(word: str, at: int) -> str:
    """Return what أ or إ inside a word stands for: with its vowel before it, after it if it begins what a small word joins."""
    if word[at] == "إ":
        return "2i"
    following = word[at + 1 : at + 2]
    if following and (following in _SHADDA + _SHORT or following in "اوي"):
        return "2"
    return "2a" if at == 1 and word[0] in "وفبلك" else "a2" if word[at - 1] not in "اوي" else "2"


def _glide(word: str, at: int, start: int, spelled: str) -> str:
    """Return what و or ي stands for: a vowel between consonants, else a consonant.

    start: where the word begins after its article; spelled: what comes before.
    """
    vowel, consonant = ("u", "w") if word[at] == "و" else ("i", "y")
    before, after = word[at - 1 : at], word[at + 1 : at + 2]
    if at in (0, start) or (after and after in _SHADDA + _SHORT):
        return consonant
    if _SAME.get(before) == word[at]:
        return ""
    if at == start + 1 and _long_i(word, start):
        return vowel
    if spelled.endswith(("a", "i", "u")):
        return consonant
    if after and after in _VOWEL_LETTERS:
        return "iy" if consonant == "y" and not spelled.endswith(("w", "y")) else consonant
    return vowel


def hindi(word: str) -> str:
    """Return a word in Latin letters, its unspoken vowels left out; characters that are not Devanagari stay."""
    word = normalize("NFC", word)
    table = _data("hi")
    if word in table["words"]:
        listed: str = table["words"][word]
        return listed
    if acronym := _acronym(word):
        return acronym
    syllables = _syllables(word, table)
    _drop_schwas(syllables)
    if syllables and syllables[-1][:2] == ["ph", ""]:  # बर्फ barf, ऑफ of
        syllables[-1][0] = "f"
    spoken = [vowel for _, vowel, _ in syllables if vowel]
    closed = len(spoken) == 1 and bool(syllables) and syllables[-1][1] == "" and not syllables[-1][2]
    spelled = []
    for number, (onset, vowel, after) in enumerate(syllables):
        if not onset and number and vowel:
            onset = _between(syllables[number - 1][1], vowel)
        if onset == "v" and number and syllables[number - 1][1] == "" and syllables[number - 1][0] not in ("", "r"):
            onset = "w"  # dwitiya, but purva
        latin = "a" if vowel == "ə" else _LONG[vowel][closed] if vowel in _LONG else vowel
        following = syllables[number + 1][0] if number + 1 < len(syllables) else ""
        nasal = "m" if after == "n" and following.startswith(_LABIAL) else after
        if vowel == "e" and after == "n" and number and not following:
            latin = "ei"
        spelled.append(onset + latin + nasal)
    return "".join(spelled)


@cache
def _acronym(word: str) -> str:
    """Return an acronym that is written as the names of its letters (एमएलएस MLS), "" for another word.

    Two letters are one if the name of one of them has more than one character and a sign; बीवी is a wife.
    """
    names: dict[str, str] = _data("hi")["letter_names"]
    letters, at, long = "", 0, False
    while at < len(word):
        size = next((size for size in range(_LONGEST_NAME, 0, -1) if word[at : at + size] in names), 0)
        if not size:
            return ""
        name = word[at : at + size]
        letters, at, long = letters + names[name], at + size, long or name in _CLEAR_NAMES
    return letters if len(letters) > 2 or (len(letters) == 2 and long) else ""


def _between(before: str, vowel: str) -> str:
    """Return the glide that is written between two vowels: kiye, gayi."""
    return (
        "y" if (before in ("i", "I") and vowel in ("e", "A")) or (before in ("ə", "A") and vowel in ("I", "e")) else ""
    )


def _syllables(word: str, table: dict[str, Any]) -> list[list[str]]:
    """Cut a word into [consonant, vowel, what follows]; "ə" is the vowel that is not written, "" none."""
    consonants, vowels, signs, digits = (table[name] for name in ("consonants", "vowels", "signs", "digits"))
    syllables: list[list[str]] = []
    at = 0
    while at < len(word):
        letter = word[at]
        size = next((size for size in (3, 2, 1) if word[at : at + size] in consonants), 0)
        if size:
            syllables.append([consonants[word[at : at + size]], "ə", ""])
            at += size
            continue
        if letter in vowels:
            syllables.append(["", vowels[letter], ""])
        elif syllables and letter in signs:
            syllables[-1][1] = signs[letter]
        elif syllables and letter == _VIRAMA:
            syllables[-1][1] = ""
        elif syllables and letter in _NASAL:
            syllables[-1][2] = "n"
        elif syllables and letter == "\u0903":
            syllables[-1][2] = "h"
        elif letter not in _SILENT + _NUKTA:
            syllables.append([digits.get(letter, letter), "", ""])
        at += 1
    return syllables


def _drop_schwas(syllables: list[list[str]]) -> None:
    """Take out the vowel at the end of a word, then, from right to left, that in VC_CV (Ohala 1983)."""
    last = len(syllables) - 1
    if last > 0 and syllables[last][1:] == ["ə", ""]:
        onset, before = syllables[last][0], syllables[last - 1]
        in_cluster = before[1] == "" and onset.startswith(_KEEPS)
        if not in_cluster and not (onset == "y" and before[1] in ("i", "I")):
            syllables[last][1] = ""
    for number in range(last - 1, 0, -1):
        onset, vowel, after = syllables[number]
        alone = onset and syllables[number - 1][1] != "" and not after
        if vowel == "ə" and alone and syllables[number + 1][0] and syllables[number + 1][1] != "":
            syllables[number][1] = ""
