"""What could be detected, against textbook numbers and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from robustir.errors import InputError
from robustir.stats import cluster_sums, design_effects, interval_half_width, minimum_detectable_difference


def test_the_textbook_case() -> None:
    # (1.96 + 0.8416) / sqrt(100) of a standard deviation
    assert minimum_detectable_difference(1.0, 100) == pytest.approx(0.28016, abs=1e-5)
    assert minimum_detectable_difference(0.25, 1190, design_effect=2.2) == pytest.approx(
        2.80159 * 0.25 * math.sqrt(2.2 / 1190), rel=1e-5
    )


def test_few_groups_cost_degrees_of_freedom() -> None:
    quantiles = scipy_stats.t.ppf(0.975, 23) + scipy_stats.t.ppf(0.8, 23)
    assert minimum_detectable_difference(1.0, 100, groups=24) == pytest.approx(quantiles / 10)


def test_the_half_width_that_bounds_an_equivalence_margin() -> None:
    # sd 0.25, design effect 2.2, 1,190 questions: 1.8 points
    assert interval_half_width(0.25, 1190, design_effect=2.2, confidence=0.9) == pytest.approx(0.0177, abs=5e-5)


def test_the_design_effect_by_hand() -> None:
    # Two equal values per group: pairs bring nothing, so the variance doubles (up to the n - 1 of 4 and 8).
    values = np.repeat([1.0, 2.0, 4.0, 7.0], 2)
    clusters = cluster_sums(values, np.repeat(np.arange(4), 2), 4)
    found = design_effects(clusters, np.array([float(np.std(values, ddof=1))]))
    assert found[0] == pytest.approx(2 * 7 / 8 * 4 / 3)
    assert np.isnan(design_effects(clusters, np.zeros(1))).all()


def test_the_stated_power_is_reached() -> None:
    rng, difference = np.random.default_rng(11), minimum_detectable_difference(1.0, 80)
    samples = rng.standard_normal((4000, 80)) + difference
    power = float(np.mean(np.asarray(scipy_stats.ttest_1samp(samples, 0.0, axis=1)[1]) <= 0.05))
    assert power == pytest.approx(0.8, abs=4 * math.sqrt(0.8 * 0.2 / 4000) + 0.01)


@pytest.mark.parametrize(("sd", "n", "effect"), [(-0.1, 10, 1.0), (0.1, 0, 1.0), (0.1, 10, 0.0)])
def test_impossible_input_is_refused(sd: float, n: int, effect: float) -> None:
    with pytest.raises(InputError, match="design effect"):
        minimum_detectable_difference(sd, n, design_effect=effect)
