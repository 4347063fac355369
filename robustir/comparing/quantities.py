"""The quantities of comparisons and bounds, each with its interval: a score, the retained share, a gap between two encoders."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.comparisons import shared_noise
from robustir.analysis.estimator import Estimator, Intervals, Layout, few_moved, moved_groups
from robustir.analysis.options import AnalysisOptions
from robustir.analysis.reduced import NoiseSums, ReducedSetting
from robustir.stats import moved_reach, moved_within, t_reach, within_margin
from robustir.stats.rounding import settled

__all__ = ["CLEAN", "ONE", "TWO", "Limits", "Quantity", "measure_of"]

Floats = NDArray[np.float64]
Condition = tuple[str, float]

CLEAN: Condition = ("", 0.0)  # the condition of unchanged queries


@dataclass(frozen=True, slots=True)
class Limits:
    """An estimate with confidence limits; the limits are NaN if there is no interval (one group of queries)."""

    value: float
    low: float
    high: float

    def __rsub__(self, whole: float) -> Limits:
        """Return ``whole`` minus the estimate."""
        return Limits(whole - self.value, whole - self.high, whole - self.low)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A mean of per-query values over the macro-average of one setting, or, with ``below``, a ratio of two.

    above, below: group sums, float64 [views, groups]; groups and options: those of the resampling; span: the largest
    distance of one query's value from 0.
    """

    groups: int
    options: AnalysisOptions
    layout: Layout
    above: Floats
    below: Floats | None = None
    span: float = 1.0

    @classmethod
    def of(
        cls, setting: ReducedSetting, layout: Layout, above: Floats, below: Floats | None = None, *, span: float = 1.0
    ) -> Self:
        """Return a quantity of one setting."""
        return cls(setting.rows.groups, setting.options, layout, above, below, span)

    @property
    def sizes(self) -> tuple[int, int]:
        """Rows and groups."""
        rows, groups = self.layout.sizes
        return int(rows[0]), int(groups[0])

    def limits(self, confidence: float) -> Limits:
        """Return the estimate with its interval at a confidence.

        If too few groups moved for a bootstrap (the two are nearly the same), the limits come from the share of moving
        groups (Clopper & Pearson 1934), in which every query may move by its largest distance: they are wide, but cover.
        """
        estimator = Estimator(self.groups, replace(self.options, confidence=confidence))
        reach = self._reach(confidence)
        if self.below is None:
            found = _first(estimator.intervals(self.layout, self.above[None], macro_only=True))
            return self._possible(found, reach)
        means = [self.layout.macro(part[None]).estimates[0] for part in (self.above, self.below)]
        if settled(means[1]) <= 0:
            return Limits(math.nan, math.nan, math.nan)
        if settled(means[0]) == 0:
            return Limits(0.0, 0.0, 0.0)  # every score is 0, so the estimate is certain
        if reach is not None:
            return Limits(means[0] / means[1], max(0.0, 1 - reach / means[1]), 1 + reach / means[1])
        found = _first(estimator.log_ratios(self.layout, [self.above[None]], [self.below[None]], macro_only=True))
        return Limits(*(math.exp(value) for value in (found.value, found.low, found.high)))

    def _possible(self, found: Limits, reach: float | None) -> Limits:
        """Return the limits of a mean: those of the moving groups where few moved, else within what such a mean can be."""
        if reach is not None:
            return Limits(found.value, min(found.value, -reach), max(found.value, reach))
        # Of few groups, limits may lie beyond.
        return Limits(found.value, *(float(np.clip(limit, -self.span, self.span)) for limit in (found.low, found.high)))

    def _reach(self, confidence: float) -> float | None:
        """Return the largest distance of the mean from no change, if few groups moved; None if enough did, or none."""
        change = self.above if self.below is None else self.above - self.below
        moved, groups = float(moved_groups(change[None], macro_only=True)[0, 0]), self.sizes[1]
        if groups < 2 or not few_moved(moved, groups):
            return None
        return moved_reach(int(moved), groups, self.layout.largest_share, confidence, self.span)

    def p(self) -> float:
        """Two-sided p of the randomisation test that the mean is 0."""
        return float(
            Estimator(self.groups, self.options).tests(self.layout, self.above[None], macro_only=True)[0][0, 0]
        )

    def equivalence_limits(self, confidence: float) -> Limits:
        """Return the limits that say the same as :meth:`equivalence_p` at half of ``1 - confidence``; of a mean, not a ratio."""
        clusters = self.layout.macro(settled(self.above)[None])
        mean, reach = float(clusters.estimates[0]), self._reach(confidence)
        half = float(t_reach(clusters, confidence)[0])
        return self._possible(Limits(mean, mean - half, mean + half), reach)

    def equivalence_p(self, margin: float) -> float:
        """P of "the mean lies at the margin or beyond"; NaN with one group, or if the groups do not differ."""
        clusters = self.layout.macro(settled(self.above)[None])
        moved, groups = float(moved_groups(self.above[None], macro_only=True)[0, 0]), self.sizes[1]
        if few_moved(moved, groups):
            return moved_within(int(moved), groups, self.layout.largest_share, margin, self.span)
        return float(within_margin(clusters.estimates, clusters, margin)[0])


def _first(found: Intervals) -> Limits:
    return Limits(float(found.estimate[0, 0]), float(found.low[0, 0]), float(found.high[0, 0]))


def measure_of(setting: ReducedSetting, measure: str | None) -> int | None:
    """Return the number of a measure in a setting (None: its primary one); None if the setting lacks it."""
    if measure is None:
        return setting.primary
    return setting.measures.index(measure) if measure in setting.measures else None


def _severity(noise: NoiseSums, severity: float) -> int | None:
    return next((n for n, value in enumerate(noise.severities) if math.isclose(value, severity)), None)


def _clean(setting: ReducedSetting, encoders: tuple[int, ...], measure: int) -> list[tuple[Layout, Floats]] | None:
    """Return layout and group sums of the clean scores of encoders, over the rows that all of them have."""
    values = [setting.clean(encoder) for encoder in encoders]
    there = np.isfinite(np.sum([one.sum(axis=0) for one in values], axis=0))
    if not there.any():
        return None
    layout = setting.layout(there)
    return [(layout, setting.rows.group_sums(np.where(there, one[measure], 0.0))) for one in values]


def _single(setting: ReducedSetting, encoder: int, condition: Condition, measure: int) -> _Sums | None:
    noise = setting.noise(encoder, condition[0])
    at = None if noise is None else _severity(noise, condition[1])
    if noise is None or at is None:
        return None
    return _Sums(noise.layout, noise.clean[measure], noise.delta[at, measure])


@dataclass(frozen=True, slots=True)
class _Sums:
    """Group sums [views, groups] of the clean scores and of the change under one noise."""

    layout: Layout
    clean: Floats
    change: Floats


One = Callable[[ReducedSetting, int, Condition, int], Quantity | None]
Two = Callable[[ReducedSetting, int, int, Condition, int], Quantity | None]


def _score(setting: ReducedSetting, encoder: int, condition: Condition, measure: int) -> Quantity | None:
    if condition == CLEAN:
        found = _clean(setting, (encoder,), measure)
        return None if found is None else Quantity.of(setting, *found[0])
    sums = _single(setting, encoder, condition, measure)
    return None if sums is None else Quantity.of(setting, sums.layout, sums.clean + sums.change)


def _delta(setting: ReducedSetting, encoder: int, condition: Condition, measure: int) -> Quantity | None:
    sums = _single(setting, encoder, condition, measure)
    return None if sums is None else Quantity.of(setting, sums.layout, sums.change)


def _retention(setting: ReducedSetting, encoder: int, condition: Condition, measure: int) -> Quantity | None:
    sums = _single(setting, encoder, condition, measure)
    return None if sums is None else Quantity.of(setting, sums.layout, sums.clean + sums.change, sums.clean)


def _pair(setting: ReducedSetting, a: int, b: int, condition: Condition, measure: int) -> tuple[_Sums, _Sums] | None:
    pair = shared_noise(setting, a, b, condition[0]) if condition[0] in setting.perturbations else None
    at = None if pair is None else _severity(pair[0], condition[1])
    if pair is None or at is None:
        return None
    left, right = (_Sums(one.layout, one.clean[measure], one.delta[at, measure]) for one in pair)
    return left, right


def _gap(setting: ReducedSetting, a: int, b: int, condition: Condition, measure: int) -> Quantity | None:
    if condition == CLEAN:
        found = _clean(setting, (a, b), measure)
        return None if found is None else Quantity.of(setting, found[0][0], settled(found[0][1] - found[1][1]))
    pair = _pair(setting, a, b, condition, measure)
    if pair is None:
        return None
    left, right = (one.clean + one.change for one in pair)
    return Quantity.of(setting, pair[0].layout, settled(left - right))


def _loss(setting: ReducedSetting, a: int, b: int, condition: Condition, measure: int) -> Quantity | None:
    """Return A's loss minus B's."""
    pair = _pair(setting, a, b, condition, measure)
    return (
        None
        if pair is None
        else Quantity.of(setting, pair[0].layout, settled(pair[1].change - pair[0].change), span=2.0)
    )


# The quantities of bounds, by their number of encoders.
ONE: dict[str, One] = {"score": _score, "delta": _delta, "retention": _retention, "relative_drop": _retention}
TWO: dict[str, Two] = {"gap": _gap, "loss": _loss}
