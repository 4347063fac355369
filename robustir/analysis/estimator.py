"""Intervals and tests for every view and for their macro-average, from sums per view and group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.options import AnalysisOptions
from robustir.stats import (
    ClusterSums,
    SignFlips,
    bootstrap_weights,
    interval,
    log_ratio_interval,
    paired_test,
    replicates,
    retention_difference,
    sign_flips,
    t_test,
)
from robustir.stats.rounding import settled

__all__ = ["CHANGE", "SCORE", "TWICE", "Estimator", "Intervals", "Layout", "few_moved", "macro_mean", "moved_groups"]

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]
Evaluate = Callable[[list[ClusterSums], Indexes], Sequence[Floats]]

MACRO = -1  # the view number of the macro-average
# The ranges of a score, of a difference of two scores, and of a difference of two changes.
SCORE, CHANGE, TWICE = (0.0, 1.0), (-1.0, 1.0), (-2.0, 2.0)
_FEW_MOVED = 10  # groups: with fewer that moved, the interval of a mean covers far less than its stated level


@dataclass(frozen=True, slots=True)
class Layout:
    """The views that have rows, and those among them with equal rows per group (they share a stratum of the macro-average).

    counts: float64 [views, groups]; present: views with rows; patterns: float64 [p, groups], the distinct counts;
    members: for every present view the number of its pattern.
    """

    counts: Floats
    present: Indexes
    patterns: Floats
    members: Indexes

    @classmethod
    def of(cls, counts: Floats) -> Self:
        """Find the patterns of counts [views, groups]."""
        present = np.flatnonzero(counts.any(axis=1))
        numbers: dict[bytes, int] = {}
        members = np.array(
            [numbers.setdefault(counts[view].tobytes(), len(numbers)) for view in present], dtype=np.intp
        )
        first = [present[int(np.argmax(members == number))] for number in range(len(numbers))]
        return cls(counts, present, counts[first], members)

    def macro(self, sums: Floats) -> ClusterSums:
        """Return the macro-average over the present views of sums [c, views, groups]."""
        strata = [sums[:, self.present[self.members == p]].sum(axis=1) for p in range(len(self.patterns))]
        return ClusterSums(np.stack(strata, axis=1) / len(self.present), self.patterns)

    @property
    def sizes(self) -> tuple[Floats, Floats]:
        """Rows and groups, float64 [1 + views] each, the macro-average first."""
        rows, groups = self.counts.sum(axis=1), np.count_nonzero(self.counts, axis=1)
        union = np.count_nonzero(self.counts.any(axis=0))
        return np.concatenate([[rows.sum()], rows]), np.concatenate([[union], groups]).astype(np.float64)

    @property
    def largest_share(self) -> float:
        """The largest share of the rows in one group, the mean over the present views."""
        counts = self.counts[self.present]
        return float((counts / counts.sum(axis=1, keepdims=True)).mean(axis=0).max())


def macro_mean(per_view: Floats, layout: Layout) -> Floats:
    """Put the mean over the present views in front: [..., views] gives [..., 1 + views]."""
    inside = per_view[..., layout.present]
    with np.errstate(invalid="ignore"):
        first = inside.sum(axis=-1, keepdims=True) / max(len(layout.present), 1)
    return np.concatenate([first, per_view], axis=-1)


def moved_groups(sums: Floats, *, macro_only: bool = False) -> Floats:
    """Return the number of groups with sums [..., views, groups] other than 0: [..., 1 + views], macro-average first."""
    moved = settled(sums) != 0
    counts: Floats = moved.any(axis=-2).sum(axis=-1, keepdims=True).astype(np.float64)
    return counts if macro_only else np.concatenate([counts, moved.sum(axis=-1).astype(np.float64)], axis=-1)


def few_moved(moved: Floats | float, groups: Floats | float) -> NDArray[np.bool_]:
    """Return whether too few groups moved for an interval: fewer than ten, and fewer than half of the groups."""
    moved = np.asarray(moved)
    few: NDArray[np.bool_] = (moved > 0) & (moved < _FEW_MOVED) & (moved < np.asarray(groups) / 2)
    return few


@dataclass(frozen=True, slots=True)
class Intervals:
    """Estimates and limits, float64 [c, 1 + views], the macro-average first; NaN for a view without rows."""

    estimate: Floats
    low: Floats
    high: Floats

    def without(self, rows: NDArray[np.bool_]) -> Intervals:
        """Return the estimates, some without limits."""
        return Intervals(self.estimate, *(np.where(rows, np.nan, limit) for limit in (self.low, self.high)))

    def followed_by(self, other: Intervals) -> Intervals:
        """Return the rows of both."""
        both = zip((self.estimate, self.low, self.high), (other.estimate, other.low, other.high), strict=True)
        return Intervals(*(np.concatenate(pair) for pair in both))

    def reshaped(self, *shape: int) -> Intervals:
        """Return all three arrays in another shape."""
        return Intervals(*(values.reshape(shape) for values in (self.estimate, self.low, self.high)))


def _once(evaluate: Evaluate, parts: list[ClusterSums], views: Indexes) -> list[Floats]:
    """Evaluate equal columns once: with one relevant passage AP is RR, and recall at any depth is a hit."""
    numbers: dict[bytes, int] = {}
    table = np.concatenate([views[:, None], *(part.sums.reshape(len(views), -1) for part in parts)], axis=1)
    content, width = table.tobytes(), table.shape[1] * table.itemsize
    of_column = np.array(
        [numbers.setdefault(content[at : at + width], len(numbers)) for at in range(0, len(content), width)]
    )
    _, first = np.unique(of_column, return_index=True)
    found = evaluate([ClusterSums(part.sums[first], part.counts) for part in parts], views[first])
    return [values[of_column] for values in found]


class Estimator:
    """The bootstrap weights and sign flips of one set of groups, applied to sums [c, views, groups]."""

    def __init__(self, groups: int, options: AnalysisOptions) -> None:
        self.options = options
        self.weights: Floats = bootstrap_weights(groups, options.resamples, options.seed)
        self.flips: SignFlips = sign_flips(groups, options.flips, options.seed)

    def spread(
        self, layout: Layout, sums: Sequence[Floats], evaluate: Evaluate, results: int, *, macro_only: bool = False
    ) -> list[Floats]:
        """Evaluate quantities for the macro-average and every present view.

        sums: arrays [c, views, groups] over the same rows. ``evaluate`` gets them as ClusterSums of k columns and the
        view number of each column (-1: the macro-average) and returns ``results`` arrays [k]; they come back as [c, 1 +
        views] ([c, 1] with ``macro_only``). Sums that are 0 but for rounding are 0: a difference of 1e-17 in every query
        would be significant.
        """
        sums = [settled(part) for part in sums]
        size, views = sums[0].shape[:2]
        tables = [np.full((size, 1 if macro_only else 1 + views), np.nan) for _ in range(results)]
        if not len(layout.present):
            return tables
        found = _once(evaluate, [layout.macro(part) for part in sums], np.full(size, MACRO))
        for table, values in zip(tables, found, strict=True):
            table[:, 0] = values
        for number in range(0 if macro_only else len(layout.patterns)):
            chosen = layout.present[layout.members == number]
            columns = [
                ClusterSums(part[:, chosen].reshape(size * len(chosen), 1, -1), layout.patterns[number : number + 1])
                for part in sums
            ]
            found = _once(evaluate, columns, np.tile(chosen, size))
            for table, values in zip(tables, found, strict=True):
                table[:, 1 + chosen] = values.reshape(size, len(chosen))
        return tables

    def intervals(
        self,
        layout: Layout,
        sums: Floats,
        *,
        macro_only: bool = False,
        possible: tuple[float, float] = (-np.inf, np.inf),
    ) -> Intervals:
        """Return means with confidence limits, cut to the possible range."""

        def evaluate(parts: list[ClusterSums], _: Indexes) -> Sequence[Floats]:
            found = interval(parts[0], self.weights, confidence=self.options.confidence, kind=self.options.interval)
            return found.estimate, np.clip(found.low, *possible), np.clip(found.high, *possible)

        return Intervals(*self.spread(layout, [sums], evaluate, 3, macro_only=macro_only))

    def means(self, layout: Layout, sums: Floats, *, macro_only: bool = False) -> Floats:
        """Return means alone, [c, 1 + views]."""
        return self.spread(layout, [sums], lambda parts, _: [parts[0].estimates], 1, macro_only=macro_only)[0]

    def log_ratios(
        self, layout: Layout, above: Sequence[Floats], below: Sequence[Floats], *, macro_only: bool = False
    ) -> Intervals:
        """Return ``sum(log above) - sum(log below)`` of means with confidence limits."""

        def evaluate(parts: list[ClusterSums], _: Indexes) -> Sequence[Floats]:
            options = self.options
            sides = parts[: len(above)], parts[len(above) :]
            found = log_ratio_interval(*sides, self.weights, confidence=options.confidence, kind=options.interval)
            return found.estimate, found.low, found.high

        return Intervals(*self.spread(layout, [*above, *below], evaluate, 3, macro_only=macro_only))

    def replicated(self, clusters: ClusterSums) -> Floats:
        """Return estimates, then their bootstrap replicates, [c, 1 + b]."""
        return np.concatenate([clusters.estimates[:, None], replicates(clusters, self.weights)], axis=1)

    def tests(self, layout: Layout, sums: Floats, *, macro_only: bool = False) -> tuple[Floats, Floats]:
        """Return p-values of the test in use and of the t-test beside it, [c, 1 + views] each."""

        def evaluate(parts: list[ClusterSums], _: Indexes) -> Sequence[Floats]:
            return self._test(parts[0]), t_test(parts[0])

        p, p_t = self.spread(layout, [sums], evaluate, 2, macro_only=macro_only)
        return p, p_t

    def ratio_tests(self, layout: Layout, levels: Sequence[Floats], *, macro_only: bool = False) -> Floats:
        """Return p-values [c, 1 + views] of "both keep the same share": levels are noisy A, clean A, noisy B, clean B."""

        def evaluate(parts: list[ClusterSums], _: Indexes) -> Sequence[Floats]:
            shares = retention_difference(parts)
            return [self._test(ClusterSums(settled(shares.sums), shares.counts))]

        return self.spread(layout, levels, evaluate, 1, macro_only=macro_only)[0]

    def _test(self, clusters: ClusterSums) -> Floats:
        return paired_test(clusters, self.options.test, flips=self.flips, weights=self.weights)
