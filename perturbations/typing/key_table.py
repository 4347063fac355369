"""One language's keyboard mistakes as arrays, so that a whole batch looks its mistakes up at once.

A character's mistakes depend on its place: ``ALONE`` (a cluster by itself), in a ``PAIR`` or in a larger
``STACK`` of code points, where only characters of the same class may stand for each other, so that no mark is left
without its letter; ``INSERT`` holds the letters that may slip in beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.typing.keyboards import Layout, layout
from robustir.perturbations.typing.pinyin import homophones
from robustir.perturbations.typing.telex import telex_base, telex_mistakes
from robustir.text.classes import JOINS, LETTER, OPEN, flags

__all__ = ["ALONE", "INSERT", "PAIR", "STACK", "KeyTable", "key_table", "mistakes"]

ALONE: Final = 0
PAIR: Final = 1
STACK: Final = 2
INSERT: Final = 3

Mistakes = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class KeyTable:
    """Lists of mistakes in compressed rows.

    slot: int32 [largest code point + 2], code point -> row, 0 for none; start, count: int64 [4, rows], the mistakes
    of a row per context, numbers into ``entry_start`` and ``entry_length`` (int64), which point into ``codes``
    (uint32); again: uint32 [rows], what is typed when the key is struck twice; ranked: the first mistakes are the
    likelier ones.
    """

    slot: NDArray[np.int32]
    start: NDArray[np.int64]
    count: NDArray[np.int64]
    entry_start: NDArray[np.int64]
    entry_length: NDArray[np.int64]
    codes: NDArray[np.uint32]
    again: NDArray[np.uint32]
    inside_clusters: bool
    ranked: bool

    def rows(self, codes: NDArray[np.uint32]) -> NDArray[np.int32]:
        """Return the row of each code point."""
        return self.slot[np.minimum(codes, len(self.slot) - 1)]

    def twice(self, codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Return what a second stroke of the key adds; a character that is on no key is doubled."""
        rows = self.rows(codes)
        return np.where(rows > 0, self.again[rows], codes)


def mistakes(language: str) -> tuple[Mistakes, Mistakes, Mistakes, Mistakes, dict[str, str]]:
    """Return what may be typed instead, by context (ALONE, PAIR, STACK, INSERT), and the base of accented letters.

    The base is what a second stroke of the letter's key adds.
    """
    keys = layout(language)
    free = {
        letter: [other for other in (*near, *keys.other_level.get(letter, "")) if _is_free(other)]
        for letter, near in keys.neighbours.items()
        if len(letter) == 1 and _is_free(letter)
    }
    alone, inserted = dict(free), dict(free)
    again: dict[str, str] = {}
    for letter in keys.accented:
        decomposed = normalize("NFD", letter)
        base = decomposed[0]
        moved = (normalize("NFC", near + decomposed[1:]) for near in free[base])
        alone[letter] = [base, *(near for near in moved if near in keys.accented)]
        inserted[letter], again[letter] = free[base], base
    if keys.input_method == "telex":
        for letter, wrong in telex_mistakes().items():
            base = telex_base(letter)
            alone[letter], inserted[letter], again[letter] = wrong, free[base], base
    for table in (alone, inserted):
        _add_capitals(table, keys)
    again.update({keys.capital(letter): keys.capital(base) for letter, base in again.items()})
    if keys.input_method == "pinyin":
        alone.update(homophones())
        inserted.update(homophones())
    if language != "en":  # Latin letters inside other scripts are typed on the Latin layer of the same board
        latin = mistakes("en")
        alone, inserted = latin[ALONE] | alone, latin[INSERT] | inserted
    stack = _bound(keys, keys.bound)
    pair = _merged(_bound(keys, keys.bound), _bound(keys, keys.pair))
    return alone, pair, stack, inserted, again


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


def _bound(keys: Layout, classes: Sequence[str]) -> dict[str, list[str]]:
    mistakes_of: dict[str, list[str]] = {}
    targets = [(member, group) for group in classes for member in group] + list(keys.into.items())
    for member, group in targets:
        near = (*keys.neighbours.get(member, ()), *keys.other_level.get(member, ""))
        mistakes_of[member] = [other for other in near if len(other) == 1 and other in group]
    return mistakes_of


def _merged(first: Mistakes, second: Mistakes) -> dict[str, list[str]]:
    return {c: list(dict.fromkeys([*first.get(c, ()), *second.get(c, ())])) for c in {**first, **second}}


@cache
def key_table(language: str) -> KeyTable:
    """Return the arrays of a language, made once per process (1 to 20 ms)."""
    *contexts, again = mistakes(language)
    letters = sorted({letter for table in contexts for letter in table})
    slot = np.zeros(ord(letters[-1]) + 2, dtype=np.int32)
    slot[[ord(letter) for letter in letters]] = np.arange(1, len(letters) + 1)
    lists = [[(), *(tuple(table.get(letter, ())) for letter in letters)] for table in contexts]
    count = np.array([[len(entries_of) for entries_of in table] for table in lists], dtype=np.int64)
    entries = [entry for table in lists for entries_of in table for entry in entries_of]
    length = np.array([len(entry) for entry in entries], dtype=np.int64)
    keys = layout(language)
    return KeyTable(
        slot=slot,
        start=(np.cumsum(count) - count.ravel()).reshape(count.shape),
        count=count,
        entry_start=np.cumsum(length) - length,
        entry_length=length,
        codes=np.frombuffer("".join(entries).encode("utf-32-le"), dtype="<u4"),
        again=np.array([0, *(ord(again.get(letter, letter)) for letter in letters)], dtype=np.uint32),
        inside_clusters=keys.inside_clusters,
        ranked=keys.input_method == "pinyin",
    )
