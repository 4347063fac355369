"""Corruption errors against a reference encoder, as in ImageNet-C (Hendrycks & Dietterich 2019), macro-averaged.

The error is 1 - score of the primary measure. CE is the sum of an encoder's errors over the severities of a noise, divided
by that of the reference; the relative CE subtracts the clean error from both. Each hides what the other shows (the first
mostly ranks clean scores, the second favours an encoder with little to lose), so that a row has both or neither. mCE is
the mean over kinds of noise, without attacks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.comparisons import shared_noise
from robustir.analysis.reduced import NoiseSums, ReducedSetting
from robustir.analysis.scores import CleanScores
from robustir.analysis.tables import ALL, Grids
from robustir.stats import ClusterSums
from robustir.stats.rounding import below
from robustir.stats.trend import percentile_limits

__all__ = ["add_corruption"]

Floats = NDArray[np.float64]


def add_corruption(table: Grids, setting: ReducedSetting, scores: Sequence[CleanScores]) -> None:
    """Add CE and relative CE of every encoder under every noise, and their means; or one row with the reason for none."""
    names, reference = setting.block.encoders, setting.options.reference
    if not setting.perturbations or len(names) < 2:
        return
    if reference not in names:
        _write(table, setting, "", ALL, {"note": f"the reference {reference} is not in the run"})
        return
    number = names.index(reference)
    if scores[number].near_floor[setting.primary, 0]:
        _write(table, setting, "", ALL, {"note": f"the reference {reference} is near its floor"})
        return
    kinds = setting.noises
    for encoder, found in enumerate(scores):
        rows = [_errors(setting, encoder, number, kind) for kind in kinds]
        near = bool(found.near_floor[setting.primary, 0])
        for kind, row in zip(kinds, rows, strict=True):
            _write(table, setting, names[encoder], kind, {**row, "near_floor": near})
        known = [row["replicates"] for row in rows if "replicates" in row]
        if known:
            note = "" if len(known) == len(kinds) else f"{len(known)} of {len(kinds)} kinds of noise"
            both = {**_columns(np.mean(known, axis=0), setting), "kinds": len(known), "note": note}
            _write(table, setting, names[encoder], ALL, {**both, "near_floor": near})


def _errors(setting: ReducedSetting, encoder: int, reference: int, perturbation: str) -> dict[str, Any]:
    """Return the columns of one encoder under one noise, with the estimates and replicates of both ratios, [2, 1 + b]."""
    pair = shared_noise(setting, encoder, reference, perturbation)
    if pair is None:
        return {"note": "no scores that the reference has too"}
    layout, measure = pair[0].layout, setting.primary
    sizes = {"severities": len(pair[0].severities), "n": layout.sizes[0][0], "groups": layout.sizes[1][0], "kinds": 1}
    loss = pair[1].delta[:, [measure]].sum(axis=0)
    if not below(setting.estimator.intervals(layout, loss, macro_only=True).high[0, 0]):
        return {**sizes, "note": "the reference's loss is not separated from 0"}
    ours, theirs = (_sums(setting, noise) for noise in pair)
    ratios = ours / theirs
    return {**sizes, **_columns(ratios, setting), "replicates": ratios}


def _sums(setting: ReducedSetting, noise: NoiseSums) -> Floats:
    """Return the summed errors and the summed increases of error of one encoder, [2, 1 + b]: estimate, then replicates."""
    measure, count = setting.primary, len(noise.severities)
    delta = noise.delta[:, measure].sum(axis=0)
    macro: ClusterSums = noise.layout.macro(np.stack([count * noise.clean[measure] + delta, delta]))
    found = setting.estimator.replicated(macro)
    return np.stack([count - found[0], -found[1]])


def _columns(ratios: Floats, setting: ReducedSetting) -> dict[str, float]:
    low, high = percentile_limits(ratios[:, 1:], setting.options.confidence)
    names = (("ce", "ce_low", "ce_high"), ("relative_ce", "relative_low", "relative_high"))
    found: dict[str, float] = {}
    for own, *values in zip(names, ratios[:, 0], low, high, strict=True):
        found |= dict(zip(own, map(float, values), strict=True))
    return found


def _write(table: Grids, setting: ReducedSetting, encoder: str, perturbation: str, found: Mapping[str, Any]) -> None:
    missing = dict.fromkeys(("ce", "ce_low", "ce_high", "relative_ce", "relative_low", "relative_high"), np.nan)
    whole = {"severities": 0, "kinds": 0, "n": 0, "groups": 0, "near_floor": False, "note": ""}
    columns = {**missing, **whole, **{name: value for name, value in found.items() if name != "replicates"}}
    table.add(
        np.ones(1, dtype=np.bool_),
        benchmark=setting.block.benchmark,
        setting=setting.block.setting,
        encoder=encoder,
        reference=setting.options.reference,
        measure=setting.measures[setting.primary],
        perturbation=perturbation,
        **columns,
    )
