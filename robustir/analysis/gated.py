"""Changes and losses without the queries that the noise may have made to mean something else.

The rules are those of :mod:`robustir.text.kept` and know no encoder. A query is left out if the text of any draw is rejected.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.curves import curve_layout
from robustir.analysis.estimator import CHANGE, Layout, few_moved, macro_mean, moved_groups
from robustir.analysis.reduced import NoiseSums, ReducedSetting
from robustir.analysis.tables import first_only

__all__ = ["gated_changes", "gated_differences"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def _rejected(setting: ReducedSetting, conditions: tuple[int, ...]) -> Mask | None:
    """Return which sorted rows are left out under each condition, bool [conditions, v]; None if no text was judged."""
    if setting.block.rejected is None:
        return None
    return np.nan_to_num(setting.rows.sorted(setting.block.rejected[list(conditions)])) > 0


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


def gated_differences(setting: ReducedSetting, noise: NoiseSums, loss: Floats) -> tuple[Floats, Floats]:
    """Return the share of rows left out, and the macro-average of losses without them, [units] each.

    loss: sorted differences of changes [units, v], a unit for each severity and perhaps, last, the curve.
    """
    shares, means = (np.full(len(loss), np.nan) for _ in range(2))
    rejected = _rejected(setting, noise.conditions)
    if rejected is None:
        return shares, means
    masks = [*rejected, rejected.any(axis=0)][: len(loss)]
    for unit, (values, out) in enumerate(zip(loss, masks, strict=True)):
        kept = noise.mask & ~out
        shares[unit] = np.count_nonzero(noise.mask & out) / np.count_nonzero(noise.mask)
        if not kept.any():
            continue
        layout = setting.layout(kept)
        if unit == len(noise.conditions):  # the curve, over the languages that have one
            ranged = curve_layout(setting, noise).counts.any(axis=1, keepdims=True)
            layout = Layout.of(np.where(ranged, layout.counts, 0.0))
        means[unit] = _macro(setting, layout, np.where(kept, values, 0.0))
    return shares, means


def _macro(setting: ReducedSetting, layout: Layout, values: Floats) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        means = setting.rows.view_sums(values) / layout.counts.sum(axis=1)
    return float(macro_mean(means, layout)[0])
