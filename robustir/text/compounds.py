"""Whole words of a text: as :mod:`robustir.text.words`, but numbers with marks and Vietnamese words are not cut.

A number with marks inside it (3.5, 192.168.1.1) is one word. Vietnamese puts a space between syllables, so that không gian
(space) reads as two words, the first of which means "not". Noise of meaning, which leaves words out, moves them or
translates them, takes whole words; noise of typing takes syllables,
and so does the dose, because that is what a reader counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from robustir.text.blocks import Block
from robustir.text.classes import DIGIT, matching
from robustir.text.words import block_word_spans

__all__ = ["block_whole_words", "inside_numbers", "vietnamese_words"]

_SPACE = 0x20


def block_whole_words(block: Block, lang: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each whole word of a block of texts in one language starts and stops, two int64 arrays.

    In Vietnamese the longest listed word wins, from the left; its syllables have one space between them.
    """
    starts, stops = _numbers_whole(block, *block_word_spans(block, lang))
    if lang != "vi" or len(starts) < 2:
        return starts, stops
    near = np.append((starts[1:] - stops[:-1] == 1) & (block.codes[stops[:-1]] == _SPACE), False)
    inner = np.zeros(len(starts), dtype=bool)  # syllables that go on with a word
    for first, last in _compounds(block, starts, stops, near):
        inner[first + 1 : last + 1] = True
    return starts[~inner], stops[np.append(~inner[1:], True)]


def _numbers_whole(
    block: Block, starts: NDArray[np.int64], stops: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Join words between which there is nothing but a mark inside a number."""
    parted = np.flatnonzero(starts[1:] - stops[:-1] == 1)
    inside = parted[inside_numbers(block, stops[parted])]
    return np.delete(starts, inside + 1), np.delete(stops, inside)


def inside_numbers(block: Block, at: NDArray[np.int64] | None = None) -> NDArray[np.bool_]:
    """Return which code points are marks inside a number: between two digits, bool [n].

    at: int64 [m], the positions asked for, by default all; then bool [m].
    """
    found = np.zeros(len(block.codes) if at is None else len(at), dtype=bool)
    places = np.arange(len(found)) if at is None else at
    marks = np.flatnonzero(matching(r"[.,:\u066B\u066C]").take(block.codes.take(places)))
    places = places[marks]
    inner = (places > 0) & (places + 1 < len(block.codes))
    marks, places = marks[inner], places[inner]
    found[marks] = (block.kinds.take(places - 1) & block.kinds.take(places + 1) & DIGIT) != 0
    return found


def _compounds(
    block: Block, starts: NDArray[np.int64], stops: NDArray[np.int64], near: NDArray[np.bool_]
) -> Iterator[tuple[int, int]]:
    """Yield the first and the last syllable of each listed word of more than one."""
    known, openings, longest = _listed()
    lower = block.text.lower()
    text = lower if len(lower) == len(block.text) else block.text
    first, last, close = starts.tolist(), stops.tolist(), near.tolist()
    place = 0
    while place < len(first) - 1:
        reach = place
        if close[place] and text[first[place] : last[place + 1]] in openings:
            while close[reach] and reach - place + 1 < longest:
                reach += 1
            while reach > place and text[first[place] : last[reach]] not in known:
                reach -= 1
            if reach > place:
                yield place, reach
        place = reach + 1


def vietnamese_words() -> frozenset[str]:
    """Return the listed Vietnamese words of several syllables, with one space between them."""
    return _listed()[0]


@cache
def _listed() -> tuple[frozenset[str], frozenset[str], int]:
    """Return the words, their first two syllables, and how many syllables the longest one has."""
    lines = (files("robustir.text") / "compounds_vi.txt").read_text(encoding="utf-8").splitlines()
    words = frozenset(line for line in lines if line and not line.startswith("#"))
    openings = frozenset(" ".join(word.split(" ", 2)[:2]) for word in words)
    return words, openings, max(word.count(" ") + 1 for word in words)
