"""One optimal alignment of two texts with transpositions: which letters were substituted, added, lost or swapped."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

__all__ = ["Edit", "alignment"]

EditKind = Literal["substitution", "insertion", "deletion", "transposition"]
_FAR: Final = 1 << 30


class Edit(NamedTuple):
    """An edit; clean, noisy: the positions of what was edited, or, for what is absent on a side, the place where it would be."""

    kind: EditKind
    clean: int
    noisy: int


def alignment(clean: str, noisy: str) -> list[Edit]:
    """Return the edits of one optimal string alignment (Damerau 1964; no letter is edited twice), from left to right.

    Code points are compared. There are as many edits as the distance says; of several optimal alignments the one is taken
    that, read from the end, swaps rather than substitutes, and substitutes rather than deletes or inserts. What two texts
    begin or end with in common is never edited.
    """
    from rapidfuzz.distance import OSA

    first = _common(clean, noisy)
    last = _common(clean[first:][::-1], noisy[first:][::-1])
    one, other = clean[first : len(clean) - last], noisy[first : len(noisy) - last]
    cost = _costs(one, other, OSA.distance(one, other))
    return [Edit(kind, at + first, to + first) for kind, at, to in reversed(_read_back(one, other, cost))]


def _common(one: str, other: str) -> int:
    """Return the length of the common beginning."""
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return place
    return min(len(one), len(other))


def _costs(one: str, other: str, band: int) -> list[dict[int, int]]:
    """Return the distances of all beginnings whose lengths differ by at most ``band``: an optimal path leaves it nowhere."""
    rows: list[dict[int, int]] = [{to: to for to in range(min(band, len(other)) + 1)}]
    for at in range(1, len(one) + 1):
        above, row = rows[-1], {}
        for to in range(max(0, at - band), min(len(other), at + band) + 1):
            if to == 0:
                row[to] = at
                continue
            best = min(above.get(to, _FAR), row.get(to - 1, _FAR)) + 1
            best = min(best, above.get(to - 1, _FAR) + (one[at - 1] != other[to - 1]))
            if _swapped(one, other, at, to):
                best = min(best, rows[at - 2].get(to - 2, _FAR) + 1)
            row[to] = best
        rows.append(row)
    return rows


def _swapped(one: str, other: str, at: int, to: int) -> bool:
    return at > 1 and to > 1 and one[at - 2 : at] == other[to - 1] + other[to - 2] and one[at - 1] != one[at - 2]


def _read_back(one: str, other: str, cost: list[dict[int, int]]) -> list[Edit]:
    edits: list[Edit] = []
    at, to = len(one), len(other)
    while at or to:
        here = cost[at][to]
        before = cost[at - 1].get(to - 1, _FAR) if at and to else _FAR
        if at and to and one[at - 1] == other[to - 1] and before == here:
            at, to = at - 1, to - 1
        elif _swapped(one, other, at, to) and cost[at - 2].get(to - 2, _FAR) == here - 1:
            at, to = at - 2, to - 2
            edits.append(Edit("transposition", at, to))
        elif before == here - 1:
            at, to = at - 1, to - 1
            edits.append(Edit("substitution", at, to))
        elif at and cost[at - 1].get(to, _FAR) == here - 1:
            at -= 1
            edits.append(Edit("deletion", at, to))
        else:
            to -= 1
            edits.append(Edit("insertion", at, to))
    return edits
