"""Degradation curves over the realised dose, their areas, and the dose at which a share of the clean score is lost.

The area of a language is the mean level of its curve between dose 0 and its largest realised dose (trapezoid rule),
divided by its clean mean: 1 means no loss. The area of the macro-average is the mean of the languages' levels over the
mean of their clean scores. A language in which the noise changed nothing has no dose range and no area.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.estimator import MACRO, SCORE, Layout, few_moved, macro_mean, moved_groups
from robustir.analysis.reduced import NoiseSums, ReducedSetting
from robustir.analysis.scores import CleanScores
from robustir.analysis.tables import Grids, labelled, view_labels
from robustir.stats import ClusterSums, dose_at_loss, trapezoid_weights
from robustir.stats.moments import Draws, Moments
from robustir.stats.resampling import order_statistics

__all__ = ["add_areas", "add_curves", "curve_layout", "curve_loss", "severity_weights"]

Floats = NDArray[np.float64]

_CHUNK = 32  # columns at a time: of each level 32 x 2,000 replicates, half a MB


def add_curves(table: Grids, setting: ReducedSetting, encoder: int, noise: NoiseSums) -> None:
    """Add the mean at dose 0 and at every severity, [1 + s, m, 1 + views] rows, with their intervals."""
    layout, grid = noise.layout, noise.delta.shape
    shape = (1 + grid[0], grid[1], 1 + grid[2])
    # Every perturbation begins at the same clean level, unless it has rows of its own.
    key = ("clean level", encoder, id(layout))
    clean = setting.once(key, lambda: setting.estimator.intervals(layout, noise.clean, possible=SCORE))
    levels = (noise.clean + noise.delta).reshape(-1, *grid[2:])
    found = clean.followed_by(setting.estimator.intervals(layout, levels, possible=SCORE)).reshaped(*shape)
    conditions, rows = list(noise.conditions), layout.sizes[0]

    def with_clean(doses: Floats) -> Floats:
        means = macro_mean(doses[conditions], layout)
        return np.concatenate([np.zeros_like(means[:1]), means])[:, None]

    query_lang, passage_lang = view_labels(setting.rows.views)
    table.add(
        np.broadcast_to(rows > 0, shape),
        benchmark=setting.block.benchmark,
        encoder=setting.block.encoders[encoder],
        perturbation=setting.block.conditions[conditions[0]][0],
        setting=setting.block.setting,
        query_lang=query_lang,
        passage_lang=passage_lang,
        measure=labelled(setting.measures)[:, None],
        severity=np.array([0.0, *noise.severities])[:, None, None],
        word_edit_rate=with_clean(setting.word_edit_rate),
        char_error_rate=with_clean(setting.char_error_rate),
        mean=found.estimate,
        ci_low=found.low,
        ci_high=found.high,
        n=rows,
    )


def _trapezoids(setting: ReducedSetting, noise: NoiseSums) -> Floats:
    """Weights [s, views] of the severities in the mean level over the dose range; NaN for a view without one."""
    if noise.conditions not in setting.trapezoids:
        doses = setting.word_edit_rate[list(noise.conditions)]
        weights = [trapezoid_weights(doses[:, view])[1:] for view in range(doses.shape[1])]
        setting.trapezoids[noise.conditions] = np.stack(weights, axis=1)
    return setting.trapezoids[noise.conditions]


def severity_weights(setting: ReducedSetting, noise: NoiseSums) -> Floats:
    """Return the weights [s, views] of the severities in the mean level over the dose range; 0 for a view without one."""
    return np.nan_to_num(_trapezoids(setting, noise))


def curve_layout(setting: ReducedSetting, noise: NoiseSums) -> Layout:
    """Return the rows of the views that have a dose range."""
    ranged: NDArray[np.bool_] = np.isfinite(_trapezoids(setting, noise).sum(axis=0))
    if ranged[noise.layout.present].all():
        return noise.layout
    return Layout.of(np.where(ranged[:, None], noise.layout.counts, 0.0))


def curve_loss(setting: ReducedSetting, noise: NoiseSums) -> Floats:
    """Return group sums [m, views, groups] of the mean level over the dose range minus the clean level.

    Per query this is ``sum_s h_s (noisy_s - clean)`` with the trapezoid weights h of its language's realised doses.
    """
    weights = severity_weights(setting, noise)
    loss = np.zeros_like(noise.clean)
    for part, delta in zip(weights, noise.delta, strict=True):
        loss += part[None, :, None] * delta
    return loss


def add_areas(table: Grids, setting: ReducedSetting, encoder: int, noise: NoiseSums, scores: CleanScores) -> None:
    """Add an encoder's normalised areas, [m, 1 + views] rows, with their intervals.

    A single severity has no area: its mean level with the clean queries would halve its effect. A curve that lacks some of
    the others' severities has no area either, but a note.
    """
    asked = setting.perturbations[setting.block.conditions[noise.conditions[0]][0]]
    if len(asked) < 2:
        return
    layout = curve_layout(setting, noise)
    rows, groups = layout.sizes
    loss = curve_loss(setting, noise)
    few = few_moved(moved_groups(noise.moved.sum(axis=0)), groups)
    found = setting.estimator.log_ratios(layout, [noise.clean + loss], [noise.clean]).without(few)
    dose, low, high = _doses_at_loss(setting, noise, layout)
    low, high = (np.where(few | (groups < 2), np.nan, limit) for limit in (low, high))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # near a score of 0 a ratio may lack a limit
        area, area_low, area_high = np.exp(found.estimate), np.exp(found.low), np.exp(found.high)
        clean = setting.estimator.means(layout, noise.clean)
        area_low, area_high = (np.clip(limit, 0.0, 1.0 / clean) for limit in (area_low, area_high))
    note = np.where(few, "few groups moved", np.where(groups < 2, "one group: no inference", "")).astype(object)
    lost = [f"{setting.block.conditions[one][1]:g}" for one in asked if one not in noise.conditions]
    if lost:
        area, area_low, area_high = (np.full_like(area, np.nan) for _ in range(3))
        note = np.full_like(note, f"no scores at severity {', '.join(lost)}")
    query_lang, passage_lang = view_labels(setting.rows.views)
    table.add(
        np.broadcast_to(rows > 0, found.estimate.shape),
        benchmark=setting.block.benchmark,
        encoder=setting.block.encoders[encoder],
        perturbation=setting.block.conditions[noise.conditions[0]][0],
        setting=setting.block.setting,
        query_lang=query_lang,
        passage_lang=passage_lang,
        measure=labelled(setting.measures)[:, None],
        auc=area,
        ci_low=area_low,
        ci_high=area_high,
        dose_at_10_percent_loss=dose,
        dose_low=low,
        dose_high=high,
        n=rows,
        near_floor=scores.near_floor,
        note=note,
    )


def _doses_at_loss(setting: ReducedSetting, noise: NoiseSums, layout: Layout) -> list[Floats]:
    """Dose at which the share ``options.loss`` is lost, with percentile limits; NaN beyond the largest dose."""
    options, weights = setting.options, setting.estimator.weights
    doses = setting.word_edit_rate[list(noise.conditions)]
    by_view = np.concatenate([doses, macro_mean(doses, layout)[:, :1]], axis=1)  # -1: the macro-average
    assert MACRO == -1

    def evaluate(parts: list[ClusterSums], views: NDArray[np.intp]) -> Sequence[Floats]:
        dose = by_view[:, views]
        point = dose_at_loss(dose, np.stack([part.estimates for part in parts]), options.loss)
        limits = np.empty((2, len(views)))
        draws = Draws(parts[0].counts, weights)
        for start in range(0, len(views), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            means = np.stack([Moments(ClusterSums(part.sums[chunk], part.counts), draws).replicates for part in parts])
            crossings = dose_at_loss(dose[:, chunk], means, options.loss)
            # A resample that never loses that much crosses beyond the tested doses, and so does an undefined one.
            crossings[np.isnan(crossings)] = np.inf
            limits[:, chunk] = order_statistics(crossings, options.confidence)
        return [np.where(np.isfinite(values), values, np.nan) for values in (point, *limits)]

    levels = [noise.clean, *(noise.clean + delta for delta in noise.delta)]
    return setting.estimator.spread(layout, levels, evaluate, 3)
