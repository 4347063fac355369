"""Language bias under noise: rank distances of the parallel passages in the pool of all languages (lower is better).

Huang et al. 2023; Elmahdy et al. 2024.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.claims import Kind
from robustir.analysis.estimator import Intervals
from robustir.analysis.reduced import BIAS_MEASURES, ReducedSetting
from robustir.analysis.tables import ALL, Grids, labelled, view_labels

__all__ = ["add_bias"]

Floats = NDArray[np.float64]

# Why no query of a benchmark has a value.
_UNDEFINED = {
    "PEER": "not defined: no query has several relevant passages in one language beside those in another",
    "RankDistance": "not defined: no query has several relevant passages",
    "nRankDistance": "not defined: no query has several relevant passages",
}


def add_bias(table: Grids, setting: ReducedSetting) -> None:
    """Add rows [1 + views] for every encoder, condition (clean first) and rank distance of a multi block.

    ``delta`` is noisy - clean over the queries that have both; on a clean row it is 0. A measure that no query has gets one
    row per encoder, clean and without numbers, whose ``note`` says why.
    """
    measures = [m for m, name in enumerate(setting.block.measures) if name in BIAS_MEASURES]
    if setting.block.setting != "multi" or not measures:
        return
    for encoder, _ in enumerate(setting.block.encoders):
        for measure in measures:
            clean = setting.rows.sorted(setting.block.clean[encoder, measure])
            _add(table, setting, encoder, measure, -1, clean, clean)
        for condition, _ in enumerate(setting.block.conditions):
            for measure in measures:
                clean = setting.rows.sorted(setting.block.clean[encoder, measure])
                noisy = setting.rows.sorted(setting.block.noisy[encoder, condition, measure])
                _add(table, setting, encoder, measure, condition, clean, noisy)


def _add(
    table: Grids, setting: ReducedSetting, encoder: int, measure: int, condition: int, clean: Floats, noisy: Floats
) -> None:
    mask = np.isfinite(clean) & np.isfinite(noisy)
    if not mask.any():
        if condition < 0:
            _add_reason(table, setting, encoder, measure)
        return
    layout = setting.layout(mask)
    levels = np.where(mask, noisy, 0.0), np.where(mask, noisy - clean, 0.0)
    found: Intervals = setting.estimator.intervals(layout, setting.rows.group_sums(np.stack(levels)))
    name, severity = setting.block.conditions[condition] if condition >= 0 else ("", 0.0)
    rows, groups = layout.sizes
    table.add(
        rows > 0,
        benchmark=setting.block.benchmark,
        encoder=setting.block.encoders[encoder],
        perturbation=name,
        severity=float(severity),
        query_lang=view_labels(setting.rows.views)[0],
        measure=setting.block.measures[measure],
        mean=found.estimate[0],
        ci_low=found.low[0],
        ci_high=found.high[0],
        delta=found.estimate[1],
        delta_low=found.low[1],
        delta_high=found.high[1],
        n=rows,
        note=labelled([str(Kind.ONE_GROUP) if one else "" for one in groups < 2]),
    )


def _add_reason(table: Grids, setting: ReducedSetting, encoder: int, measure: int) -> None:
    """Add a row without numbers that says why the measure has none."""
    name = setting.block.measures[measure]
    unknown = ("mean", "ci_low", "ci_high", "delta", "delta_low", "delta_high")
    table.add(
        np.ones(1, dtype=np.bool_),
        benchmark=setting.block.benchmark,
        encoder=setting.block.encoders[encoder],
        perturbation="",
        severity=0.0,
        query_lang=ALL,
        measure=name,
        n=0,
        note=_UNDEFINED[name],
        **dict.fromkeys(unknown, np.nan),
    )
