"""How words sound, told by espeak-ng (Debian package espeak-ng), which turns letters into sounds by rules and lists of its own.

robustir does not contain it. Two spellings sound the same if any of the language's voices says both with the same
phonemes, stress aside. The stress of a Russian word is in no spelling and is guessed anew for each, so both are read with
that of the word meant.
"""

from __future__ import annotations

import ctypes
import re
from functools import cache
from typing import Final

__all__ = ["Speaker", "speaker"]

_VOICES: Final = {
    "en": ("en-us", "en"),
    "es": ("es", "es-419"),
    "vi": ("vi", "vi-vn-x-central", "vi-vn-x-south"),
    "zh": ("cmn",),
}
_RUSSIAN_VOWELS: Final = "аеёиоуыэюя"


class Speaker:
    """The phonemes of words."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libespeak-ng.so.1")  # OSError where it is not installed
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._library.espeak_Initialize(2, 0, None, 0)
        self._voice = ""

    def said(self, voice: str, word: str) -> str:
        """Return a word's phonemes, with marks of stress. Raises RuntimeError for a voice that espeak-ng lacks."""
        if voice != self._voice:
            if self._library.espeak_SetVoiceByName(voice.encode()):
                raise RuntimeError(f"espeak-ng has no voice {voice}")
            self._voice = voice
        rest, parts = ctypes.c_char_p(word.encode()), []
        while rest.value:
            parts.append(self._library.espeak_TextToPhonemes(ctypes.byref(rest), 1, 2).decode())
        return re.sub(r"\([a-z-]+\)", "", "".join(parts))

    def same(self, lang: str, meant: str, written: str) -> bool:
        """Whether two spellings sound the same in one of the language's voices."""
        if lang == "ru" and (before := re.split("ˈ", self.said("ru", meant)))[1:]:
            vowel = len(re.findall("[aeiouyɑɐʌɪɛɵəæ]", "".join(before[:-1]).replace('u"', "u")))
            meant, written = _stressed(meant, vowel), _stressed(written, vowel)
        voices = _VOICES.get(lang, (lang,))
        return any(_plain(self.said(voice, meant)) == _plain(self.said(voice, written)) for voice in voices)


def _plain(phonemes: str) -> str:
    return re.sub("[ˈˌ ]", "", phonemes)


def _stressed(word: str, vowel: int) -> str:
    places = [place for place, letter in enumerate(word.lower()) if letter in _RUSSIAN_VOWELS]
    if vowel >= len(places):
        return word
    stop = places[vowel] + 1
    return f"{word[:stop]}\u0301{word[stop:]}"


@cache
def speaker() -> Speaker | None:
    """Return espeak-ng, None if it is not installed."""
    try:
        return Speaker()
    except OSError:
        return None
