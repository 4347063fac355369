"""Levels of training strategies with every seed: clean, at every severity, over the curve, and at one realised dose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.claims import CURVE, near_floor
from robustir.analysis.curves import curve_layout, curve_loss
from robustir.analysis.equal_dose import NO_DOSE
from robustir.analysis.estimator import Layout
from robustir.analysis.gated import Kept, kept_rows
from robustir.analysis.over_seeds import complete_seeds
from robustir.analysis.per_query import query_changes
from robustir.analysis.reduced import NoiseSums, ReducedSetting
from robustir.stats import Interval, SeedDraws, SeededSums, seed_draws, seeded_interval
from robustir.stats.rounding import settled

__all__ = ["Gate", "Levels", "SeedLevels", "seeded"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gate:
    """Changes without rejected queries: the rows that are left, and their sums [s, views, groups] in the primary measure."""

    kept: Kept
    change: Floats


@dataclass(frozen=True, slots=True)
class Levels:
    """One strategy under one condition. clean, change: float64 [s, m, views, groups]; change is None for clean queries.

    measures: numbers of the m measures in the setting; dose: columns that say at which dose, if at one; gate: the changes
    without rejected queries, if texts were judged.
    """

    seeds: tuple[int, ...]
    layout: Layout
    clean: Floats
    change: Floats | None
    measures: tuple[int, ...]
    dose: Mapping[str, float] = field(default_factory=dict)
    gate: Gate | None = None

    def only(self, measure: int) -> Levels:
        """Return the levels of one measure."""
        at = self.measures.index(measure)
        change = None if self.change is None else self.change[:, [at]]
        return replace(self, clean=self.clean[:, [at]], change=change, measures=(measure,))


class SeedLevels:
    """The resampling of one setting, applied to its strategies."""

    def __init__(self, setting: ReducedSetting) -> None:
        self.setting = setting
        self.numbers = complete_seeds(setting.block)
        self.members = {
            name: setting.block.trained[setting.block.encoders[next(iter(of_seed.values()))]]
            for name, of_seed in self.numbers.items()
        }

    def conditions(self, strategy: str, perturbation: str) -> Iterator[tuple[str, Levels]]:
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
        gates = self._gates(kept, of_seed)
        for number, severity in enumerate(first.severities):
            change, name = np.stack([noise.delta[number] for noise in kept.values()]), format(severity, ".10g")
            yield name, Levels(seeds, first.layout, clean, change, measures, gate=gates.get(name))
        if len(first.severities) > 1:
            layout = curve_layout(setting, first)
            if len(layout.present):
                change = np.stack([curve_loss(setting, noise) for noise in kept.values()])
                yield CURVE, Levels(seeds, layout, clean, change, measures, gate=gates.get(CURVE))

    def _gates(self, kept: Mapping[int, NoiseSums], of_seed: Mapping[int, int]) -> dict[str, Gate]:
        """Return by severity what is left of each seed's change in the primary measure without rejected queries."""
        setting, first = self.setting, next(iter(kept.values()))
        curve = len(first.severities) > 1 and bool(len(curve_layout(setting, first).present))
        rows = kept_rows(setting, first, curve=curve)
        if not rows:
            return {}
        changes = [query_changes(setting, of_seed[seed], noise, curve=curve).values for seed, noise in kept.items()]
        names = [*(format(severity, ".10g") for severity in first.severities), CURVE]
        return {
            name: Gate(row, np.stack([row.sums(setting, change[unit]) for change in changes]))
            for unit, (name, row) in enumerate(zip(names, rows, strict=False))
        }

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
        self, strategy: str, perturbation: str, found: Mapping[str, Levels]
    ) -> Iterator[tuple[str, Levels]]:
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
                yield severity, Levels(tuple(kept), equal.layout, clean, changes[row], (primary,), equal.at(row))

    def _clean(self, of_seed: Mapping[int, int]) -> Iterator[tuple[str, Levels]]:
        rows = self.setting.rows
        scores = np.stack([self.setting.clean(number) for number in of_seed.values()])
        mask: NDArray[np.bool_] = np.isfinite(scores.sum(axis=(0, 1)))
        if mask.any():
            sums = rows.group_sums(np.where(mask, scores, 0.0))
            measures = tuple(range(sums.shape[1]))
            yield "0", Levels(tuple(of_seed), self.setting.layout(mask), sums, None, measures)

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
        found = [self.interval([seeded(layout, base[:, m] - chance[:, m])], [1.0]) for m in measures]
        means = [np.array([seeded(layout, part[:, m]).by_seed.mean() for m in measures]) for part in (base, chance)]
        return near_floor(means[0], means[1], np.array([float(one.low[0]) for one in found]))

    def interval(self, levels: Sequence[SeededSums], signs: Sequence[float], *, logarithm: bool = False) -> Interval:
        """Return the interval of a signed sum of levels, by the draws of this setting."""
        estimator = self.setting.estimator
        draws: SeedDraws = seed_draws(levels[0].seeds, estimator.weights, estimator.options.seed)
        confidence = estimator.options.confidence
        return seeded_interval(levels, signs, draws, confidence=confidence, logarithm=logarithm)


def seeded(layout: Layout, sums: Floats) -> SeededSums:
    """Sums [s, views, groups] as the strata of the macro-average."""
    clusters = layout.macro(settled(sums))
    return SeededSums(clusters.sums, clusters.counts)
