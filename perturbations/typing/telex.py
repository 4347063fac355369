"""Vietnamese as it is typed in Telex: from a word to its keys, and from keys to what the input method makes of them.

A letter's mark is typed with a second key (``aa`` â, ``aw`` ă, ``ow`` ơ, ``dd`` đ), the tone with one of ``s f r x j``
anywhere after the vowel, ``z`` takes it away; a key that is struck once more undoes its mark and is itself. Words
that Telex would not leave as they are (Warsaw) are typed key by key.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from unicodedata import normalize

__all__ = ["composed", "keys_of"]

_TONES: Final = {"s": "\u0301", "f": "\u0300", "r": "\u0309", "x": "\u0303", "j": "\u0323"}
_TONE_KEYS: Final = {mark: key for key, mark in _TONES.items()}
_MARKED: Final = {"aa": "â", "aw": "ă", "ee": "ê", "oo": "ô", "ow": "ơ", "uw": "ư", "dd": "đ"}
_KEYS: Final = {letter: keys for keys, letter in _MARKED.items()}
_VOWELS: Final = frozenset("aăâeêioôơuưy")
_LAST: Final = frozenset("ăâêôơư")  # a vowel with a mark bears the tone


def _tone_place(letters: Sequence[str], *, modern: bool) -> int:
    """Return which letter bears the tone, -1 if there is no vowel; modern: oà, uý rather than òa, úy."""
    plain = [letter.lower() for letter in letters]
    vowels = [place for place, letter in enumerate(plain) if letter in _VOWELS]
    if len(vowels) > 1 and plain[:2] in (["q", "u"], ["g", "i"]):
        vowels = [place for place in vowels if place != 1] or vowels
    if not vowels:
        return -1
    marked = [place for place in vowels if plain[place] in _LAST]
    if marked:
        return marked[-1]
    run = [place for at, place in enumerate(vowels) if place == vowels[0] + at]
    closed = run[-1] + 1 < len(plain)
    if (
        len(run) == 1
        or (len(run) == 2 and closed)
        or (modern and "".join(plain[run[0] : run[0] + 2]) in ("oa", "oe", "uy"))
    ):
        return run[-1] if len(run) < 3 else run[1]
    return run[1] if len(run) > 2 else run[0]


class _Composition:
    """The syllable so far: its letters without tone, and the key of its tone."""

    def __init__(self) -> None:
        self.letters: list[str] = []
        self.tone = ""

    def press(self, key: str) -> None:
        """Take one key."""
        lower = key.lower()
        if lower in _TONES and any(letter.lower() in _VOWELS for letter in self.letters):
            self.tone, again = ("", True) if self.tone == lower else (lower, False)
            if again:
                self.letters.append(key)
        elif lower == "z" and self.tone:
            self.tone = ""
        elif lower == "w" and self._horn(key):
            pass
        elif self.letters and (marked := _MARKED.get(self.letters[-1].lower() + lower)) and lower != "w":
            self.letters[-1] = marked.upper() if self.letters[-1].isupper() else marked
        elif self.letters and _KEYS.get(self.letters[-1].lower(), "  ")[1] == lower:
            self._undo(key)
        else:
            self.letters.append(key)

    def _undo(self, key: str) -> None:
        base = _KEYS[self.letters[-1].lower()][0]
        self.letters[-1] = base.upper() if self.letters[-1].isupper() else base
        self.letters.append(key)

    def _horn(self, key: str) -> bool:
        """Put a horn or breve on the last vowel that takes one, or on uo together; say whether that was so."""
        for place in range(len(self.letters) - 1, -1, -1):
            lower = self.letters[place].lower()
            if lower in ("ă", "ơ", "ư"):
                self.letters[place] = _recased(_KEYS[lower][0], self.letters[place])
                self.letters.append(key)
                return True
            if lower in ("a", "o", "u"):
                self.letters[place] = _recased(_MARKED[lower + "w"], self.letters[place])
                if lower == "o" and place and self.letters[place - 1].lower() == "u":
                    self.letters[place - 1] = _recased("ư", self.letters[place - 1])
                return True
        return False

    def text(self, *, modern: bool) -> str:
        """Return what is on the screen."""
        place = _tone_place(self.letters, modern=modern) if self.tone else -1
        toned = [
            normalize("NFC", letter + _TONES[self.tone]) if at == place else letter
            for at, letter in enumerate(self.letters)
        ]
        return "".join(toned)


def _recased(letter: str, model: str) -> str:
    return letter.upper() if model.isupper() else letter


@lru_cache(maxsize=200_000)
def composed(keys: str, *, modern: bool) -> str:
    """Return what Telex makes of keys; modern: where the tone is put in oa, oe, uy."""
    syllable = _Composition()
    for key in keys:
        syllable.press(key)
    return syllable.text(modern=modern)


@lru_cache(maxsize=50_000)
def keys_of(word: str) -> tuple[str, bool] | None:
    """Return the keys of a word, the tone last, and whether its tone is put as in oà; None if Telex cannot make it so."""
    keys, tone = "", ""
    for letter in normalize("NFC", word):
        decomposed = normalize("NFD", letter)
        marks = [mark for mark in decomposed[1:] if mark in _TONE_KEYS]
        bare = normalize("NFC", "".join(part for part in decomposed if part not in _TONE_KEYS))
        typed = _KEYS.get(bare.lower(), bare.lower())
        if len(marks) > 1 or (marks and tone) or len(typed) not in (1, 2) or not typed.isascii():
            return None
        keys += (typed[0].upper() if bare.isupper() else typed[0]) + typed[1:]
        tone += _TONE_KEYS[marks[0]] if marks else ""
    for modern in (True, False):
        if composed(keys + tone, modern=modern) == normalize("NFC", word):
            return keys + tone, modern
    return None
