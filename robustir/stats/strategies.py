"""Comparing training strategies: seeds and groups of queries are both random, and both are resampled.

A strategy is judged by encoders of several training seeds on the same queries, so that seeds and groups are crossed:
with seed effects a, group effects b and a rest e the variance of a mean over S seeds and G groups is
``var(a)/S + var(b)/G + var(e)/(S G)``. The variance used here, that between the seeds' means plus that between the
groups' means, holds the last part twice: it errs on the safe side, as resampling both factors does (the pigeonhole
bootstrap; Owen 2007, Annals of Applied Statistics 1(2), 386-411).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from robustir.stats.clusters import ClusterSums
from robustir.stats.exact import exact_products
from robustir.stats.randomisation import SignFlips, flipped_sums, signs_of
from robustir.stats.resampling import Interval, generator, studentised_bounds
from robustir.stats.rounding import settled

__all__ = [
    "FEWEST_SEEDS",
    "SeedDraws",
    "SeededSums",
    "joint_flips",
    "joint_test",
    "retention_scores",
    "seed_draws",
    "seeded_interval",
    "seeded_test",
]

Floats = NDArray[np.float64]

FEWEST_SEEDS = 6  # with fewer paired seeds there is no p-value: signs of five give 2 ** -4 = 0.0625 at best
_CELLS = 2**21  # float64 of one block of replicates by strata by groups: 16 MB


@dataclass(frozen=True, slots=True)
class SeededSums:
    """A quantity measured with every seed on the same rows.

    A seed's value is a sum over strata of ratio means, as in :class:`ClusterSums`; the quantity is the mean over the
    seeds.

    Args:
        sums: float64 [s, p, g], sums of the scores per seed, stratum and group.
        counts: float64 [p, g], the numbers of rows in these sums, the same for every seed.
    """

    sums: Floats
    counts: Floats

    def __post_init__(self) -> None:
        if self.sums.ndim != 3 or self.counts.shape != self.sums.shape[1:]:
            raise ValueError(f"sums {self.sums.shape} must be [s, p, g] and counts {self.counts.shape} [p, g]")

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return len(self.sums)

    @property
    def by_seed(self) -> Floats:
        """The quantity with each seed, float64 [s]."""
        return ClusterSums(self.sums, self.counts).estimates

    @property
    def contributions(self) -> Floats:
        """The share of each group in each seed's value, float64 [s, g]."""
        return ClusterSums(self.sums, self.counts).contributions


@dataclass(frozen=True, slots=True)
class SeedDraws:
    """How often a replicate draws every seed, float64 [b, s], and every group, float64 [b, g]."""

    seeds: Floats
    groups: Floats

    def blocks(self, size: int) -> Iterator[SeedDraws]:
        """Yield the replicates, ``size`` at a time."""
        for start in range(0, len(self.seeds), size):
            rows = slice(start, start + size)
            yield SeedDraws(self.seeds[rows], self.groups[rows])


def seed_draws(seeds: int, group_weights: Floats, seed: int) -> SeedDraws:
    """Draw seeds with replacement, beside the groups' weights [b, g] (:func:`robustir.stats.bootstrap_weights`)."""
    count = len(group_weights)
    drawn = generator(seed, "bootstrap of seeds", seeds).integers(0, seeds, size=(count, seeds))
    flat = (drawn + np.arange(count)[:, None] * seeds).ravel()
    return SeedDraws(np.bincount(flat, minlength=count * seeds).reshape(count, seeds).astype(np.float64), group_weights)


def seeded_interval(
    levels: Sequence[SeededSums],
    signs: Sequence[float],
    draws: SeedDraws,
    *,
    confidence: float = 0.95,
    logarithm: bool = False,
) -> Interval:
    """Return a studentised interval of ``sum_j signs_j level_j``, or of the same sum of logarithms; arrays are [1].

    Each level is the mean over seeds of ``levels[j]``; all have the same seeds, rows and groups. Seeds and groups are
    drawn with replacement, independently; the variance, in the data and in every replicate, is that of the seeds' values
    plus that of the groups' linearised contributions. Limits are NaN with fewer than two seeds or groups, or if a
    logarithm is undefined; replicates with an undefined logarithm are left out.
    """
    if len({(level.sums.shape, level.counts.tobytes()) for level in levels}) != 1:
        raise ValueError("the levels of one comparison need the same seeds, rows and groups")
    used = levels[0].counts.any(axis=0)
    counts = levels[0].counts[:, used]
    groups, seeds = int(used.sum()), levels[0].seeds
    clusters = [ClusterSums(level.sums[:, :, used], counts) for level in levels]
    once = SeedDraws(np.ones((1, seeds)), np.ones((1, groups)))
    estimate, between_seeds, between_groups = _replicated(clusters, signs, once, logarithm=logarithm)
    variance = between_seeds + between_groups
    if seeds < 2 or groups < 2:
        undefined = np.full(1, np.nan)
        return Interval(estimate, undefined, undefined, undefined)
    error = np.sqrt(variance)
    if not error[0] > 0:
        return Interval(estimate, error, *(np.where(error == 0, estimate, np.nan) for _ in range(2)))
    size = max(1, _CELLS // counts.size)
    drawn = SeedDraws(draws.seeds, draws.groups[:, used])
    blocks = [_replicated(clusters, signs, block, logarithm=logarithm) for block in drawn.blocks(size)]
    values, of_seeds, of_groups = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    variances = of_seeds + of_groups
    variances[variances < 1e-12 * variance] = 0.0
    low, high = studentised_bounds(
        estimate, error, values[None] - estimate[:, None], variances[None], min(seeds, groups), confidence
    )
    return Interval(estimate, error, low, high)


def _replicated(
    levels: Sequence[ClusterSums], signs: Sequence[float], draws: SeedDraws, *, logarithm: bool
) -> tuple[Floats, Floats, Floats]:
    """Return the quantity and its variance between seeds and between groups in every replicate, float64 [b] each.

    The columns of levels are seeds.
    """
    counts, seeds, groups = levels[0].counts, len(levels[0]), levels[0].groups
    bound = float(draws.groups.sum(axis=1).max())
    totals = exact_products(counts, draws.groups, bound).T  # [b, p]
    totals[totals == 0] = np.nan
    of_seeds, slopes, influence = [], [], np.zeros((len(draws.seeds), len(counts), counts.shape[1]))
    value = np.zeros(len(draws.seeds))
    for level, sign in zip(levels, signs, strict=True):
        residuals = level.residuals()
        drift = exact_products(residuals.reshape(-1, residuals.shape[2]), draws.groups, bound)
        drift = drift.reshape(seeds, len(counts), -1).transpose(2, 0, 1) / totals[:, None]  # [b, s, p]
        by_seed = (level.stratum_means[None] + drift).sum(axis=2)
        mean = (draws.seeds * by_seed).sum(axis=1) / seeds
        if logarithm:
            mean = np.where(mean > 0, mean, np.nan)
            value = value + sign * np.log(mean)
        else:
            value = value + sign * mean
        slope = sign / mean if logarithm else np.full_like(mean, sign)
        of_seeds.append(by_seed)
        slopes.append(slope)
        mixed = exact_products(residuals.reshape(seeds, -1).T, draws.seeds, float(seeds))
        mixed = mixed.reshape(len(counts), -1, len(draws.seeds)).transpose(2, 0, 1)
        shift = (draws.seeds[:, :, None] * drift).sum(axis=1)  # [b, p]
        influence += slope[:, None, None] * (mixed - shift[:, :, None] * counts) / seeds
    influence /= totals[:, :, None]
    of_groups = (draws.groups * np.square(influence.sum(axis=1))).sum(axis=1) * groups / max(groups - 1, 1)
    joined = np.sum([slope[:, None] * part for slope, part in zip(slopes, of_seeds, strict=True)], axis=0)
    centre = (draws.seeds * joined).sum(axis=1, keepdims=True) / seeds
    of_seed = (draws.seeds * np.square(joined - centre)).sum(axis=1) / (seeds * max(seeds - 1, 1))
    return value, of_seed, of_groups


def seeded_test(difference: SeededSums) -> float:
    """Two-sided p of "the two strategies do not differ"; NaN with fewer than 6 seeds or 2 groups.

    Seeds and groups are crossed random factors, so the mean difference D is judged by the variance of
    :func:`seeded_interval`, V_S between seeds plus V_G between groups, with Satterthwaite's degrees of freedom (the
    quasi-F min F' of Clark 1973, Journal of Verbal Learning and Verbal Behavior 12, 335-359):
    ``p = 2 P(t_nu > |D| / sqrt(V_S + V_G))``, ``nu = (V_S + V_G)^2 / (V_S^2 / (S - 1) + V_G^2 / (G - 1))``.
    The residual, which varies with both, counts twice: if it is large, the test errs on the safe side.
    A difference without any spread gets the smallest p that signs of S seeds can give, ``2 ** (1 - S)``.
    """
    from scipy.stats import t

    used = difference.counts.any(axis=0)
    seeds, groups = difference.seeds, int(used.sum())
    if seeds < FEWEST_SEEDS or groups < 2:
        return float("nan")
    clusters = [ClusterSums(difference.sums[:, :, used], difference.counts[:, used])]
    once = SeedDraws(np.ones((1, seeds)), np.ones((1, groups)))
    estimate, of_seeds, of_groups = (float(part[0]) for part in _replicated(clusters, [1.0], once, logarithm=False))
    variance = of_seeds + of_groups
    if math.isnan(estimate) or not estimate:
        return 1.0 if estimate == 0 else float("nan")
    if not variance > 0:
        return 2.0 ** (1 - seeds)
    freedom = variance**2 / (of_seeds**2 / (seeds - 1) + of_groups**2 / (groups - 1))
    return max(float(2 * t.sf(abs(estimate) / math.sqrt(variance), freedom)), np.finfo(np.float64).tiny)


def retention_scores(levels: Sequence[SeededSums]) -> SeededSums:
    """Return sums whose mean is the difference of two retentions, for :func:`seeded_test`.

    levels: noisy A, clean A, noisy B, clean B. With r the mean of both retentions they are ``(noisy - r clean) / mean
    clean`` of A minus those of B, as :func:`robustir.stats.retention_contributions`; NaN where a clean mean is not above 0.
    """
    means = [float(level.by_seed.mean()) for level in levels]
    if not (means[1] > 0 and means[3] > 0):
        return SeededSums(np.full_like(levels[0].sums, np.nan), levels[0].counts)
    share = (means[0] / means[1] + means[2] / means[3]) / 2
    scores = [
        (noisy.sums - share * clean.sums) / mean
        for noisy, clean, mean in ((levels[0], levels[1], means[1]), (levels[2], levels[3], means[3]))
    ]
    return SeededSums(settled(scores[0] - scores[1]), levels[0].counts)


@lru_cache(maxsize=16)
def joint_flips(seeds: int, groups: int, flips: int, seed: int) -> SignFlips:
    """Return random signs for seeds and groups, int8 [flips, seeds + groups]."""
    drawn = generator(seed, "joint sign flips", seeds, groups).integers(
        0, 2, size=(flips, seeds + groups), dtype=np.int8
    )
    signs = signs_of(drawn)
    signs.flags.writeable = False
    return SignFlips(signs, complete=False)


def joint_test(contributions: Floats, flips: SignFlips) -> float:
    """Two-sided p of "the two strategies do not differ", from contributions [s, g] of a difference; NaN below 6 seeds.

    The observed mean is compared with ``T* = mean_s(e_s x_s.) + sum_g(d_g x_.g)``: x_s. is a seed's difference, x_.g a
    group's contribution to the mean over seeds, e and d are independent random signs; ``p = (b + 1) / (B + 1)``. With
    the groups' part alone this would be the exact test of these queries' groups for these encoders (the labels of a
    group's scores are exchangeable), with the seeds' part alone the exact test of these queries for new seeds (the
    labels of a pair of trainings are). Both together are an approximation by moments: under the hypothesis T* has the
    variance ``var(a)/S + var(b)/G + 2 var(e)/(S G)``, up to factors of 1 + 1/S and 1 + 1/G, which is that of the observed
    mean and more; and as every seed's difference holds the observed mean, T* spreads more where that is large. So the
    test is conservative: in simulations with 12 seeds and 48 groups it rejects 1 to 2% at the 5% level
    (``pytest -m slow tests/stats/test_strategies.py -s``), so it is used beside
    :func:`seeded_test` as a check. However large a difference is, p stays above about half of
    the 2 in 2 ** S sign vectors of the seeds that leave it as it is.
    """
    seeds, groups = contributions.shape
    if seeds < FEWEST_SEEDS or groups < 2:
        return float("nan")
    both = np.concatenate([contributions.sum(axis=1) / seeds, contributions.mean(axis=0)])[None]
    flipped, observed, tolerance = flipped_sums(both, flips.signs)
    hits = int(np.count_nonzero(flipped >= observed[:, None] / 2 - tolerance[:, None]))  # both parts hold the mean once
    return (hits + 1) / (len(flips.signs) + 1)
