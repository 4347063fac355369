"""Degradation curves: the mean score against the realised dose, its area, and the dose at which a share is lost.

The dose of a noisy query set is known before any encoder sees it, so it is a fixed number here, not an estimate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustir.stats.rounding import above

__all__ = ["dose_at_loss", "trapezoid_weights"]

Floats = NDArray[np.float64]


def trapezoid_weights(dose: Floats) -> Floats:
    """Return weights [1 + s] that turn the means at dose 0 and at the doses [s] into the mean level over the doses.

    They are those of the trapezoid rule, divided by the largest dose, so that they sum to 1; in the order of the doses.
    All are NaN if a dose is not finite, or if all doses are 0.
    """
    if len(dose) == 0 or not np.isfinite(dose).all() or dose.max() <= 0:
        return np.full(len(dose) + 1, np.nan)
    points = np.concatenate([[0.0], dose])
    order = np.concatenate([[0], np.argsort(dose, kind="stable") + 1])
    half_widths = np.diff(points[order]) / 2 / dose.max()
    weights = np.zeros(len(points))
    weights[order[:-1]] += half_widths
    weights[order[1:]] += half_widths
    return weights


def dose_at_loss(dose: Floats, means: Floats, share: float = 0.1) -> Floats:
    """Return the smallest dose at which ``share`` of the clean mean is lost, by linear interpolation; inf if there is none.

    Args:
        dose: float64 [s, k], one column per curve.
        means: float64 [1 + s, k, ...], the clean mean first, then in the order of the doses.
        share: of the clean mean.

    Returns:
        float64 of the shape ``means.shape[1:]``; NaN if the clean mean is 0 or less.
    """
    order, curves = np.argsort(dose, axis=0, kind="stable"), np.arange(dose.shape[1])
    points = [np.zeros_like(dose[0]), *dose[order, curves]]
    levels = [means[0], *means[1:][order, curves]]
    bound = (1 - share) * means[0]
    kept = [above(level - bound) for level in levels]
    result = np.full(means.shape[1:], np.inf)
    for row in range(len(dose), 0, -1):
        crosses = kept[row - 1] & ~kept[row]
        curve = np.nonzero(crosses)[0]
        left, right = points[row - 1][curve], points[row][curve]
        high, low = levels[row - 1][crosses], levels[row][crosses]
        result[crosses] = left + (high - bound[crosses]) / (high - low) * (right - left)
    result[~(means[0] > 0)] = np.nan
    return result
