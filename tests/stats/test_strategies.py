"""Seeds and groups resampled together, against an oracle that resamples the raw scores in plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray

from robustir.stats import (
    FEWEST_SEEDS,
    SeedDraws,
    SeededSums,
    bootstrap_weights,
    joint_flips,
    joint_test,
    seed_draws,
    seeded_interval,
    seeded_test,
)
from robustir.stats.clusters import ClusterSums
from robustir.stats.resampling import tail_rank
from robustir.stats.strategies import _replicated

Floats = NDArray[np.float64]
Scores = dict[tuple[int, int, int], list[float]]  # (seed, stratum, group) -> the scores of its rows


def made(seeds: int, strata: int, groups: int, seed: int, centre: float = 0.5) -> Scores:
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 5, (strata, groups))
    of_seed, of_group = rng.normal(0, 0.05, seeds), rng.normal(0, 0.1, groups)
    return {
        (s, p, g): list(centre + of_seed[s] + of_group[g] + rng.normal(0, 0.1, size[p, g]))
        for s in range(seeds)
        for p in range(strata)
        for g in range(groups)
    }


def summed(scores: Scores) -> SeededSums:
    seeds, strata, groups = (max(key[place] for key in scores) + 1 for place in range(3))
    sums, counts = np.zeros((seeds, strata, groups)), np.zeros((strata, groups))
    for (s, p, g), rows in scores.items():
        sums[s, p, g] = sum(rows) / strata  # a macro-average over strata
        counts[p, g] = len(rows)
    return SeededSums(sums, counts)


def drawn(scores: Scores, seeds: list[int], groups: list[int]) -> Scores:
    """Write the resampled data out, every drawn seed and group as one of its own."""
    strata = {p for _, p, _ in scores}
    return {(i, p, j): scores[s, p, g] for i, s in enumerate(seeds) for p in strata for j, g in enumerate(groups)}


def level(scores: Scores, seed: int) -> float:
    """The macro-average over strata of one seed's means per row."""
    strata = sorted({p for _, p, _ in scores})
    means = []
    for p in strata:
        rows = [row for (s, q, _), some in scores.items() if (s, q) == (seed, p) for row in some]
        means.append(sum(rows) / len(rows))
    return sum(means) / len(means)


def oracle(levels: list[Scores], signs: list[float], *, logarithm: bool) -> tuple[float, float]:
    """Return the quantity and its variance: that between seeds, and that between groups, added."""
    seeds = sorted({s for s, _, _ in levels[0]})
    groups = sorted({g for _, _, g in levels[0]})
    strata = sorted({p for _, p, _ in levels[0]})
    means = [sum(level(scores, s) for s in seeds) / len(seeds) for scores in levels]
    slopes = [sign / mean if logarithm else sign for sign, mean in zip(signs, means, strict=True)]
    value = sum(sign * (math.log(mean) if logarithm else mean) for sign, mean in zip(signs, means, strict=True))
    by_seed = [sum(k * level(scores, s) for k, scores in zip(slopes, levels, strict=True)) for s in seeds]
    centre = sum(by_seed) / len(seeds)
    between_seeds = sum((one - centre) ** 2 for one in by_seed) / (len(seeds) - 1) / len(seeds)
    influence = dict.fromkeys(groups, 0.0)
    for k, scores in zip(slopes, levels, strict=True):
        for p in strata:
            rows = sum(len(scores[seeds[0], p, g]) for g in groups)
            for s in seeds:
                mean = sum(sum(scores[s, p, g]) for g in groups) / rows
                for g in groups:
                    part = sum(row - mean for row in scores[s, p, g]) / rows
                    influence[g] += k * part / len(strata) / len(seeds)
    between_groups = len(groups) / (len(groups) - 1) * sum(part**2 for part in influence.values())
    return value, between_seeds + between_groups


@pytest.mark.parametrize("logarithm", [False, True])
def test_replicates_are_the_estimate_and_variance_of_the_data_written_out(logarithm: bool) -> None:
    seeds, strata, groups = 4, 2, 5
    sizes = made(seeds, strata, groups, 0)
    other = {key: [row * 0.7 + 0.02 * key[0] for row in rows] for key, rows in sizes.items()}
    levels, signs = [sizes, other], [1.0, -1.0]
    rng = np.random.default_rng(7)
    for _ in range(10):
        some, more = rng.integers(0, seeds, seeds), rng.integers(0, groups, groups)
        if len(set(more.tolist())) < 2:
            continue
        weights = SeedDraws(
            np.bincount(some, minlength=seeds)[None].astype(float),
            np.bincount(more, minlength=groups)[None].astype(float),
        )
        clusters = [ClusterSums(summed(scores).sums, summed(scores).counts) for scores in levels]
        value, of_seeds, of_groups = _replicated(clusters, signs, weights, logarithm=logarithm)
        variance = of_seeds + of_groups
        written = [drawn(scores, some.tolist(), more.tolist()) for scores in levels]
        assert (value[0], variance[0]) == pytest.approx(oracle(written, signs, logarithm=logarithm), rel=1e-9)


@pytest.mark.parametrize("logarithm", [False, True])
def test_interval_is_the_studentised_one_of_the_replicates(logarithm: bool) -> None:
    a, b = made(6, 2, 7, 1), made(6, 2, 7, 1, centre=0.4)
    signs = [1.0, -1.0]
    draws = seed_draws(6, bootstrap_weights(7, 199, 3), 3)
    found = seeded_interval([summed(a), summed(b)], signs, draws, logarithm=logarithm)
    value, variance = oracle([a, b], signs, logarithm=logarithm)
    assert found.estimate[0] == pytest.approx(value)
    assert found.standard_error[0] == pytest.approx(math.sqrt(variance))
    ratios = []
    for seed_weights, group_weights in zip(draws.seeds, draws.groups, strict=True):
        some = [s for s, count in enumerate(seed_weights) for _ in range(int(count))]
        more = [g for g, count in enumerate(group_weights) for _ in range(int(count))]
        here, spread = oracle([drawn(x, some, more) for x in (a, b)], signs, logarithm=logarithm)
        ratios.append((here - value) / math.sqrt(spread))
    ratios.sort()
    rank = int(tail_rank(199, 0.95))
    assert found.low[0] == pytest.approx(value - ratios[-rank] * math.sqrt(variance))
    assert found.high[0] == pytest.approx(value - ratios[rank - 1] * math.sqrt(variance))


def test_joint_test_counts_flips_of_seeds_and_groups() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(0.02, 0.1, (8, 11)) / 11
    flips = joint_flips(8, 11, 500, 0)
    mean = x.sum() / 8
    hits = 0
    for signs in flips.signs:
        moved = sum(signs[s] * sum(x[s]) for s in range(8)) / 8
        moved += sum(signs[8 + g] * sum(x[:, g]) / 8 for g in range(11))
        hits += abs(moved) >= abs(mean) - 1e-12
    assert joint_test(x, flips) == (hits + 1) / 501


def test_no_difference_at_all_has_a_p_of_one() -> None:
    assert joint_test(np.zeros((8, 5)), joint_flips(8, 5, 99, 0)) == 1.0


def test_a_difference_without_spread_is_bounded_by_the_number_of_seeds() -> None:
    groups, flips = 500, 20_000
    for seeds in (8, 12):
        p = joint_test(np.full((seeds, groups), 1.0 / groups), joint_flips(seeds, groups, flips, 1))
        assert 0.5 * 2.0 ** (1 - seeds) - 3e-4 < p < 8 * 2.0 ** (1 - seeds)


def test_the_test_is_min_f_prime_of_crossed_random_factors() -> None:
    """Against Clark's min F' = MS_effect / (MS_seeds + MS_groups) from two analyses of variance, by hand."""
    rng = np.random.default_rng(2)
    seeds, groups = 8, 11
    cells = 0.05 + rng.normal(0, 0.05, (seeds, 1)) + rng.normal(0, 0.1, groups) + rng.normal(0, 0.05, (seeds, groups))
    by_seed, by_group, mean = cells.mean(axis=1), cells.mean(axis=0), cells.mean()
    f1 = mean**2 / (by_seed.var(ddof=1) / seeds)  # F over seeds, 1 and 7 degrees of freedom
    f2 = mean**2 / (by_group.var(ddof=1) / groups)  # F over groups, 1 and 10
    min_f = f1 * f2 / (f1 + f2)
    freedom = (f1 + f2) ** 2 / (f1**2 / (groups - 1) + f2**2 / (seeds - 1))
    found = seeded_test(SeededSums(cells[:, None], np.ones((1, groups))))
    assert found == pytest.approx(scipy.stats.f.sf(min_f, 1, freedom), rel=1e-9)


def test_degenerate_differences_have_a_p_that_says_so() -> None:
    counts = np.ones((1, 5))
    assert seeded_test(SeededSums(np.zeros((8, 1, 5)), counts)) == 1.0
    assert seeded_test(SeededSums(np.ones((8, 1, 5)), counts)) == 2.0**-7
    assert math.isnan(seeded_test(SeededSums(np.ones((FEWEST_SEEDS - 1, 1, 5)), counts)))
    assert math.isnan(seeded_test(SeededSums(np.ones((8, 1, 1)), np.ones((1, 1)))))
    assert 0 < seeded_test(SeededSums(1e3 + np.eye(8)[:, None, :5] * 1e-3, counts)) < 1e-6


def test_few_seeds_give_no_p() -> None:
    x = np.ones((FEWEST_SEEDS - 1, 30))
    assert math.isnan(joint_test(x, joint_flips(len(x), 30, 99, 0)))


def test_one_seed_gives_no_interval() -> None:
    some = summed(made(1, 2, 7, 1))
    found = seeded_interval([some], [1.0], seed_draws(1, bootstrap_weights(7, 99, 0), 0))
    assert np.isnan([found.low[0], found.high[0]]).all()
    assert found.estimate[0] == pytest.approx(some.by_seed[0])


def test_equal_levels_give_an_interval_without_width() -> None:
    some = summed(made(6, 2, 7, 1))
    found = seeded_interval([some, some], [1.0, -1.0], seed_draws(6, bootstrap_weights(7, 99, 0), 0))
    assert (found.estimate[0], found.low[0], found.high[0]) == (0.0, 0.0, 0.0)


def test_groups_without_rows_do_not_count() -> None:
    some = summed(made(6, 1, 7, 2))
    wide = SeededSums(np.pad(some.sums, ((0, 0), (0, 0), (0, 3))), np.pad(some.counts, ((0, 0), (0, 3))))
    draws = seed_draws(6, bootstrap_weights(10, 99, 0), 0)
    assert seeded_interval([wide], [1.0], draws).standard_error[0] == pytest.approx(
        seeded_interval([some], [1.0], seed_draws(6, bootstrap_weights(7, 99, 0), 0)).standard_error[0]
    )


def test_levels_of_other_rows_are_refused() -> None:
    one, two = summed(made(6, 1, 7, 2)), summed(made(6, 1, 7, 3))
    with pytest.raises(ValueError, match="same seeds, rows and groups"):
        seeded_interval([one, two], [1.0, -1.0], seed_draws(6, bootstrap_weights(7, 99, 0), 0))


@pytest.mark.slow
@pytest.mark.parametrize(("of_seed", "of_group"), [(0.02, 0.05), (0.0, 0.05), (0.02, 0.0)])
def test_coverage_and_size_by_simulation(of_seed: float, of_group: float) -> None:
    """Under a null with 12 seeds and 48 unequal groups the interval covers 0 as stated, and the test keeps its level."""
    trials, seeds, groups = 400, 12, 48
    rng = np.random.default_rng(11)
    counts = np.maximum(1, rng.gamma(4.0, 6.0, groups).round())[None]
    draws = seed_draws(seeds, bootstrap_weights(groups, 199, 0), 0)
    flips = joint_flips(seeds, groups, 499, 0)
    covered = rejected = by_flips = detected = 0
    for _ in range(trials):
        effects = rng.normal(0, of_seed, (seeds, 1)) + rng.normal(0, of_group, groups)
        rest = rng.normal(0, 0.25, (seeds, groups)) / np.sqrt(counts)
        gap = SeededSums(((effects + rest) * counts)[:, None], counts)
        found = seeded_interval([gap], [1.0], draws)
        covered += bool(found.low[0] <= 0 <= found.high[0])
        rejected += seeded_test(gap) <= 0.05
        by_flips += joint_test(gap.contributions, flips) <= 0.05
        variance = of_seed**2 / seeds + of_group**2 / groups + 0.25**2 / counts.sum() / seeds
        shifted = SeededSums(gap.sums + 3 * math.sqrt(variance) * counts, counts)
        detected += seeded_test(shifted) <= 0.05
    print(
        f"seeds {of_seed}, groups {of_group}: covers {covered / trials:.3f}, rejects {rejected / trials:.3f} "
        f"(flips {by_flips / trials:.3f}), finds an effect of three standard errors in {detected / trials:.3f}"
    )
    assert 0.92 < covered / trials < 0.99
    assert 0.01 < rejected / trials <= 0.07
    assert by_flips / trials <= 0.05
    assert detected / trials > 0.6
