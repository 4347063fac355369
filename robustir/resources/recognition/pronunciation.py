"""How words sound, as lists of sounds: by espeak-ng, in Chinese by pypinyin, in Thai by the transcription of its letters."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

import regex

from robustir.errors import DataError, MissingExtraError
from robustir.perturbations.tables.rtgs import thai
from robustir.text.sounds import speaker

__all__ = ["sounds"]

_VOICES: Final = {"en": "en-us"}
_SOUND: Final = regex.compile(r"\d|ː|[\p{L}][\p{M}ʲʰˤʷ˞]*")
_STRESS: Final = re.compile("[ˈˌ]")
_LATIN_SOUND: Final = re.compile("ng|ch|kh|ph|th|ue|ae|oe|[a-z]")
_INITIAL: Final = re.compile("zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]")


def sounds(words: Sequence[str], lang: str) -> list[tuple[str, ...]]:
    """Return the sounds of each word, stress left out; () for a word that cannot be read.

    Of Chinese: initial, final and tone of each syllable; of Thai: the letters of its transcription, without tones.
    Raises DataError or MissingExtraError, with what to install, if the tool of the language is not there.
    """
    if lang == "zh":
        return [_chinese(word) for word in words]
    if lang == "th":
        return [tuple(_LATIN_SOUND.findall(thai(word))) for word in words]
    heard = speaker()
    if heard is None:
        raise DataError(
            "espeak-ng is not installed, which says how words sound; install it with  apt-get install espeak-ng"
        )
    said = heard.said
    voice = _VOICES.get(lang, lang)
    return [tuple(_SOUND.findall(_STRESS.sub("", said(voice, word.lower())))) for word in words]


def _chinese(word: str) -> tuple[str, ...]:
    found: list[str] = []
    for syllable in _pinyin()(word):
        if not syllable[-1:].isdigit():
            return ()
        initial = _INITIAL.match(syllable)
        found += [initial[0] if initial else "", syllable[initial.end() if initial else 0 : -1], syllable[-1]]
    return tuple(found)


@cache
def _pinyin() -> Callable[[str], list[str]]:
    try:
        module = importlib.import_module("pypinyin")
    except ImportError as error:
        raise MissingExtraError("pypinyin", "lexicon") from error

    def read(word: str) -> list[str]:
        syllables: list[str] = module.lazy_pinyin(
            word, style=module.Style.TONE3, neutral_tone_with_five=True, errors="ignore"
        )
        return syllables

    return read
