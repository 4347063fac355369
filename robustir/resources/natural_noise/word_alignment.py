"""Which words of a noisy text stand for which words of the clean one, as a recogniser of speech hears them: one, none or some."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

__all__ = ["Group", "aligned_words"]

Group = tuple[tuple[str, ...], tuple[str, ...]]
_NOWHERE: Final = 1e9
_SUBSTITUTED, _UNLIKE = 0.4, 0.8  # what another word costs, and what it costs more where nothing in it is alike
_ABSENT, _PER_LETTER = 0.75, 0.02  # a word that is lost or added
_CUT, _CUT_UNLIKE = 0.5, 1.2  # words that are cut otherwise
_ALIKE: Final = 0.6  # letters that words share if they are cut otherwise
_CUTS: Final = ((1, 2), (2, 1), (2, 2), (1, 3), (3, 1), (2, 3), (3, 2))


def aligned_words(clean: Sequence[str], noisy: Sequence[str]) -> list[Group]:
    """Return groups of clean words and of the noisy words that stand for them, in order; equal ones stand for themselves.

    The cheapest alignment: a word costs the less the more letters it shares with the one that it stands for; up to three
    words may stand for up to three that share most of their letters, cut elsewhere. Case should be folded before.
    """
    cost = [[_NOWHERE] * (len(noisy) + 1) for _ in range(len(clean) + 1)]
    way: dict[tuple[int, int], tuple[int, int]] = {}
    cost[0][0] = 0.0
    for at in range(len(clean) + 1):
        for to in range(len(noisy) + 1):
            for price, left, right in _steps(clean, noisy, at, to):
                total = cost[at - left][to - right] + price
                if total < cost[at][to]:
                    cost[at][to], way[at, to] = total, (left, right)
    groups: list[Group] = []
    at, to = len(clean), len(noisy)
    while at or to:
        left, right = way[at, to]
        groups.append((tuple(clean[at - left : at]), tuple(noisy[to - right : to])))
        at, to = at - left, to - right
    return groups[::-1]


def _steps(clean: Sequence[str], noisy: Sequence[str], at: int, to: int) -> Iterator[tuple[float, int, int]]:
    """Yield what could end here: its price, how many clean words it has, and how many noisy ones."""
    if at and to:
        one, other = clean[at - 1], noisy[to - 1]
        yield 0.0 if one == other else _SUBSTITUTED + _UNLIKE * (1 - _alike(one, other)), 1, 1
    if at:
        yield _ABSENT + _PER_LETTER * len(clean[at - 1]), 1, 0
    if to:
        yield _ABSENT + _PER_LETTER * len(noisy[to - 1]), 0, 1
    for left, right in _CUTS:
        if at >= left and to >= right:
            ours, theirs = clean[at - left : at], noisy[to - right : to]
            if left > 1 and set(ours) & set(theirs):
                continue
            alike = _alike("".join(ours), "".join(theirs))
            if alike >= _ALIKE:
                yield _CUT + _CUT_UNLIKE * (1 - alike), left, right


@cache
def _alike(one: str, other: str) -> float:
    from rapidfuzz.distance import Indel

    return Indel.normalized_similarity(one, other)
