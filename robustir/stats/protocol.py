"""The paired tests by name, and the smallest p that each can reach."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustir.protocol import TestKind
from robustir.stats.clusters import ClusterSums
from robustir.stats.few_groups import FEW_GROUPS, few_groups_t_test, smallest_p
from robustir.stats.randomisation import SignFlips, cluster_t_test, randomisation_test, signed_rank_test
from robustir.stats.resampling import paired_bootstrap_p

__all__ = [
    "paired_test",
    "reachable_p",
    "t_test",
]

Floats = NDArray[np.float64]


def t_test(clusters: ClusterSums) -> Floats:
    """Two-sided p of the paired t-test by groups, float64 [k]; below twelve groups that for few groups."""
    return (few_groups_t_test if clusters.groups < FEW_GROUPS else cluster_t_test)(clusters)


def paired_test(clusters: ClusterSums, kind: TestKind, *, flips: SignFlips, weights: Floats) -> Floats:
    """Two-sided p of "the estimate is 0" by the test of that name, float64 [k]; never 0.

    NaN where a test is undefined: t with equal groups, and t and bootstrap with a single one. ``weights``: those of the
    bootstrap (:func:`robustir.stats.bootstrap_weights`).
    """
    if kind == "flips":
        return randomisation_test(clusters.contributions, flips)
    if kind == "wilcoxon":
        return signed_rank_test(clusters)
    if kind == "t":
        return np.maximum(t_test(clusters), np.finfo(np.float64).tiny)
    return paired_bootstrap_p(clusters, weights) if clusters.groups > 1 else np.full(len(clusters), np.nan)


def reachable_p(kind: TestKind, groups: int, *, flips: int, resamples: int) -> float:
    """Return the smallest p that a test of so many groups can give, whatever the effect; NaN for t, which has none."""
    if kind == "t":
        return float("nan")
    if kind == "bootstrap":
        return 1.0 / (resamples + 1)
    return smallest_p(groups, flips) if kind == "flips" else 2.0 ** (1 - groups)
