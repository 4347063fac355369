"""What could be detected, against textbook numbers and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from robustir.errors import InputError
from robustir.stats import (
    ClusterSums,
    cluster_sums,
    design_effects,
    detectable_difference,
    family_alpha,
    holm,
    interval_half_width,
    max_t,
    minimum_detectable_difference,
    power_of,
    power_within,
    provable_margin,
    sign_flips,
    within_margin,
)


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


def test_power_agrees_with_the_noncentral_t() -> None:
    for freedom, alpha in ((5, 0.05), (24, 0.05 / 90), (47, 0.05)):
        difference = detectable_difference(0.02, freedom, alpha)
        critical = scipy_stats.t.ppf(1 - alpha / 2, freedom)
        assert scipy_stats.nct(freedom, difference / 0.02).sf(critical) == pytest.approx(0.8, abs=1e-6)
        assert power_of(difference, 0.02, freedom, alpha) == pytest.approx(0.8, abs=1e-6)
    assert power_of(0.0, 0.02, 47, 0.05) == pytest.approx(0.05)
    assert (power_of(0.1, 0.0, 47, 0.05), power_of(0.0, 0.0, 47, 0.05)) == (1.0, 0.0)


def test_an_effect_that_one_test_detects_is_mostly_missed_in_a_family_of_ninety() -> None:
    alone = detectable_difference(1.0, 1000, 0.05)
    assert power_of(alone, 1.0, 1000, family_alpha(90, "max-t")) == pytest.approx(0.26, abs=0.01)
    assert power_of(detectable_difference(1.0, 47, 0.05), 1.0, 47, family_alpha(90, "holm")) == pytest.approx(
        0.22, abs=0.02
    )
    assert family_alpha(90, "bh") == family_alpha(1, "holm") == 0.05


def _rejected(correction: str, difference: float, correlation: float, trials: int = 400) -> float:
    """Return how often the one effect in a family of 90 is found, over 48 groups of normal differences."""
    rng, flips = np.random.default_rng(12), sign_flips(48, 4000, 0)
    found = 0
    for _ in range(trials):
        shared, own = rng.standard_normal((1, 48)), rng.standard_normal((90, 48))
        family = math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own
        family[0] += difference / math.sqrt(48)
        p = (
            max_t(family, flips)
            if correction == "max-t"
            else holm(np.asarray(scipy_stats.ttest_1samp(family, 0, axis=1)[1]))
        )
        found += bool(p[0] <= 0.05)
    return found / trials


@pytest.mark.slow
@pytest.mark.parametrize("correction", ["max-t", "holm"])
def test_the_declared_family_has_the_stated_power(correction: str) -> None:
    alpha = family_alpha(90, correction)
    stated = detectable_difference(1.0, 47, alpha)
    error = 4 * math.sqrt(0.8 * 0.2 / 400)
    assert _rejected(correction, stated, 0.0) == pytest.approx(0.8, abs=error + 0.02)
    alone = detectable_difference(1.0, 47, 0.05)
    assert _rejected(correction, alone, 0.0) == pytest.approx(power_of(alone, 1.0, 47, alpha), abs=error + 0.02)
    if correction == "max-t":  # dependence helps, so that the stated power is reached in any case
        assert _rejected(correction, stated, 0.8) > 0.8


def test_the_smallest_provable_margin_is_proven_four_times_in_five() -> None:
    rng = np.random.default_rng(9)
    clusters = ClusterSums(rng.standard_normal((4000, 1, 48)), np.ones((1, 48)))
    margin = provable_margin(1 / math.sqrt(48), 47)
    assert power_within(margin, 1 / math.sqrt(48), 47) == pytest.approx(0.8)
    assert power_within(margin / 3, 1 / math.sqrt(48), 47) == 0.0
    shown = np.mean(within_margin(clusters.estimates, clusters, margin) <= 0.05)
    assert shown == pytest.approx(0.8, abs=4 * math.sqrt(0.8 * 0.2 / 4000) + 0.015)
