"""Moments of many strata that share groups: the influences themselves give what the products of pairs of strata give."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from robustir.stats import ClusterSums, bootstrap_weights, interval, log_ratio_interval
from robustir.stats import moments as module
from robustir.stats.moments import Draws, Moments, squares

Floats = NDArray[np.float64]
STRATA, GROUPS = 30, 12


def languages(seed: int, *, apart: bool = False) -> ClusterSums:
    """Return three quantities over thirty languages that share twelve groups, or have groups of their own."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, size=(STRATA, GROUPS)).astype(np.float64)
    counts[:, 0] = 1.0
    sums = counts * rng.uniform(0.2, 1.0, size=(3, STRATA, GROUPS)) / STRATA
    if not apart:
        return ClusterSums(sums, counts)
    wide = np.zeros((STRATA, STRATA * GROUPS))
    own = np.zeros((3, STRATA, STRATA * GROUPS))
    for p in range(STRATA):
        place = slice(p * GROUPS, (p + 1) * GROUPS)
        wide[p, place], own[:, p, place] = counts[p], sums[:, p]
    return ClusterSums(own, wide)


def variance(clusters: ClusterSums, draw: Floats, factors: Floats) -> float:
    """Return the drawn sum of squared influences on ``sum(factor * quantity)`` of one replicate, by the definition."""
    whole = np.zeros(GROUPS)
    for k, factor in enumerate(factors):
        residuals = clusters.residuals()[k]
        for p, counts in enumerate(clusters.counts):
            total = sum(draw * counts)
            deviation = sum(draw * residuals[p]) / total
            whole += factor * (residuals[p] - deviation * counts) / total
    return float(sum(draw * whole**2))


def test_direct_and_expanded_products_agree_and_follow_the_definition() -> None:
    clusters, weights = languages(0), bootstrap_weights(GROUPS, 60, 1)
    direct, expanded = Draws(clusters.counts, weights), Draws(clusters.counts, weights)
    assert direct.direct
    expanded.direct = False
    left, right = Moments(clusters, direct), Moments(clusters, expanded)
    assert left.deviation.tobytes() == right.deviation.tobytes()
    found, other = squares([left]), squares([right])
    assert found == pytest.approx(other, rel=1e-9, nan_ok=True)
    some = [b for b in range(60) if np.isfinite(found[0, b])]
    assert len(some) > 30
    for b in some[:10]:
        assert found[1, b] == pytest.approx(variance(clusters, weights[b], np.array([0.0, 1.0, 0.0])), rel=1e-10)


def test_squares_are_those_of_the_sum_of_influences() -> None:
    clusters, weights = languages(1), bootstrap_weights(GROUPS, 40, 2)
    draws = Draws(clusters.counts, weights)
    parts = [Moments(ClusterSums(clusters.sums[k : k + 1], clusters.counts), draws) for k in range(3)]
    factors = np.random.default_rng(0).standard_normal((3, 40))
    found = squares(parts, list(factors[:, None]))[0]
    some = [b for b in range(40) if np.isfinite(found[b])]
    assert len(some) > 20
    for b in some[:10]:
        assert found[b] == pytest.approx(variance(clusters, weights[b], factors[:, b]), rel=1e-10)


def test_intervals_do_not_depend_on_the_way_or_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    clusters, weights = languages(2), bootstrap_weights(GROUPS, 999, 3)
    above = [ClusterSums(clusters.sums[k : k + 1], clusters.counts) for k in (0, 1)]
    below = [ClusterSums(clusters.sums[k : k + 1], clusters.counts) for k in (1, 2)]

    def limits() -> Floats:
        means, ratio = interval(clusters, weights), log_ratio_interval(above, below, weights)
        return np.concatenate([means.low, means.high, ratio.low, ratio.high])

    found = limits()
    monkeypatch.setattr(module, "_BLOCK", 7 * GROUPS)
    assert limits().tobytes() == found.tobytes()
    monkeypatch.setattr(module, "_DEAR", 0)  # always expanded
    assert limits() == pytest.approx(found, rel=1e-9)
    assert np.isfinite(found).all()


def test_strata_with_groups_of_their_own_stay_expanded() -> None:
    clusters = languages(3, apart=True)
    weights = bootstrap_weights(clusters.counts.shape[1], 20, 0)
    draws = Draws(clusters.counts, weights)
    assert not draws.direct
    assert draws.pairs == [(p, p) for p in range(STRATA)]
    assert not Draws(clusters.counts[:1], weights).direct
