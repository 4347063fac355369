"""Many tests at once: Holm for declared families, Benjamini-Hochberg for exploration, max-T by permutation.

A p of NaN is not a test: it stays NaN and is not counted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustir.stats.randomisation import SignFlips, flipped_sums

__all__ = ["benjamini_hochberg", "holm", "max_t"]

Floats = NDArray[np.float64]


def _on_defined(p: Floats, adjusted_in_order: Floats, order: NDArray[np.intp]) -> Floats:
    result = np.full(len(p), np.nan)
    result[order] = np.minimum(adjusted_in_order, 1.0)
    return result


def _ascending(p: Floats) -> NDArray[np.intp]:
    order = np.argsort(p, kind="stable")
    return order[: len(p) - np.count_nonzero(np.isnan(p))]


def holm(p: Floats) -> Floats:
    """Return p-values [k] adjusted for the family-wise error rate (Holm 1979)."""
    order = _ascending(p)
    factors = len(order) - np.arange(len(order))
    return _on_defined(p, np.maximum.accumulate(p[order] * factors), order)


def benjamini_hochberg(p: Floats) -> Floats:
    """Return p-values [k] adjusted for the false discovery rate (Benjamini & Hochberg 1995)."""
    order = _ascending(p)
    scaled = p[order] * len(order) / (np.arange(len(order)) + 1)
    return _on_defined(p, np.minimum.accumulate(scaled[::-1])[::-1], order)


def max_t(contributions: Floats, flips: SignFlips) -> Floats:
    """Return single-step max-T adjusted p-values [k] of the randomisation test.

    Westfall & Young 1993; for retrieval: Boytsov et al. 2013.

    contributions: float64 [k, g]. Every quantity is divided by ``sqrt(sum_g contribution ** 2)``, its standard
    deviation over the flips, which no flip changes; all quantities are flipped together, so that their dependence is
    used.
    """
    spread = np.sqrt(np.square(contributions).sum(axis=1))
    moving = spread > 0
    scaled = contributions[moving] / spread[moving, None]
    p = np.where(np.isnan(spread), np.nan, 1.0)
    if not len(scaled):
        return p
    # One scale for all rows: the statistics of different quantities are compared with each other.
    pinned = np.vstack([scaled.T, np.ones(len(scaled))]).T
    signs = np.hstack([flips.signs, np.zeros((len(flips.signs), 1))])
    flipped, _, tolerance = flipped_sums(pinned, signs)
    units, _, _ = flipped_sums(pinned, np.hstack([np.ones((1, contributions.shape[1])), np.zeros((1, 1))]))
    most = flipped.max(axis=0)
    hits = np.count_nonzero(most[None, :] >= (units[:, 0] - tolerance)[:, None], axis=1)
    total = len(flips.signs)
    p[moving] = hits / total if flips.complete else (hits + 1) / (total + 1)
    return p
