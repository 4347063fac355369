"""Clean scores with their intervals, and whether they are near the shuffled-query floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.claims import near_floor
from robustir.analysis.estimator import SCORE, macro_mean
from robustir.analysis.pairs import worth
from robustir.analysis.reduced import ReducedSetting
from robustir.analysis.tables import Grids, labelled, languages_behind, view_labels
from robustir.stats.rounding import below

__all__ = ["CleanScores", "add_scores", "clean_scores"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CleanScores:
    """One encoder's clean and floor means with limits, float64 [m, 1 + views] each, the macro-average first.

    tied, missed: shares of the relevant passages, float64 [1 + views]. near_floor: whether the loss cannot be judged
    (:func:`robustir.analysis.claims.near_floor`); stable: whether ratios to the clean score are meaningful.
    effective_groups: the number of equal groups that the rows are worth; languages: their number of query languages,
    float64 [1 + views].
    """

    clean: Floats
    low: Floats
    high: Floats
    floor: Floats
    floor_low: Floats
    floor_high: Floats
    rows: Floats
    groups: Floats
    tied: Floats
    missed: Floats
    near_floor: NDArray[np.bool_]
    stable: NDArray[np.bool_]
    effective_groups: Floats
    languages: Floats


def clean_scores(setting: ReducedSetting, encoder: int) -> CleanScores:
    """Return an encoder's clean scores; without a floor in the run they are judged against 0."""
    clean, floor = setting.clean(encoder), setting.floor(encoder)
    scored: NDArray[np.bool_] = np.isfinite(clean.sum(axis=0))
    layout = setting.layout(scored)
    found = setting.estimator.intervals(layout, setting.rows.group_sums(np.where(scored, clean, 0.0)), possible=SCORE)
    both: NDArray[np.bool_] = scored & np.isfinite(floor.sum(axis=0))
    shared = setting.layout(both)
    floors = setting.estimator.intervals(shared, setting.rows.group_sums(np.where(both, floor, 0.0)), possible=SCORE)
    gap = setting.estimator.intervals(shared, setting.rows.group_sums(np.where(both, clean - floor, 0.0)))
    lowest = np.where(np.isnan(gap.estimate), found.low, gap.low)
    near = near_floor(found.estimate, floors.estimate, lowest)
    if not setting.options.floors:
        near = np.zeros_like(near)
    rows, groups = layout.sizes
    tied, missed = (macro_mean(setting.level(kind, encoder), layout) for kind in ("tied", "missed"))
    return CleanScores(
        found.estimate,
        found.low,
        found.high,
        floors.estimate,
        floors.low,
        floors.high,
        rows,
        groups,
        tied,
        missed,
        near,
        ~near & ~below(found.estimate, setting.options.low_score),
        worth(layout, setting.options)[0],
        languages_behind(setting.rows.views, layout),
    )


def add_scores(table: Grids, setting: ReducedSetting, encoder: int, found: CleanScores) -> None:
    """Add an encoder's rows [m, 1 + views] to the scores."""
    query_lang, passage_lang = view_labels(setting.rows.views)
    table.add(
        np.broadcast_to(found.rows > 0, found.clean.shape),
        benchmark=setting.block.benchmark,
        setting=setting.block.setting,
        query_lang=query_lang,
        passage_lang=passage_lang,
        encoder=setting.block.encoders[encoder],
        measure=labelled(setting.measures)[:, None],
        clean=found.clean,
        ci_low=found.low,
        ci_high=found.high,
        floor=found.floor,
        floor_low=found.floor_low,
        floor_high=found.floor_high,
        n=found.rows,
        groups=found.groups,
        tied_share=found.tied,
        missed_share=found.missed,
        near_floor=found.near_floor,
        languages=found.languages,
        effective_groups=found.effective_groups,
    )
