"""Whether the lines of two texts correspond: a file that lost a line pairs every later one with another text."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Misaligned", "misaligned"]

# Lines are judged in windows. On the 112 languages of Tatoeba, NTREX, FLORES and newstest the lengths of aligned lines
# correlate (log scale) by 0.61 or more and numbers agree in 71% or more. Shifted by one line it is at most 0.55 and 37%;
# if lengths happened to correlate, numbers did not agree (tests/benchmarks/test_bitext.py).
_WINDOW = 200
_FEWEST = 50
_CORRELATION = 0.58
_AGREEMENT = 0.65
_FEWEST_NUMBERS = 5


@dataclass(frozen=True, slots=True)
class Misaligned:
    """Lines that do not correspond: from number ``first`` up to ``end``, counted from 0 and without the last; and why."""

    first: int
    end: int
    reason: str


def misaligned(left: Sequence[str], right: Sequence[str]) -> Misaligned | None:
    """Return the first window of 200 lines whose sides do not correspond, or None.

    A window is refused if the lengths of its lines hardly correlate and the numbers in them do not agree; one of fewer than
    50 lines is not judged. Both sides have equal numbers of lines.
    """
    for first in range(0, len(left), _WINDOW):
        window = slice(first, first + _WINDOW)
        if len(left[window]) < _FEWEST:
            continue
        correlation = _length_correlation(left[window], right[window])
        shared, both = _number_agreement(left[window], right[window])
        if correlation < _CORRELATION and (both < _FEWEST_NUMBERS or shared < _AGREEMENT * both):
            reason = f"lengths correlate by {correlation:.2f}, {shared} of {both} lines with numbers agree"
            return Misaligned(first, first + len(left[window]), reason)
    return None


def _length_correlation(left: Sequence[str], right: Sequence[str]) -> float:
    lengths = np.log1p(np.array([[len(text) for text in side] for side in (left, right)], dtype=np.float64))
    with np.errstate(invalid="ignore"):
        correlation = float(np.corrcoef(lengths)[0, 1])
    return 1.0 if math.isnan(correlation) else correlation  # lines of one length say nothing


def _numbers(text: str) -> set[int]:
    """Return the whole numbers of a text; digits of any script count."""
    numbers, digits = set(), ""
    for char in f"{text} ":
        if char.isdecimal():
            digits += str(unicodedata.decimal(char))
        elif digits:
            numbers.add(int(digits[:18]))
            digits = ""
    return numbers


def _number_agreement(left: Sequence[str], right: Sequence[str]) -> tuple[int, int]:
    """Return how many line pairs share a number, and how many have numbers on both sides."""
    numbers = [(_numbers(first), _numbers(second)) for first, second in zip(left, right, strict=True)]
    both = [(first, second) for first, second in numbers if first and second]
    return sum(bool(first & second) for first, second in both), len(both)
