"""What the module must prove about itself: nominal size, coverage and family-wise error on data clustered like XQuAD-R."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from robustir.stats import (
    ClusterSums,
    bootstrap_weights,
    cluster_sums,
    cluster_t_test,
    holm,
    interval,
    log_ratio_interval,
    max_t,
    minimum_detectable_difference,
    randomisation_test,
    sign_flips,
)

pytestmark = pytest.mark.slow

QUESTIONS, ARTICLES, TRIALS = 1190, 48, 2000
FLIPS = sign_flips(ARTICLES, 2000, 0)


def articles(rng: np.random.Generator) -> NDArray[np.intp]:
    """Unequal articles, as in XQuAD-R: 1,190 questions in 48 of them, from about 10 to about 60."""
    sizes = 8 + rng.multinomial(QUESTIONS - 8 * ARTICLES, rng.dirichlet(np.full(ARTICLES, 3.0)))
    return np.repeat(np.arange(ARTICLES), sizes)


def trials(seed: int, *, clustered: bool, size: int = TRIALS) -> ClusterSums:
    """Differences noisy - clean without a true effect; the article moves them all where ``clustered``."""
    rng = np.random.default_rng(seed)
    codes = articles(rng)
    shared = rng.standard_normal((size, ARTICLES)) * (0.08 if clustered else 0.0)
    return cluster_sums(shared[:, codes] + 0.25 * rng.standard_t(5, (size, QUESTIONS)), codes, ARTICLES)


def within(share: float, nominal: float, size: int, slack: float = 0.0) -> bool:
    """Whether a share lies within three Monte Carlo standard errors of its nominal value."""
    return abs(share - nominal) <= 3 * math.sqrt(nominal * (1 - nominal) / size) + slack


@pytest.mark.parametrize("clustered", [True, False])
@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_the_default_test_rejects_at_its_nominal_rate(clustered: bool, alpha: float) -> None:
    clusters = trials(1, clustered=clustered)
    assert within(float(np.mean(randomisation_test(clusters.contributions, FLIPS) <= alpha)), alpha, TRIALS)
    assert within(float(np.mean(cluster_t_test(clusters) <= alpha)), alpha, TRIALS, slack=0.01)


def test_ignoring_the_articles_would_reject_too_often() -> None:
    rng = np.random.default_rng(1)
    codes = articles(rng)
    shared = rng.standard_normal((400, ARTICLES)) * 0.08
    values = shared[:, codes] + 0.25 * rng.standard_t(5, (400, QUESTIONS))
    naive = randomisation_test(values, sign_flips(QUESTIONS, 500, 0))
    assert np.mean(naive <= 0.05) > 0.15


@pytest.mark.parametrize("clustered", [True, False])
def test_the_studentised_interval_covers_at_its_nominal_rate(clustered: bool) -> None:
    found = interval(trials(2, clustered=clustered), bootstrap_weights(ARTICLES, 1000, 0))
    assert within(float(np.mean((found.low <= 0) & (found.high >= 0))), 0.95, TRIALS, slack=0.005)


def test_the_percentile_interval_covers_less() -> None:
    clusters, weights = trials(2, clustered=True), bootstrap_weights(ARTICLES, 1000, 0)
    studentised, percentile = (interval(clusters, weights, kind=kind) for kind in ("studentised", "percentile"))
    share = float(np.mean((percentile.low <= 0) & (percentile.high >= 0)))
    assert 0.90 <= share < 0.95
    assert np.mean(studentised.high - studentised.low) > np.mean(percentile.high - percentile.low)


def test_log_ratios_cover_at_their_nominal_rate() -> None:
    rng = np.random.default_rng(3)
    size, codes = 1000, articles(rng)
    difficulty = rng.standard_normal((size, ARTICLES)) * 0.05
    clean, noisy = (
        cluster_sums(
            np.clip(level + difficulty[:, codes] + rng.standard_normal((size, QUESTIONS)) * 0.1, 0, 1), codes, ARTICLES
        )
        for level in (0.5, 0.4)
    )
    found = log_ratio_interval([noisy], [clean], bootstrap_weights(ARTICLES, 1000, 0))
    truth = math.log(0.4 / 0.5)  # clipping is symmetric enough at these levels: it moves a mean by less than 1e-4
    assert within(float(np.mean((found.low <= truth) & (found.high >= truth))), 0.95, size, slack=0.01)


@pytest.mark.parametrize("method", ["holm", "max-T"])
def test_the_family_wise_error_stays_at_alpha(method: str) -> None:
    families, tests = 500, 12
    contributions = trials(4, clustered=True, size=families * tests).contributions.reshape(families, tests, ARTICLES)
    any_rejection = [
        (holm(randomisation_test(family, FLIPS)) if method == "holm" else max_t(family, FLIPS)).min() <= 0.05
        for family in contributions
    ]
    assert np.mean(any_rejection) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / families)


def test_the_minimum_detectable_difference_is_detected_four_times_in_five() -> None:
    clusters = trials(5, clustered=True)
    variance = 0.08**2 + 0.25**2 * 5 / 3  # of a question: its article's part and a t with 5 degrees of freedom
    sizes = clusters.counts[0]
    effect = 1 + (np.square(sizes).sum() / QUESTIONS - 1) * 0.08**2 / variance
    difference = minimum_detectable_difference(math.sqrt(variance), QUESTIONS, design_effect=effect, groups=ARTICLES)
    moved = ClusterSums(clusters.sums + difference * clusters.counts, clusters.counts)
    assert within(float(np.mean(randomisation_test(moved.contributions, FLIPS) <= 0.05)), 0.8, TRIALS, slack=0.02)
