"""The edit distance of very long texts, part by part: time and memory grow with the length, not with its square."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["parted_distance"]

_PART = 8_000  # characters of a part
_ANCHORS = (64, 32, 16)  # characters that both texts have where they are cut, the more the better
_STEP = 7  # between two places where a cut is tried
_REACH = 1_000  # how far from its expected place the second text's part may end


def parted_distance(before: str, after: str) -> int:
    """Return the Levenshtein distances of corresponding parts added up: an upper bound of the distance.

    Texts are cut where both have the same 64, 32 or 16 characters; noise that edits places and keeps their order leaves
    many such. If there is none, they are cut in proportion to their lengths.
    """
    from rapidfuzz.distance import Levenshtein

    total = first = second = 0
    for cut, other in _cuts(before, after):
        total += Levenshtein.distance(before[first:cut], after[second:other])
        first, second = cut, other
    return total + Levenshtein.distance(before[first:], after[second:])


def _cuts(before: str, after: str) -> Iterator[tuple[int, int]]:
    first = second = 0
    while len(before) - first > 2 * _PART and len(after) - second > 2 * _PART:
        first, second = _cut(before, after, first, second)
        yield first, second


def _cut(before: str, after: str, first: int, second: int) -> tuple[int, int]:
    """Return where the parts that begin at ``first`` and ``second`` end."""
    ratio = (len(after) - second) / (len(before) - first)
    for length in _ANCHORS:
        for size in range(_PART, 2 * _PART - length, _STEP):
            anchor, expected = before[first + size : first + size + length], second + round(size * ratio)
            one = after.rfind(anchor, max(second, expected - _REACH), expected + length)
            other = after.find(anchor, expected, expected + _REACH)
            found = [place for place in (one, other) if place >= 0]
            if found:
                return first + size, min(found, key=lambda place: abs(place - expected))
    return first + _PART, second + round(_PART * ratio)
