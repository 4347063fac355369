"""Language bias under noise: rank distances of the parallel passages in the pool of all languages (lower is better).

Huang et al. 2023; Elmahdy et al. 2024.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.estimator import Intervals
from robustir.analysis.reduced import BIAS_MEASURES, ReducedSetting
from robustir.analysis.tables import Grids, view_labels

__all__ = ["add_bias"]

Floats = NDArray[np.float64]


def add_bias(table: Grids, setting: ReducedSetting) -> None:
    """Add rows [1 + views] for every encoder, condition (clean first) and rank distance of a multi block.

    ``delta`` is noisy - clean over the queries that have both; on a clean row it is 0.
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
        return
    layout = setting.layout(mask)
    levels = np.where(mask, noisy, 0.0), np.where(mask, noisy - clean, 0.0)
    found: Intervals = setting.estimator.intervals(layout, setting.rows.group_sums(np.stack(levels)))
    name, severity = setting.block.conditions[condition] if condition >= 0 else ("", 0.0)
    rows = layout.sizes[0]
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
    )
