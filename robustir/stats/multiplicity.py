"""Many tests at once: Holm for declared families, Benjamini-Hochberg for exploration, max-T by permutation.

A p of NaN is not a test: it stays NaN and does not count.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robustir.stats.exact import to_integers
from robustir.stats.randomisation import SignFlips, flipped_sums

__all__ = ["benjamini_hochberg", "holm", "max_t", "max_t_over"]

Floats = NDArray[np.float64]

_CHUNK = 64  # hypotheses at a time: 64 x 10,000 flips of float64 are 5 MB


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
    used. However large the family is, the smallest p is that of one test (:func:`smallest_p`).
    """
    return max_t_over([contributions], [flips])[0]


def max_t_over(parts: Sequence[Floats], flips: Sequence[SignFlips]) -> list[Floats]:
    """Return :func:`max_t` of one family whose hypotheses have several sets of groups, [k] for each part.

    parts: contributions [k, g] over the groups of each set, which are flipped apart from those of other sets. Flips
    have the same number of rows, or there is one part.
    """
    most: Floats = np.zeros(len(flips[0].signs))
    observed: list[tuple[NDArray[np.bool_], Floats, Floats]] = []
    for contributions, drawn in zip(parts, flips, strict=True):
        if len(drawn.signs) != len(most):
            raise ValueError(f"{len(drawn.signs)} and {len(most)} flips: the parts of a family need as many")
        spread = np.sqrt(np.square(contributions).sum(axis=1))
        moving = spread > 0
        scaled = contributions[moving] / spread[moving, None]
        # One scale for all rows: the statistics of different quantities are compared with each other.
        pinned = np.hstack([scaled, np.ones((len(scaled), 1))])
        signs = np.hstack([drawn.signs, np.zeros((len(drawn.signs), 1), dtype=np.int8)])
        own = np.empty(len(scaled))
        unflipped = np.ones((1, signs.shape[1]), dtype=np.int8)
        unflipped[0, -1] = 0
        for start in range(0, len(scaled), _CHUNK):
            rows = slice(start, start + _CHUNK)
            flipped, _, tolerance = flipped_sums(pinned[rows], signs)
            units, _, _ = flipped_sums(pinned[rows], unflipped)
            scale = float(to_integers(pinned[:1], float(signs.shape[1]))[1][0])
            np.maximum(most, flipped.max(axis=0) / scale, out=most)
            own[rows] = (units[:, 0] - tolerance) / scale
        observed.append((moving, own, spread))
    ordered, total = np.sort(most), len(most)
    complete = all(one.complete for one in flips)
    found = []
    for moving, own, spread in observed:
        p = np.where(np.isnan(spread), np.nan, 1.0)
        hits = total - np.searchsorted(ordered, own, side="left")
        p[moving] = hits / total if complete else (hits + 1) / (total + 1)
        found.append(p)
    return found
