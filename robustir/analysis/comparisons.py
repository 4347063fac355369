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
from robustir.analysis.estimator import Layout
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
    """Add all pairs of encoders (the earlier one is A) under every perturbation, but for two of ``strategies``."""
    added = _Comparisons(table, hypotheses, setting)
    for a, b in combinations(range(len(setting.block.encoders)), 2):
        if {setting.block.encoders[a], setting.block.encoders[b]} <= strategies:
            continue  # what is random in them are seeds as well as queries: robustir.analysis.strategies compares them
        near = scores[a].near_floor[:, 0] | scores[b].near_floor[:, 0]
        for perturbation in setting.perturbations:
            attacked = setting.block.treatment(perturbation).attacked
            if attacked in {setting.block.encoders[a], setting.block.encoders[b]}:
                continue  # an attack on one of two says nothing of which is more robust
            pair = shared_noise(setting, a, b, perturbation)
            if pair is not None:
                added.add_pair((a, b), pair, near)


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
    """Rows of one pair: their severities, both encoders' changes [severities, m, views, groups], and what is matched."""

    severities: list[str]
    change: tuple[Floats, Floats]
    layout: Layout
    matched: dict[str, Floats]
    declared: bool


class _Comparisons:
    """The table of one setting, and what its declared rows are tested by."""

    def __init__(self, table: Grids, hypotheses: Hypotheses, setting: ReducedSetting) -> None:
        self._table, self._hypotheses, self._setting = table, hypotheses, setting
        self._matched = Matched(setting)

    def add_pair(
        self, pair: tuple[int, int], noise: tuple[NoiseSums, NoiseSums], near_floor: NDArray[np.bool_]
    ) -> None:
        first, second = noise
        layout = curve_layout(self._setting, first)
        curve = len(first.severities) > 1 and bool(len(layout.present))
        matched = self._matched.columns(pair, first, curve=curve)
        severities = [format(severity, ".10g") for severity in first.severities]
        change, count = (first.delta, second.delta), len(severities)
        own = {name: values[:count] for name, values in matched.items()}
        self._add(pair, noise, near_floor, _Rows(severities, change, first.layout, own, declared=not curve))
        if curve:
            loss = curve_loss(self._setting, first)[None], curve_loss(self._setting, second)[None]
            last = {name: values[count:] for name, values in matched.items()}
            self._add(pair, noise, near_floor, _Rows([CURVE], loss, layout, last, declared=True))

    def _add(
        self,
        pair: tuple[int, int],
        noise: tuple[NoiseSums, NoiseSums],
        near_floor: NDArray[np.bool_],
        rows: _Rows,
    ) -> None:
        setting, layout = self._setting, rows.layout
        shape = rows.change[0].shape[:2]

        def flat(sums: Floats) -> Floats:
            return np.broadcast_to(sums, rows.change[0].shape).reshape(-1, *rows.change[0].shape[2:])

        sums = PairSums(layout, flat(noise[0].clean), flat(rows.change[0]), flat(noise[1].clean), flat(rows.change[1]))
        columns = sums.columns(setting.estimator, macro_only=True)
        names = setting.block.encoders[pair[0]], setting.block.encoders[pair[1]]
        perturbation = setting.block.conditions[noise[0].conditions[0]][0]
        where = (setting.block.benchmark, setting.block.setting, perturbation)
        if rows.declared:
            for number, severity in enumerate(rows.severities):
                key = (*where, severity, *names)
                self._hypotheses.add(key, setting, **sums.contributions(number * shape[1] + setting.primary))
        primary = np.arange(shape[1]) == setting.primary
        self._table.add(
            np.ones(shape, dtype=np.bool_),
            benchmark=setting.block.benchmark,
            encoder_a=names[0],
            encoder_b=names[1],
            perturbation=perturbation,
            severity=labelled(rows.severities)[:, None],
            setting=setting.block.setting,
            measure=labelled(setting.measures),
            n=layout.sizes[0][0],
            groups=layout.sizes[1][0],
            near_floor=near_floor,
            attacked=setting.block.treatment(perturbation).attacked,
            embedded_lang=setting.block.treatment(perturbation).embedded_lang,
            **{name: np.where(primary, rows.matched[name][:, None], np.nan) for name in MATCHED},
            **{name: values.reshape(shape) for name, values in columns.items()},
        )
