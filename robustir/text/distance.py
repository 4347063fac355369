"""The realised dose: how far a noisy text is from the clean one, in words and in characters."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from operator import itemgetter, ne

import numpy as np
from numpy.typing import NDArray

from robustir.errors import DataError
from robustir.languages import has_spaces
from robustir.text.blocks import Block, ragged_arange
from robustir.text.parted import parted_distance
from robustir.text.units import unit_spans
from robustir.types import Dose

__all__ = ["realised_dose"]

_CHARACTERS_AT_ONCE = 60_000  # stays in the processor's cache; bounds the memory
_LONG = 100_000  # characters or units of a text, from which on distances are upper bounds, part by part
_TEXTS_KEPT = 200_000  # clean texts of a column; their units take 80 bytes each
_BITS = 20  # of the filter that finds units again: 1 in 100 is found that is not there
_BASE = 0xD1342543DE82EF95
_SPACE = np.uint32(ord(" "))


def realised_dose(clean: Sequence[str], noisy: Sequence[str], langs: Sequence[str]) -> Dose:
    """Return the dose per text: Levenshtein (1966) distance over code points and over units, each divided by the clean length.

    In texts of more than 100,000 characters or units, the distances are sums over parts (:mod:`robustir.text.parted`).
    Units are words, or grapheme clusters in languages without spaces (:mod:`robustir.text.units`). If two texts differ in
    spaces alone, each boundary that appears or disappears is one edit, in any language. Identical texts
    and empty clean texts have dose 0; a clean text without any unit has word edit rate 0. Raises DataError if the
    columns differ in length.
    """
    if not len(clean) == len(noisy) == len(langs):
        given = f"{len(clean)} clean texts, {len(noisy)} noisy texts and {len(langs)} languages"
        raise DataError(f"{given}; give one of each per query")
    words = np.zeros(len(clean))
    characters = np.zeros(len(clean))
    lengths = np.fromiter(map(len, clean), dtype=np.int64, count=len(clean))
    changed = np.fromiter(map(ne, clean, noisy), dtype=np.bool_, count=len(clean)) & (lengths > 0)
    spaced = {lang: has_spaces(lang) for lang in set(langs)}
    in_words = np.fromiter(map(spaced.__getitem__, langs), dtype=np.bool_, count=len(clean))
    for kind in (True, False):
        mine = np.flatnonzero(in_words == kind)
        places = np.flatnonzero(changed[mine])
        if not len(places):
            continue
        known = _remembered(tuple(_at(clean, mine)), spaced=kind) if len(mine) <= _TEXTS_KEPT else None
        for chunk in _chunks(places, lengths[mine]):
            rows = mine[chunk]
            before, after = _at(clean, rows), _at(noisy, rows)
            units = _units(before, spaced=kind) if known is None else known.take(chunk)
            characters[rows] = _distances(before, after) / lengths[rows]
            words[rows] = _word_rates(before, after, units, _units(after, spaced=kind))
    return Dose(word_edit_rate=words, char_error_rate=characters)


def _at(texts: Sequence[str], rows: NDArray[np.int64]) -> Sequence[str]:
    if len(rows) == len(texts):
        return texts
    places: list[int] = rows.tolist()
    return itemgetter(*places)(texts) if len(places) > 1 else [texts[place] for place in places]


def _chunks(rows: NDArray[np.int64], lengths: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    total = np.cumsum(lengths[rows])
    edges = np.flatnonzero(np.diff(total // _CHARACTERS_AT_ONCE)) + 1
    yield from np.split(rows, edges)


def _distances(before: Sequence[Sequence[Hashable]], after: Sequence[Sequence[Hashable]]) -> NDArray[np.int64]:
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cpdist

    long = [place for place, pair in enumerate(zip(before, after, strict=True)) if min(map(len, pair)) > _LONG]
    if not long:
        return cpdist(before, after, scorer=Levenshtein.distance, dtype=np.int64, workers=1)
    short = np.setdiff1d(np.arange(len(before)), long)
    distances = np.zeros(len(before), dtype=np.int64)
    if len(short):
        distances[short] = _distances([before[place] for place in short], [after[place] for place in short])
    for place in long:
        distances[place] = parted_distance(*_as_texts(before[place], after[place]))
    return distances


def _as_texts(one: Sequence[Hashable], other: Sequence[Hashable]) -> tuple[str, str]:
    """Return two sequences with a character for each distinct item."""
    if isinstance(one, str) and isinstance(other, str):
        return one, other
    numbers: dict[Hashable, int] = {}
    characters = [chr(numbers.setdefault(item, len(numbers)) % 0x110000) for item in (*one, *other)]
    return "".join(characters[: len(one)]), "".join(characters[len(one) :])


def _boundaries(text: str) -> set[int]:
    """Return after how many other characters a space follows, inside the text."""
    return set(accumulate(map(len, text.strip(" ").split(" ")[:-1])))


@dataclass(frozen=True, slots=True)
class _Units:
    """The units of several texts.

    hashes: uint64 [units]; sizes: int64 [texts], how many units each text has; sums: uint64 [texts], all code points but
    spaces added up: texts that differ in spaces alone have the same.
    """

    hashes: NDArray[np.uint64]
    sizes: NDArray[np.int64]
    sums: NDArray[np.uint64]

    def take(self, texts: NDArray[np.int64]) -> _Units:
        """Return the units of some texts."""
        sizes = self.sizes[texts]
        starts = np.cumsum(self.sizes)[texts] - sizes
        return _Units(self.hashes[ragged_arange(starts, sizes)], sizes, self.sums[texts])

    def of(self, texts: NDArray[np.int64]) -> list[list[int]]:
        """Return the units of some texts, in a list for each."""
        ends = np.cumsum(self.sizes)
        bounds = zip((ends - self.sizes)[texts].tolist(), ends[texts].tolist(), strict=True)
        return [self.hashes[first:last].tolist() for first, last in bounds]


def _word_rates(before: Sequence[str], after: Sequence[str], clean: _Units, noisy: _Units) -> NDArray[np.float64]:
    """Return the edits of units divided by the clean number (0 if there are none), float64 [texts]."""
    edits = _word_edits(clean, noisy)
    for place in np.flatnonzero(clean.sums == noisy.sums).tolist():
        if before[place].replace(" ", "") == after[place].replace(" ", ""):  # they differ in spaces alone
            edits[place] = len(_boundaries(before[place]) ^ _boundaries(after[place]))
    return np.where(clean.sizes > 0, edits / np.maximum(clean.sizes, 1), 0.0)


def _word_edits(clean: _Units, noisy: _Units) -> NDArray[np.int64]:
    """Return the edit distance of units, int64 [texts].

    Units are told apart by a 64-bit hash: among the 30,000 units of a chunk two collide with probability below 1e-10. In a
    text with equally many units, the distance is the number of those that differ in place, unless a unit that differs is
    somewhere else in the clean text: only then can more units be matched. Only such texts are aligned.
    """
    text = np.arange(len(clean.sizes))
    same = clean.sizes == noisy.sizes
    owner = np.repeat(text, clean.sizes)
    one, other = clean.hashes[same[owner]], noisy.hashes[np.repeat(same, noisy.sizes)]
    place = np.flatnonzero(one != other)
    row = owner[same[owner]][place]
    edits = np.bincount(row, minlength=len(text))
    seen = np.zeros(1 << _BITS, dtype=bool)  # a filter: what is not marked is not there, what is marked may be
    seen[_marks(clean.hashes, owner)] = True
    aligned = ~same
    aligned[row[seen[_marks(other[place], row)]]] = True
    rest = np.flatnonzero(aligned)
    if len(rest):
        edits[rest] = _distances(clean.of(rest), noisy.of(rest))
    return edits


def _marks(hashes: NDArray[np.uint64], text: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number of _BITS bits for each unit of a text."""
    with np.errstate(over="ignore"):
        mixed = (hashes ^ (text.astype(np.uint64) * np.uint64(_BASE))) * np.uint64(0x9E3779B97F4A7C15)
        return (mixed >> np.uint64(64 - _BITS)).astype(np.int64)


@lru_cache(maxsize=8)
def _remembered(texts: tuple[str, ...], *, spaced: bool) -> _Units:
    """Return what :func:`_units` returns, for the clean texts, which every condition is compared with."""
    every = np.arange(len(texts))
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    parts = [_units(_at(texts, chunk), spaced=spaced) for chunk in _chunks(every, lengths)]
    columns = zip(*((part.hashes, part.sizes, part.sums) for part in parts), strict=True)
    return _Units(*map(np.concatenate, columns))


def _units(texts: Sequence[str], *, spaced: bool) -> _Units:
    """Return the hash of every unit."""
    block = Block.join(texts)
    starts, stops = unit_spans(block, spaced=spaced)
    sums = np.add.reduceat(block.codes * (block.codes != _SPACE), block.offsets[:-1], dtype=np.uint64)
    return _Units(_hashes(block.codes, starts, stops), np.diff(np.searchsorted(starts, block.offsets)), sums)


def _hashes(codes: NDArray[np.uint32], starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Polynomial hash (Karp & Rabin 1987) modulo 2**64 over scrambled code points, per span; uint64 [spans]."""
    with np.errstate(over="ignore"):
        powers, inverse = _powers(1 << max(16, len(codes).bit_length()))
        value = _scrambled().take(codes, mode="clip")
        value *= powers[: len(value)]
        total = np.zeros(len(value) + 1, dtype=np.uint64)
        np.cumsum(value, out=total[1:])
        hashes: NDArray[np.uint64] = (total[stops] - total[starts]) * inverse[starts]
        return hashes


@cache
def _scrambled() -> NDArray[np.uint64]:
    """Return 64 bits for every code point, mixed by the finaliser of splitmix64 (Steele, Lea & Flood 2014)."""
    with np.errstate(over="ignore"):
        value = np.arange(1, 0x110001, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        value ^= value >> np.uint64(29)
        value *= np.uint64(0xBF58476D1CE4E5B9)
        value ^= value >> np.uint64(32)
        return value


@lru_cache(maxsize=2)
def _powers(size: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the powers of the base of the hash and of its inverse, modulo 2**64; the base is odd, so there is one."""
    with np.errstate(over="ignore"):
        inverse = pow(_BASE, -1, 1 << 64)
        return tuple(
            np.cumprod(np.append(np.uint64(1), np.full(size, base, dtype=np.uint64))) for base in (_BASE, inverse)
        )  # type: ignore[return-value]
