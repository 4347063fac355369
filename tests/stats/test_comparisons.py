"""Log ratios of retentions by their definition, and the test of equal retention."""

from __future__ import annotations

import numpy as np
import pytest

from robustir.stats import (
    ClusterSums,
    Interval,
    bootstrap_weights,
    difference,
    log_ratio_interval,
    randomisation_test,
    retention_contributions,
    sign_flips,
)


def four(seed: int, strata: int) -> list[ClusterSums]:
    """Means of two encoders, noisy and clean, over the same unequal rows."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(2, 7, size=(strata, 8)).astype(np.float64)
    means = rng.uniform(0.2, 0.9, size=(4, 3, strata, 8))
    return [ClusterSums(mean * counts / strata, counts) for mean in means]


@pytest.mark.parametrize("strata", [1, 3])
def test_the_interval_by_definition(strata: int) -> None:
    noisy_a, clean_a, noisy_b, clean_b = four(strata, strata)
    weights = bootstrap_weights(8, 199, 2)
    found = log_ratio_interval([noisy_a, clean_b], [clean_a, noisy_b], weights, confidence=0.9)
    signs = (1, -1, -1, 1)

    def once(k: int, draw: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, float]:
        value, influence = 0.0, np.zeros(8)
        for sign, part in zip(signs, (noisy_a, clean_a, noisy_b, clean_b), strict=True):
            mean, own = 0.0, np.zeros(8)
            for sums, counts in zip(part.sums[k], part.counts, strict=True):
                total = draw @ counts
                mean += (draw @ sums) / total
                own += (sums - (draw @ sums) / total * counts) / total
            value += sign * np.log(mean)
            influence += sign * own / mean
        return value, float(np.sqrt(8 / 7 * (draw @ influence**2)))

    for k in range(3):
        estimate, error = once(k, np.ones(8))
        assert (found.estimate[k], found.standard_error[k]) == pytest.approx((estimate, error))
        t = sorted((value - estimate) / spread for value, spread in (once(k, draw) for draw in weights))
        assert found.low[k] == pytest.approx(estimate - t[-10] * error)
        assert found.high[k] == pytest.approx(estimate - t[9] * error)


def assert_exactly_zero(found: Interval) -> None:
    for column in (found.estimate, found.standard_error, found.low, found.high):
        assert (column == 0).all()


@pytest.mark.parametrize("strata", [1, 3])
def test_equal_encoders_have_a_ratio_of_exactly_one(strata: int) -> None:
    weights = bootstrap_weights(8, 99, 0)
    for seed in range(200):
        noisy, clean, *_ = four(seed, strata)
        assert_exactly_zero(log_ratio_interval([noisy, clean], [clean, noisy], weights))


@pytest.mark.parametrize("strata", [1, 3])
def test_noise_that_does_nothing_has_a_ratio_of_exactly_one(strata: int) -> None:
    weights = bootstrap_weights(8, 99, 0)
    for seed in range(200):
        a, b, *_ = four(seed, strata)
        found = log_ratio_interval([a, b], [a, b], weights)
        assert_exactly_zero(found)


def test_a_ratio_needs_as_many_means_below_as_above() -> None:
    a, b, *_ = four(1, 1)
    with pytest.raises(ValueError, match="1 means above and 2 below"):
        log_ratio_interval([a], [a, b], bootstrap_weights(8, 50, 0))


def test_scores_of_zero_have_no_ratio() -> None:
    counts = np.full((1, 4), 3.0)
    zero, one = ClusterSums(np.zeros((1, 1, 4)), counts), ClusterSums(np.arange(4.0)[None, None], counts)
    found = log_ratio_interval([zero], [one], bootstrap_weights(4, 50, 0))
    assert np.isnan([found.estimate[0], found.low[0], found.high[0]]).all()


def test_one_group_has_an_estimate_without_an_interval() -> None:
    counts = np.array([[4.0]])
    half, whole = ClusterSums(np.array([[[2.0]]]), counts), ClusterSums(np.array([[[4.0]]]), counts)
    found = log_ratio_interval([half], [whole], bootstrap_weights(1, 50, 0))
    assert found.estimate[0] == pytest.approx(np.log(0.5))
    assert np.isnan([found.low[0], found.high[0]]).all()


def test_the_difference_in_differences_of_sums() -> None:
    noisy_a, clean_a, *_ = four(3, 1)
    assert difference(noisy_a, clean_a).estimates == pytest.approx(noisy_a.estimates - clean_a.estimates)


def test_the_retention_test_sees_the_share_and_not_the_level() -> None:
    """B loses half of a small score, A a tenth of a large one: both lose 0.1, only the shares differ."""
    rng = np.random.default_rng(0)
    counts = np.full((1, 40), 20.0)

    def level(mean: float, spread: float = 0.01) -> ClusterSums:
        return ClusterSums(20 * (mean + spread * rng.standard_normal((1, 1, 40))), counts)

    flips = sign_flips(40, 4000, 0)
    clean_a, clean_b = level(1.0), level(0.2)
    noisy_a, noisy_b = (
        ClusterSums(part.sums - 20 * (0.1 + 0.02 * rng.standard_normal(part.sums.shape)), counts)
        for part in (clean_a, clean_b)
    )
    shares = retention_contributions([noisy_a, clean_a, noisy_b, clean_b])
    kept = [noisy_a.estimates[0] / clean_a.estimates[0], noisy_b.estimates[0] / clean_b.estimates[0]]
    assert shares.sum() == pytest.approx(kept[0] - kept[1])
    assert randomisation_test(shares, flips)[0] == pytest.approx(1 / 4001)
    loss = difference(difference(noisy_a, clean_a), difference(noisy_b, clean_b))
    assert randomisation_test(loss.contributions, flips)[0] > 0.05


def test_the_retention_test_is_defined_where_nothing_is_kept() -> None:
    counts = np.full((1, 20), 5.0)
    some = ClusterSums(np.linspace(1, 2, 20)[None, None], counts)
    none = ClusterSums(np.zeros((1, 1, 20)), counts)
    flips = sign_flips(20, 999, 0)
    assert randomisation_test(retention_contributions([some, some, none, some]), flips)[0] == pytest.approx(0.001)
    assert np.isnan(retention_contributions([some, some, none, none])).all()


@pytest.mark.slow
def test_the_retention_test_has_its_size(capsys: pytest.CaptureFixture[str]) -> None:
    """Two encoders of different levels keep the same share, clustered like XQuAD-R's articles."""
    rng = np.random.default_rng(1)
    sizes = rng.integers(5, 60, 48).astype(np.float64)
    flips = sign_flips(48, 999, 0)
    p = []
    for _ in range(1000):
        article = rng.standard_normal(48)
        levels = []
        for clean in (0.8, 0.4):
            base = clean + 0.1 * article + 0.3 * rng.standard_normal(48) / np.sqrt(sizes)
            kept = 0.7 + 0.05 * rng.standard_normal(48) + 0.3 * rng.standard_normal(48) / np.sqrt(sizes)
            levels += [ClusterSums((level * sizes)[None, None], sizes[None]) for level in (base * kept, base)]
        p.append(randomisation_test(retention_contributions(levels), flips)[0])
    rejected = float(np.mean(np.array(p) <= 0.05))
    with capsys.disabled():
        print(f"retention test under its null: {rejected:.3f} rejected at 0.05")
    assert 0.03 < rejected < 0.07
