"""How often ``phonetic`` keeps the sound, told by espeak-ng: ``python -m tests.perturbations.sounds``.

espeak-ng turns letters into sounds by its own rules and lists (Debian package espeak-ng; robustir does not contain it). A
spelling keeps the sound if any of the language's voices says both words with the same phonemes, stress aside. The
stress of a Russian word is in no spelling and is guessed anew for each, so both are read with that of the word meant.
"""

from __future__ import annotations

import ctypes
import json
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import regex

from robustir.disk.folders import data_folder
from robustir.languages import has_spaces
from robustir.perturbations.phonetic import Phonetic
from robustir.perturbations.tables.confusions import confusions
from robustir.text.clusters import clusters

VOICES = {"en": ("en-us", "en"), "es": ("es", "es-419"), "vi": ("vi", "vi-vn-x-central", "vi-vn-x-south")}
RUSSIAN_VOWELS = "аеёиоуыэюя"
SPELLED = sorted((Phonetic.languages or frozenset()) - {"zh"})  # Chinese goes by its own table of pinyin


class Speaker:
    """The phonemes of words."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libespeak-ng.so.1")  # OSError where it is not installed
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._library.espeak_Initialize(2, 0, None, 0)
        self._voice = ""

    def said(self, voice: str, word: str) -> str:
        """Return a word's phonemes, with marks of stress."""
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
        return any(
            _plain(self.said(voice, meant)) == _plain(self.said(voice, written)) for voice in VOICES.get(lang, (lang,))
        )


def _plain(phonemes: str) -> str:
    return re.sub("[ˈˌ ]", "", phonemes)


def _stressed(word: str, vowel: int) -> str:
    places = [place for place, letter in enumerate(word.lower()) if letter in RUSSIAN_VOWELS]
    if vowel >= len(places):
        return word
    stop = places[vowel] + 1
    return f"{word[:stop]}\u0301{word[stop:]}"


def kept(lang: str, texts: Iterable[str], speaker: Speaker) -> tuple[float, float]:
    """Return the share of words (Thai: characters) with other spellings, and the share of these with the same sound."""
    words: Counter[str] = Counter()
    for text in texts:
        words.update(
            regex.findall(r"[\p{L}\p{M}'’]+", text.lower())
            if has_spaces(lang)
            else (part for part in clusters(text) if part[0].isalpha())
        )
    spellings = confusions(lang)
    some = same = 0.0
    for word, count in words.items():
        if others := spellings(word):
            some += count
            same += count * sum(speaker.same(lang, word, other) for other in others) / len(others)
    return some / words.total(), same / some


def questions(folder: Path, lang: str) -> list[str]:
    articles = json.loads((folder / "xquad-r" / f"{lang}.json").read_text("utf-8"))["data"]
    return [asked["question"] for article in articles for part in article["paragraphs"] for asked in part["qas"]]


@cache
def speaker() -> Speaker:
    return Speaker()


def main() -> None:
    folder = data_folder()
    if folder is None:
        raise SystemExit("set ROBUSTIR_DATA to the data folder")
    print("| language | words with a spelling | same sound, XQuAD-R | same sound, FLORES devtest |\n|---|---|---|---|")
    for lang in SPELLED:
        share, asked = kept(lang, questions(folder, lang), speaker())
        sentences = (folder / "flores" / "devtest" / f"{lang}.txt").read_text("utf-8").splitlines()
        print(f"| {lang} | {share:.0%} | {asked:.0%} | {kept(lang, sentences, speaker())[1]:.0%} |")


if __name__ == "__main__":
    main()
