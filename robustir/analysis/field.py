"""Several encoders under one noise at the shown severity, over the rows that all of them have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.estimator import Layout
from robustir.analysis.reduced import ReducedSetting
from robustir.analysis.scores import CleanScores
from robustir.analysis.shown import shown_severity
from robustir.stats import ClusterSums

__all__ = ["Field", "field_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Field:
    """Several encoders over the same rows: macro-averages of their clean scores and of their changes, of each measure.

    encoders: their numbers; clean, change: sums float64 [e, m, strata, groups]; near_floor: [e, m].
    """

    encoders: tuple[int, ...]
    perturbation: str
    severity: float
    layout: Layout
    counts: Floats
    clean: Floats
    change: Floats
    near_floor: NDArray[np.bool_]


def field_of(
    setting: ReducedSetting, encoders: Sequence[int], perturbation: str, scores: list[CleanScores]
) -> Field | None:
    """Return the sums of all encoders that have the shown severity, over the rows that all of these have."""
    severities = [setting.block.conditions[condition] for condition in setting.perturbations.get(perturbation, ())]
    severity = shown_severity(value for _, value in severities) if perturbation else 0.0
    condition = setting.block.conditions.index((perturbation, severity)) if perturbation else None
    there, masks = [], []
    for encoder in encoders:
        mask: NDArray[np.bool_] = np.isfinite(setting.clean(encoder).sum(axis=0))
        if condition is not None:
            mask &= np.isfinite(setting.noisy(encoder, condition).sum(axis=0))
        if mask.any():
            there.append(encoder)
            masks.append(mask)
    shared = np.logical_and.reduce(masks) if masks else np.zeros(0, dtype=np.bool_)
    if not shared.any():
        return None
    layout = setting.layout(shared)
    sums: tuple[list[ClusterSums], list[ClusterSums]] = [], []
    for encoder in there:
        clean = np.where(shared, setting.clean(encoder), 0.0)
        noisy = clean if condition is None else np.where(shared, setting.noisy(encoder, condition), 0.0)
        for parts, values in zip(sums, (clean, noisy - clean), strict=True):
            parts.append(layout.macro(setting.rows.group_sums(values)))
    levels, changes = (np.stack([part.sums for part in parts]) for parts in sums)
    near = np.stack([scores[encoder].near_floor[:, 0] for encoder in there])
    return Field(tuple(there), perturbation, severity, layout, sums[0][0].counts, levels, changes, near)
