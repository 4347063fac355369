"""Clean scores with their intervals, and whether they can be told from the shuffled-query floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.estimator import macro_mean
from robustir.analysis.reduced import ReducedSetting
from robustir.analysis.tables import Grids, labelled, view_labels
from robustir.stats.rounding import above, below

__all__ = ["CleanScores", "add_scores", "clean_scores"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CleanScores:
    """One encoder's clean and floor means with limits, float64 [m, 1 + views] each, the macro-average first.

    tied, missed: shares of the relevant passages, float64 [1 + views]. above_floor: whether the clean score can be told
    from the floor; stable: whether ratios to it mean something.
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
    above_floor: NDArray[np.bool_]
    stable: NDArray[np.bool_]


def clean_scores(setting: ReducedSetting, encoder: int) -> CleanScores:
    """Return an encoder's clean scores.

    A clean score counts as above the floor where the interval of the paired difference clean - floor lies above 0;
    where no floor was run, where the interval of the clean score itself does.
    """
    clean, floor = setting.clean(encoder), setting.floor(encoder)
    scored: NDArray[np.bool_] = np.isfinite(clean.sum(axis=0))
    layout = setting.layout(scored)
    found = setting.estimator.intervals(layout, setting.rows.group_sums(np.where(scored, clean, 0.0)))
    both: NDArray[np.bool_] = scored & np.isfinite(floor.sum(axis=0))
    shared = setting.layout(both)
    floors = setting.estimator.intervals(shared, setting.rows.group_sums(np.where(both, floor, 0.0)))
    gap = setting.estimator.intervals(shared, setting.rows.group_sums(np.where(both, clean - floor, 0.0)))
    lowest = np.where(np.isnan(gap.estimate), found.low, gap.low)
    # Without an interval (one group) nothing can be told from anything.
    off_floor = above(lowest) if setting.options.floors else np.ones_like(lowest, dtype=np.bool_)
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
        off_floor,
        off_floor & ~below(found.estimate, setting.options.low_score),
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
    )
