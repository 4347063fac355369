"""Noisy against clean: one row per encoder, perturbation, severity, measure and view, with its test and effect size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.estimator import CHANGE, SCORE, Layout, few_moved, macro_mean, moved_groups
from robustir.analysis.gated import gated_changes
from robustir.analysis.hypotheses import Hypotheses
from robustir.analysis.left_out import LeftOut
from robustir.analysis.pairs import worth
from robustir.analysis.reduced import NoiseSums, ReducedSetting
from robustir.analysis.retention import retention_limits
from robustir.analysis.scores import CleanScores
from robustir.analysis.tables import Grids, first_only, labelled, languages_behind, view_labels
from robustir.stats import spread, standardised_mean_difference
from robustir.stats.rounding import below, settled

__all__ = ["add_contrasts", "deviations"]

Floats = NDArray[np.float64]


def deviations(delta: Floats, squares: Floats, layout: Layout) -> Floats:
    """Return per-query standard deviations [..., 1 + views] from group sums and sums of squares.

    That of the macro-average is pooled over its languages: the root of their mean variance.
    """
    rows = layout.counts.sum(axis=1)
    per_view = spread(delta.sum(axis=-1), squares, rows)
    return np.sqrt(macro_mean(np.square(per_view), layout))


def edited_effect(setting: ReducedSetting, encoder: int, noise: NoiseSums) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the effect on edited rows: [s, m, 1 + views] each, NaN if no row was edited.

    These are the share of the rows that some draw edited, and the mean change over these rows with its limits.
    """
    shape = (*noise.delta.shape[:2], 1 + noise.delta.shape[2])
    share, mean, low, high = (np.full(shape, np.nan) for _ in range(4))
    for number, condition in enumerate(noise.conditions):
        part = setting.edited(encoder, condition, noise.mask)
        if part is None:
            share[number] = 0.0
            continue
        layout, sums = part
        found = setting.estimator.intervals(layout, sums)
        with np.errstate(divide="ignore", invalid="ignore"):
            share[number] = layout.sizes[0] / noise.layout.sizes[0]
        mean[number], low[number], high[number] = found.estimate, found.low, found.high
    return share, mean, low, high


def _worst_limits(setting: ReducedSetting, noise: NoiseSums) -> tuple[Floats, Floats]:
    """Return the limits of the macro-average of the worst draws, [s, m, 1 + views] each; NaN in single views."""
    flat = noise.worst.reshape(-1, *noise.worst.shape[2:])
    found = setting.estimator.intervals(noise.layout, flat, macro_only=True, possible=SCORE)
    limits = np.full((2, *noise.worst.shape[:2], 1 + noise.worst.shape[2]), np.nan)
    for own, values in zip(limits, (found.low, found.high), strict=True):
        own[..., :1] = values.reshape(*noise.worst.shape[:2], 1)
    return limits[0], limits[1]


def _overlap(setting: ReducedSetting, encoder: int, noise: NoiseSums) -> tuple[Floats, Floats, Floats]:
    """Return the mean rank-biased overlap of noisy and clean rankings with its limits, [s, 1, 1 + views] each."""
    found = np.full((3, len(noise.conditions), 1, 1 + noise.delta.shape[2]), np.nan)
    for number, condition in enumerate(noise.conditions):
        part = setting.overlap(encoder, condition, noise.mask)
        if part is not None:
            layout, sums = part
            own = setting.estimator.intervals(layout, sums[None], possible=SCORE)
            found[:, number] = own.estimate, own.low, own.high
    return found[0], found[1], found[2]


def over_languages(setting: ReducedSetting, noise: NoiseSums) -> dict[str, NDArray[Any]]:
    """Return what is said of macro-averages [s, m] alone, as columns [s, m, 1 + views] with nothing in the views.

    These are the change at one realised dose in every language, and the range of the change without each language.
    """
    severities, measures, views = noise.delta.shape[:3]
    shape = (severities, measures)
    numbers = ("equal_dose", "equal_delta", "equal_low", "equal_high", "dose_ratio")
    columns: dict[str, Floats] = {name: np.full(shape, np.nan) for name in numbers}
    equal = setting.equal_dose(noise)
    if equal is not None:
        changes = equal.changes(noise.delta)[:-1].reshape(-1, views, setting.rows.groups)
        few = few_moved(moved_groups(changes, macro_only=True), equal.layout.sizes[1][0])
        found = setting.estimator.intervals(equal.layout, changes, macro_only=True, possible=CHANGE).without(few)
        missing = np.isnan(equal.dose[:-1, None])
        for name, values in (("delta", found.estimate), ("low", found.low), ("high", found.high)):
            columns[f"equal_{name}"] = np.where(missing, np.nan, values.reshape(shape))
        columns["equal_dose"] = np.broadcast_to(equal.dose[:-1, None], shape)
        columns["dose_ratio"] = np.broadcast_to(equal.ratio[:-1, None], shape)
    left = LeftOut(noise.layout, setting.languages, setting.options.confidence)
    without = left.means(noise.delta.reshape(-1, views, setting.rows.groups))
    for name, values in zip(("without_low", "without_high"), without.range, strict=True):
        columns[name] = values.reshape(shape)
    hanging = setting.named_languages(left.languages, without.hanging).reshape(shape)
    return {
        "hangs_on": first_only(hanging, 1 + views),
        **{name: first_only(values, 1 + views) for name, values in columns.items()},
    }


def beyond_control(setting: ReducedSetting, encoder: int, noise: NoiseSums) -> tuple[Floats, Floats, Floats]:
    """Return the change of an attack minus that of its random control, with its limits: [s, m, 1 + views] each.

    NaN for a severity at which the control has no score, and for all if they were scored on different rows.
    """
    shape = (*noise.delta.shape[:2], 1 + noise.delta.shape[2])
    mean, low, high = (np.full(shape, np.nan) for _ in range(3))
    perturbation = setting.block.conditions[noise.conditions[0]][0]
    name = f"random-control({perturbation})"
    control = setting.noise(encoder, name) if name in setting.perturbations else None
    if control is None or not np.array_equal(control.mask, noise.mask):
        return mean, low, high
    for at, severity in enumerate(noise.severities):
        if severity in control.severities:
            beyond = noise.delta[at] - control.delta[control.severities.index(severity)]
            found = setting.estimator.intervals(noise.layout, beyond, possible=CHANGE)
            mean[at], low[at], high[at] = found.estimate, found.low, found.high
    return mean, low, high


def add_contrasts(
    table: Grids,
    hypotheses: Hypotheses,
    setting: ReducedSetting,
    encoder: int,
    noise: NoiseSums,
    scores: CleanScores,
) -> None:
    """Add an encoder's rows [s, m, 1 + views] under one perturbation."""
    layout, grid = noise.layout, noise.delta.shape[:3]
    shape = (*grid[:2], 1 + grid[2])
    rows, groups = layout.sizes
    flat = noise.delta.reshape(-1, *noise.delta.shape[2:])
    moved = moved_groups(noise.moved)
    few = few_moved(moved, groups)
    delta = setting.estimator.intervals(layout, flat, possible=CHANGE).reshaped(*shape).without(few)
    p, p_t = setting.estimator.tests(layout, flat)
    change = delta.estimate
    with np.errstate(divide="ignore", invalid="ignore"):
        counts = rows[1:]
        clean = macro_mean(noise.clean.sum(axis=-1) / counts, layout)
        noisy = settled(clean + change)
        retention = np.where(clean > 0, noisy / clean, np.nan)
        harmed, helped = (macro_mean(part / counts, layout) for part in (noise.harmed, noise.helped))
        worst = macro_mean(noise.worst.sum(axis=-1) / counts, layout)
    retention_low, retention_high = retention_limits(setting, noise, few)
    query_lang, passage_lang = view_labels(setting.rows.views)
    conditions = list(noise.conditions)
    perturbation = setting.block.conditions[conditions[0]][0]
    treatment = setting.block.treatment(perturbation)
    share, *alone = edited_effect(setting, encoder, noise) if treatment.attacked else (np.full(shape, np.nan),) * 4
    unknown = (np.full(shape, np.nan),) * 3
    beyond = beyond_control(setting, encoder, noise) if treatment.attacked and not treatment.control else unknown
    for number, severity in enumerate(noise.severities):
        declared = layout.macro(settled(noise.delta[number, [setting.primary]])).contributions[0]
        key = (setting.block.benchmark, setting.block.setting, perturbation, severity, setting.block.encoders[encoder])
        hypotheses.add(key, setting, change=declared)
    moved_rows = noise.moved.sum(axis=-1)
    worst_low, worst_high = _worst_limits(setting, noise)
    overlap, overlap_low, overlap_high = _overlap(setting, encoder, noise)
    table.add(
        np.broadcast_to(rows > 0, shape),
        benchmark=setting.block.benchmark,
        encoder=setting.block.encoders[encoder],
        perturbation=perturbation,
        severity=np.array(noise.severities)[:, None, None],
        setting=setting.block.setting,
        query_lang=query_lang,
        passage_lang=passage_lang,
        measure=labelled(setting.measures)[:, None],
        clean=clean,
        noisy=noisy,
        delta=change,
        ci_low=delta.low,
        ci_high=delta.high,
        p=p.reshape(shape),
        p_t=p_t.reshape(shape),
        n=rows,
        groups=groups,
        effect_size=standardised_mean_difference(change, deviations(noise.delta, noise.squares, layout)),
        retention=retention,
        retention_low=retention_low,
        retention_high=retention_high,
        relative_drop=1 - retention,
        # Under noise a mean may be over fewer languages than the clean score.
        unstable=~scores.stable | below(clean, setting.options.low_score),
        probability_of_superiority=(1 + helped - harmed) / 2,
        harmed_share=harmed,
        same_share=1 - harmed - helped,
        helped_share=helped,
        word_edit_rate=macro_mean(setting.word_edit_rate[conditions], layout)[:, None],
        char_error_rate=macro_mean(setting.char_error_rate[conditions], layout)[:, None],
        unchanged=macro_mean(setting.unchanged[conditions], layout)[:, None],
        worst_draw=worst,
        worst_low=worst_low,
        worst_high=worst_high,
        draws=setting.block.draws_of(perturbation),
        attacked=treatment.attacked,
        control=treatment.control,
        embedded_lang=treatment.embedded_lang,
        edited_share=share,
        edited_delta=alone[0],
        edited_low=alone[1],
        edited_high=alone[2],
        beyond_delta=beyond[0],
        beyond_low=beyond[1],
        beyond_high=beyond[2],
        moved=np.concatenate([moved_rows.sum(axis=-1, keepdims=True), moved_rows], axis=-1),
        moved_groups=moved,
        languages=languages_behind(setting.rows.views, layout),
        smallest_p=worth(layout, setting.options)[1],
        near_floor=scores.near_floor,
        overlap=overlap,
        overlap_low=overlap_low,
        overlap_high=overlap_high,
        **over_languages(setting, noise),
        **gated_changes(setting, encoder, noise),
    )
