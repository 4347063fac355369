"""Each test and each kind of interval against scipy and statsmodels, and the combinations that are refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.regression.linear_model import OLS

from robustir.errors import InputError
from robustir.protocol import TESTS, check_protocol, correction_of
from robustir.protocol import TestKind as Kind  # pytest would collect a name that begins with Test
from robustir.stats import (
    ClusterSums,
    bootstrap_weights,
    cluster_sums,
    interval,
    log_ratio_interval,
    paired_test,
    reachable_p,
    sign_flips,
)
from robustir.stats.resampling import bca_bounds

GROUPS = 40


def _sample(effect: float = 0.3, seed: int = 0) -> ClusterSums:
    values = np.random.default_rng(seed).standard_normal(GROUPS) + effect
    return cluster_sums(values, np.arange(GROUPS), GROUPS)


def _p(clusters: ClusterSums, kind: Kind, resamples: int = 20_000) -> float:
    groups = clusters.counts.shape[1]
    flips, weights = sign_flips(groups, 20_000, 0), bootstrap_weights(groups, resamples, 0)
    return float(paired_test(clusters, kind, flips=flips, weights=weights)[0])


def test_each_test_agrees_with_that_of_scipy() -> None:
    clusters = _sample()
    values = clusters.sums[0, 0]
    assert _p(clusters, "t") == pytest.approx(float(np.asarray(scipy_stats.ttest_1samp(values, 0.0))[1]))
    assert _p(clusters, "wilcoxon") == pytest.approx(float(np.asarray(scipy_stats.wilcoxon(values))[1]))
    permuted = scipy_stats.permutation_test(
        (values, np.zeros(GROUPS)),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=20_000,
        rng=np.random.default_rng(1),
    )
    assert _p(clusters, "flips") == pytest.approx(permuted.pvalue, abs=0.006)
    # The shifted bootstrap: replicates of the mean about the mean, as scipy draws them.
    drawn = scipy_stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(2)
    ).bootstrap_distribution
    expected = np.mean(np.abs(drawn - values.mean()) >= abs(values.mean()))
    assert _p(clusters, "bootstrap") == pytest.approx(expected, abs=0.006)


def test_the_t_test_of_unequal_groups_is_that_of_clustered_errors() -> None:
    rng = np.random.default_rng(4)
    codes = rng.integers(0, GROUPS, 300)
    values = rng.standard_normal(300) + 0.1 + 0.3 * rng.standard_normal(GROUPS)[codes]
    fitted = OLS(values, np.ones(300)).fit()
    errors = {"groups": codes, "use_correction": False, "df_correction": False}
    robust = fitted.get_robustcov_results(cov_type="cluster", **errors)
    error = robust.bse[0] * np.sqrt(GROUPS / (GROUPS - 1))
    expected = 2 * scipy_stats.t.sf(abs(values.mean() / error), GROUPS - 1)
    assert _p(cluster_sums(values, codes, GROUPS), "t") == pytest.approx(expected)


@pytest.mark.parametrize("kind", TESTS)
def test_each_test_has_its_level_where_nothing_differs(kind: Kind) -> None:
    rng = np.random.default_rng(8)
    sums = rng.standard_normal((2000, 1, GROUPS))
    clusters = ClusterSums(sums, np.ones((1, GROUPS)))
    flips, weights = sign_flips(GROUPS, 1000, 0), bootstrap_weights(GROUPS, 1000, 0)
    rejected = float(np.mean(paired_test(clusters, kind, flips=flips, weights=weights) <= 0.05))
    assert rejected == pytest.approx(0.05, abs=0.02)


@pytest.mark.parametrize("kind", TESTS)
def test_no_test_returns_zero_or_fails_on_equal_scores(kind: Kind) -> None:
    for row in (np.zeros(GROUPS), np.full(GROUPS, 0.5), np.linspace(0.99, 1.0, GROUPS)):
        p = _p(cluster_sums(row, np.arange(GROUPS), GROUPS), kind, 200)
        assert np.isnan(p) or 0 < p <= 1
    one = cluster_sums(np.ones(5), np.zeros(5, dtype=np.intp), 1)
    assert not _p(one, kind, 200) < 1


def test_the_smallest_p_that_each_test_can_reach() -> None:
    clusters = _sample(effect=50.0)
    for kind in TESTS:
        groups, resamples = 5, 200
        few = ClusterSums(clusters.sums[:, :, :groups], clusters.counts[:, :groups])
        smallest = reachable_p(kind, groups, flips=20_000, resamples=resamples)
        assert np.isnan(smallest) or _p(few, kind, resamples) == pytest.approx(smallest)


def test_percentile_and_bca_of_a_ratio_agree_with_scipy() -> None:
    rng = np.random.default_rng(3)
    clean = rng.uniform(0.3, 1.0, GROUPS)
    noisy = np.clip(clean - rng.exponential(0.2, GROUPS), 0.0, 1.0)
    codes = np.arange(GROUPS)
    sides = [cluster_sums(noisy, codes, GROUPS)], [cluster_sums(clean, codes, GROUPS)]
    weights = bootstrap_weights(GROUPS, 20_000, 0)

    def log_ratio(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.log(np.mean(x, axis=axis) / np.mean(y, axis=axis))

    found = {}
    for kind, method in (("percentile", "percentile"), ("bca", "BCa")):
        expected = scipy_stats.bootstrap(
            (noisy, clean), log_ratio, paired=True, n_resamples=20_000, method=method, rng=np.random.default_rng(5)
        ).confidence_interval
        found[kind] = log_ratio_interval(*sides, weights, kind=kind)  # type: ignore[arg-type]  # both are kinds
        assert found[kind].low[0] == pytest.approx(expected.low, abs=0.008)
        assert found[kind].high[0] == pytest.approx(expected.high, abs=0.008)
    assert found["percentile"].low[0] != found["bca"].low[0]
    mean = interval(sides[0][0], weights, kind="bca")
    whole = scipy_stats.bootstrap((noisy,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(5))
    assert mean.low[0] == pytest.approx(whole.confidence_interval.low, abs=0.005)


@pytest.mark.parametrize(
    ("test", "correction", "declared", "message"),
    [
        ("wilcoxon", "max-t", True, "compares sign flips"),
        ("t", "max-t", True, "use correction = 'holm'"),
        ("flips", "bh", True, "cannot adjust declared hypotheses"),
        ("flips", "max-t", False, "nothing is declared"),
        ("median", None, True, "use one of flips, t, bootstrap, wilcoxon"),
        ("t", "sidak", True, "use one of max-t, holm, bh"),
    ],
)
def test_combinations_that_do_not_work_are_refused(
    test: str, correction: str | None, declared: bool, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        check_protocol(test, correction, declared=declared)


def test_the_correction_follows_the_test() -> None:
    assert correction_of("flips", None, declared=True) == "max-t"
    assert correction_of("t", None, declared=True) == "holm"
    assert correction_of("flips", None, declared=False) == "bh"
    assert correction_of("flips", "holm", declared=False) == "holm"


def test_bca_where_all_replicates_lie_on_one_side() -> None:
    deviation = -np.linspace(0.1, 0.2, 99)[None]
    low, high = bca_bounds(np.zeros(1), np.ones(1), deviation, np.array([[0.1, 0.2, 0.3]]), 0.95)
    assert (low[0], high[0]) == pytest.approx(
        (-0.1, -0.1)
    )  # the correction is infinite: the replicate nearest the estimate
