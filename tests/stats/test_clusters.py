"""Group sums, ratio means and their linearised standard errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from robustir.stats import ClusterSums, cluster_sums, group_codes, standard_errors


def test_group_codes_follow_the_sorted_labels_whatever_the_order() -> None:
    one, two = group_codes(["b", "a", "c", "a"]), group_codes(["a", "c", "a", "b"])
    assert one.labels == two.labels == ("a", "b", "c")
    assert one.codes.tolist() == [1, 0, 2, 0]
    assert two.codes.tolist() == [0, 2, 0, 1]


def test_a_small_case_by_hand() -> None:
    # groups {1, 3} and {5}: mean 3; residual sums (1 - 3) + (3 - 3) = -2 and 5 - 3 = 2
    clusters = cluster_sums(np.array([1.0, 5.0, 3.0]), np.array([0, 1, 0]), 2)
    assert clusters.estimates.tolist() == [3.0]
    assert clusters.residuals()[0, 0].tolist() == [-2.0, 2.0]
    assert standard_errors(clusters)[0] == pytest.approx(math.sqrt(2 * (4 + 4) / 9))


def test_one_query_per_group_gives_the_textbook_standard_error() -> None:
    sample = np.random.default_rng(1).standard_normal(30)
    clusters = cluster_sums(sample, np.arange(30), 30)
    assert standard_errors(clusters)[0] == pytest.approx(scipy_stats.sem(sample), rel=1e-12)


def test_a_macro_average_by_hand() -> None:
    # language one: groups hold (1, 1) and (0); language two: nothing in the first group and (4, 2) in the second
    sums = np.array([[[2.0, 0.0], [0.0, 6.0]]]) / 2
    clusters = ClusterSums(sums, np.array([[2.0, 1.0], [0.0, 2.0]]))
    assert clusters.estimates[0] == pytest.approx((2 / 3 + 3) / 2)
    assert clusters.contributions[0] == pytest.approx([1 / 3, 1.5])
    # language one: mean 2/3, residuals 2 - 4/3 and 0 - 2/3, halved and over 3 rows
    assert clusters.influence()[0] == pytest.approx([1 / 9, -1 / 9])


def test_one_group_has_no_standard_error_and_equal_values_have_none_either() -> None:
    assert np.isnan(standard_errors(cluster_sums(np.array([1.0, 2.0]), np.array([0, 0]), 1))).all()
    values = np.full(10, 0.1)
    assert standard_errors(cluster_sums(values, np.array([0, 1, 1, 2, 2, 2, 3, 3, 3, 3]), 4)).tolist() == [0.0]


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match="must be"):
        ClusterSums(np.zeros((1, 2, 3)), np.zeros((1, 3)))
