"""Randomisation tests against enumeration by hand, scipy, and their symmetries."""

from __future__ import annotations

import tracemalloc
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from robustir.stats import (
    SignFlips,
    cluster_sums,
    cluster_t_test,
    max_t,
    randomisation,
    randomisation_test,
    sign_flips,
    signed_rank_test,
)


def test_all_flips_by_hand() -> None:
    # |+-1 +-2 +-3| >= 6 happens for 2 of 8 sign vectors; >= 4 for 4 of them (6, 4, -4, -6)
    contributions = np.array([[1.0, 2.0, 3.0], [-1.0, 2.0, 3.0]])
    assert randomisation_test(contributions, sign_flips(3, 100, 0)).tolist() == [2 / 8, 4 / 8]


def test_whole_groups_are_flipped() -> None:
    # Ten queries in two groups: however many queries, two groups cannot reach p < 0.5.
    clusters = cluster_sums(np.ones(10), np.repeat([0, 1], 5), 2)
    assert randomisation_test(clusters.contributions, sign_flips(2, 10_000, 0)).tolist() == [0.5]


def test_complete_flips_agree_with_scipy() -> None:
    sample = np.random.default_rng(2).standard_normal(10) + 0.4
    flips = sign_flips(10, 10_000, 0)
    assert flips.complete
    assert len(flips.signs) == 2**9
    expected = scipy_stats.permutation_test(
        (sample, np.zeros(10)),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
    )
    assert randomisation_test(sample[None], flips)[0] == pytest.approx(expected.pvalue, abs=1e-12)


def test_random_flips_agree_with_scipy_and_the_t_test_within_monte_carlo_error() -> None:
    sample = np.random.default_rng(5).standard_normal(60) + 0.25
    flips = sign_flips(60, 10_000, 1)
    assert not flips.complete
    p = randomisation_test(sample[None], flips)[0]
    other = scipy_stats.permutation_test(
        (sample, np.zeros(60)),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=10_000,
        rng=np.random.default_rng(3),
    )
    assert p == pytest.approx(other.pvalue, abs=4 * np.sqrt(2 * p / 10_000))
    assert p == pytest.approx(scipy_stats.ttest_1samp(sample, 0.0)[1], abs=0.02)


def test_p_is_never_zero() -> None:
    flips = sign_flips(40, 999, 0)
    assert randomisation_test(np.ones((1, 40)), flips)[0] == 1 / 1000
    assert randomisation_test(np.zeros((1, 40)), flips)[0] == 1.0
    assert np.isnan(randomisation_test(np.array([[np.nan] + [1.0] * 39]), flips)).all()


def test_equal_sums_count_as_ties_though_their_floats_differ() -> None:
    # 0.1 + 0.2 and 0.3 differ in the last bit; as scores they are the same number.
    contributions = np.array([[0.1, 0.2, -0.3, 0.6]])
    sums = [
        sum(sign * round(10 * value) for sign, value in zip(signs, contributions[0], strict=True))
        for signs in product((1, -1), repeat=4)
    ]
    expected = np.mean([abs(total) >= 6 for total in sums])
    assert randomisation_test(contributions, sign_flips(4, 100, 0))[0] == expected


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=9), st.integers(0, 1000))
def test_signs_and_order_do_not_matter(values: list[float], seed: int) -> None:
    flips, row = sign_flips(len(values), 1000, 0), np.array([values])
    p = randomisation_test(row, flips)
    assert randomisation_test(-row, flips).tolist() == p.tolist()
    order = np.random.default_rng(seed).permutation(len(values))
    assert randomisation_test(row[:, order], flips).tolist() == p.tolist()
    assert randomisation_test(4 * row, flips).tolist() == p.tolist()
    assert 2 / 2 ** len(values) <= p[0] <= 1


def test_the_t_test_agrees_with_scipy_where_every_query_is_a_group() -> None:
    rng = np.random.default_rng(7)
    clean, noisy = rng.random((3, 25)), rng.random((3, 25))
    clusters = cluster_sums(noisy - clean, np.arange(25), 25)
    assert cluster_t_test(clusters) == pytest.approx(scipy_stats.ttest_rel(noisy, clean, axis=1).pvalue, rel=1e-9)


def test_the_t_test_at_its_edges() -> None:
    clusters = cluster_sums(np.array([[0.0] * 4, [0.5] * 4]), np.array([0, 1, 2, 2]), 3)
    p = cluster_t_test(clusters)
    assert p[0] == 1.0
    assert np.isnan(p[1])
    assert np.isnan(cluster_t_test(cluster_sums(np.array([1.0, 2.0]), np.zeros(2, dtype=np.intp), 1))).all()


def test_the_signed_rank_test_agrees_with_scipy() -> None:
    sample = np.random.default_rng(3).standard_normal(20) + 0.5
    found = signed_rank_test(cluster_sums(np.stack([sample, np.zeros(20)]), np.arange(20), 20))
    assert found[0] == pytest.approx(np.asarray(scipy_stats.wilcoxon(sample))[1])
    assert found[1] == 1.0


def test_thousands_of_ungrouped_queries_fit_into_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    contributions = np.random.default_rng(0).standard_normal((3, 7_000)) / 7_000
    contributions[1] += 3e-6
    tracemalloc.start()
    flips = sign_flips(7_000, 10_000, 5)
    p, adjusted = randomisation_test(contributions, flips), max_t(contributions, flips)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**29  # the signs alone were 534 MiB as float64
    assert (adjusted >= p).all()
    few = SignFlips(flips.signs[:200], complete=False)
    whole = randomisation_test(contributions, few)
    monkeypatch.setattr(randomisation, "_BLOCK", 70_000)  # ten flips at a time
    assert randomisation_test(contributions, few).tolist() == whole.tolist()
