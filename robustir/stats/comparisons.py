"""Is encoder A more robust than encoder B? Differences in differences, and log ratios of retentions with their test.

The absolute scale favours an encoder near the floor, the relative one an encoder near the ceiling, so a claim needs
both.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from robustir.protocol import IntervalKind
from robustir.stats.clusters import ClusterSums
from robustir.stats.moments import Draws, Moments, squares
from robustir.stats.resampling import (
    Interval,
    bca_bounds,
    leave_one_out,
    order_statistics,
    studentised_bounds,
)
from robustir.stats.rounding import settled
from robustir.stats.threads import in_threads

__all__ = ["difference", "log_ratio_interval", "retention_contributions", "retention_difference"]

Floats = NDArray[np.float64]

_PRODUCTS = 128  # of two means x columns at a time: those of 2,000 replicates stay in the cache


def difference(left: ClusterSums, right: ClusterSums) -> ClusterSums:
    """Return the per-query differences of two sets of quantities over the same rows (a difference in differences)."""
    return ClusterSums(left.sums - right.sums, left.counts)


def log_ratio(above: Sequence[ClusterSums], below: Sequence[ClusterSums]) -> Floats:
    """Return ``sum(log above) - sum(log below)`` of means, float64 [k], as :func:`log_ratio_interval`; NaN if one is 0 or less."""
    parts = [part for ratio in zip(above, below, strict=True) for part in ratio]
    return _sum_of_differences([np.log(np.where(part.estimates > 0, part.estimates, np.nan)) for part in parts])


def log_ratio_interval(
    above: Sequence[ClusterSums],
    below: Sequence[ClusterSums],
    weights: Floats,
    *,
    confidence: float = 0.95,
    kind: IntervalKind = "studentised",
) -> Interval:
    """Return intervals of ``sum(log above) - sum(log below)`` of means over the same rows, float64 [k].

    ``above=[noisy_a, clean_b], below=[clean_a, noisy_b]`` gives the log ratio of two retentions. Means at the same place
    of both lists are subtracted first, so that equal means, and ratios that mirror each other, cancel exactly. The
    standard error is linearised: each mean's influence divided by the mean. The result is NaN if a mean is 0 or less;
    resamples with such a mean are left out.

    Args:
        above, below: the means in numerators and denominators, equally many.
        weights: float64 [b, g] of :func:`robustir.stats.bootstrap_weights`.
        confidence: of the intervals.
        kind: of the intervals.
    """
    if len(above) != len(below):
        raise ValueError(f"{len(above)} means above and {len(below)} below: a ratio has one of each")
    parts = [part for ratio in zip(above, below, strict=True) for part in ratio]
    size = len(parts[0])
    columns = [np.full(size, np.nan) for _ in range(4)]
    draws = Draws(parts[0].counts, weights)
    step = max(1, _PRODUCTS // len(parts) ** 2)

    def fill(start: int) -> None:
        rows = slice(start, start + step)
        chunk = [ClusterSums(part.sums[rows], part.counts) for part in parts]
        for column, values in zip(columns, _log_ratio(chunk, draws, confidence, kind), strict=True):
            column[rows] = values

    in_threads(fill, range(0, size, step))
    return Interval(*columns)


def _log_ratio(
    parts: list[ClusterSums], draws: Draws, confidence: float, kind: IntervalKind
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return estimate, error and limits of the sum of the log ratios parts[0] / parts[1], parts[2] / parts[3], ..."""
    groups = parts[0].groups
    means = [np.where(part.estimates > 0, part.estimates, np.nan) for part in parts]
    estimate = _sum_of_differences([np.log(mean) for mean in means])
    if groups < 2:
        undefined = np.full(len(estimate), np.nan)
        return estimate, undefined, undefined, undefined
    shares = [part.influence() / mean[:, None] for part, mean in zip(parts, means, strict=True)]
    influence = _sum_of_differences(shares)
    noise = np.sum([np.square(share).sum(axis=1) for share in shares], axis=0)
    second = np.square(influence).sum(axis=1)
    second[second <= 1e-26 * noise] = 0.0
    inflation = groups / (groups - 1)
    error = np.sqrt(inflation * second)

    moments = [Moments(part, draws) for part in parts]
    levels = [moment.deviation + mean[:, None] for moment, mean in zip(moments, means, strict=True)]
    for level in levels:
        if not (level > 0).all():
            level[~(level > 0)] = np.nan
    drift = _sum_of_differences([np.log(level) for level in levels])
    drift -= estimate[:, None]
    if kind == "studentised":
        # Linearised: each mean's influence divided by the mean, with the sign of its place.
        factors = [sign / level for sign, level in zip(cycle((1.0, -1.0)), levels, strict=False)]
        variance = squares(moments, factors)
        variance *= inflation
        variance[variance < 1e-12 * np.square(error)[:, None]] = 0.0
        low, high = studentised_bounds(estimate, error, drift, variance, groups, confidence)
    elif kind == "percentile":
        low, high = (estimate + limit for limit in order_statistics(drift, confidence))
    else:
        alone = [leave_one_out(part) for part in parts]
        alone = [np.log(np.where(level > 0, level, np.nan)) for level in alone]
        low, high = bca_bounds(estimate, error, drift, _sum_of_differences(alone), confidence)
    still = error == 0
    return estimate, error, np.where(still, estimate, low), np.where(still, estimate, high)


def _sum_of_differences(parts: Sequence[Floats]) -> Floats:
    """Return (parts[0] - parts[1]) + (parts[2] - parts[3]) + ..."""
    return reduce(np.add, [left - right for left, right in zip(parts[::2], parts[1::2], strict=True)])


def retention_difference(levels: Sequence[ClusterSums]) -> ClusterSums:
    """Return scores per query whose mean is the difference of two retentions, as sums [k, p, g] for a paired test.

    levels: noisy A, clean A, noisy B, clean B. Under "both keep the share r" the scores ``(noisy - r clean) / mean clean``
    of A and B have one expectation; r is the mean of both retentions, so that the means add up to A's minus B's (signs of
    such scores are flipped as in Hemerik, Goeman & Finos 2020). Defined where a noisy mean is 0; NaN where a clean one is.
    """
    means = [np.where(part.estimates > 0, part.estimates, np.nan)[:, None, None] for part in levels[1::2]]
    noisy, clean = ([part.sums for part in levels[first::2]] for first in (0, 1))
    kept = [part.estimates[:, None, None] / mean for part, mean in zip(levels[::2], means, strict=True)]
    share = (kept[0] + kept[1]) / 2
    scores = [(here - share * base) / mean for here, base, mean in zip(noisy, clean, means, strict=True)]
    return ClusterSums(scores[0] - scores[1], levels[0].counts)


def retention_contributions(levels: Sequence[ClusterSums]) -> Floats:
    """Return what every group adds to the difference of two retentions, float64 [k, g]; sign flips act on these.

    levels are those of :func:`retention_difference`.
    """
    return settled(retention_difference(levels).contributions)
