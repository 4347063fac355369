"""The realised dose: how far a noisy text is from the clean one, in words and in characters."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from robustir.errors import DataError
from robustir.languages import has_spaces
from robustir.text.blocks import Block
from robustir.text.units import unit_spans
from robustir.types import Dose

__all__ = ["realised_dose"]

_CHARACTERS_AT_ONCE = 60_000  # stays in the processor's cache; bounds the memory
_TEXTS_KEPT = 100_000  # all texts of a chunk fit
_BITS = 20  # of the filter that finds units again: 1 in 100 is found that is not there
_BASE = 0xD1342543DE82EF95
_SPACE = np.uint32(ord(" "))


def realised_dose(clean: Sequence[str], noisy: Sequence[str], langs: Sequence[str]) -> Dose:
    """Return the dose per text: Levenshtein (1966) distance over code points and over units, each divided by the clean length.

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
    changed = [row for row, (before, after) in enumerate(zip(clean, noisy, strict=True)) if before != after and before]
    lengths = np.fromiter(map(len, clean), dtype=np.int64, count=len(clean))
    spaced = {lang: has_spaces(lang) for lang in set(langs)}
    for kind in (True, False):
        for chunk in _chunks([row for row in changed if spaced[langs[row]] is kind], lengths):
            before, after = [clean[row] for row in chunk], [noisy[row] for row in chunk]
            characters[chunk] = _distances(before, after) / lengths[chunk]
            words[chunk] = _word_rates(before, after, spaced=kind)
    return Dose(word_edit_rate=words, char_error_rate=characters)


def _chunks(rows: list[int], lengths: NDArray[np.int64]) -> Iterator[list[int]]:
    if not rows:
        return
    total = np.cumsum(lengths[rows])
    edges = np.flatnonzero(np.diff(total // _CHARACTERS_AT_ONCE)) + 1
    for first, last in pairwise([0, *edges.tolist(), len(rows)]):
        yield rows[first:last]


def _distances(before: Sequence[Sequence[Hashable]], after: Sequence[Sequence[Hashable]]) -> NDArray[np.int64]:
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cpdist

    return cpdist(before, after, scorer=Levenshtein.distance, dtype=np.int64, workers=1)


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

    def of(self, texts: NDArray[np.int64]) -> list[list[int]]:
        """Return the units of some texts."""
        ends = np.cumsum(self.sizes)
        bounds = zip((ends - self.sizes)[texts].tolist(), ends[texts].tolist(), strict=True)
        return [self.hashes[first:last].tolist() for first, last in bounds]


def _word_rates(before: Sequence[str], after: Sequence[str], *, spaced: bool) -> NDArray[np.float64]:
    """Return the edits of units divided by the clean number (0 if there are none), float64 [texts]."""
    clean, noisy = _remembered(before, spaced=spaced), _units(after, spaced=spaced)
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


# The units of clean texts, which every condition is compared with; what does not fit is looked at again.
_known: dict[tuple[bool, str], tuple[NDArray[np.uint64], int]] = {}


def _remembered(texts: Sequence[str], *, spaced: bool) -> _Units:
    """Return what :func:`_units` returns, for texts that will be asked for again."""
    new = [text for text in dict.fromkeys(texts) if (spaced, text) not in _known]
    if len(_known) + len(new) > _TEXTS_KEPT:
        _known.clear()
        new = list(dict.fromkeys(texts))
    if new:
        units = _units(new, spaced=spaced)
        ends = np.cumsum(units.sizes)
        # Copies: a view would keep the whole chunk.
        pieces = [units.hashes[first:last].copy() for first, last in pairwise([0, *ends.tolist()])]
        _known.update(zip([(spaced, text) for text in new], zip(pieces, units.sums.tolist(), strict=True), strict=True))
    found, sums = zip(*[_known[spaced, text] for text in texts], strict=True)
    sizes = np.fromiter(map(len, found), dtype=np.int64, count=len(found))
    return _Units(np.concatenate(found), sizes, np.array(sums, dtype=np.uint64))


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
        value = (codes.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        value ^= value >> np.uint64(29)
        value *= np.uint64(0xBF58476D1CE4E5B9)
        value ^= value >> np.uint64(32)
        value *= powers[: len(value)]
        total = np.zeros(len(value) + 1, dtype=np.uint64)
        np.cumsum(value, out=total[1:])
        hashes: NDArray[np.uint64] = (total[stops] - total[starts]) * inverse[starts]
        return hashes


@lru_cache(maxsize=2)
def _powers(size: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the powers of the base of the hash and of its inverse, modulo 2**64; the base is odd, so there is one."""
    with np.errstate(over="ignore"):
        inverse = pow(_BASE, -1, 1 << 64)
        return tuple(
            np.cumprod(np.append(np.uint64(1), np.full(size, base, dtype=np.uint64))) for base in (_BASE, inverse)
        )  # type: ignore[return-value]
