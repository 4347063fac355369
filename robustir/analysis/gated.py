"""Changes and losses without the queries that the noise may have made to mean something else.

The rules are those of :mod:`robustir.text.kept` and know no encoder. A query is left out if the text of any draw is rejected.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.curves import curve_layout
from robustir.analysis.estimator import CHANGE, TWICE, Layout, few_moved, moved_groups
from robustir.analysis.reduced import NoiseSums, ReducedSetting
from robustir.analysis.tables import first_only
from robustir.stats.rounding import settled

__all__ = ["GATED", "Kept", "gated_changes", "gated_differences", "kept_rows"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
# Of a difference in the primary measure, between encoders or strategies.
GATED: tuple[str, ...] = ("gated_share", "gated_difference", "gated_low", "gated_high")


def _rejected(setting: ReducedSetting, conditions: tuple[int, ...]) -> Mask | None:
    """Return which sorted rows are left out under each condition, bool [conditions, v]; None if no text was judged."""
    rejected = setting.block.rejected
    if rejected is None:
        return None

    def judge() -> Mask:
        return np.nan_to_num(setting.rows.sorted(rejected[list(conditions)])) > 0

    return setting.once(("rejected", conditions), judge)


def gated_changes(setting: ReducedSetting, encoder: int, noise: NoiseSums) -> dict[str, Floats]:
    """Return the gated columns of contrasts [s, m, 1 + views]: of macro-averages, nothing in single views."""
    severities, measures, views = noise.delta.shape[:3]
    found = np.full((5, severities, measures), np.nan)
    rejected = _rejected(setting, noise.conditions)
    of_condition = [] if rejected is None else list(zip(noise.conditions, rejected, strict=True))
    for number, (condition, left_out) in enumerate(of_condition):
        out: Mask = noise.mask & left_out
        found[0, number] = np.count_nonzero(out) / np.count_nonzero(noise.mask)
        kept: Mask = noise.mask & ~out
        if not kept.any():
            continue
        if out.any():
            layout, rows = setting.layout(kept), setting.rows
            clean = np.where(kept, setting.clean(encoder), 0.0)
            change = rows.group_sums(np.where(kept, setting.noisy(encoder, condition), 0.0) - clean)
            base = rows.group_sums(clean)
        else:
            layout, base, change = noise.layout, noise.clean, noise.delta[number]
        limits = setting.estimator.intervals(layout, change, macro_only=True, possible=CHANGE)
        limits = limits.without(few_moved(moved_groups(change, macro_only=True), layout.sizes[1][:1]))
        level = setting.estimator.means(layout, base, macro_only=True)[:, 0]
        found[1:4, number] = limits.estimate[:, 0], limits.low[:, 0], limits.high[:, 0]
        found[4, number] = np.where(level > 0, 1 + found[1, number] / np.where(level > 0, level, 1.0), np.nan)
    names = ("gated_share", "gated_delta", "gated_low", "gated_high", "gated_retention")
    return {name: first_only(values, 1 + views) for name, values in zip(names, found, strict=True)}


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows of one severity, or of the curve, without rejected queries: a sorted mask, their layout, the share left out.

    declared: whether a run declares this unit: the curve, or a severity if there is no curve.
    """

    mask: Mask
    layout: Layout
    share: float
    declared: bool

    def sums(self, setting: ReducedSetting, values: Floats) -> Floats:
        """Return group sums [..., views, groups] of sorted values [..., v] over these rows."""
        return setting.rows.group_sums(values, self.mask)


def kept_rows(setting: ReducedSetting, noise: NoiseSums, *, curve: bool) -> list[Kept]:
    """Return the rows kept at each severity and, with ``curve``, at all of them; nothing if no text was judged."""
    rejected = _rejected(setting, noise.conditions)
    if rejected is None:
        return []
    # Pairs of encoders over the same rows have the same layout, and the setting keeps it.
    return setting.once(
        ("kept", noise.conditions, id(noise.layout), curve), lambda: _kept(setting, noise, rejected, curve=curve)
    )


def _kept(setting: ReducedSetting, noise: NoiseSums, rejected: Mask, *, curve: bool) -> list[Kept]:
    found = []
    for unit, out in enumerate([*rejected, rejected.any(axis=0)][: len(noise.conditions) + curve]):
        kept: Mask = noise.mask & ~out
        layout = setting.layout(kept)
        of_curve = unit == len(noise.conditions)
        if of_curve:  # over the languages that have one
            ranged = curve_layout(setting, noise).counts.any(axis=1, keepdims=True)
            layout = Layout.of(np.where(ranged, layout.counts, 0.0))
        share = np.count_nonzero(noise.mask & out) / np.count_nonzero(noise.mask)
        found.append(Kept(kept, layout, share, declared=of_curve or not curve))
    return found


def gated_differences(setting: ReducedSetting, noise: NoiseSums, loss: Floats) -> dict[str, Floats]:
    """Return the columns ``GATED``, [units] each: the share of rows left out, and the macro-average of losses without them.

    loss: sorted differences of changes [units, v], a unit for each severity and perhaps, last, the curve. Units that a run
    declares have limits, unless few groups moved.
    """
    found = np.full((len(GATED), len(loss)), np.nan)
    rows = kept_rows(setting, noise, curve=len(loss) > len(noise.conditions))
    for unit, (kept, values) in enumerate(zip(rows, loss, strict=False)):
        sums = settled(kept.sums(setting, values))[None]
        found[0, unit], found[1, unit] = kept.share, setting.estimator.means(kept.layout, sums, macro_only=True)[0, 0]
        if kept.declared:
            limits = setting.estimator.intervals(kept.layout, sums, macro_only=True, possible=TWICE)
            limits = limits.without(few_moved(moved_groups(sums, macro_only=True), kept.layout.sizes[1][:1]))
            found[2:, unit] = limits.low[0, 0], limits.high[0, 0]
    return dict(zip(GATED, found, strict=True))
