"""How far apart two words sound: an edit distance over sounds, in which like sounds are near."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["between", "length", "lengths", "lost"]

_VOWELS: Final = frozenset("aeiouyɑɐʌɪɛɵəæɔʊɒɜɚɯøœɨᵻʏɤ")
# Sounds of one row are often misheard for one another, those of one cell more so (voiced and unvoiced pairs).
_ROWS: Final = (
    ("pb", "fv", "wʋβ"),
    ("td", "θð", "ɾɹrɻ"),
    ("ʈɖ", "td"),
    ("kɡ", "xχɣh", "cɟ", "q", "ħʕʔ"),
    ("sz", "ʃʒ", "ɕʑ", "ʂʐ", "θð", "ç"),
    ("mnŋɲɳ",),
    ("lɫɭʎ", "rɹɾʀ", "jʝ"),
)
_CELLS: Final = {sound: cell for row in _ROWS for cell in row for sound in cell}
# Pinyin initials and finals that fuzzy input takes for one another.
_FUZZY: Final = frozenset(
    frozenset(pair.split("/"))
    for pair in [
        "zh/z",
        "ch/c",
        "sh/s",
        "n/l",
        "f/h",
        "r/l",
        "b/p",
        "d/t",
        "g/k",
        "j/q",
        "an/ang",
        "en/eng",
        "in/ing",
        "ian/iang",
        "uan/uang",
    ]
)
_LENGTH: Final = "ː"


@cache
def between(one: str, other: str) -> float:
    """Return how far two sounds are apart: 0 (the same) to 1.2 (a vowel and a consonant)."""
    if one == other:
        return 0.0
    if one.isdigit() and other.isdigit():
        return 0.3
    if frozenset((one, other)) in _FUZZY:
        return 0.4
    if (one[:1] == other[:1] and len(one) == len(other) == 1) or (one[:1] == other[:1] and not one.isascii()):
        return 0.2  # the same with another modifier
    vowels = (one[:1] in _VOWELS) + (other[:1] in _VOWELS)
    if vowels == 2:
        return 0.3 if "ə" in (one[:1], other[:1]) else 0.5
    if vowels == 1 or one.isdigit() or other.isdigit() or _LENGTH in (one, other):
        return 1.2
    if _CELLS.get(one[:1], one) == _CELLS.get(other[:1], other):
        return 0.35
    near = any(one[:1] in "".join(row) and other[:1] in "".join(row) for row in _ROWS)
    return 0.6 if near else 1.0


@cache
def lost(sound: str) -> float:
    """Return what a sound costs that is heard where there is none, or not heard."""
    if sound == _LENGTH:
        return 0.2
    if sound.isdigit():
        return 0.3
    return 0.35 if sound[:1] in "əʔhʕj" else 0.6 if sound[:1] in _VOWELS else 0.7


def length(one: Sequence[str], other: Sequence[str], most: float) -> float:
    """Return the distance of two words, or a number above ``most`` as soon as it is known to be above it."""
    above = [0.0]
    for sound in other:
        above.append(above[-1] + lost(sound))
    for left in one:
        gone = lost(left)
        row = [above[0] + gone]
        for at, right in enumerate(other):
            row.append(min(above[at] + between(left, right), above[at + 1] + gone, row[at] + lost(right)))
        if min(row) > most:
            return most + 1
        above = row
    return above[-1]


def lengths(words: Sequence[Sequence[str]], ones: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the distances of many pairs of words, as :func:`length`; ones, others: numbers of the words, int64 [pairs]."""
    sounds = sorted({sound for word in words for sound in word})
    number = {sound: place for place, sound in enumerate(sounds)}
    apart = np.array([[between(one, other) for other in sounds] for one in sounds])
    gone = np.array([lost(sound) for sound in sounds])
    size = np.array([len(word) for word in words])
    coded = np.zeros((len(words), int(size.max())), dtype=np.int64)
    for row, word in enumerate(words):
        coded[row, : len(word)] = [number[sound] for sound in word]
    found = np.zeros(len(ones))
    shape = size[ones] * (coded.shape[1] + 1) + size[others]
    order = np.argsort(shape, kind="stable")
    for pairs in np.split(order, np.flatnonzero(np.diff(shape[order])) + 1):
        if len(pairs):
            left, right = coded[ones[pairs], : size[ones[pairs[0]]]], coded[others[pairs], : size[others[pairs[0]]]]
            found[pairs] = _of_one_shape(left, right, apart, gone)
    return found


def _of_one_shape(
    left: NDArray[np.int64], right: NDArray[np.int64], apart: NDArray[np.float64], gone: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the distances of pairs of words that all have the same numbers of sounds; left, right: int64 [pairs, sounds]."""
    above = np.zeros((len(left), right.shape[1] + 1))
    above[:, 1:] = np.cumsum(gone[right], axis=1)
    for one in left.T:
        row = np.empty_like(above)
        row[:, 0] = above[:, 0] + gone[one]
        for at, other in enumerate(right.T):
            kept = np.minimum(above[:, at] + apart[one, other], above[:, at + 1] + gone[one])
            row[:, at + 1] = np.minimum(kept, row[:, at] + gone[other])
        above = row
    return above[:, -1]
