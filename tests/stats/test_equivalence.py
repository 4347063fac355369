"""Two one-sided tests against statsmodels, by hand, and in simulations at and within the margin."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.weightstats import ttost_paired

from robustir.stats import (
    ClusterSums,
    beyond_margin,
    cluster_sums,
    linearised_ratio,
    log_ratio_interval,
    moved_reach,
    moved_within,
    t_reach,
    within_margin,
)


def _one_each(values: np.ndarray) -> ClusterSums:
    return cluster_sums(values, np.arange(values.shape[-1]), values.shape[-1])


def test_a_difference_agrees_with_statsmodels() -> None:
    rng = np.random.default_rng(0)
    clean = rng.uniform(0, 1, 60)
    noisy = clean + rng.normal(-0.01, 0.1, 60)
    clusters = _one_each(noisy - clean)
    expected = ttost_paired(noisy, clean, -0.05, 0.05)[0]
    assert within_margin(clusters.estimates, clusters, 0.05)[0] == pytest.approx(expected)
    t = (abs(clusters.estimates[0]) - 0.05, abs(clusters.estimates[0]) + 0.05)
    error = np.std(noisy - clean, ddof=1) / np.sqrt(60)
    assert beyond_margin(clusters.estimates, clusters, 0.05)[0] == pytest.approx(
        sum(scipy_stats.t.sf(np.array(t) / error, 59))
    )


@pytest.mark.parametrize(("groups", "margin"), [(5, 0.12), (40, 0.05)])
def test_the_interval_lies_within_a_margin_if_and_only_if_the_tests_show_it(groups: int, margin: float) -> None:
    clusters = _one_each(np.random.default_rng(7).normal(0.01, 0.1, (500, groups)))
    reach = t_reach(clusters, 0.9)
    if groups == 40:
        low, high = scipy_stats.t.interval(0.9, 39, 0.0, np.std(clusters.sums[:, 0], axis=1, ddof=1) / np.sqrt(40))
        np.testing.assert_allclose([-reach, reach], [low, high])
    inside = (clusters.estimates - reach > -margin) & (clusters.estimates + reach < margin)
    assert 50 < inside.sum() < 450
    np.testing.assert_array_equal(inside, within_margin(clusters.estimates, clusters, margin) < 0.05)


def test_beyond_no_margin_is_the_two_sided_test() -> None:
    clusters = _one_each(np.random.default_rng(1).normal(0.05, 0.2, 40))
    expected = float(np.asarray(scipy_stats.ttest_1samp(clusters.sums[0, 0], 0.0))[1])
    assert beyond_margin(clusters.estimates, clusters, 1e-15)[0] == pytest.approx(expected)


def test_the_error_of_a_ratio_is_that_of_its_logarithm() -> None:
    rng = np.random.default_rng(2)
    clean = rng.uniform(0.4, 1, 50)
    noisy = clean * rng.uniform(0.7, 1.1, 50)
    sides = [_one_each(noisy)], [_one_each(clean)]
    linear = linearised_ratio(*sides)
    assert linear.estimates[0] == pytest.approx(0.0, abs=1e-12)
    error = np.std(noisy / noisy.mean() - clean / clean.mean(), ddof=1) / np.sqrt(50)
    assert log_ratio_interval(*sides, np.ones((2, 50))).standard_error[0] == pytest.approx(error)
    estimate = np.log([noisy.mean() / clean.mean()])
    expected = scipy_stats.t.sf((0.2 - abs(estimate[0])) / error, 49)
    assert within_margin(estimate, linear, 0.2)[0] == pytest.approx(expected)
    assert np.isnan(linearised_ratio([_one_each(np.zeros(50))], [_one_each(clean)]).sums).all()


def test_at_the_margin_equivalence_is_claimed_in_one_case_of_twenty() -> None:
    rng = np.random.default_rng(3)
    sums = rng.normal(0.02, 0.05, (4000, 1, 48))
    clusters = ClusterSums(sums, np.ones((1, 48)))
    claimed = np.mean(within_margin(clusters.estimates, clusters, 0.02) <= 0.05)
    assert claimed == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 4000))
    assert np.mean(beyond_margin(clusters.estimates, clusters, 0.02) <= 0.05) == pytest.approx(
        0.05, abs=4 * np.sqrt(0.05 * 0.95 / 4000)
    )
    inside = ClusterSums(sums - 0.02, clusters.counts)
    assert np.mean(within_margin(inside.estimates, inside, 0.03) <= 0.05) > 0.9


def test_without_spread_nothing_is_tested_and_no_p_is_zero() -> None:
    equal = _one_each(np.full(20, 0.01))
    assert np.isnan(within_margin(equal.estimates, equal, 0.05)).all()
    one = cluster_sums(np.array([0.1, 0.2]), np.zeros(2, dtype=np.intp), 1)
    assert np.isnan(within_margin(one.estimates, one, 0.5)).all()
    tiny = _one_each(np.linspace(0, 1e-9, 20))
    assert 0 < within_margin(tiny.estimates, tiny, 0.05)[0] < 1e-100


def test_few_moved_groups_bound_what_the_mean_can_be() -> None:
    # With 2 of 48 equal groups moved, the p at the limit is half of what the interval leaves out.
    reach = moved_reach(2, 48, 1 / 48, 0.9)
    assert scipy_stats.binom.cdf(2, 48, reach) == pytest.approx(0.05)
    assert moved_within(2, 48, 1 / 48, reach) == pytest.approx(0.05)
    assert moved_reach(2, 48, 1 / 48, 0.9, span=2.0) == pytest.approx(2 * reach)
    assert 0 < moved_within(2, 48, 1 / 48, 2.0) < 1e-100  # beyond what all groups could do
