"""The experiments behind the calibration page: each returns its rates, with what fails beside what holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.estimator import few_moved
from robustir.protocol import IntervalKind
from robustir.stats import (
    ClusterSums,
    SeededSums,
    bootstrap_weights,
    cluster_t_test,
    detectable_difference,
    family_alpha,
    few_groups_t_test,
    holm,
    interval,
    joint_flips,
    joint_test,
    max_t,
    paired_test,
    randomisation_test,
    seed_draws,
    seeded_interval,
    seeded_test,
    sign_flips,
)
from tests.stats.calibration.equivalence import claims_of_equivalence
from tests.stats.calibration.rates import Rate, rate
from tests.stats.calibration.verdicts import verdicts_in_nulls
from tests.stats.calibration.worlds import (
    ARTICLES,
    articles,
    changes,
    few_moved_changes,
    normal_changes,
    summed,
)

__all__ = ["EXPERIMENTS"]

Floats = NDArray[np.float64]
ALPHA, COVERED = 0.05, 0.95
FLIPS, RESAMPLES = 1999, 999


def _covered(clusters: ClusterSums, truth: float, kind: IntervalKind = "studentised") -> NDArray[np.bool_]:
    found = interval(clusters, bootstrap_weights(clusters.counts.shape[1], RESAMPLES, 0), kind=kind)
    return np.asarray((found.low <= truth) & (truth <= found.high))


def _flips(clusters: ClusterSums) -> Floats:
    groups = clusters.counts.shape[1]
    return paired_test(clusters, "flips", flips=sign_flips(groups, FLIPS, 0), weights=np.empty((0, groups)))


def ranks(trials: int) -> Iterator[Rate]:
    """Tests and intervals on reciprocal ranks."""
    section = "Discrete ranks: 1,190 questions of 48 unequal articles"
    rng = np.random.default_rng(1)
    codes = articles(rng)
    values = changes(rng, trials, codes)
    clusters = summed(values, codes)
    flips, weights = sign_flips(ARTICLES, FLIPS, 0), bootstrap_weights(ARTICLES, RESAMPLES, 0)
    for kind, slack in (("flips", 0.0), ("t", 0.005), ("wilcoxon", 0.005), ("bootstrap", 0.015)):
        p = paired_test(clusters, kind, flips=flips, weights=weights)  # type: ignore[arg-type]  # a literal of the four
        yield rate(section, f"test `{kind}` rejects at 5%, nothing lost", ALPHA, p <= ALPHA, slack=slack)
    alone = ClusterSums(values[:, None], np.ones((1, values.shape[1])))
    yield rate(section, "t-test that ignores the articles", ALPHA, cluster_t_test(alone) <= ALPHA, relation="fails")
    lost = summed(changes(rng, trials, codes, loss=0.5), codes)
    truth = float(lost.estimates.mean())
    for name, some, mean in (("nothing lost", clusters, 0.0), ("a loss", lost, truth)):
        yield rate(section, f"studentised 95% interval covers, {name}", COVERED, _covered(some, mean), slack=0.005)
        for kind in ("percentile", "bca"):
            hits = _covered(some, mean, kind)  # type: ignore[arg-type]  # a literal of the two
            yield rate(section, f"{kind} interval covers, {name}", COVERED, hits, relation="fails")


def numbers_of_groups(trials: int) -> Iterator[Rate]:
    """Few groups, about 25 questions each."""
    section = "5, 10, 20 and 48 unequal groups"
    for groups in (5, 10, 20, 48):
        rng = np.random.default_rng(groups)
        codes = articles(rng, groups, 25 * groups)
        clusters = summed(changes(rng, trials, codes), codes)
        flips = _flips(clusters) <= ALPHA
        yield rate(
            section, f"{groups} groups: flips reject at 5%", ALPHA, flips, relation="=" if groups > 5 else "fails"
        )
        small = groups < 12
        t_test = few_groups_t_test if small else cluster_t_test
        name = "t-test with CR2" if small else "t-test"
        yield rate(section, f"{groups} groups: {name}", ALPHA, t_test(clusters) <= ALPHA, relation="<=", slack=0.015)
        covered = _covered(clusters, 0.0)
        yield rate(
            section, f"{groups} groups: studentised 95% interval covers", COVERED, covered,
            relation=">=" if groups > 5 else "fails", slack=0.015,
        )  # fmt: skip
        percentile = _covered(clusters, 0.0, "percentile")
        yield rate(section, f"{groups} groups: percentile interval covers", COVERED, percentile, relation="fails")


def a_dominant_group(trials: int) -> Iterator[Rate]:
    """One group that holds half of the questions."""
    section = "One group with half of the questions"
    for groups in (6, 48):
        rng = np.random.default_rng(100 + groups)
        codes = articles(rng, groups, QUESTIONS_BY_GROUPS[groups], dominant=0.5)
        clusters = summed(changes(rng, trials, codes), codes)
        what = f"{groups} groups, worth {1 / np.square(clusters.counts / clusters.counts.sum()).sum():.1f} equal ones"
        yield rate(section, f"{what}: flips reject at 5%", ALPHA, _flips(clusters) <= ALPHA, relation="<=", slack=0.01)
        few = few_groups_t_test(clusters) <= ALPHA
        yield rate(section, f"{what}: t-test with CR2", ALPHA, few, relation="<=", slack=0.03)
        yield rate(section, f"{what}: usual t-test", ALPHA, cluster_t_test(clusters) <= ALPHA, relation="fails")
        yield rate(
            section, f"{what}: studentised 95% interval covers", COVERED, _covered(clusters, 0.0), relation="fails"
        )


QUESTIONS_BY_GROUPS = {6: 150, 48: 1190}


def few_questions_moved(trials: int) -> Iterator[Rate]:
    """Losses of very few questions: an interval is given only if enough groups moved."""
    section = "Few questions moved"
    for share in (0.02, 0.006, 0.003, 0.001):
        rng = np.random.default_rng(round(1e4 * share))
        codes = articles(rng)
        values, truth = few_moved_changes(rng, trials, codes, share)
        clusters = summed(values, codes)
        covered = _covered(clusters, truth)
        moved = np.count_nonzero(clusters.sums[:, 0], axis=1).astype(np.float64)
        given = ~few_moved(moved, float(ARTICLES)) & (moved > 0)
        what = f"{100 * share:g}% moved"
        yield rate(section, f"{what}: interval for every trial covers", COVERED, covered, relation="fails")
        yield rate(section, f"{what}: an interval is given", 1.0, given, relation="fails")
        if given.mean() >= 0.2:
            yield rate(section, f"{what}: intervals given cover", COVERED, covered[given], relation=">=", slack=0.035)


def declared_families(trials: int) -> Iterator[Rate]:
    """Families of many hypotheses, one of which is false by the effect that is planned for."""
    section = "Declared families, 9,999 flips"
    codes = articles(np.random.default_rng(7))
    for size, share in ((1, 1.0), (12, 1.0), (90, 1.0), (840, 0.05)):
        found = _family(size, max(10, round(share * trials)), codes)
        what = "1 hypothesis" if size == 1 else f"{size} hypotheses"
        yield rate(section, f"{what}: max-T finds something where nothing is", ALPHA, found["null"], relation="<=")
        planned = f"{what}: max-T finds the effect planned for the family"
        yield rate(section, planned, 0.8, found["planned"], relation=">=", slack=0.03)
        if size > 1:
            alone = f"{what}: max-T finds the effect planned for one test"
            yield rate(section, alone, 0.8, found["alone"], relation="fails")
            by_holm = f"{what}: Holm finds the effect planned for the family"
            yield rate(section, by_holm, 0.8, found["holm"], relation="fails")


def _family(size: int, trials: int, codes: NDArray[np.intp]) -> dict[str, list[bool]]:
    """Return what is found in families of ``size``: with no effect, and with one that is planned for one test or for all."""
    rng = np.random.default_rng(size)
    flips, shares = sign_flips(ARTICLES, 9_999, 0), np.bincount(codes) / len(codes)
    found: dict[str, list[bool]] = {"null": [], "alone": [], "planned": [], "holm": []}
    for _ in range(trials):
        values, sd, effect = normal_changes(rng, size, codes)
        family = summed(values, codes).contributions
        found["null"].append(bool(max_t(family, flips).min() <= ALPHA))
        error = sd * np.sqrt(effect / len(codes))
        for name, level in (("alone", ALPHA), ("planned", family_alpha(size, "max-t", ALPHA))):
            true = detectable_difference(error, ARTICLES - 1, level, 0.8)
            moved = np.concatenate([family[:1] + true * shares, family[1:]])
            found[name].append(bool(max_t(moved, flips)[0] <= ALPHA))
        found["holm"].append(bool(holm(randomisation_test(moved, flips))[0] <= ALPHA))
    return found


def strategies(trials: int) -> Iterator[Rate]:
    """Differences between training strategies over paired seeds."""
    section = "Training strategies over 6, 8 and 12 seeds"
    for seeds in (6, 8, 12):
        rng = np.random.default_rng(seeds)
        counts = np.maximum(1, rng.gamma(4.0, 6.0, ARTICLES).round())[None]
        draws = seed_draws(seeds, bootstrap_weights(ARTICLES, 299, 0), 0)
        flips = joint_flips(seeds, ARTICLES, FLIPS, 0)
        of_seed, of_group, of_cell = 0.02, 0.05, 0.25
        error = np.sqrt(of_seed**2 / seeds + of_group**2 / ARTICLES + of_cell**2 / counts.sum() / seeds)
        found: dict[str, list[bool]] = {name: [] for name in ("covers", "size", "flips size", "power", "flips power")}
        for _ in range(trials):
            effects = rng.normal(0, of_seed, (seeds, 1)) + rng.normal(0, of_group, ARTICLES)
            cells = effects + rng.normal(0, of_cell, (seeds, ARTICLES)) / np.sqrt(counts)
            gap = SeededSums((cells * counts)[:, None], counts)
            limits = seeded_interval([gap], [1.0], draws)
            found["covers"].append(bool(limits.low[0] <= 0 <= limits.high[0]))
            shifted = SeededSums(gap.sums + 3 * error * counts, counts)
            for sums, size, by_flips in ((gap, "size", "flips size"), (shifted, "power", "flips power")):
                found[size].append(seeded_test(sums) <= ALPHA)
                found[by_flips].append(joint_test(sums.contributions, flips) <= ALPHA)
        what = f"{seeds} seeds"
        yield rate(section, f"{what}: min F' rejects at 5%", ALPHA, found["size"], relation="<=", slack=0.01)
        yield rate(section, f"{what}: joint flips reject at 5%", ALPHA, found["flips size"], relation="fails")
        yield rate(section, f"{what}: 95% interval covers", COVERED, found["covers"], relation=">=", slack=0.02)
        yield rate(
            section, f"{what}: min F' finds three standard errors", 0.7, found["power"], relation=">=", slack=0.1
        )
        yield rate(
            section, f"{what}: joint flips find three standard errors", 0.7, found["flips power"], relation="fails"
        )


EXPERIMENTS: tuple[Callable[[int], Iterator[Rate]], ...] = (
    ranks,
    numbers_of_groups,
    a_dominant_group,
    few_questions_moved,
    declared_families,
    verdicts_in_nulls,
    claims_of_equivalence,
    strategies,
)
