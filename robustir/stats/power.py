"""What a run could show, before it runs: detectable differences from a per-query spread and a design effect."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from robustir.errors import InputError
from robustir.stats.clusters import ClusterSums, standard_errors

__all__ = ["design_effects", "interval_half_width", "minimum_detectable_difference"]

Floats = NDArray[np.float64]


def design_effects(clusters: ClusterSums, deviation: Floats) -> Floats:
    """Return the variance of the clustered mean over that of equally many independent queries, float64 [k].

    deviation: the per-query standard deviation [k] of the same quantities (Kish 1965). For one stratum.
    """
    independent = np.square(deviation) / clusters.totals.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(independent > 0, np.square(standard_errors(clusters)) / independent, np.nan)


def _standard_error(sd: float, n: int, design_effect: float) -> float:
    if n < 1 or sd < 0 or design_effect <= 0:
        raise InputError(f"sd {sd}, {n} queries, design effect {design_effect}: use sd >= 0, n >= 1, effect > 0")
    return sd * math.sqrt(design_effect / n)


def _quantile(share: float, groups: int | None) -> float:
    from scipy.special import ndtri, stdtrit

    return float(ndtri(share)) if groups is None else float(stdtrit(max(groups - 1, 1), share))


def minimum_detectable_difference(
    sd: float,
    n: int,
    *,
    design_effect: float = 1.0,
    groups: int | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
) -> float:
    """Return the true mean difference that a two-sided paired test at ``alpha`` finds with probability ``power``.

    Args:
        sd: per-query standard deviation of the differences, in units of the measure.
        n: number of queries.
        design_effect: of their groups.
        groups: their number G, for quantiles of t with G - 1 degrees of freedom; None: normal quantiles.
        power: probability of finding the difference.
        alpha: level of the test.

    Raises:
        InputError: for a negative ``sd``, no query, or a design effect of 0 or less.
    """
    quantiles = _quantile(1 - alpha / 2, groups) + _quantile(power, groups)
    return quantiles * _standard_error(sd, n, design_effect)


def interval_half_width(
    sd: float, n: int, *, design_effect: float = 1.0, groups: int | None = None, confidence: float = 0.95
) -> float:
    """Return the expected half width of an interval; smaller margins of equivalence than the 90% one's cannot be shown.

    Arguments are those of :func:`minimum_detectable_difference`.
    """
    return _quantile((1 + confidence) / 2, groups) * _standard_error(sd, n, design_effect)
