"""How single queries move: the shares that lose, keep or gain, and effect sizes of a change or of a loss.

A query is harmed or helped if its score changes by 0.01 or more; by less, passages with equal scores move with their ids.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.curves import curve_layout, severity_weights
from robustir.analysis.estimator import Layout, macro_mean
from robustir.analysis.reduced import NoiseSums, ReducedSetting, harmed_and_helped
from robustir.stats import spread, standardised_mean_difference

__all__ = ["QueryChanges", "query_changes"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class QueryChanges:
    """Changes of the primary measure per query, float64 [units, v], 0 in rows that are not used.

    flips: the same with tie-averaged ranks, for the shares; the same array if nothing is tied. A unit is a severity or, last,
    the curve; layouts: the rows of each unit.
    """

    setting: ReducedSetting
    values: Floats
    flips: Floats
    layouts: tuple[Layout, ...]

    def less(self, other: QueryChanges) -> QueryChanges:
        """Return the changes minus those of another encoder over the same rows."""
        values = self.values - other.values
        tied = self.flips is not self.values or other.flips is not other.values
        return QueryChanges(self.setting, values, self.flips - other.flips if tied else values, self.layouts)

    def _macro(self, per_row: Floats) -> Floats:
        """Return the macro-average of values [units, v], which are 0 in rows that are not used, [units]."""
        sums = self.setting.rows.view_sums(per_row)
        with np.errstate(divide="ignore", invalid="ignore"):
            means = [part / layout.counts.sum(axis=1) for part, layout in zip(sums, self.layouts, strict=True)]
        return np.array([macro_mean(part, layout)[0] for part, layout in zip(means, self.layouts, strict=True)])

    def means(self) -> Floats:
        """Return the macro-averages of the changes, [units]."""
        return self._macro(self.values)

    def shares(self) -> tuple[Floats, Floats, Floats]:
        """Return the shares of queries harmed, kept and helped, [units] each."""
        harmed, helped = map(self._macro, harmed_and_helped(self.flips))
        return harmed, 1 - harmed - helped, helped

    def effects(self, mean: Floats) -> tuple[Floats, Floats]:
        """Return the standardised mean difference of means [units], and the probability of superiority, [units] each."""
        rows = self.setting.rows
        sums, squares = rows.view_sums(self.values), rows.view_sums(np.square(self.values))
        deviation = []
        for total, second, layout in zip(sums, squares, self.layouts, strict=True):
            variance = np.square(spread(total, second, layout.counts.sum(axis=1)))
            deviation.append(float(np.sqrt(macro_mean(variance, layout)[0])))
        harmed, _, helped = self.shares()
        return standardised_mean_difference(mean, np.array(deviation)), (1 + helped - harmed) / 2


def query_changes(setting: ReducedSetting, encoder: int, noise: NoiseSums, *, curve: bool) -> QueryChanges:
    """Return an encoder's changes under a perturbation at every severity and, with ``curve``, over the curve."""
    key = ("query changes", encoder, noise.conditions, id(noise.layout), curve)
    return setting.once(key, lambda: _query_changes(setting, encoder, noise, curve=curve))


def _query_changes(setting: ReducedSetting, encoder: int, noise: NoiseSums, *, curve: bool) -> QueryChanges:
    found = np.stack([setting.change(encoder, one, setting.primary) for one in noise.conditions])
    found = np.where(noise.mask, found, 0.0)
    flips = _over_ties(setting, encoder, noise, found)
    layouts = [noise.layout] * len(noise.conditions)
    if curve:
        sizes = np.diff(np.append(setting.rows.view_starts, found.shape[1]))
        weights = np.repeat(severity_weights(setting, noise), sizes, axis=1)
        tied = flips is not found
        found = np.concatenate([found, (weights * found).sum(axis=0, keepdims=True)])
        flips = np.concatenate([flips, (weights * flips).sum(axis=0, keepdims=True)]) if tied else found
        layouts.append(curve_layout(setting, noise))
    return QueryChanges(setting, found, flips, tuple(layouts))


def _over_ties(setting: ReducedSetting, encoder: int, noise: NoiseSums, changes: Floats) -> Floats:
    """Return changes [severities, v] of the primary measure with tie-averaged ranks; the same array if nothing is tied."""
    keys = [(setting.block.encoders[encoder], setting.block.conditions[one]) for one in noise.conditions]
    if not any(key in setting.block.moved_ties for key in keys):
        return changes
    whole = np.zeros((len(setting.measures), changes.shape[1]))
    parts = []
    for condition, own in zip(noise.conditions, changes, strict=True):
        moved = setting.over_ties(encoder, condition, whole, noise.mask)
        parts.append(own + moved[setting.primary])
    return np.stack(parts)
