"""Is a difference, or the ratio of two means, within a margin? Two one-sided t-tests by groups, and the test of the opposite.

Lack of significance does not show that nothing changed; these tests do, within a margin that was set before (Schuirmann
1987). If so few groups moved that the t-test would not hold, the number of moved groups bounds what the mean can be.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robustir.stats.clusters import ClusterSums
from robustir.stats.few_groups import t_error

__all__ = ["beyond_margin", "linearised_ratio", "moved_reach", "moved_within", "within_margin"]

Floats = NDArray[np.float64]


def within_margin(estimate: Floats, clusters: ClusterSums, margin: float) -> Floats:
    """Return p of "the quantity lies at -margin or below, or at margin or above", float64 [k]: TOST.

    clusters: those of the quantities, or of scores per query with their error (:func:`linearised_ratio`). NaN where no
    error is known: one group, or groups that do not differ.
    """
    from scipy.special import stdtr

    error, freedom = t_error(clusters)
    with np.errstate(divide="ignore", invalid="ignore"):
        sides = [stdtr(freedom, -(margin + sign * estimate) / error) for sign in (1.0, -1.0)]
    p: Floats = np.where(error > 0, np.maximum(np.maximum(*sides), np.finfo(np.float64).tiny), np.nan)
    return p


def beyond_margin(estimate: Floats, clusters: ClusterSums, margin: float) -> Floats:
    """Return p of "the quantity lies within the margin", float64 [k]; NaN as in :func:`within_margin`."""
    from scipy.special import stdtr

    error, freedom = t_error(clusters)
    size = np.abs(estimate)
    with np.errstate(divide="ignore", invalid="ignore"):
        sides = [stdtr(freedom, -(size + sign * margin) / error) for sign in (1.0, -1.0)]
    p: Floats = np.where(error > 0, np.clip(sides[0] + sides[1], np.finfo(np.float64).tiny, 1.0), np.nan)
    return p


def linearised_ratio(above: Sequence[ClusterSums], below: Sequence[ClusterSums]) -> ClusterSums:
    """Return scores per query whose mean has the error of ``sum(log above) - sum(log below)``; NaN if a mean is 0 or less."""
    parts = []
    for sign, sides in ((1.0, above), (-1.0, below)):
        for part in sides:
            mean = np.where(part.estimates > 0, part.estimates, np.nan)[:, None, None]
            parts.append(sign * part.sums / mean)
    return ClusterSums(np.sum(parts, axis=0), above[0].counts)


def moved_reach(moved: int, groups: int, largest: float, confidence: float, span: float = 1.0) -> float:
    """Return the largest distance of the mean from 0 that so few moved groups allow, at most ``span``.

    Arguments are those of :func:`moved_within`, whose p is half of ``1 - confidence`` at this margin.
    """
    from scipy.special import betaincinv

    share = float(betaincinv(moved + 1, groups - moved, 1 - (1 - confidence) / 2)) if moved < groups else 1.0
    return span * min(1.0, share * groups * largest)


def moved_within(moved: int, groups: int, largest: float, margin: float, span: float = 1.0) -> float:
    """Return p of "the mean lies at the margin or beyond" from the number of groups that moved at all (Clopper & Pearson 1934).

    In a group that moves every query may move by ``span``. largest: the largest share of the rows in one group.
    """
    from scipy.special import bdtr

    needed = margin / (span * groups * largest)  # the share of groups that must move
    return float(bdtr(moved, groups, needed)) if needed < 1 else float(np.finfo(np.float64).tiny)
