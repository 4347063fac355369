"""The realised dose: how far a noisy text is from the clean one, in words and in characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, islice, pairwise

import numpy as np
from numpy.typing import NDArray

from robustir.errors import DataError
from robustir.languages import has_spaces
from robustir.text.blocks import Block, ragged_arange
from robustir.text.units import unit_spans
from robustir.types import Dose

__all__ = ["realised_dose"]

_CHARACTERS_AT_ONCE = 60_000  # stays in the processor's cache; bounds the memory
_TEXTS_KEPT = 100_000  # all texts of a chunk fit


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
    spaced = {lang: has_spaces(lang) for lang in set(langs)}
    for kind in (True, False):
        for chunk in _chunks([row for row in changed if spaced[langs[row]] is kind], clean):
            before, after = [clean[row] for row in chunk], [noisy[row] for row in chunk]
            characters[chunk] = _distances(before, after) / np.fromiter(map(len, before), dtype=np.int64)
            coded, noised = _as_letters(_remembered(before, spaced=kind), _unit_hashes(after, spaced=kind))
            sizes = np.fromiter(map(len, coded), dtype=np.int64)
            edits = _distances(coded, noised)
            for place in _spaced_otherwise(before, after):
                edits[place] = len(_boundaries(before[place]) ^ _boundaries(after[place]))
            words[chunk] = np.where(sizes > 0, edits / np.maximum(sizes, 1), 0.0)
    return Dose(word_edit_rate=words, char_error_rate=characters)


def _chunks(rows: list[int], clean: Sequence[str]) -> Iterator[list[int]]:
    if not rows:
        return
    total = np.cumsum(np.fromiter((len(clean[row]) for row in rows), dtype=np.int64, count=len(rows)))
    edges = np.flatnonzero(np.diff(total // _CHARACTERS_AT_ONCE)) + 1
    for chunk in np.split(np.array(rows), edges):
        yield chunk.tolist()


def _distances(before: Sequence[str], after: Sequence[str]) -> NDArray[np.int64]:
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cpdist

    return cpdist(before, after, scorer=Levenshtein.distance, dtype=np.int64, workers=1)


def _spaced_otherwise(before: Sequence[str], after: Sequence[str]) -> list[int]:
    """Return which texts differ in spaces alone."""
    same_size = [
        place
        for place, (clean, noisy) in enumerate(zip(before, after, strict=True))
        if len(clean) - clean.count(" ") == len(noisy) - noisy.count(" ")
    ]
    return [place for place in same_size if before[place].replace(" ", "") == after[place].replace(" ", "")]


def _boundaries(text: str) -> set[int]:
    """Return after how many other characters a space follows, inside the text."""
    return set(accumulate(map(len, text.strip(" ").split(" ")[:-1])))


def _as_letters(*columns: list[NDArray[np.uint64]]) -> list[list[str]]:
    """Give every distinct unit its own code point, so that a distance over units is one over strings.

    Units are told apart by a 64-bit hash: among the 30,000 units of a chunk two collide with probability below 1e-10.
    """
    texts = [text for column in columns for text in column]
    _, letters = np.unique(np.concatenate(texts), return_inverse=True)
    joined = letters.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    bounds = np.cumsum([0, *map(len, texts)]).tolist()
    coded = iter([joined[first:last] for first, last in pairwise(bounds)])
    return [list(islice(coded, len(column))) for column in columns]


# The units of clean texts, which every condition is compared with; what does not fit is looked at again.
_known: dict[tuple[bool, str], NDArray[np.uint64]] = {}


def _remembered(texts: Sequence[str], *, spaced: bool) -> list[NDArray[np.uint64]]:
    """Return what :func:`_unit_hashes` returns, for texts that will be asked for again."""
    new = [text for text in dict.fromkeys(texts) if (spaced, text) not in _known]
    if len(_known) + len(new) > _TEXTS_KEPT:
        _known.clear()
        new = list(dict.fromkeys(texts))
    if new:
        # Copies: a view would keep the whole chunk.
        hashes_of = [hashes.copy() for hashes in _unit_hashes(new, spaced=spaced)]
        _known.update(zip([(spaced, text) for text in new], hashes_of, strict=True))
    return [_known[spaced, text] for text in texts]


def _unit_hashes(texts: Sequence[str], *, spaced: bool) -> list[NDArray[np.uint64]]:
    """Return the hash of every unit, per text."""
    block = Block.join(texts)
    starts, stops = unit_spans(block, spaced=spaced)
    hashes = _hashes(block.codes, starts, stops)
    return [hashes[first:last] for first, last in pairwise(np.searchsorted(starts, block.offsets).tolist())]


def _hashes(codes: NDArray[np.uint32], starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Polynomial hash (Karp & Rabin 1987) modulo 2**64 over scrambled code points, per span; uint64 [spans]."""
    with np.errstate(over="ignore"):
        value = (codes.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        value = (value ^ (value >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        value ^= value >> np.uint64(32)
        lengths = stops - starts
        powers = np.cumprod(np.full(int(lengths.max(initial=0)) + 1, 0xD1342543DE82EF95, dtype=np.uint64))
        place = np.zeros(len(codes), dtype=np.int64)
        inside = ragged_arange(starts, lengths)
        place[inside] = ragged_arange(np.zeros_like(starts), lengths)
        total = np.append(np.uint64(0), np.cumsum(value * powers[place]))
        hashes: NDArray[np.uint64] = total[stops] - total[starts]
        return hashes
