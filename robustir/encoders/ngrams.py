"""Hashes of the character n-grams or words of many texts at once, as arrays.

The code points of a whole batch are joined, so that no Python loop runs over characters. The hashes are those of each
text alone, whatever it is joined with.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["DENSE_SIZES", "HashedUnits", "hash_ngrams", "hash_words"]

# Han and kana have no spaces and carry a word in one or two signs: there, n-grams of 1 and 2 (XQuAD-R zh, mono MAP
# with 384 buckets: 0.71, against 0.40 with the 3- and 4-grams that suit alphabets).
DENSE_SIZES = (1, 2)
_DENSE_NAMES = ("CJK UNIFIED", "CJK COMPAT", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC")

_UNKNOWN, _SEPARATOR, _WORD, _DENSE, _IGNORED = range(5)
_BORDER = 0x20

_BASE = np.uint64(0x9E3779B97F4A7C15)
_ODD = np.uint64(0xD1342543DE82EF95)
_SIZE_STEP = 0xA0761D6478BD642F


@dataclass(frozen=True, slots=True)
class HashedUnits:
    """One entry per n-gram or word: the row of its text (int64 [m]) and its hash (uint64 [m])."""

    rows: NDArray[np.int64]
    hashes: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class _Runs:
    """Characters of runs (words, or stretches of Han and kana) of all texts, in order; arrays [m]."""

    code_points: NDArray[np.uint32]
    rows: NDArray[np.int64]
    runs: NDArray[np.int64]  # number of the run, ascending
    dense: NDArray[np.bool_]


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele, Lea & Flood 2014)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@cache
def _class_table() -> NDArray[np.uint8]:
    """Return the class of each code point, filled on demand: classifying all 1.1 million at once takes 0.25 s."""
    return np.zeros(0x110000, dtype=np.uint8)


def _class_of(char: str) -> int:
    category = unicodedata.category(char)
    if category == "Cf":  # joiners and direction marks are inside words and say nothing
        return _IGNORED
    if category[0] not in "LMN":
        return _SEPARATOR
    return _DENSE if unicodedata.name(char, "").startswith(_DENSE_NAMES) else _WORD


def _classes(code_points: NDArray[np.uint32]) -> NDArray[np.uint8]:
    table = _class_table()
    classes = table[code_points]
    unknown = np.unique(code_points[classes == _UNKNOWN])
    if len(unknown):
        table[unknown] = [_class_of(chr(point)) for point in unknown.tolist()]
        classes = table[code_points]
    return classes


def _split_runs(texts: Sequence[str]) -> _Runs:
    # No normalisation changes a line feed, or composes or reorders across it: it keeps the texts apart.
    joined = "\n".join([text.replace("\n", " ") for text in texts])
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", joined).casefold())
    points = np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint32, copy=False)
    rows = np.cumsum(points == ord("\n"))
    classes = _classes(points)
    kept = np.flatnonzero(classes != _IGNORED)
    points, rows, classes = points[kept], rows[kept], classes[kept]
    inside = classes != _SEPARATOR
    previous = np.concatenate([[np.uint8(_SEPARATOR)], classes[:-1]])
    runs = np.cumsum(inside & (classes != previous))
    at = np.flatnonzero(inside)
    return _Runs(points[at], rows[at], runs[at], classes[at] == _DENSE)


def _with_borders(runs: _Runs) -> _Runs:
    """Put a space before and after each run that is not dense, so that n-grams show where words begin and end."""
    change = runs.runs[1:] != runs.runs[:-1]
    starts = np.concatenate([[True], change]) & ~runs.dense
    ends = np.concatenate([change, [True]]) & ~runs.dense
    repeats = 1 + starts.astype(np.int64) + ends
    last = np.cumsum(repeats)
    points = np.repeat(runs.code_points, repeats)
    points[(last - repeats)[starts]] = _BORDER
    points[(last - 1)[ends]] = _BORDER
    return _Runs(points, np.repeat(runs.rows, repeats), np.repeat(runs.runs, repeats), np.repeat(runs.dense, repeats))


def _polynomials(points: NDArray[np.uint32], longest: int) -> list[NDArray[np.uint64]]:
    """Return, for each n up to ``longest``, the polynomial hashes (uint64) of all windows of n code points."""
    values = points.astype(np.uint64) + np.uint64(1)
    hashes = [values]
    for size in range(2, longest + 1):
        hashes.append(hashes[-1][: max(len(values) - size + 1, 0)] * _BASE + values[size - 1 :])
    return hashes


def hash_ngrams(texts: Sequence[str], sizes: Sequence[int], seed: int = 0) -> HashedUnits:
    """Hash the character n-grams within words (with their borders), case-folded NFKC; repeats are kept.

    Args:
        texts: of a batch.
        sizes: the n; runs of Han and kana have ``DENSE_SIZES`` and no borders instead.
        seed: of the hash.
    """
    runs = _split_runs(texts)
    if not len(runs.code_points):
        return HashedUnits(np.empty(0, np.int64), np.empty(0, np.uint64))
    runs = _with_borders(runs)
    rows, hashes = [], []
    polynomials = _polynomials(runs.code_points, max(*sizes, *DENSE_SIZES))
    for size in sorted({*sizes, *DENSE_SIZES}):
        window = polynomials[size - 1]
        if not len(window):
            continue
        whole = runs.runs[size - 1 :] == runs.runs[: len(window)]
        dense = runs.dense[: len(window)]
        wanted = whole & (dense & (size in DENSE_SIZES) | ~dense & (size in sizes))
        at = np.flatnonzero(wanted)
        rows.append(runs.rows[at])
        hashes.append(_mix(window[at] + np.uint64((size * _SIZE_STEP + seed) % 2**64)))
    return HashedUnits(np.concatenate(rows), np.concatenate(hashes))


def hash_words(texts: Sequence[str], seed: int = 0) -> HashedUnits:
    """Hash the words (runs of letters, marks and digits), case-folded NFKC; a Han or kana sign is a word of its own."""
    runs = _split_runs(texts)
    points = runs.code_points
    if not len(points):
        return HashedUnits(np.empty(0, np.int64), np.empty(0, np.uint64))
    starts = np.concatenate([[True], (runs.runs[1:] != runs.runs[:-1]) | runs.dense[1:]])
    first = np.flatnonzero(starts)
    place = np.arange(len(points)) - np.repeat(first, np.diff(np.append(first, len(points))))
    mixed = _mix(points.astype(np.uint64) * _BASE + place.astype(np.uint64) * _ODD)
    return HashedUnits(runs.rows[first], _mix(np.add.reduceat(mixed, first) + np.uint64(seed)))
