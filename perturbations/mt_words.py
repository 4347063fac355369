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

from robustir.perturbations.keyboards import read_data
from robustir.perturbations.lexicons import Entry, fold, function_words, load_lexicon, name_words
from robustir.perturbations.numbered_units import Units
from robustir.text.blocks import Block, ragged_arange
from robustir.text.classes import DIGIT, flags

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
_OTHER_SCRIPTS = frozenset({"ar", "el", "hi", "ru", "th", "zh"})  # where a word in Latin letters is a name or a copy


@cache
def _table(pattern: str) -> NDArray[np.bool_]:
    every = np.arange(0x110000, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    found = np.zeros(0x110000, dtype=bool)
    for match in regex.finditer(f"{pattern}+", every):
        found[match.start() : match.end()] = True
    return found


def word_classes(block: Block, units: Units, lang: str, asked: NDArray[np.int64]) -> NDArray[np.int8]:
    """Return the class of the words ``asked`` for, int8 [asked]; ``units`` are all words of the block, for context.

    number: has a digit. name: a capital that is not the text's first (German: the lexicon says so), capitals inside,
    Latin letters in another script, or a word that the lexicon knows as a name. function: its best translation is an
    English function word. common, rare: other words, among the most frequent ones of the language or not.
    """
    words = units.take(asked)
    found = np.full(len(asked), -1, dtype=np.int8)
    found[_names(block, units, words, lang)] = NAME
    found[_any(block, words, (flags() & DIGIT) != 0)] = NUMBER
    open_ones = np.flatnonzero(found < 0)
    strings = words.take(open_ones).strings(block)
    known = _classes(lang)
    found[open_ones] = np.fromiter(map(known.__getitem__, strings), dtype=np.int8, count=len(strings))
    return found


def _any(block: Block, words: Units, table: NDArray[np.bool_], *, skip: int = 0) -> NDArray[np.bool_]:
    """Return which words have a code point of a table (bool [0x110000]) after the first ``skip``, bool [words]."""
    length = np.maximum(words.stop - words.start - skip, 0)
    hits = np.append(0, np.cumsum(table[block.codes[ragged_arange(words.start + skip, length)]]))
    ends = np.cumsum(length)
    found: NDArray[np.bool_] = hits[ends] > hits[ends - length]
    return found


def _names(block: Block, units: Units, words: Units, lang: str) -> NDArray[np.bool_]:
    upper = _table(r"\p{Lu}")
    inner = _any(block, words, upper, skip=1)
    titled = upper[block.codes[words.start]] & (words.number > 0) & (lang != "de")
    rows = np.zeros(len(block), dtype=bool)
    rows[words.row[inner | titled]] = True
    around = units.take(
        rows[units.row]
    )  # capitals say nothing where all letters are, or nearly all words begin with one
    lower = np.bincount(around.row[_any(block, around, _table(r"\p{Ll}"))], minlength=len(block))
    size = np.bincount(around.row, minlength=len(block))
    capitals = np.bincount(around.row[upper[block.codes[around.start]]], minlength=len(block))
    headline = (size > 3) & (capitals > 0.8 * size)
    names: NDArray[np.bool_] = (inner | (titled & ~headline[words.row])) & (lower > 0)[words.row]
    if lang in _OTHER_SCRIPTS:
        names |= _any(block, words, _table(r"\p{Latin}"))
    return names


def word_class(form: str, lang: str) -> int:
    """Return the class of a word without its context: FUNCTION, NAME, COMMON or RARE."""
    return _classes(lang)[form]


class _Classes(dict[str, int]):
    """The classes of word forms of a language, each looked at once per process."""

    def __init__(self, lang: str) -> None:
        super().__init__()
        self.lang = lang

    def __missing__(self, form: str) -> int:
        self[form] = found = _class(fold(form, self.lang), self.lang)
        return found


@cache
def _classes(lang: str) -> _Classes:
    return _Classes(lang)


def _class(folded: str, lang: str) -> int:
    if folded in function_words(lang):
        return FUNCTION
    if folded in name_words(lang):
        return NAME
    return COMMON if folded in _frequent(lang) else RARE


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
    own = fold(form, lang)
    back = load_lexicon(source, lang)
    chances: dict[str, float] = {}
    for bridge, there in load_lexicon(lang, source).translations(own):
        for word, chance in back.translations(bridge):
            if fold(word, lang) != own:
                chances[word] = chances.get(word, 0.0) + there * chance
    return tuple(sorted(chances.items(), key=lambda pair: (-pair[1], pair[0])))
