"""What translation does to a word depends on its kind: five classes, told apart by its form and the shipped lexicon."""

from __future__ import annotations

import struct
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Final, Self

import numpy as np
import regex
from numpy.typing import NDArray

from robustir.languages import LANGUAGES, language
from robustir.perturbations.shared.numbered_units import Units
from robustir.perturbations.tables.lexicons import Entry, fold, function_words, load_lexicon, name_words
from robustir.perturbations.typing.keyboards import read_data
from robustir.text.blocks import Block, ragged_arange
from robustir.text.classes import matching

__all__ = [
    "CLASSES",
    "COMMON",
    "FUNCTION",
    "NAME",
    "NUMBER",
    "RANKS",
    "RARE",
    "Frequent",
    "round_trip",
    "word_class",
    "word_classes",
]

CLASSES = ("function", "common", "rare", "name", "number")
FUNCTION, COMMON, RARE, NAME, NUMBER = range(len(CLASSES))

RANKS: Final = 8_000  # words count as frequent up to this rank
# Where a word in Latin letters is a name or a copy.
_OTHER_SCRIPTS = frozenset(lang for lang in LANGUAGES if language(lang).script != "Latn")


_CLASS = 7  # the bits of a class
_DIGIT, _INNER, _TITLED, _LATIN = 8, 16, 32, 64  # what else a form says: a capital inside, one that begins it
_HAS_DIGIT, _HAS_UPPER, _HAS_LATIN = (regex.compile(pattern) for pattern in (r"\p{N}", r"\p{Lu}", r"\p{Latin}"))


def word_classes(block: Block, units: Units, lang: str, asked: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the class of the words ``asked`` for, int64 [asked]; ``units`` are all words of the block, for context.

    number: has a digit. name: a capital that is not the text's first (German: the lexicon says so), capitals inside,
    Latin letters in another script, or a word that the lexicon knows as a name. function: its best translation is an
    English function word. common, rare: other words, among the most frequent ones of the language or not.
    """
    words = units.take(asked)
    forms = np.fromiter(map(_classes(lang).__getitem__, words.strings(block)), dtype=np.int64, count=len(asked))
    inner = forms & _INNER != 0
    titled = (forms & _TITLED != 0) & (words.number > 0) & (lang != "de")
    some = np.flatnonzero(inner | titled)
    classes = forms & _CLASS
    lower, headline = _capitals(block, units, words.row[some])
    classes[some[lower & (inner[some] | ~headline)]] = NAME
    if lang in _OTHER_SCRIPTS:
        classes[forms & _LATIN != 0] = NAME
    classes[forms & _DIGIT != 0] = NUMBER
    return classes


def _capitals(block: Block, units: Units, asked: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which of some texts have small letters, and in which nearly all words begin with a capital, bool [asked].

    Capitals say nothing where all letters are, or nearly all words begin with one.
    """
    rows = np.zeros(len(block), dtype=bool)
    rows[asked] = True
    around = np.flatnonzero(rows[units.row])
    row = units.row[around]
    start, length = units.start[around], (units.stop - units.start)[around]
    small = matching(r"\p{Ll}").take(block.codes.take(ragged_arange(start, length)))
    lower = np.zeros(len(block), dtype=bool)
    lower[np.repeat(row, length)[small]] = True
    size = np.bincount(row, minlength=len(block))
    capitals = np.bincount(row[matching(r"\p{Lu}").take(block.codes.take(start))], minlength=len(block))
    return lower[asked], ((size > 3) & (capitals > 0.8 * size))[asked]


def word_class(form: str, lang: str) -> int:
    """Return the class of a word without its context: FUNCTION, NAME, COMMON or RARE."""
    return _classes(lang)[form] & _CLASS


class _Classes(dict[str, int]):
    """The classes of word forms of a language, with what else the form says, each looked at once per process."""

    def __init__(self, lang: str) -> None:
        super().__init__()
        self.lang = lang

    def __missing__(self, form: str) -> int:
        value = _class(fold(form, self.lang), self.lang)
        value |= _DIGIT if _HAS_DIGIT.search(form) else 0
        value |= _INNER if _HAS_UPPER.search(form, 1) else 0
        value |= _TITLED if _HAS_UPPER.match(form) else 0
        value |= _LATIN if _HAS_LATIN.search(form) else 0
        self[form] = value
        return value


@cache
def _classes(lang: str) -> _Classes:
    return _Classes(lang)


def _class(folded: str, lang: str) -> int:
    if folded in function_words(lang):
        return FUNCTION
    if folded in name_words(lang):
        return NAME
    # Frequencies are of syllables in Vietnamese: a word of several is as common as its rarest one.
    return COMMON if all(part in _frequent(lang) for part in folded.split(" ")) else RARE


@dataclass(frozen=True, slots=True)
class Frequent:
    """The frequent words of a language as a Bloom (1970) filter: 2 per cent of the others pass for frequent as well."""

    bits: bytes

    def __contains__(self, folded: str) -> bool:
        return all(self.bits[at >> 3] >> (at & 7) & 1 for at in _places(folded))

    @classmethod
    def of(cls, folded: Iterable[str]) -> Self:
        """Make the filter of some words; 8,000 of them fill it to 39 per cent."""
        bits = bytearray(8_192)
        for word in folded:
            for at in _places(word):
                bits[at >> 3] |= 1 << (at & 7)
        return cls(bytes(bits))


def _places(folded: str) -> tuple[int, ...]:
    digest = blake2b(folded.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return struct.unpack("<4H", digest)


@cache
def _frequent(lang: str) -> Frequent:
    return Frequent(b64decode(read_data("mt_channel", f"frequent-{lang}.json")["filter"]))


@cache
def round_trip(form: str, lang: str, source: str) -> Entry:
    """Return the other translations of a word's translations into ``source``: (word, probability), best first."""
    folded = fold(form, lang)
    back = load_lexicon(source, lang)
    chances: dict[str, float] = {}
    for bridge, there in load_lexicon(lang, source).translations(folded):
        for word, chance in back.translations(bridge):
            if fold(word, lang) != folded:
                chances[word] = chances.get(word, 0.0) + there * chance
    return tuple(sorted(chances.items(), key=lambda pair: (-pair[1], pair[0])))
