"""Encoder against encoder: differences in differences of macro-averages, per severity and for the whole curve.

The unit of a comparison is a query that both encoders have scores for: (A noisy - A clean) - (B noisy - B clean) at one
severity, or, for the "curve", the difference of both encoders' mean change over the dose range. The doses are those of
the query sets, which both encoders share; so the curve's unit is a fixed combination of the severities and is tested as
one. One severity makes no curve: the mean level between it and the clean queries would halve its effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.claims import CURVE
from robustir.analysis.curves import curve_layout, curve_loss, severity_weights
from robustir.analysis.gated import gated_differences
from robustir.analysis.hypotheses import Hypotheses
from robustir.analysis.left_out import LeftOut
from robustir.analysis.matched import MATCHED, Matched
from robustir.analysis.pairs import PairSums
from robustir.analysis.per_query import query_changes
from robustir.analysis.reduced import NoiseSums, ReducedSetting
from robustir.analysis.scores import CleanScores
from robustir.analysis.tables import Grids, labelled
from robustir.stats.rounding import settled
from robustir.stats.threads import in_threads

__all__ = ["add_comparisons", "compared_pairs", "shared_noise"]

Floats = NDArray[np.float64]
Pair = tuple[int, int]
EFFECTS = ("effect_size", "probability_of_superiority")  # of the loss in the primary measure


def add_comparisons(
    tables: tuple[Grids, Grids],
    hypotheses: tuple[Hypotheses, Hypotheses],
    setting: ReducedSetting,
    scores: list[CleanScores],
    strategies: AbstractSet[str],
) -> None:
    """Add all pairs of encoders (the earlier one is A) under every perturbation, except pairs of ``strategies``.

    The second table and its hypotheses are the same comparisons of the primary measure at one realised dose.
    """
    added = _Comparisons(tables, hypotheses, setting)
    found: list[tuple[Pair, list[_Both]]] = []

    def compare(pair: Pair, perturbation: str) -> list[_Both]:
        noise = shared_noise(setting, *pair, perturbation)
        near = scores[pair[0]].near_floor[:, 0] | scores[pair[1]].near_floor[:, 0]
        return [] if noise is None else added.rows(pair, perturbation, noise, near)

    for perturbation in setting.perturbations:  # one after the other, because the changes of single queries are large
        pairs = compared_pairs(setting, perturbation, strategies)
        found += zip(pairs, in_threads(partial(compare, perturbation=perturbation), pairs), strict=True)
        setting.forget()
    found.sort(key=itemgetter(0))  # by pair, then as the perturbations
    added.write([both for _, rows in found for both in rows])


def compared_pairs(setting: ReducedSetting, perturbation: str, strategies: AbstractSet[str]) -> list[Pair]:
    """Return the pairs of encoders to compare under a perturbation, the earlier one first.

    Without pairs of ``strategies``, which have random seeds as well as queries (:mod:`robustir.analysis.strategies` compares
    them), and without those of an attacked encoder: an attack on one of two does not show which is more robust.
    """
    names, attacked = setting.block.encoders, setting.block.treatment(perturbation).attacked
    pairs = [(pair, {names[one] for one in pair}) for pair in combinations(range(len(names)), 2)]
    return [pair for pair, named in pairs if attacked not in named and not named <= strategies]


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
    """Rows [severities, m] of one pair: their sums, flattened; n: queries; matched: [severities]; still: no score changed.

    extra: further columns, [severities, m] each.
    """

    pair: Pair
    perturbation: str
    severities: list[str]
    sums: PairSums
    n: float
    matched: dict[str, Floats]
    still: NDArray[np.bool_]
    near_floor: NDArray[np.bool_]
    declared: bool
    extra: dict[str, NDArray[Any]]


_Both = tuple[_Rows, _Rows | None]  # rows, and the same at one dose


class _Comparisons:
    """The rows of one setting, pair by pair, and those at one dose."""

    def __init__(
        self, tables: tuple[Grids, Grids], hypotheses: tuple[Hypotheses, Hypotheses], setting: ReducedSetting
    ) -> None:
        measures, primary = setting.measures, setting.primary
        self._setting = setting
        self._rows = _Writer(tables[0], hypotheses[0], setting, measures, primary)
        self._equal = _Writer(tables[1], hypotheses[1], setting, (measures[primary],), 0)
        self._matched = Matched(setting)

    def rows(
        self, pair: Pair, perturbation: str, noise: tuple[NoiseSums, NoiseSums], near_floor: NDArray[np.bool_]
    ) -> list[_Both]:
        """Return the rows of a pair under one perturbation: every severity and, of several, the curve."""
        first, second = noise
        layout = curve_layout(self._setting, first)
        curve = len(first.severities) > 1 and bool(len(layout.present))
        matched, at_one_dose = self._on_what_both_find(pair, first, curve=curve)
        effects = self._effects(pair, noise, curve=curve)
        names = [format(severity, ".10g") for severity in first.severities]
        moved = (first.moved + second.moved).sum(axis=(-2, -1))
        parts = [(names, first.layout, (first.delta, second.delta), slice(0, len(names)), moved)]
        if curve:
            loss = curve_loss(self._setting, first)[None], curve_loss(self._setting, second)[None]
            parts.append(([CURVE], layout, loss, slice(-1, None), moved.sum(axis=0, keepdims=True)))
        made: list[_Both] = []
        for severities, rows, change, where, moves in parts:
            clean = [_flat(side.clean, one) for side, one in zip(noise, change, strict=True)]
            sums = PairSums(rows, clean[0], _flat(change[0]), clean[1], _flat(change[1]))
            taken = _Rows(
                pair=pair,
                perturbation=perturbation,
                severities=severities,
                sums=sums.macro(),
                n=rows.sizes[0][0],
                matched={name: values[where] for name, values in matched.items()},
                still=moves == 0,
                near_floor=near_floor,
                declared=not curve or severities == [CURVE],
                extra=self._without(sums, len(severities)) | {name: one[where] for name, one in effects.items()},
            )
            equal = self._equal_rows(taken, noise, where, {name: values[where] for name, values in at_one_dose.items()})
            made.append((taken, equal))
        return made

    def _on_what_both_find(
        self, pair: Pair, noise: NoiseSums, *, curve: bool
    ) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """Return the columns ``MATCHED`` [severities (+ curve)], and the same at one dose (empty with one language)."""
        setting, equal = self._setting, self._setting.equal_dose(noise)
        mixtures = [np.empty((0, len(noise.severities), len(setting.rows.views)))]
        mixtures += [severity_weights(setting, noise)[None]] if curve else []
        mixtures += [equal.weights] if equal is not None else []
        found = self._matched.columns(pair, noise, np.concatenate(mixtures))
        count = len(noise.severities) + curve
        parts = (slice(0, count), slice(count, None))
        first, rest = ({name: values[part] for name, values in found.items()} for part in parts)
        return first, rest

    def _effects(self, pair: Pair, noise: tuple[NoiseSums, NoiseSums], *, curve: bool) -> dict[str, Floats]:
        """Return the columns ``EFFECTS`` and ``GATED`` [severities (+ curve), m]; NaN for other measures than the primary one."""
        sides = [query_changes(self._setting, one, sums, curve=curve) for one, sums in zip(pair, noise, strict=True)]
        loss = sides[0].less(sides[1])
        primary = np.arange(len(self._setting.measures)) == self._setting.primary
        found = dict(zip(EFFECTS, loss.effects(loss.means()), strict=True))
        found |= gated_differences(self._setting, noise[0], loss.values)
        return {name: np.where(primary, values[:, None], np.nan) for name, values in found.items()}

    def _without(self, sums: PairSums, severities: int) -> dict[str, NDArray[Any]]:
        """Return the loss in points without each query language: its range, and the languages that either scale hangs on."""
        setting = self._setting
        left = LeftOut(sums.layout, setting.languages, setting.options.confidence)
        points = left.means(settled(sums.change_a - sums.change_b))
        shares = left.log_ratios(sums.levels)
        low, high = points.range
        found: dict[str, NDArray[Any]] = {"without_low": low, "without_high": high}
        for name, scale in (("points", points), ("shares", shares)):
            found[f"{name}_hang"] = setting.named_languages(left.languages, scale.hanging)
        return {name: values.reshape(severities, -1) for name, values in found.items()}

    def _equal_rows(
        self, taken: _Rows, noise: tuple[NoiseSums, NoiseSums], where: slice, matched: dict[str, Floats]
    ) -> _Rows | None:
        """Return the same rows of the primary measure at one realised dose; None with fewer than two languages."""
        equal, m = self._setting.equal_dose(noise[0]), self._setting.primary
        if equal is None:
            return None
        change = [equal.changes(side.delta[:, [m]])[where, 0] for side in noise]
        clean = [np.broadcast_to(side.clean[m], one.shape) for side, one in zip(noise, change, strict=True)]
        sums = PairSums(equal.layout, clean[0], change[0], clean[1], change[1])
        columns = {"equal_dose": equal.dose, "dose_ratio": equal.ratio, "uneven": equal.uneven.astype(np.float64)}
        return replace(
            taken,
            sums=sums.macro(),
            n=equal.layout.sizes[0][0],
            matched=matched,
            still=taken.still[:, [m]],
            near_floor=taken.near_floor[[m]],
            extra={name: values[where, None] for name, values in columns.items()},
        )

    def write(self, rows: Sequence[_Both]) -> None:
        """Write rows in their order."""
        self._rows.write([taken for taken, _ in rows])
        self._equal.write([equal for _, equal in rows if equal is not None])


class _Writer:
    """Rows of some measures: resampled together if they have the same queries, written in order."""

    def __init__(
        self, table: Grids, hypotheses: Hypotheses, setting: ReducedSetting, measures: tuple[str, ...], primary: int
    ) -> None:
        self._table, self._hypotheses, self._setting = table, hypotheses, setting
        self._measures, self._primary = measures, primary

    def write(self, taken: Sequence[_Rows]) -> None:
        """Write rows, [severities, measures] each, in their order."""
        alike: dict[bytes, list[int]] = {}
        for number, rows in enumerate(taken):
            alike.setdefault(rows.sums.layout.counts.tobytes(), []).append(number)
        columns: dict[int, dict[str, Floats]] = {}
        for numbers in alike.values():
            sums = PairSums.stacked([taken[number].sums for number in numbers])
            found = sums.columns(self._setting.estimator, macro_only=True)
            begin = 0
            for number in numbers:
                end = begin + len(taken[number].sums.clean_a)
                columns[number] = {name: values[begin:end] for name, values in found.items()}
                begin = end
        for number, rows in enumerate(taken):
            self._add(rows, columns[number])

    def _add(self, rows: _Rows, columns: dict[str, Floats]) -> None:
        setting = self._setting
        shape = len(rows.severities), len(self._measures)
        keep = np.isfinite(rows.extra.get("equal_dose", np.zeros(shape)))
        names = setting.block.encoders[rows.pair[0]], setting.block.encoders[rows.pair[1]]
        for number, severity in enumerate(rows.severities):
            if rows.declared and keep[number, self._primary]:
                key = (setting.block.benchmark, setting.block.setting, rows.perturbation, severity, *names)
                self._hypotheses.add(key, setting, **rows.sums.contributions(number * shape[1] + self._primary))
        primary = np.arange(shape[1]) == self._primary
        treatment = setting.block.treatment(rows.perturbation)
        self._table.add(
            keep,
            benchmark=setting.block.benchmark,
            encoder_a=names[0],
            encoder_b=names[1],
            perturbation=rows.perturbation,
            severity=labelled(rows.severities)[:, None],
            setting=setting.block.setting,
            measure=labelled(self._measures),
            n=rows.n,
            groups=rows.sums.layout.sizes[1][0],
            near_floor=rows.near_floor,
            attacked=treatment.attacked,
            embedded_lang=treatment.embedded_lang,
            **{name: np.where(primary, rows.matched[name][:, None], np.nan) for name in MATCHED},
            **{name: values.reshape(shape) for name, values in columns.items()}
            | {"still": rows.still.astype(np.float64)}
            | rows.extra,
        )


def _flat(sums: Floats, like: Floats | None = None) -> Floats:
    """Sums [severities, m, views, groups] as [c, views, groups], repeated over the severities of another array."""
    whole = sums if like is None else np.broadcast_to(sums, like.shape)
    return whole.reshape(-1, *whole.shape[2:])
