"""What a run could show, before it runs: detectable differences from a per-query spread and a design effect."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from robustir.errors import InputError
from robustir.stats.clusters import ClusterSums, standard_errors

__all__ = [
    "design_effects",
    "detectable_difference",
    "family_alpha",
    "interval_half_width",
    "minimum_detectable_difference",
    "power_of",
    "power_within",
    "provable_margin",
]

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


def family_alpha(tests: int, correction: str, alpha: float = 0.05) -> float:
    """Return the level at which one test of a family is judged, if none of the others can be rejected.

    max-t: as if its tests were independent (Sidak 1967), which bounds dependent ones from below; holm: of its first step;
    others do not bound the family's error, so that the level stays.
    """
    if tests < 2 or correction not in {"max-t", "holm"}:
        return alpha
    return -math.expm1(math.log1p(-alpha) / tests) if correction == "max-t" else alpha / tests


def power_of(difference: float, error: float, freedom: float, alpha: float) -> float:
    """Return the power of a two-sided t-test at ``alpha`` for a true difference, from its standard error."""
    from scipy.special import nctdtr, stdtrit

    if not error > 0:
        return 1.0 if difference else 0.0
    critical, shift = float(stdtrit(freedom, 1 - alpha / 2)), abs(difference) / error
    return float(1 - nctdtr(freedom, shift, critical) + nctdtr(freedom, shift, -critical))


def detectable_difference(error: float, freedom: float, alpha: float, power: float = 0.8) -> float:
    """Return the difference that a two-sided t-test at ``alpha`` finds with probability ``power`` (noncentral t)."""
    from scipy.special import nctdtrinc, stdtrit

    return error * float(nctdtrinc(freedom, 1 - power, float(stdtrit(freedom, 1 - alpha / 2))))


def provable_margin(error: float, freedom: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Return the smallest margin within which two one-sided tests show a true difference of 0 with probability ``power``."""
    from scipy.special import stdtrit

    return error * float(stdtrit(freedom, 1 - alpha) + stdtrit(freedom, (1 + power) / 2))


def power_within(margin: float, error: float, freedom: float, alpha: float = 0.05) -> float:
    """Return the probability that two one-sided tests show a true difference of 0 to be within a margin."""
    from scipy.special import stdtr, stdtrit

    if not error > 0:
        return 1.0
    reach = margin / error - float(stdtrit(freedom, 1 - alpha))
    return max(0.0, 2 * float(stdtr(freedom, reach)) - 1)
