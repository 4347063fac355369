"""One language's keyboard mistakes as arrays, so that a whole batch looks its mistakes up at once.

A key's mistakes depend on how it is missed: ``NEAR`` (a neighbouring key, or the same one with or without Shift), ``FAR``
(any other key of its kind, or a letter that it is known to be confused with), ``BESIDE`` (what a neighbouring key adds).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.typing.keyboards import Layout, layout
from robustir.perturbations.typing.pinyin import homophones, mistyped_syllables
from robustir.perturbations.typing.rates import MIXES, OPERATIONS, rates
from robustir.text.classes import JOINS, LETTER, OPEN, flags

__all__ = ["BESIDE", "FAR", "NEAR", "KeyTable", "key_table", "mistakes"]

NEAR: Final = 0
FAR: Final = 1
BESIDE: Final = 2

Mistakes = dict[str, list[str]]
_VOWELS: Final = frozenset("aeiouyäöüıαεηιουωаеёиоуыэюяاوي")
_WEIGHTS: Final = 24  # entries of a letter that is confused with others: as many of each as its share


@dataclass(frozen=True, slots=True)
class KeyTable:
    """Lists of mistakes in compressed rows.

    slot: int32 [largest code point + 2], code point -> row, 0 for none; start, count: int64 [3, rows], the mistakes
    of a row per context, numbers into ``entry_start`` and ``entry_length`` (int64), which point into ``codes``
    (uint32); again: uint32 [rows], what is typed when the key is struck twice; prone: int64 [rows], how often the letter is
    confused, in UNIT; ranked: the first mistakes are the likelier ones; kind_of: uint8 [rows], the class of a code point;
    follows: bool [classes, classes], which class may follow which, None if any may.
    """

    slot: NDArray[np.int32]
    start: NDArray[np.int64]
    count: NDArray[np.int64]
    entry_start: NDArray[np.int64]
    entry_length: NDArray[np.int64]
    codes: NDArray[np.uint32]
    again: NDArray[np.uint32]
    prone: NDArray[np.int64]
    ranked: bool
    kind_of: NDArray[np.uint8]
    follows: NDArray[np.bool_] | None

    def rows(self, codes: NDArray[np.uint32]) -> NDArray[np.int32]:
        """Return the row of each code point."""
        return self.slot.take(codes, mode="clip")

    def twice(self, codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Return what a second stroke of the key adds; a character that is on no key is doubled."""
        rows = self.rows(codes)
        return np.where(rows > 0, self.again[rows], codes)


def mistakes(language: str, mix: str = "natural") -> tuple[Mistakes, Mistakes, Mistakes, dict[str, str]]:
    """Return what may be typed instead or beside, by context (NEAR, FAR, BESIDE), and the base of accented letters.

    The base is what a second stroke of the letter's key adds.
    """
    keys = layout(language)
    if keys.classes:
        near, far, beside, again = _classed(keys)
    else:
        near, far, beside, again = _spelled(keys, rates(language, mix, OPERATIONS).confusions)
    if keys.input_method == "pinyin":
        near.update(homophones())
        far.update(mistyped_syllables())
        beside.update(homophones())
    if language != "en":  # Latin letters inside other scripts are typed on the Latin layer of the same board
        latin = mistakes("en", mix)
        near, far, beside = latin[NEAR] | near, latin[FAR] | far, latin[BESIDE] | beside
    return near, far, beside, again


def _classed(keys: Layout) -> tuple[Mistakes, Mistakes, Mistakes, dict[str, str]]:
    """Return the mistakes of a script whose signs need a place: what is typed instead is of the same class."""
    near: Mistakes = {}
    far: Mistakes = {}
    typed = {*keys.neighbours, *keys.other_level}
    for members in keys.classes.values():
        for letter in members:
            close = (*keys.neighbours.get(letter, ()), *keys.other_level.get(letter, ""))
            near[letter] = [other for other in dict.fromkeys(close) if other in members]
            level = letter in keys.shifted
            far[letter] = [
                other
                for other in members
                if other not in (letter, *close) and other in typed and (other in keys.shifted) == level
            ]
    return near, far, dict(near), {}


def _spelled(
    keys: Layout, confusions: Mapping[str, Mapping[str, int]]
) -> tuple[Mistakes, Mistakes, Mistakes, dict[str, str]]:
    free = {
        letter: [other for other in (*near, *keys.other_level.get(letter, "")) if _is_free(other)]
        for letter, near in keys.neighbours.items()
        if len(letter) == 1 and _is_free(letter)
    }
    far = {
        letter: _weighted(confusions[letter], near) or _others(letter, free, near)
        if letter in confusions
        else _others(letter, free, near)
        for letter, near in free.items()
    }
    near, beside = dict(free), dict(free)
    again: dict[str, str] = {}
    for letter in keys.accented:
        decomposed = normalize("NFD", letter)
        base = decomposed[0]
        moved = (normalize("NFC", close + decomposed[1:]) for close in free[base])
        near[letter] = [base, *(other for other in moved if other in keys.accented)]
        beside[letter], again[letter] = free[base], base
    for table in (near, far, beside):
        _add_capitals(table, keys)
    far = {letter: [other for other in others if other not in near.get(letter, ())] for letter, others in far.items()}
    again.update({keys.capital(letter): keys.capital(base) for letter, base in again.items()})
    return near, far, beside, again


def _others(letter: str, letters: Iterable[str], near: Iterable[str]) -> list[str]:
    """Return the letters of other keys that are vowels, or consonants, too."""
    left_out = {letter, *near}
    return [other for other in letters if other not in left_out and (other in _VOWELS) == (letter in _VOWELS)]


def _weighted(confused: Mapping[str, int], near: Iterable[str]) -> list[str]:
    """Return the letters that are not on neighbouring keys, each as often as its share of the confusions says."""
    counts = {other: count for other, count in confused.items() if other not in set(near)}
    total = sum(counts.values())
    return [other for other, count in counts.items() for _ in range(round(_WEIGHTS * count / total))]


def _is_free(text: str) -> bool:
    """Whether every code point is a letter by itself."""
    return all(flags()[ord(c)] & (LETTER | JOINS | OPEN) == LETTER for c in text)


def _add_capitals(table: dict[str, list[str]], keys: Layout) -> None:
    # The letter that a capital goes back to comes first: the mistakes of the Greek capital sigma are σ's, not ς's.
    for letter, others in sorted(table.items(), key=lambda item: keys.capital(item[0]).lower() != item[0]):
        capital = keys.capital(letter)
        if capital != letter and len(capital) == 1 and capital not in table:
            capitals = [keys.capital(other) for other in others if len(keys.capital(other)) == len(other)]
            table[capital] = [other for other in capitals if other != capital]


@cache
def key_table(language: str, mix: str = "natural") -> KeyTable:
    """Return the arrays of a language, made once per process (1 to 20 ms); mix: one of rates.MIXES."""
    assert mix in MIXES
    *contexts, again = mistakes(language, mix)
    keys, known = layout(language), rates(language, mix, OPERATIONS)
    letters = sorted({letter for table in contexts for letter in table})
    slot = np.zeros(ord(letters[-1]) + 2, dtype=np.int32)
    slot[[ord(letter) for letter in letters]] = np.arange(1, len(letters) + 1)
    lists = [[(), *(tuple(table.get(letter, ())) for letter in letters)] for table in contexts]
    count = np.array([[len(entries_of) for entries_of in table] for table in lists], dtype=np.int64)
    entries = [entry for table in lists for entries_of in table for entry in entries_of]
    length = np.array([len(entry) for entry in entries], dtype=np.int64)
    classes = ["", *keys.classes]
    class_of = {member: number for number, name in enumerate(classes) for member in keys.classes.get(name, "")}
    return KeyTable(
        slot=slot,
        start=(np.cumsum(count) - count.ravel()).reshape(count.shape),
        count=count,
        entry_start=np.cumsum(length) - length,
        entry_length=length,
        codes=np.frombuffer("".join(entries).encode("utf-32-le"), dtype="<u4"),
        again=np.array([0, *(ord(again.get(letter, letter)) for letter in letters)], dtype=np.uint32),
        prone=np.array([0, *(known.prone_of(letter) for letter in letters)], dtype=np.int64),
        ranked=keys.input_method == "pinyin",
        kind_of=np.array([0, *(class_of.get(letter, 0) for letter in letters)], dtype=np.uint8),
        follows=np.array([[after in keys.follow[name] for after in classes] for name in classes])
        if keys.classes
        else None,
    )
