"""Few or unequal groups: how many they are worth, what a test over them can reach, and a t-test made for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustir.stats.clusters import ClusterSums, standard_errors
from robustir.stats.rounding import ROUNDING

__all__ = ["FEW_GROUPS", "FEW_WORTH", "effective_groups", "few_groups_t_test", "smallest_p", "t_error", "t_reach"]

Floats = NDArray[np.float64]

FEW_GROUPS = 12  # below: the t-test is that of few groups
FEW_WORTH = 15.0  # effective groups; below, intervals cover less than they say


def _shares(clusters: ClusterSums) -> Floats:
    """Share of the rows that each group holds, the mean over the strata, [g]; groups without rows are left out."""
    shares: Floats = (clusters.counts / clusters.totals[:, None]).mean(axis=0)
    return shares[shares > 0]


def effective_groups(clusters: ClusterSums) -> float:
    """Return how many groups of equal size would be worth as much: ``1 / sum of squared shares of the rows``."""
    return float(1.0 / np.square(_shares(clusters)).sum())


def smallest_p(groups: int, flips: int) -> float:
    """Return the smallest p that sign flips of so many groups can give, alone or as single-step max-T of a family."""
    return 2.0 ** (1 - groups) if groups <= 60 and 2**groups <= flips else 1.0 / (flips + 1)


def _few_groups_error(clusters: ClusterSums) -> tuple[Floats, float]:
    shares = _shares(clusters)
    present = clusters.counts.any(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt((np.square(clusters.influence()[:, present]) / (1 - shares)).sum(axis=1))
        scale = 1 / np.sqrt(1 - shares)
        cross = np.outer(scale, scale) * (np.diag(shares) - np.outer(shares, shares))
        freedom = np.trace(cross) ** 2 / np.square(cross).sum()
    return error, float(freedom)


def t_error(clusters: ClusterSums) -> tuple[Floats, float]:
    """Return the standard errors [k] and degrees of freedom of a t-test by groups; NaN and 0 below two groups.

    Below twelve groups they are those of :func:`few_groups_t_test`.
    """
    if clusters.groups < 2:
        return np.full(len(clusters), np.nan), 0.0
    if clusters.groups < FEW_GROUPS:
        return _few_groups_error(clusters)
    return standard_errors(clusters), float(clusters.groups - 1)


def t_reach(clusters: ClusterSums, confidence: float) -> Floats:
    """Return the half widths of the t-intervals by groups, float64 [k]; NaN below two groups.

    At a confidence of ``1 - 2 * alpha`` the interval lies within a margin if and only if two one-sided tests at ``alpha``
    (:func:`robustir.stats.within_margin`) show it to.
    """
    from scipy.special import stdtrit

    error, freedom = t_error(clusters)
    reach: Floats = error * stdtrit(freedom, (1 + confidence) / 2)
    return reach


def few_groups_t_test(clusters: ClusterSums) -> Floats:
    """Two-sided p of the t-test with CR2 standard error and Satterthwaite degrees of freedom, float64 [k].

    For the mean of a few unequal groups (Bell & McCaffrey 2002): the residual sum of a group with the share h of the rows
    is divided by ``sqrt(1 - h)``, and the degrees of freedom are those of independent rows. With several strata h is the
    mean over them. NaN below two groups and where the groups do not differ; 1 where every difference is 0.
    """
    from scipy.special import stdtr

    if clusters.groups < 2:
        return np.full(len(clusters), np.nan)
    error, freedom = _few_groups_error(clusters)
    estimate = clusters.estimates
    with np.errstate(divide="ignore", invalid="ignore"):
        p: Floats = 2 * stdtr(freedom, -np.abs(estimate / error))
    p[error == 0] = np.where(np.abs(estimate[error == 0]) <= ROUNDING, 1.0, np.nan)
    return p
