"""Which tests, corrections and intervals there are, and which of them go together."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from robustir.errors import InputError
from robustir.stats.clusters import ClusterSums
from robustir.stats.few_groups import FEW_GROUPS, few_groups_t_test, smallest_p
from robustir.stats.randomisation import SignFlips, cluster_t_test, randomisation_test, signed_rank_test
from robustir.stats.resampling import paired_bootstrap_p

__all__ = [
    "CORRECTIONS",
    "TESTS",
    "Correction",
    "TestKind",
    "check_protocol",
    "correction_of",
    "paired_test",
    "reachable_p",
    "t_test",
]

Floats = NDArray[np.float64]
TestKind = Literal["flips", "t", "bootstrap", "wilcoxon"]
Correction = Literal["max-t", "holm", "bh"]
TESTS: tuple[TestKind, ...] = get_args(TestKind)
CORRECTIONS: tuple[Correction, ...] = get_args(Correction)


def check_protocol(test: str, correction: str | None, *, declared: bool) -> None:
    """Raise InputError unless test and correction exist and go together; declared: whether hypotheses are declared."""
    if test not in TESTS:
        raise InputError(f"test {test!r}: use one of {', '.join(TESTS)}")
    if correction is not None and correction not in CORRECTIONS:
        raise InputError(f"correction {correction!r}: use one of {', '.join(CORRECTIONS)}")
    if correction == "max-t" and test != "flips":
        raise InputError(
            f"correction 'max-t' compares sign flips, which the test {test!r} does not make; use correction = 'holm' with it"
        )
    if correction == "bh" and declared:
        raise InputError(
            "correction 'bh' bounds the share of false claims, not their chance, so it cannot adjust declared hypotheses; "
            "use 'max-t' or 'holm', or declare nothing (exploratory = true in the suite)"
        )
    if correction == "max-t" and not declared:
        raise InputError("correction 'max-t' adjusts declared hypotheses, and nothing is declared; use 'bh' or 'holm'")


def correction_of(test: TestKind, correction: Correction | None, *, declared: bool) -> Correction:
    """Return the correction in use; None: max-T over declared sign flips, Holm over other declared tests, else BH."""
    if correction is not None:
        return correction
    return ("max-t" if test == "flips" else "holm") if declared else "bh"


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
