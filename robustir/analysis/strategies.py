"""Training strategies: their levels over seeds, and the differences between them that hold for new seeds and new queries.

A strategy's encoders differ in their seeds. There are two questions. The results of these encoders come from
:func:`mean_over_seeds`, which replaces a strategy's encoders by one row of per-query means: all other tables treat it as
an encoder, with intervals over groups alone. The results of the *strategies* come from here, over paired seeds and groups
(:mod:`robustir.stats.strategies`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.claims import CURVE, near_floor
from robustir.analysis.curves import curve_layout, curve_loss
from robustir.analysis.equal_dose import NO_DOSE
from robustir.analysis.estimator import Layout
from robustir.analysis.left_out import LeftOut
from robustir.analysis.reduced import NoiseSums, ReducedSetting
from robustir.analysis.tables import Grids
from robustir.evidence.scores import QueryScores, TrainedSeed
from robustir.plugins.specs import Spec, parse
from robustir.stats import (
    Interval,
    SeedDraws,
    SeededSums,
    joint_flips,
    joint_test,
    retention_scores,
    seed_draws,
    seeded_interval,
    seeded_test,
)
from robustir.stats.rounding import settled

__all__ = ["CLEAN", "DEGRADATION", "NOISY", "add_strategies", "mean_over_seeds", "strategy_pairs"]

Floats = NDArray[np.float64]

CLEAN, NOISY, DEGRADATION = "clean", "noisy", "degradation"


def mean_over_seeds(block: QueryScores) -> QueryScores:
    """Return the block with one encoder per strategy, its mean over the seeds that have all its scores, before the others."""
    if not block.trained:
        return block
    numbers = _complete_seeds(block)
    rest = [number for number, name in enumerate(block.encoders) if name not in block.trained]

    def averaged(values: Floats) -> Floats:
        means = [values[list(of_seed.values())].mean(axis=0) for of_seed in numbers.values()]
        return np.stack([*means, *values[rest]])

    noisy = averaged(block.noisy)
    return replace(
        block,
        encoders=(*numbers, *(block.encoders[number] for number in rest)),
        clean=averaged(block.clean),
        floor=averaged(block.floor),
        noisy=noisy,
        worst=noisy if block.worst is block.noisy else averaged(block.worst),
        tied=None if block.tied is None else averaged(block.tied),
        missed=None if block.missed is None else averaged(block.missed),
        overlap=None if block.overlap is None else averaged(block.overlap),
        draw_variance=None,
        trained={},
    )


def _complete_seeds(block: QueryScores) -> dict[str, dict[int, int]]:
    """Return strategy -> seed -> number of its encoder, without seeds that lack some of the others' scores."""
    found: dict[str, dict[int, int]] = {}
    for number, name in enumerate(block.encoders):
        if name in block.trained:
            member = block.trained[name]
            found.setdefault(member.strategy, {})[member.seed] = number
    for of_seed in found.values():
        counts = {
            seed: int(np.isfinite(block.clean[number]).sum() + np.isfinite(block.noisy[number]).sum())
            for seed, number in of_seed.items()
        }
        most = max(counts.values())
        for seed, count in counts.items():
            if count < most:
                del of_seed[seed]
    return found


def strategy_pairs(block: QueryScores, declared: Sequence[tuple[str, str]] | None) -> tuple[tuple[str, str], ...]:
    """Return the pairs to compare: the declared ones, else all, the later strategy against the earlier."""
    names = tuple(dict.fromkeys(member.strategy for member in block.trained.values()))
    if declared is not None:
        return tuple((a, b) for a, b in declared if a in names and b in names)
    return tuple((b, a) for a, b in combinations(names, 2))


@dataclass(frozen=True, slots=True)
class _Levels:
    """One strategy under one condition. clean, change: float64 [s, m, views, groups]; change is None for clean queries.

    measures: numbers of the m measures in the setting; dose: columns that say at which dose, if at one.
    """

    seeds: tuple[int, ...]
    layout: Layout
    clean: Floats
    change: Floats | None
    measures: tuple[int, ...]
    dose: Mapping[str, float] = field(default_factory=dict)

    def only(self, measure: int) -> _Levels:
        """Return the levels of one measure."""
        at = self.measures.index(measure)
        change = None if self.change is None else self.change[:, [at]]
        return replace(self, clean=self.clean[:, [at]], change=change, measures=(measure,))


def add_strategies(
    tables: tuple[Grids, Grids], levels: Grids, setting: ReducedSetting, declared: Sequence[tuple[str, str]] | None
) -> None:
    """Add the comparisons of strategies to the first of ``tables`` and each strategy's own levels to ``levels``.

    The second table has the same comparisons of the primary measure at one realised dose.
    """
    block = setting.block
    if not block.trained:
        return
    work = _Work(setting)
    pairs = strategy_pairs(block, declared)
    for perturbation in ("", *setting.perturbations):
        conditions = {name: dict(work.conditions(name, perturbation)) for name in work.numbers}
        floors = work.near_floor if perturbation else {}
        for name, found in conditions.items():
            for severity, level in found.items():
                work.add_levels(levels, name, perturbation, severity, level)
        equal = {name: dict(work.at_one_dose(name, perturbation, found)) for name, found in conditions.items()}
        for (a, b), (table, of) in product(pairs, zip(tables, (conditions, equal), strict=True)):
            for severity in of[a]:
                if severity in of[b]:
                    work.add_comparison(
                        table, (a, b), perturbation, severity, (of[a][severity], of[b][severity]), floors
                    )


class _Work:
    """The resampling of one setting, applied to its strategies."""

    def __init__(self, setting: ReducedSetting) -> None:
        self.setting = setting
        self.numbers = _complete_seeds(setting.block)
        self.members = {
            name: setting.block.trained[setting.block.encoders[next(iter(of_seed.values()))]]
            for name, of_seed in self.numbers.items()
        }

    def conditions(self, strategy: str, perturbation: str) -> Iterator[tuple[str, _Levels]]:
        """Yield (severity, levels) of a strategy: every severity and, of several, the curve."""
        setting, of_seed = self.setting, self.numbers[strategy]
        if not perturbation:
            yield from self._clean(of_seed)
            return
        kept = self._noises(strategy, perturbation)
        if not kept:
            return
        seeds, first = tuple(kept), next(iter(kept.values()))
        clean = np.stack([noise.clean for noise in kept.values()])
        measures = tuple(range(clean.shape[1]))
        for number, severity in enumerate(first.severities):
            change = np.stack([noise.delta[number] for noise in kept.values()])
            yield format(severity, ".10g"), _Levels(seeds, first.layout, clean, change, measures)
        if len(first.severities) > 1:
            layout = curve_layout(setting, first)
            if len(layout.present):
                change = np.stack([curve_loss(setting, noise) for noise in kept.values()])
                yield CURVE, _Levels(seeds, layout, clean, change, measures)

    def _noises(self, strategy: str, perturbation: str) -> dict[int, NoiseSums]:
        """Return the sums of every seed that has the commonest rows: unless cells failed, all encoders have the same."""
        noises = {seed: self.setting.noise(number, perturbation) for seed, number in self.numbers[strategy].items()}
        there = {seed: noise for seed, noise in noises.items() if noise is not None}
        if not there:
            return {}
        kinds = Counter((id(noise.layout), noise.conditions) for noise in there.values())
        chosen = kinds.most_common(1)[0][0]
        return {seed: noise for seed, noise in there.items() if (id(noise.layout), noise.conditions) == chosen}

    def at_one_dose(
        self, strategy: str, perturbation: str, found: Mapping[str, _Levels]
    ) -> Iterator[tuple[str, _Levels]]:
        """Yield (severity, levels) in the primary measure at one realised dose; clean levels as they are."""
        primary = self.setting.primary
        if not perturbation:
            yield from ((severity, replace(level.only(primary), dose=NO_DOSE)) for severity, level in found.items())
            return
        kept = self._noises(strategy, perturbation)
        equal = self.setting.equal_dose(next(iter(kept.values()))) if kept else None
        if equal is None:
            return
        clean = np.stack([noise.clean[[primary]] for noise in kept.values()])
        changes = np.stack([equal.changes(noise.delta[:, [primary]]) for noise in kept.values()], axis=1)
        for row, severity in enumerate([*(name for name in found if name != CURVE), CURVE]):
            if severity in found and np.isfinite(equal.dose[row]):
                yield severity, _Levels(tuple(kept), equal.layout, clean, changes[row], (primary,), equal.at(row))

    def _clean(self, of_seed: Mapping[int, int]) -> Iterator[tuple[str, _Levels]]:
        rows = self.setting.rows
        scores = np.stack([self.setting.clean(number) for number in of_seed.values()])
        mask: NDArray[np.bool_] = np.isfinite(scores.sum(axis=(0, 1)))
        if mask.any():
            sums = rows.group_sums(np.where(mask, scores, 0.0))
            measures = tuple(range(sums.shape[1]))
            yield "0", _Levels(tuple(of_seed), self.setting.layout(mask), sums, None, measures)

    @cached_property
    def near_floor(self) -> dict[str, NDArray[np.bool_]]:
        """Whether the loss cannot be judged, per strategy and measure."""
        return {name: self._near_floor(of_seed) for name, of_seed in self.numbers.items()}

    def _near_floor(self, of_seed: Mapping[int, int]) -> NDArray[np.bool_]:
        rows = self.setting.rows
        clean = np.stack([self.setting.clean(number) for number in of_seed.values()])
        floor = np.stack([self.setting.floor(number) for number in of_seed.values()])
        floor = floor if np.isfinite(floor).any() else np.zeros_like(floor)
        mask: NDArray[np.bool_] = np.isfinite((clean - floor).sum(axis=(0, 1)))
        base, chance = (rows.group_sums(np.where(mask, part, 0.0)) for part in (clean, floor))
        layout = self.setting.layout(mask)
        if not len(layout.present):
            return np.ones(base.shape[1], dtype=np.bool_)
        measures = range(base.shape[1])
        found = [self.interval([_seeded(layout, base[:, m] - chance[:, m])], [1.0]) for m in measures]
        means = [np.array([_seeded(layout, part[:, m]).by_seed.mean() for m in measures]) for part in (base, chance)]
        return near_floor(means[0], means[1], np.array([float(one.low[0]) for one in found]))

    def interval(self, levels: Sequence[SeededSums], signs: Sequence[float], *, logarithm: bool = False) -> Interval:
        """Return the interval of a signed sum of levels, by the draws of this setting."""
        estimator = self.setting.estimator
        draws: SeedDraws = seed_draws(levels[0].seeds, estimator.weights, estimator.options.seed)
        confidence = estimator.options.confidence
        return seeded_interval(levels, signs, draws, confidence=confidence, logarithm=logarithm)

    def _labels(self, perturbation: str, severity: str, layout: Layout) -> dict[str, object]:
        block = self.setting.block
        treatment = block.treatment(perturbation)
        rows, groups = layout.sizes
        return {
            "benchmark": block.benchmark,
            "setting": block.setting,
            "perturbation": perturbation,
            "severity": severity,
            "groups": int(groups[0]),
            "n": int(rows[0]),
            "attacked": treatment.attacked,
            "embedded_lang": treatment.embedded_lang,
        }

    def add_levels(self, table: Grids, strategy: str, perturbation: str, severity: str, level: _Levels) -> None:
        """Add the level of one strategy under one condition, a row per measure."""
        member = self.members[strategy]
        for m, number in enumerate(level.measures):
            measure = self.setting.measures[number]
            clean = _seeded(level.layout, level.clean[:, m])
            noisy = clean if level.change is None else _seeded(level.layout, level.clean[:, m] + level.change[:, m])
            found = self.interval([noisy], [1.0])
            by_seed, base = noisy.by_seed, clean.by_seed.mean()
            delta, low, high = np.nan, np.nan, np.nan
            kept = (np.nan, np.nan)
            if level.change is not None:
                kept = self._retention_limits(noisy, clean)
                moved = self.interval([_seeded(level.layout, level.change[:, m])], [1.0])
                delta, low, high = float(moved.estimate[0]), float(moved.low[0]), float(moved.high[0])
            _add(
                table,
                **self._labels(perturbation, severity, level.layout),
                measure=measure,
                strategy=strategy,
                mean=found.estimate[0],
                ci_low=found.low[0],
                ci_high=found.high[0],
                delta=delta,
                delta_low=low,
                delta_high=high,
                retention=by_seed.mean() / base if base > 0 and level.change is not None else np.nan,
                retention_low=kept[0],
                retention_high=kept[1],
                seed_sd=_spread(by_seed),
                seed_low=by_seed.min(),
                seed_high=by_seed.max(),
                seeds=len(by_seed),
                seen=_seen(member, perturbation),
            )

    def _retention_limits(self, noisy: SeededSums, clean: SeededSums) -> tuple[float, float]:
        """Return limits of the ratio of two levels; 0 if nothing is kept."""
        if settled(noisy.by_seed.mean()) == 0 < clean.by_seed.mean():
            return 0.0, 0.0
        found = self.interval([noisy, clean], [1.0, -1.0], logarithm=True)
        with np.errstate(over="ignore"):
            return float(np.exp(found.low[0])), float(np.exp(found.high[0]))

    def add_comparison(
        self,
        table: Grids,
        names: tuple[str, str],
        perturbation: str,
        severity: str,
        both: tuple[_Levels, _Levels],
        floors: Mapping[str, NDArray[np.bool_]],
    ) -> None:
        """Add the differences A - B of two strategies under one condition, rows per measure and quantity."""
        first, second = both
        seeds = [seed for seed in first.seeds if seed in second.seeds]
        if first.layout is not second.layout and first.layout.counts.tobytes() != second.layout.counts.tobytes():
            return  # cells failed, so that the two were not scored on the same queries
        if not seeds:
            return
        members = [self.members[name] for name in names]
        rows = [[level.seeds.index(seed) for seed in seeds] for level in both]
        for m, number in enumerate(first.measures):
            measure = self.setting.measures[number]
            sums = {CLEAN: [level.clean[at, m] for level, at in zip(both, rows, strict=True)]}
            if first.change is not None and second.change is not None:
                sums[DEGRADATION] = [first.change[rows[0], m], second.change[rows[1], m]]
                sums[NOISY] = [base + moved for base, moved in zip(sums[CLEAN], sums[DEGRADATION], strict=True)]
            seeded = {name: [_seeded(first.layout, part) for part in parts] for name, parts in sums.items()}
            clean, noisy = seeded[CLEAN], seeded.get(NOISY, [])
            for quantity in (NOISY, DEGRADATION) if noisy else (CLEAN,):
                a, b = seeded[quantity]
                gap = SeededSums(settled(a.sums - b.sums), a.counts)
                found = self.interval([gap], [1.0])
                options = self.setting.options
                flips = joint_flips(gap.seeds, gap.sums.shape[2], options.flips, options.seed)
                p, ratio_p, near = seeded_test(gap), float("nan"), False
                log = Interval(*(np.full(1, np.nan) for _ in range(4)))
                if quantity == DEGRADATION:
                    levels = [noisy[0], clean[0], noisy[1], clean[1]]
                    log = self.interval(levels, [1.0, -1.0, -1.0, 1.0], logarithm=True)
                    ratio_p = seeded_test(retention_scores(levels))
                    near = bool(floors[names[0]][number] or floors[names[1]][number])
                _add(
                    table,
                    **self._labels(perturbation, severity, first.layout),
                    measure=measure,
                    quantity=quantity,
                    strategy_a=names[0],
                    strategy_b=names[1],
                    a=a.by_seed.mean(),
                    b=b.by_seed.mean(),
                    difference=found.estimate[0],
                    ci_low=found.low[0],
                    ci_high=found.high[0],
                    log_retention_ratio=log.estimate[0],
                    log_ratio_low=log.low[0],
                    log_ratio_high=log.high[0],
                    p=p,
                    ratio_p=ratio_p,
                    loss_p=float(np.maximum(p, ratio_p)) if quantity == DEGRADATION else np.nan,
                    near_floor=near,
                    p_flips=joint_test(gap.contributions, flips),
                    seed_sd=_spread(gap.by_seed),
                    seeds=len(seeds),
                    robust_training=members[0].noise != members[1].noise,
                    seen_a=_seen(members[0], perturbation),
                    seen_b=_seen(members[1], perturbation),
                    **first.dose,
                    **self._without(first.layout, quantity, sums),
                )

    def _without(self, layout: Layout, quantity: str, sums: Mapping[str, list[Floats]]) -> dict[str, object]:
        """Return the range of a difference without each query language, and the languages that either scale hangs on."""
        setting = self.setting
        left = LeftOut(layout, setting.languages, setting.options.confidence)
        first, second = sums[quantity]
        points = left.means_over_seeds(settled(first - second))
        hang = {"points_hang": points.hanging}
        if quantity == DEGRADATION:
            clean, noisy = sums[CLEAN], sums[NOISY]
            shares = left.log_ratios_over_seeds([noisy[0], clean[0], noisy[1], clean[1]])
            hang["shares_hang"] = shares.hanging
        low, high = points.range
        named = {name: str(setting.named_languages(left.languages, found)[0]) for name, found in hang.items()}
        return {"without_low": low[0], "without_high": high[0], "shares_hang": "", **named}


def _add(table: Grids, **columns: object) -> None:
    table.add(np.ones(1, dtype=np.bool_), **columns)  # type: ignore[arg-type]  # strings and numbers


def _seeded(layout: Layout, sums: Floats) -> SeededSums:
    """Sums [s, views, groups] as the strata of the macro-average."""
    clusters = layout.macro(settled(sums))
    return SeededSums(clusters.sums, clusters.counts)


def _spread(by_seed: Floats) -> float:
    return float(by_seed.std(ddof=1)) if len(by_seed) > 1 else float("nan")


def _seen(member: TrainedSeed, perturbation: str) -> bool:
    """Whether training queries met a perturbation's kind, or that of one of its parts."""
    if not perturbation:
        return False
    met = {name for spec in member.noise for name in _kinds(parse(spec))}
    return not met.isdisjoint(_kinds(parse(perturbation)))


def _kinds(spec: Spec) -> Iterator[str]:
    yield spec.name
    for part in (*spec.args, *(inner for _, inner in spec.kwargs)):
        if isinstance(part, Spec):
            yield from _kinds(part)
