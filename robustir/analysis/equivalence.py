"""Equivalence within margins that the suite set beforehand: of noisy and clean scores, and of two encoders' losses.

"change": one encoder, noisy against clean. In points, the difference; in shares, the ratio of the means, noisy over clean.
"loss": two encoders A and B. In points, the difference in differences; in shares, the ratio of the two retentions. Both
scales are tested by two one-sided tests, and together by intersection-union: p is the larger of the two. The relative
margin r of a ratio is 1 - r to 1 / (1 - r), which is the same for a ratio and its inverse. The opposite, a difference beyond
the margin on one of the scales, has a p of its own. Claims are made in :mod:`robustir.analysis.claims`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.claims import ALPHA, CURVE
from robustir.analysis.comparisons import compared_pairs, shared_noise
from robustir.analysis.curves import curve_layout, curve_loss
from robustir.analysis.estimator import Layout, few_moved, moved_groups
from robustir.analysis.options import Margins
from robustir.analysis.per_query import QueryChanges, query_changes
from robustir.analysis.reduced import NoiseSums, ReducedSetting
from robustir.analysis.scores import CleanScores
from robustir.analysis.tables import Grids
from robustir.stats import (
    ClusterSums,
    beyond_margin,
    linearised_ratio,
    log_ratio,
    moved_reach,
    moved_within,
    t_reach,
    within_margin,
)
from robustir.stats.rounding import settled

__all__ = ["CHANGE", "LOSS", "add_equivalence"]

Floats = NDArray[np.float64]
CHANGE, LOSS = "change", "loss"
_NAMED = ("encoder_a", "encoder_b")
_CONFIDENCE = 1 - 2 * ALPHA  # of the interval that says the same as two one-sided tests


@dataclass(frozen=True, slots=True)
class _Row:
    """One quantity under one condition: its place in the table, macro-average sums of one row each, and what moved."""

    columns: dict[str, Any]
    layout: Layout
    change: ClusterSums
    above: tuple[ClusterSums, ...]
    below: tuple[ClusterSums, ...]
    moved: int

    @property
    def key(self) -> tuple[object, ...]:
        """Rows with one key are resampled together."""
        return self.columns["quantity"], self.change.counts.tobytes()

    @property
    def groups(self) -> int:
        """Groups with rows."""
        return int(self.layout.sizes[1][0])


def add_equivalence(
    table: Grids, setting: ReducedSetting, scores: Sequence[CleanScores], strategies: AbstractSet[str]
) -> None:
    """Add the rows of every encoder and of every pair of encoders, if the suite set margins."""
    margins = setting.options.margins
    if margins is None:
        return
    rows: list[_Row] = []
    for perturbation in setting.perturbations:  # one after the other, because the changes of single queries are large
        rows += _changes(setting, scores, perturbation)
        rows += _losses(setting, scores, perturbation, strategies)
        setting.forget()
    order = {name: number for number, name in enumerate(("", *setting.block.encoders))}
    rows.sort(key=lambda row: [row.columns["quantity"] == LOSS, *(order[row.columns[one]] for one in _NAMED)])
    alike: dict[tuple[object, ...], list[int]] = {}
    for number, row in enumerate(rows):
        alike.setdefault(row.key, []).append(number)
    tested: dict[int, dict[str, float]] = {}
    for numbers in alike.values():
        together = _tested([rows[number] for number in numbers], margins)
        for place, number in enumerate(numbers):
            found = {name: float(values[place]) for name, values in together.items()}
            tested[number] = _few(rows[number], found, margins)
    for number, row in enumerate(rows):
        table.add(np.ones(1, dtype=np.bool_), **row.columns, **tested[number])


def _changes(setting: ReducedSetting, scores: Sequence[CleanScores], perturbation: str) -> Iterator[_Row]:
    for encoder, name in enumerate(setting.block.encoders):
        noise = setting.noise(encoder, perturbation)
        if noise is None:
            continue
        near = bool(scores[encoder].near_floor[setting.primary, 0])
        moves = query_changes(setting, encoder, noise, curve=_curved(setting, noise))
        where = {**_where(setting, perturbation), "quantity": CHANGE, "encoder_a": name, "encoder_b": ""}
        for unit in _units(setting, (noise,), moves):
            clean, change = unit.sides[0]
            noisy = unit.layout.macro(settled(clean + change))
            yield _row(where, unit, change, ([noisy], [unit.layout.macro(clean)]), near=near)


def _losses(
    setting: ReducedSetting, scores: Sequence[CleanScores], perturbation: str, strategies: AbstractSet[str]
) -> Iterator[_Row]:
    names = setting.block.encoders
    for a, b in compared_pairs(setting, perturbation, strategies):
        pair = shared_noise(setting, a, b, perturbation)
        if pair is None:
            continue
        near = any(bool(scores[one].near_floor[setting.primary, 0]) for one in (a, b))
        curve = _curved(setting, pair[0])
        sides = [query_changes(setting, one, sums, curve=curve) for one, sums in zip((a, b), pair, strict=True)]
        where = {**_where(setting, perturbation), "quantity": LOSS, "encoder_a": names[a], "encoder_b": names[b]}
        for unit in _units(setting, pair, sides[0].less(sides[1])):
            (clean_a, change_a), (clean_b, change_b) = unit.sides
            sums = [
                unit.layout.macro(settled(part)) for part in (clean_a + change_a, clean_b, clean_a, clean_b + change_b)
            ]
            yield _row(where, unit, change_a - change_b, (sums[:2], sums[2:]), near=near)


@dataclass(frozen=True, slots=True)
class _Unit:
    """One severity or the curve: the clean sums and changes [1, views, groups] of each encoder, and the queries that move."""

    severity: str
    declared: bool
    layout: Layout
    sides: tuple[tuple[Floats, Floats], ...]
    shares: tuple[float, float, float]


def _curved(setting: ReducedSetting, noise: NoiseSums) -> bool:
    return len(noise.severities) > 1 and bool(len(curve_layout(setting, noise).present))


def _units(setting: ReducedSetting, noises: tuple[NoiseSums, ...], moves: QueryChanges) -> Iterator[_Unit]:
    first, at = noises[0], [setting.primary]
    shares = list(zip(*moves.shares(), strict=True))
    curve = len(shares) > len(first.severities)
    for number, severity in enumerate(first.severities):
        sides = tuple((noise.clean[at], noise.delta[number, at]) for noise in noises)
        yield _Unit(format(severity, ".10g"), not curve, first.layout, sides, shares[number])
    if curve:
        sides = tuple((noise.clean[at], curve_loss(setting, noise)[at]) for noise in noises)
        yield _Unit(CURVE, declared=True, layout=curve_layout(setting, first), sides=sides, shares=shares[-1])


def _where(setting: ReducedSetting, perturbation: str) -> dict[str, Any]:
    block = setting.block
    treatment = block.treatment(perturbation)
    return {
        "benchmark": block.benchmark,
        "setting": block.setting,
        "perturbation": perturbation,
        "measure": setting.measures[setting.primary],
        "attacked": treatment.attacked,
        "embedded_lang": treatment.embedded_lang,
    }


def _row(
    where: dict[str, Any],
    unit: _Unit,
    change: Floats,
    ratio: tuple[Sequence[ClusterSums], Sequence[ClusterSums]],
    *,
    near: bool,
) -> _Row:
    layout, change = unit.layout, settled(change)
    rows, groups = layout.sizes
    moved = int(moved_groups(change, macro_only=True)[0, 0])
    names = ("harmed_share", "same_share", "helped_share")
    columns = where | {
        "severity": unit.severity,
        "declared": float(unit.declared),
        "n": rows[0],
        "groups": groups[0],
        "moved_groups": float(moved),
        "near_floor": near,
        **dict(zip(names, unit.shares, strict=True)),
    }
    return _Row(columns, layout, layout.macro(change), tuple(ratio[0]), tuple(ratio[1]), moved)


def _stacked(parts: Sequence[ClusterSums]) -> ClusterSums:
    return ClusterSums(np.concatenate([part.sums for part in parts]), parts[0].counts)


def _tested(rows: Sequence[_Row], margins: Margins) -> dict[str, Floats]:
    """Return estimates, 90% limits and p of rows with the same queries."""
    change = _stacked([row.change for row in rows])
    above, below = (
        [_stacked(parts) for parts in zip(*(getattr(row, side) for row in rows), strict=True)]
        for side in ("above", "below")
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        linear = linearised_ratio(above, below)
    points, shares = change.estimates, log_ratio(above, below)
    scales = ((points, change, margins.absolute), (shares, linear, margins.log_ratio))
    within = [within_margin(*scale) for scale in scales]
    beyond = [beyond_margin(*scale) for scale in scales]
    reach, of_shares = (t_reach(clusters, _CONFIDENCE) for clusters in (change, linear))
    with np.errstate(over="ignore"):
        ratio = [np.exp(values) for values in (shares, shares - of_shares, shares + of_shares)]
    return {
        "difference": points,
        "low": points - reach,
        "high": points + reach,
        "ratio": ratio[0],
        "ratio_low": ratio[1],
        "ratio_high": ratio[2],
        "p": np.maximum(*within),
        "different_p": np.minimum(1.0, 2 * np.fmin(*beyond)),
        "clean": below[0].estimates,
    }


def _few(row: _Row, found: dict[str, float], margins: Margins) -> dict[str, float]:
    """Return a row's numbers, with limits and p from the number of moved groups if they are too few for a t-test."""
    clean = found.pop("clean")
    change = row.columns["quantity"] == CHANGE
    span = 1.0 if change else 2.0  # what a difference of two scores, or of two changes, can be
    found |= {"low": max(found["low"], -span), "high": min(found["high"], span)}
    if not few_moved(row.moved, row.groups):
        return found
    moved = row.moved, row.groups, row.layout.largest_share
    reach = moved_reach(*moved, _CONFIDENCE, span)
    found |= {"low": min(found["low"], -reach), "high": max(found["high"], reach), "different_p": np.nan}
    if not change:  # the ratio of two retentions is not bounded by how many of their differences moved
        return found | {"ratio_low": np.nan, "ratio_high": np.nan, "p": np.nan}
    share = margins.relative * clean  # a change of less than this is within the relative margin
    p = max(moved_within(*moved, margin, span) for margin in (margins.absolute, share))
    if clean == 0:  # nothing to keep a share of
        return found | {"ratio_low": np.nan, "ratio_high": np.nan, "p": p}
    return found | {"ratio_low": max(0.0, 1 - reach / clean), "ratio_high": 1 + reach / clean, "p": p}
