"""Is encoder A more robust than encoder B? Differences in differences, log ratios of retentions, and the verdict.

The absolute scale favours an encoder near the floor, the relative one an encoder near the ceiling, so a claim needs
both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robustir.stats.clusters import ClusterSums
from robustir.stats.resampling import Interval, Moments, studentised_bounds

__all__ = ["DEPENDS", "NEAR_FLOOR", "NOT_SEPARATED", "difference", "log_ratio_interval", "verdict"]

Floats = NDArray[np.float64]

DEPENDS = "depends on the scale"
NOT_SEPARATED = "not separated"
NEAR_FLOOR = "no claim: near the floor"

_CHUNK = 64


def difference(left: ClusterSums, right: ClusterSums) -> ClusterSums:
    """Return the per-query differences of two sets of quantities over the same rows (a difference in differences)."""
    return ClusterSums(left.sums - right.sums, left.counts)


def log_ratio_interval(
    above: Sequence[ClusterSums], below: Sequence[ClusterSums], weights: Floats, *, confidence: float = 0.95
) -> Interval:
    """Return studentised intervals of ``sum(log above) - sum(log below)`` of means over the same rows, float64 [k].

    ``above=[noisy_a, clean_b], below=[clean_a, noisy_b]`` gives the log ratio of two retentions. The standard error is
    the linearised one: each mean's influence divided by the mean. NaN where a mean is not above 0; resamples in which
    one is not are left out.
    """
    parts = [*above, *below]
    groups, size = parts[0].groups, len(parts[0])
    columns = [np.full(size, np.nan) for _ in range(4)]
    for start in range(0, size, _CHUNK):
        rows = slice(start, start + _CHUNK)
        chunk = [ClusterSums(part.sums[rows], part.counts) for part in parts]
        signs = [1.0] * len(above) + [-1.0] * len(below)
        for column, values in zip(columns, _log_ratio(chunk, signs, weights, groups, confidence), strict=True):
            column[rows] = values
    return Interval(*columns)


def _log_ratio(
    parts: list[ClusterSums], signs: list[float], weights: Floats, groups: int, confidence: float
) -> tuple[Floats, Floats, Floats, Floats]:
    means = [np.where(part.estimates > 0, part.estimates, np.nan) for part in parts]
    # Pairs of equal logarithms cancel exactly only when added in one fixed order.
    estimate = _ordered_sum([sign * np.log(mean) for sign, mean in zip(signs, means, strict=True)])
    if groups < 2:
        undefined = np.full(len(estimate), np.nan)
        return estimate, undefined, undefined, undefined
    influence = _ordered_sum(
        [sign * part.influence() / mean[:, None] for sign, part, mean in zip(signs, parts, means, strict=True)]
    )
    noise = _ordered_sum(
        [np.square(part.influence() / mean[:, None]).sum(axis=1) for part, mean in zip(parts, means, strict=True)]
    )
    second = np.square(influence).sum(axis=1)
    second[second <= 1e-26 * noise] = 0.0
    inflation = groups / (groups - 1)
    error = np.sqrt(inflation * second)

    moments = [Moments(part, weights) for part in parts]
    levels = [moment.deviation + mean[:, None] for moment, mean in zip(moments, means, strict=True)]
    levels = [np.where(level > 0, level, np.nan) for level in levels]
    drift = _ordered_sum([sign * np.log(level) for sign, level in zip(signs, levels, strict=True)]) - estimate[:, None]
    variance = np.zeros_like(drift)
    for i, moment in enumerate(moments):
        variance += moment.cross(moment) / np.square(levels[i])
        for j in range(i):
            variance += 2 * signs[i] * signs[j] * moment.cross(moments[j]) / (levels[i] * levels[j])
    variance *= inflation
    variance[variance < 1e-12 * np.square(error)[:, None]] = 0.0
    low, high = studentised_bounds(estimate, error, drift, variance, groups, confidence)
    still = error == 0
    return estimate, error, np.where(still, estimate, low), np.where(still, estimate, high)


def _ordered_sum(parts: Sequence[Floats]) -> Floats:
    total = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total


def _side(low: float, high: float) -> int:
    """1: the interval lies above 0; -1: below; 0: it holds 0 or is not defined."""
    if low > 0:
        return 1
    return -1 if high < 0 else 0


def verdict(
    names: tuple[str, str], absolute: tuple[float, float], relative: tuple[float, float], *, above_floor: bool
) -> str:
    """Say what may be claimed of encoders A and B (``names``).

    absolute: interval of the difference in differences, (A noisy - A clean) - (B noisy - B clean); relative: interval
    of the log ratio of retentions, A over B. "More robust" needs both intervals off 0 on the same side.
    """
    if not above_floor:
        return NEAR_FLOOR
    sides = _side(*absolute), _side(*relative)
    if sides == (0, 0):
        return NOT_SEPARATED
    if sides[0] != sides[1]:
        return DEPENDS
    return f"{names[0] if sides[0] > 0 else names[1]} more robust"
