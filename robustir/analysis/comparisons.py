"""Encoder against encoder: differences in differences of macro-averages, per severity and for the whole curve.

The unit of a comparison is a query that both encoders have scores for: (A noisy - A clean) - (B noisy - B clean) at one
severity, or, for the "curve", the difference of both encoders' mean change over the dose range. The doses are those of
the query sets, which both encoders share; so the curve's unit is a fixed combination of the severities and is tested as
one. One severity makes no curve: the mean level between it and the clean queries would halve its effect.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.claims import CURVE
from robustir.analysis.curves import curve_layout, curve_loss
from robustir.analysis.hypotheses import Hypotheses
from robustir.analysis.matched import MATCHED, Matched
from robustir.analysis.pairs import PairSums
from robustir.analysis.reduced import NoiseSums, ReducedSetting
from robustir.analysis.scores import CleanScores
from robustir.analysis.tables import Grids, labelled

__all__ = ["add_comparisons", "shared_noise"]

Floats = NDArray[np.float64]


def add_comparisons(
    table: Grids,
    hypotheses: Hypotheses,
    setting: ReducedSetting,
    scores: list[CleanScores],
    strategies: AbstractSet[str],
) -> None:
    """Add all pairs of encoders (the earlier one is A) under every perturbation, except pairs of ``strategies``."""
    added = _Comparisons(table, hypotheses, setting)
    for a, b in combinations(range(len(setting.block.encoders)), 2):
        if {setting.block.encoders[a], setting.block.encoders[b]} <= strategies:
            continue  # strategies have random seeds as well as queries: robustir.analysis.strategies compares them
        near = scores[a].near_floor[:, 0] | scores[b].near_floor[:, 0]
        for perturbation in setting.perturbations:
            attacked = setting.block.treatment(perturbation).attacked
            if attacked in {setting.block.encoders[a], setting.block.encoders[b]}:
                continue  # an attack on one of two does not show which is more robust
            pair = shared_noise(setting, a, b, perturbation)
            if pair is not None:
                added.take((a, b), perturbation, pair, near)
    added.write()


def shared_noise(setting: ReducedSetting, a: int, b: int, perturbation: str) -> tuple[NoiseSums, NoiseSums] | None:
    """Return both encoders' sums under a perturbation, over the rows and severities that both have."""
    left, right = setting.noise(a, perturbation), setting.noise(b, perturbation)
    if left is None or right is None:
        return None
    if left.layout is right.layout and left.conditions == right.conditions:
        return left, right
    conditions = tuple(condition for condition in left.conditions if condition in right.conditions)
    mask = left.mask & right.mask
    if not conditions or not mask.any():
        return None
    return setting.reduce(a, conditions, mask), setting.reduce(b, conditions, mask)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows [severities, m] of one pair: their sums, flattened; n: queries; matched: [severities]; still: no score changed."""

    pair: tuple[int, int]
    perturbation: str
    severities: list[str]
    sums: PairSums
    n: float
    matched: dict[str, Floats]
    still: NDArray[np.bool_]
    near_floor: NDArray[np.bool_]
    declared: bool


class _Comparisons:
    """The rows of one setting: taken pair by pair, resampled together if they have the same queries, written in order."""

    def __init__(self, table: Grids, hypotheses: Hypotheses, setting: ReducedSetting) -> None:
        self._table, self._hypotheses, self._setting = table, hypotheses, setting
        self._matched = Matched(setting)
        self._taken: list[_Rows] = []

    def take(
        self,
        pair: tuple[int, int],
        perturbation: str,
        noise: tuple[NoiseSums, NoiseSums],
        near_floor: NDArray[np.bool_],
    ) -> None:
        """Take the rows of a pair under one perturbation: every severity and, of several, the curve."""
        first, second = noise
        layout = curve_layout(self._setting, first)
        curve = len(first.severities) > 1 and bool(len(layout.present))
        matched = self._matched.columns(pair, first, curve=curve)
        severities = [format(severity, ".10g") for severity in first.severities]
        count = len(severities)
        moved = (first.moved + second.moved).sum(axis=(-2, -1))
        parts = [(severities, first.layout, (first.delta, second.delta), slice(0, count), not curve)]
        if curve:
            loss = curve_loss(self._setting, first)[None], curve_loss(self._setting, second)[None]
            parts.append(([CURVE], layout, loss, slice(count, None), True))
        for names, rows, change, where, declared in parts:
            clean = [_flat(side.clean, one) for side, one in zip(noise, change, strict=True)]
            sums = PairSums(rows, clean[0], _flat(change[0]), clean[1], _flat(change[1])).macro()
            own = {name: values[where] for name, values in matched.items()}
            still = (moved.sum(axis=0, keepdims=True) if names == [CURVE] else moved) == 0
            n = rows.sizes[0][0]
            self._taken.append(_Rows(pair, perturbation, names, sums, n, own, still, near_floor, declared))

    def write(self) -> None:
        """Write all rows in the order in which they were taken."""
        alike: dict[bytes, list[int]] = {}
        for number, rows in enumerate(self._taken):
            alike.setdefault(rows.sums.layout.counts.tobytes(), []).append(number)
        columns: dict[int, dict[str, Floats]] = {}
        for numbers in alike.values():
            sums = PairSums.stacked([self._taken[number].sums for number in numbers])
            found = sums.columns(self._setting.estimator, macro_only=True)
            begin = 0
            for number in numbers:
                end = begin + len(self._taken[number].sums.clean_a)
                columns[number] = {name: values[begin:end] for name, values in found.items()}
                begin = end
        for number, rows in enumerate(self._taken):
            self._add(rows, columns[number])

    def _add(self, rows: _Rows, columns: dict[str, Floats]) -> None:
        setting = self._setting
        shape = len(rows.severities), len(setting.measures)
        names = setting.block.encoders[rows.pair[0]], setting.block.encoders[rows.pair[1]]
        if rows.declared:
            for number, severity in enumerate(rows.severities):
                key = (setting.block.benchmark, setting.block.setting, rows.perturbation, severity, *names)
                self._hypotheses.add(key, setting, **rows.sums.contributions(number * shape[1] + setting.primary))
        primary = np.arange(shape[1]) == setting.primary
        treatment = setting.block.treatment(rows.perturbation)
        self._table.add(
            np.ones(shape, dtype=np.bool_),
            benchmark=setting.block.benchmark,
            encoder_a=names[0],
            encoder_b=names[1],
            perturbation=rows.perturbation,
            severity=labelled(rows.severities)[:, None],
            setting=setting.block.setting,
            measure=labelled(setting.measures),
            n=rows.n,
            groups=rows.sums.layout.sizes[1][0],
            near_floor=rows.near_floor,
            attacked=treatment.attacked,
            embedded_lang=treatment.embedded_lang,
            **{name: np.where(primary, rows.matched[name][:, None], np.nan) for name in MATCHED},
            **{name: values.reshape(shape) for name, values in columns.items()}
            | {"still": rows.still.astype(np.float64)},
        )


def _flat(sums: Floats, like: Floats | None = None) -> Floats:
    """Sums [severities, m, views, groups] as [c, views, groups], repeated over the severities of another array."""
    whole = sums if like is None else np.broadcast_to(sums, like.shape)
    return whole.reshape(-1, *whole.shape[2:])
