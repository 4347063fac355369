"""Words in Latin letters, as people type without their own keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import ClassVar, Final
from unicodedata import combining, normalize

import numpy as np
from numpy.typing import NDArray

from robustir.errors import SpecError
from robustir.languages import has_spaces
from robustir.perturbations.shared.numbered_units import Units, set_apart, word_units
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.stopwords import function_words
from robustir.perturbations.tables.greeklish import greeklish
from robustir.perturbations.tables.pinyin_readings import pinyin
from robustir.perturbations.tables.romanisation import arabic, hindi
from robustir.perturbations.tables.rtgs import thai
from robustir.perturbations.typing.keyboards import read_data
from robustir.text.blocks import Block
from robustir.text.splices import splice_strings
from robustir.text.words import in_thai_dictionary

__all__ = ["Transliterate", "romanised"]

_RUSSIAN = ("informal", "iso9")
_TONES = {"\u0301": "s", "\u0300": "f", "\u0309": "r", "\u0303": "x", "\u0323": "j"}
_BY_RULES: Final[Mapping[str, Callable[[str], str]]] = {"ar": arabic, "hi": hindi, "th": thai}
_THAI: Final = re.compile("[ก-ฮะ-\u0e3aเ-ๅ\u0e47-\u0e4e]+")  # letters, vowel signs and tone marks
_THAI_CONSONANTS: Final = frozenset(map(chr, range(0x0E01, 0x0E2F))) - {"ณ"}  # ณ is a word
_LETTER, _UNLISTED, _SHORT, _OTHER = range(4)  # kinds of Thai words
_SHORT_WORD: Final = 3  # code points
_MARKS = {"\u0306": "w", "\u031b": "w"}


@cache
def _table(lang: str, scheme: str) -> dict[str, str]:
    table: dict[str, str] = read_data("transliterate", f"{lang}.json")["schemes"][scheme]
    return table


@lru_cache(maxsize=65_536)  # the words of a language recur
def romanised(word: str, lang: str, russian: str = "informal") -> str:
    """Return a word in Latin letters; what has no Latin spelling stays as it is."""
    if lang == "vi":
        return _telex(word)
    if lang in _BY_RULES:
        latin = _BY_RULES[lang](word)
        return latin if latin and not combining(latin[0]) else word
    if lang == "el":
        return greeklish(word, _table(lang, "greeklish"))
    if lang == "zh":
        return pinyin(word)
    table, letters = _table(lang, russian), []
    for letter in normalize("NFC", word):  # й in two parts
        latin = table.get(letter.lower(), letter)
        letters.append(latin[:1].upper() + latin[1:] if letter.isupper() else latin)
    return "".join(letters) or word  # ъ alone has no informal spelling


def _telex(word: str) -> str:
    """Return the Telex keys: the mark after its vowel, the tone at the end of the word."""
    keys: list[str] = []
    tones = ""
    for character in word:
        for piece in normalize("NFD", character):
            if piece in "đĐ":
                keys.append("dd" if piece == "đ" else "DD")
            elif piece == "\u0302" and keys:
                keys.append(keys[-1][-1])
            elif piece in _TONES:
                tones += _TONES[piece]
            else:
                keys.append(_MARKS.get(piece, piece))
    return "".join(keys) + tones


class Transliterate(RuleBased):
    """Words are written in Latin letters: the Arabic chat alphabet, Greeklish, Hindi, Russian, Thai, Telex, pinyin.

    Arabic uses the digits 2 3 5 7 9 for the letters that Latin lacks and, as texts are written without short vowels,
    leaves these out of most words (دفاع dfa3; but كيف kayf). Hindi is spelled as in messages: vowels that are not spoken
    are left out by rule, and acronyms become their letters (एमएलएस MLS). Greek follows ELOT 743 without accents (αυτή
    afti). Vietnamese words become the Telex keys that type them, Chinese words (jieba) their pinyin without tones,
    characters with several readings as the word has them (地位 diwei). Thai words are written as they sound (RTGS), names
    that the segmenter cuts as one, by rules of spelling; some vowels that are spoken but not written are missed. Thai and
    Chinese words are set apart by spaces.

    Args:
        russian: ``informal`` (zh, shch, yu) or ``iso9`` (ž, ŝ, û).

    Raises:
        SpecError: for another Russian scheme.
    """

    name: ClassVar[str] = "transliterate"
    version: ClassVar[str] = "4"
    languages: ClassVar[frozenset[str] | None] = frozenset({"ar", "el", "hi", "ru", "th", "vi", "zh"})
    inside_clusters: ClassVar[bool] = True
    claims: ClassVar[frozenset[str]] = frozenset({"keeps-numbers", "survives-nfkc"})
    severity_meaning: ClassVar[str] = (
        "expected share of words in Latin letters, among words that are spelled otherwise in them"
    )
    source: ClassVar[str] = (
        "the source field of each file in perturbations/data/transliterate (ISO 9:1995, ISO 843:1997, Yaghan 2008, Ohala "
        "1983, RTGS 1999); Telex keys: perturbations/data/keyboards/vi.json; readings: perturbations/data/pinyin.json"
    )

    def __init__(self, russian: str = "informal") -> None:
        if russian not in _RUSSIAN:
            raise SpecError(
                f"transliterate has no Russian scheme {russian!r}; write  transliterate(russian='iso9')  or  'informal'"
            )
        self.russian = russian

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts with words in Latin letters."""
        block = Block.join(texts)
        units = word_units(block, lang)
        if lang == "th":
            units = _names_whole(block, units)
        units = units.take(units.chosen(keys, severity))
        clean = units.strings(block)
        latin = [romanised(word, lang, self.russian) for word in clean]
        if not has_spaces(lang):
            changed = np.flatnonzero([new != old for new, old in zip(latin, clean, strict=True)])
            units = units.take(changed)
            latin = set_apart(block.text, units, [latin[place] for place in changed.tolist()])
        return splice_strings(block, units.start, units.stop, latin).texts()


def _names_whole(block: Block, units: Units) -> Units:
    """Return the words of Thai texts, names that the segmenter cut as one each.

    What is in no dictionary goes on with the name that a short word before it begins, function words apart; a consonant
    alone ends the word before it (ลิ น ดิสฟาร์น is linditfan, not li na ditfan).
    """
    forms = units.strings(block)
    touching = (units.start[1:] == units.stop[:-1]).tolist()
    kinds = [_thai_kind(form) for form in forms]
    joined = np.zeros(len(units), dtype=bool)  # with the word before
    for place, near in enumerate(touching, 1):
        here = kinds[place]
        joined[place] = near and (here == _LETTER or (here == _UNLISTED and kinds[place - 1] != _OTHER))
    first = np.flatnonzero(~joined)
    last = np.append(first[1:], len(units)) - 1 if len(first) else first
    return Units(units.start[first], units.stop[last], units.row[first], units.number[first])


@lru_cache(maxsize=65_536)
def _thai_kind(form: str) -> int:
    """Return what a word is for the name that it may belong to."""
    if not _THAI.fullmatch(form):
        return _OTHER
    if len(form) == 1:
        return _LETTER if form in _THAI_CONSONANTS else _OTHER
    if not in_thai_dictionary(form):
        return _UNLISTED
    return _SHORT if len(form) <= _SHORT_WORD and form not in function_words("th") else _OTHER
