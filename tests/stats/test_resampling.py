"""Bootstrap intervals against their definitions, against scipy, and at the edges."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats as scipy_stats

from robustir.errors import InputError
from robustir.protocol import IntervalKind
from robustir.stats import (
    ClusterSums,
    bootstrap_weights,
    cluster_sums,
    interval,
    paired_bootstrap_p,
    replicates,
    standard_errors,
)
from robustir.stats.moments import Draws, Moments, squares

Floats = NDArray[np.float64]


def unbalanced(seed: int, strata: int = 3, groups: int = 9) -> ClusterSums:
    """Several strata with other counts each; the last one lives in few groups."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 6, size=(strata, groups)).astype(np.float64)
    counts[-1, : groups // 2] = 0
    sums = rng.standard_normal((4, strata, groups)) * counts / strata
    return ClusterSums(sums, counts)


def by_definition(clusters: ClusterSums, k: int, draw: Floats) -> tuple[float, float]:
    """Estimate and standard error of one resample, group by group, from the definitions alone."""
    estimate, influence = 0.0, np.zeros(len(draw))
    for sums, counts in zip(clusters.sums[k], clusters.counts, strict=True):
        total = float(draw @ counts)
        if total == 0:
            return float("nan"), float("nan")
        mean = float(draw @ sums) / total
        estimate += mean
        influence += (sums - mean * counts) / total
    groups = clusters.groups
    return estimate, float(np.sqrt(groups / (groups - 1) * (draw @ influence**2)))


def test_weights_count_draws_and_depend_on_the_seed_alone() -> None:
    weights = bootstrap_weights(7, 300, 3)
    assert weights.shape == (300, 7)
    assert (weights.sum(axis=1) == 7).all()
    assert (weights == np.round(weights)).all()
    bootstrap_weights.cache_clear()
    assert (bootstrap_weights(7, 300, 3) == weights).all()
    assert (bootstrap_weights(7, 300, 4) != weights).any()
    # multinomial: mean 1, variance 1 - 1/7
    assert weights.mean(axis=0) == pytest.approx(np.ones(7), abs=0.25)
    assert weights.var() == pytest.approx(6 / 7, abs=0.08)


def test_replicates_and_their_spread_follow_the_definitions() -> None:
    clusters, weights = unbalanced(0), bootstrap_weights(9, 40, 1)
    moments = Moments(clusters, Draws(clusters.counts, weights))
    spread = np.sqrt(clusters.groups / (clusters.groups - 1) * squares([moments]))
    means = replicates(clusters, weights)
    for k in range(len(clusters)):
        for b, draw in enumerate(weights):
            assert (means[k, b], spread[k, b]) == pytest.approx(
                by_definition(clusters, k, draw), abs=1e-12, nan_ok=True
            )


def test_the_studentised_interval_by_definition() -> None:
    clusters, weights = unbalanced(2), bootstrap_weights(9, 199, 5)
    found = interval(clusters, weights, confidence=0.9)
    for k in range(len(clusters)):
        estimate, error = clusters.estimates[k], standard_errors(clusters)[k]
        pairs = [by_definition(clusters, k, draw) for draw in weights]
        t = sorted((mean - estimate) / spread for mean, spread in pairs if not np.isnan(mean))
        rank = int((len(t) + 1) * 0.05)
        assert found.low[k] == pytest.approx(estimate - t[-rank] * error)
        assert found.high[k] == pytest.approx(estimate - t[rank - 1] * error)


def test_the_percentile_interval_by_definition() -> None:
    clusters, weights = unbalanced(3), bootstrap_weights(9, 199, 5)
    found = interval(clusters, weights, confidence=0.9, kind="percentile")
    for k in range(len(clusters)):
        means = sorted(mean for mean, _ in (by_definition(clusters, k, draw) for draw in weights) if not np.isnan(mean))
        rank = int((len(means) + 1) * 0.05)
        assert (found.low[k], found.high[k]) == pytest.approx((means[rank - 1], means[-rank]))


@pytest.mark.parametrize(("kind", "method"), [("percentile", "percentile"), ("bca", "BCa")])
def test_it_agrees_with_scipy_within_monte_carlo_error(kind: IntervalKind, method: str) -> None:
    sample = np.random.default_rng(4).exponential(size=40)
    found = interval(cluster_sums(sample, np.arange(40), 40), bootstrap_weights(40, 20_000, 1), kind=kind)
    other = scipy_stats.bootstrap((sample,), np.mean, n_resamples=20_000, method=method, rng=np.random.default_rng(9))
    # The standard error of a 2.5% quantile from 20,000 replicates is about 0.02 standard errors of the mean.
    tolerance = 0.08 * found.standard_error[0]
    assert found.low[0] == pytest.approx(other.confidence_interval.low, abs=tolerance)
    assert found.high[0] == pytest.approx(other.confidence_interval.high, abs=tolerance)


@pytest.mark.parametrize("kind", ["studentised", "percentile", "bca"])
def test_intervals_move_and_scale_with_the_data(kind: IntervalKind) -> None:
    clusters, weights = unbalanced(6), bootstrap_weights(9, 500, 2)
    found = interval(clusters, weights, kind=kind)
    assert (found.low <= found.estimate).all()
    assert (found.estimate <= found.high).all()
    scaled = interval(ClusterSums(-3 * clusters.sums, clusters.counts), weights, kind=kind)
    assert scaled.low == pytest.approx(-3 * found.high)
    assert scaled.high == pytest.approx(-3 * found.low)
    moved = interval(ClusterSums(clusters.sums + clusters.counts, clusters.counts), weights, kind=kind)
    assert moved.low == pytest.approx(found.low + 3)  # 1 in each of the three strata


@pytest.mark.parametrize("kind", ["studentised", "percentile", "bca"])
def test_equal_groups_have_no_width_and_one_group_has_no_interval(kind: IntervalKind) -> None:
    weights = bootstrap_weights(3, 100, 0)
    found = interval(cluster_sums(np.full((1, 6), 0.3), np.array([0, 0, 1, 1, 1, 2]), 3), weights, kind=kind)
    assert found.low[0] == found.high[0] == found.estimate[0]
    alone = interval(cluster_sums(np.array([0.1, 0.7]), np.array([0, 0]), 1), bootstrap_weights(1, 100, 0), kind=kind)
    assert np.isnan([alone.low[0], alone.high[0]]).all()


def test_where_the_replicates_have_no_spread_the_t_distribution_stands_in() -> None:
    # One group of six differs; a third of the resamples miss it, so the lower limit cannot be studentised.
    values = np.array([-1.0, 0, 0, 0, 0, 0])
    found = interval(cluster_sums(values, np.arange(6), 6), bootstrap_weights(6, 999, 0))
    error = scipy_stats.sem(values)
    assert found.low[0] == pytest.approx(-1 / 6 - scipy_stats.t.ppf(0.975, 5) * error)
    assert -1 / 6 < found.high[0] < 0.2


def test_the_paired_bootstrap_agrees_with_the_t_test_on_well_behaved_data() -> None:
    sample = np.random.default_rng(8).standard_normal(200) + 0.15
    p = paired_bootstrap_p(cluster_sums(sample, np.arange(200), 200), bootstrap_weights(200, 20_000, 1))[0]
    assert p == pytest.approx(scipy_stats.ttest_1samp(sample, 0.0)[1], abs=0.01)


def test_unknown_kinds_are_refused() -> None:
    clusters = cluster_sums(np.arange(4.0), np.arange(4), 4)
    with pytest.raises(InputError, match="percentile"):
        interval(clusters, bootstrap_weights(4, 10, 0), kind="basic")  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(InputError, match="confidence"):
        interval(clusters, bootstrap_weights(4, 10, 0), confidence=95)
