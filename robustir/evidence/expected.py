"""Measures in expectation over the orders of passages with equal scores, for floors, where ids should not matter.

Closed forms as in McSherry & Najork 2008, from two counts per relevant passage: passages with a higher score and passages
with the same score. Relevant passages with one score make a group: it has ``size`` places, from ``above + 1`` on, and its
``relevant`` passages are equally likely at each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustir.evidence.views import Places, View, places
from robustir.measures import Measure
from robustir.types import Ranks

__all__ = ["expected_scores"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Groups:
    """Groups of relevant passages with one score; within a list, in descending order of scores.

    lists: number of lists; row: the list of each group; above, size, relevant: see above; before: relevant passages of
    the list with higher scores; gain: sum of the gains; judged [lists]: relevant passages, found or not; ideal_row,
    ideal_gain, ideal_place: all of them by descending gain.
    """

    lists: int
    row: NDArray[np.intp]
    above: Whole
    size: Whole
    relevant: Whole
    before: Whole
    gain: Floats
    judged: Floats
    ideal_row: NDArray[np.intp]
    ideal_gain: Floats
    ideal_place: Whole

    @classmethod
    def of(cls, seen: View, placed: Places, rel: int) -> _Groups:
        """Group the passages of a view with a gain of at least ``rel``; passages that are never found have no group."""
        above, tied = placed.above, placed.tied
        row = np.repeat(np.arange(len(seen)), np.diff(seen.starts))
        gains = seen.gains
        relevant_here = gains >= rel
        judged = np.bincount(row[relevant_here], minlength=len(seen)).astype(np.float64)
        ideal = np.lexsort((-gains, row))
        ideal = ideal[relevant_here[ideal]]
        found = np.flatnonzero(relevant_here & ~placed.absent)
        found = found[np.lexsort((above[found], row[found]))]
        row_found, above_found = row[found], above[found].astype(np.int64)
        new = np.flatnonzero((np.diff(row_found, prepend=-1) != 0) | (np.diff(above_found, prepend=-1) != 0))
        relevant = np.diff(np.append(new, len(found)))
        own = row_found[new]
        # Passages before a group within its list: its first entry minus the list's first entry.
        before = new - np.searchsorted(row_found, own)
        gain = np.add.reduceat(gains[found], new) if len(new) else np.zeros(0)
        size = tied[found][new].astype(np.int64) + 1
        ideal_place = np.arange(len(ideal)) - np.searchsorted(row[ideal], row[ideal]) + 1
        return cls(
            len(seen), own, above_found[new], size, relevant, before, gain, judged, row[ideal], gains[ideal], ideal_place
        )  # fmt: skip

    def places(self, cutoff: int | None) -> Whole:
        """Return how many of each group's places are above the cutoff."""
        return self.size if cutoff is None else np.clip(cutoff - self.above, 0, self.size)

    def total(self, values: Floats) -> Floats:
        """Sum over the groups of each list."""
        return np.bincount(self.row, weights=values, minlength=self.lists).astype(np.float64)

    def between(self, weights: Floats, places: Whole) -> Floats:
        """Sum, for each group, the weights of its first ``places`` ranks; weights: of rank 1 on."""
        running = np.concatenate([[0.0], np.cumsum(weights)])
        sums: Floats = running[self.above + places] - running[self.above]
        return sums

    def ranks(self) -> Floats:
        """Return 1, 2, ... up to the last place of any group."""
        return np.arange(1.0, float((self.above + self.size).max(initial=0)) + 1)

    def share(self, values: Floats) -> Floats:
        """Divide by the number of relevant passages of each list; 0 where there is none."""
        return np.divide(values, self.judged, out=np.zeros_like(values), where=self.judged > 0)

    def first(self) -> NDArray[np.intp]:
        """Return the best group of every list that has one."""
        return np.flatnonzero(np.diff(self.row, prepend=-1))


def _average_precision(groups: _Groups, cutoff: int | None) -> Floats:
    places = groups.places(cutoff)
    inverse = groups.between(1 / groups.ranks(), places)
    # At place j of the group a passage is relevant with chance relevant / size, and is then expected to have
    # before + (j - 1) * (relevant - 1) / (size - 1) relevant ones ahead; sum of (j - 1) / (above + j) in closed form.
    ahead = places - (groups.above + 1) * inverse
    within = np.divide(groups.relevant - 1, groups.size - 1, out=np.zeros_like(ahead), where=groups.size > 1)
    precision = (groups.before + 1) * inverse + within * ahead
    return groups.share(groups.total(groups.relevant / groups.size * precision))


def _found(groups: _Groups, cutoff: int | None) -> Floats:
    return groups.total(groups.relevant * groups.places(cutoff) / groups.size)


def _precision(groups: _Groups, cutoff: int | None) -> Floats:
    assert cutoff is not None
    return _found(groups, cutoff) / cutoff


def _recall(groups: _Groups, cutoff: int | None) -> Floats:
    return groups.share(_found(groups, cutoff))


def _discounted_gain(groups: _Groups, cutoff: int | None) -> Floats:
    discounted = groups.between(1 / np.log2(groups.ranks() + 1), groups.places(cutoff))
    gain = groups.total(groups.gain / groups.size * discounted)
    inside = groups.ideal_place <= (np.inf if cutoff is None else cutoff)
    ideal_part = np.where(inside, groups.ideal_gain / np.log2(groups.ideal_place + 1.0), 0.0)
    ideal = np.bincount(groups.ideal_row, weights=ideal_part, minlength=groups.lists)
    return np.divide(gain, ideal, out=np.zeros_like(gain), where=ideal > 0)


def _none_yet(size: int, relevant: int, places: int) -> Floats:
    """Return the chance that none of the first 0, 1, ..., ``places`` places of a group is a relevant passage's."""
    drawn = np.arange(places)
    return np.concatenate([[1.0], np.cumprod(np.maximum(size - relevant - drawn, 0) / (size - drawn))])


def _by_first(groups: _Groups, cutoff: int | None, alone: Floats, value: Callable[[int, Floats], float]) -> Floats:
    """Return a measure of the first relevant passage, which is in the best group of a list.

    Args:
        groups: the groups of all lists.
        cutoff: of the measure.
        alone: [groups], the value of a group with one relevant passage.
        value: (above, chances) -> the value of a group with several, from the chance of each place to be the first.
    """
    first, result = groups.first(), np.zeros(groups.lists)
    result[groups.row[first]] = alone[first]
    places = groups.places(cutoff)
    known: dict[tuple[int, ...], float] = {}
    for group in first[groups.relevant[first] > 1]:
        key = tuple(int(part[group]) for part in (groups.above, groups.size, groups.relevant, places))
        if key not in known:
            known[key] = value(key[0], -np.diff(_none_yet(*key[1:])))
        result[groups.row[group]] = known[key]
    return result


def _reciprocal_rank(groups: _Groups, cutoff: int | None) -> Floats:
    def value(above: int, chances: Floats) -> float:
        return float((chances / np.arange(above + 1, above + 1 + len(chances))).sum())

    alone = groups.between(1 / groups.ranks(), groups.places(cutoff)) / groups.size
    return _by_first(groups, cutoff, alone, value)


def _hit(groups: _Groups, cutoff: int | None) -> Floats:
    return _by_first(groups, cutoff, groups.places(cutoff) / groups.size, lambda _, chances: float(chances.sum()))


_EXPECTED: Mapping[str, Callable[[_Groups, int | None], Floats]] = {
    "AP": _average_precision,
    "RR": _reciprocal_rank,
    "nDCG": _discounted_gain,
    "P": _precision,
    "R": _recall,
    "Hit": _hit,
}


def expected_scores(measures: Sequence[Measure], seen: View, ranks: Ranks) -> Floats:
    """Return float64 [measures, v]: each measure's mean over all orders of passages with equal scores.

    Passages that were not retrieved are never found. A row with a rank of 0 (not scored) is NaN. For measures of relevance
    only; rank distances take tie-averaged ranks (:func:`robustir.evidence.views.rank_lists`).
    """
    placed = places(seen, ranks)
    groups = {rel: _Groups.of(seen, placed, rel) for rel in {measure.rel for measure in measures}}
    values = np.stack([_EXPECTED[measure.name](groups[measure.rel], measure.cutoff) for measure in measures])
    values[:, np.minimum.reduceat(placed.rank, seen.starts[:-1]) == 0] = np.nan
    return values
