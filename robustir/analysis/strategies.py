"""Training strategies: their levels over seeds, and the differences between them that hold for new seeds and new queries.

A strategy's encoders differ in their seeds. There are two questions. The results of these encoders come from
:mod:`robustir.analysis.over_seeds`, which replaces a strategy's encoders by one row of per-query means: all other tables treat it as
an encoder, with intervals over groups alone. The results of the *strategies* come from here, over paired seeds and groups
(:mod:`robustir.stats.strategies`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.estimator import Layout
from robustir.analysis.gated import GATED
from robustir.analysis.left_out import LeftOut
from robustir.analysis.reduced import ReducedSetting
from robustir.analysis.seed_levels import Levels, SeedLevels, seeded
from robustir.analysis.tables import Grids
from robustir.evidence.scores import QueryScores, TrainedSeed
from robustir.plugins.specs import Spec, parse
from robustir.stats import Interval, SeededSums, joint_flips, joint_test, retention_scores, seeded_test
from robustir.stats.rounding import settled

__all__ = ["CLEAN", "DEGRADATION", "NOISY", "add_strategies", "strategy_pairs"]

Floats = NDArray[np.float64]

CLEAN, NOISY, DEGRADATION = "clean", "noisy", "degradation"


def strategy_pairs(block: QueryScores, declared: Sequence[tuple[str, str]] | None) -> tuple[tuple[str, str], ...]:
    """Return the pairs to compare: the declared ones, else all, the later strategy against the earlier."""
    names = tuple(dict.fromkeys(member.strategy for member in block.trained.values()))
    if declared is not None:
        return tuple((a, b) for a, b in declared if a in names and b in names)
    return tuple((b, a) for a, b in combinations(names, 2))


def add_strategies(
    tables: tuple[Grids, Grids], levels: Grids, setting: ReducedSetting, declared: Sequence[tuple[str, str]] | None
) -> None:
    """Add the comparisons of strategies to the first of ``tables`` and each strategy's own levels to ``levels``.

    The second table has the same comparisons of the primary measure at one realised dose.
    """
    block = setting.block
    if not block.trained:
        return
    work = _Rows(setting)
    pairs = strategy_pairs(block, declared)
    for perturbation in ("", *setting.perturbations):
        conditions = {name: dict(work.levels.conditions(name, perturbation)) for name in work.levels.numbers}
        floors = work.levels.near_floor if perturbation else {}
        for name, found in conditions.items():
            for severity, level in found.items():
                work.add_levels(levels, name, perturbation, severity, level)
        equal = {name: dict(work.levels.at_one_dose(name, perturbation, found)) for name, found in conditions.items()}
        setting.forget()
        for (a, b), (table, of) in product(pairs, zip(tables, (conditions, equal), strict=True)):
            for severity in of[a]:
                if severity in of[b]:
                    work.add_comparison(
                        table, (a, b), perturbation, severity, (of[a][severity], of[b][severity]), floors
                    )


class _Rows:
    """The rows of one setting."""

    def __init__(self, setting: ReducedSetting) -> None:
        self.setting = setting
        self.levels = SeedLevels(setting)
        self.members = self.levels.members
        self.interval = self.levels.interval

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

    def add_levels(self, table: Grids, strategy: str, perturbation: str, severity: str, level: Levels) -> None:
        """Add the level of one strategy under one condition, a row per measure."""
        member = self.members[strategy]
        for m, number in enumerate(level.measures):
            measure = self.setting.measures[number]
            clean = seeded(level.layout, level.clean[:, m])
            noisy = clean if level.change is None else seeded(level.layout, level.clean[:, m] + level.change[:, m])
            found = self.interval([noisy], [1.0])
            by_seed, base = noisy.by_seed, clean.by_seed.mean()
            delta, low, high = np.nan, np.nan, np.nan
            kept = (np.nan, np.nan)
            if level.change is not None:
                kept = self._retention_limits(noisy, clean)
                moved = self.interval([seeded(level.layout, level.change[:, m])], [1.0])
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
        both: tuple[Levels, Levels],
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
            by_seed = {name: [seeded(first.layout, part) for part in parts] for name, parts in sums.items()}
            clean, noisy = by_seed[CLEAN], by_seed.get(NOISY, [])
            for quantity in (NOISY, DEGRADATION) if noisy else (CLEAN,):
                a, b = by_seed[quantity]
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
                    **self._gated(both, rows, asked=quantity == DEGRADATION and number == self.setting.primary),
                )

    def _gated(self, both: tuple[Levels, Levels], rows: Sequence[Sequence[int]], *, asked: bool) -> dict[str, float]:
        """Return the columns ``GATED``: the difference without rejected queries, with limits where it is declared."""
        gates = [level.gate for level in both]
        found: dict[str, float] = {name: float("nan") for name in GATED}
        if not asked or gates[0] is None or gates[1] is None:
            return found
        kept = gates[0].kept
        if not np.array_equal(kept.mask, gates[1].kept.mask):
            return found
        found["gated_share"] = kept.share
        if len(kept.layout.present):
            a, b = gates[0].change[rows[0]], gates[1].change[rows[1]]
            gap = seeded(kept.layout, settled(a - b))
            found["gated_difference"] = float(gap.by_seed.mean())
            if kept.declared:
                limits = self.interval([gap], [1.0])
                found["gated_low"], found["gated_high"] = float(limits.low[0]), float(limits.high[0])
        return found

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
