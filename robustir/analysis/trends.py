"""Many encoders at once: effective robustness against the trend of all, and the agreement of clean and noisy orders.

Both need eight encoders that are not variants of one another. With fewer there are the scores alone, and the two orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.field import Field, field_of
from robustir.analysis.reduced import ReducedSetting
from robustir.analysis.scores import CleanScores
from robustir.analysis.tables import Grids, labelled
from robustir.stats import ClusterSums
from robustir.stats.trend import beyond_trend, kendall_tau, percentile_limits

__all__ = ["FEWEST_ENCODERS", "add_trends"]

Floats = NDArray[np.float64]
FEWEST_ENCODERS = 8


def add_trends(
    trend: Grids, orders: Grids, setting: ReducedSetting, scores: Sequence[CleanScores], strategies: AbstractSet[str]
) -> None:
    """Add rows per noise without attacks, of the primary measure at the shown severity, to both tables.

    Without encoders near their floor, and without training ``strategies``, whose seeds are random too.
    """
    names = setting.block.encoders
    judged = [
        encoder
        for encoder, found in enumerate(scores)
        if names[encoder] not in strategies and not found.near_floor[setting.primary, 0]
    ]
    for perturbation in setting.noises:
        field = field_of(setting, judged, perturbation, list(scores))
        if field is not None and len(field.encoders) > 1:
            _add(trend, orders, setting, field)


def _add(trend: Grids, orders: Grids, setting: ReducedSetting, field: Field) -> None:
    names = [setting.block.encoders[number] for number in field.encoders]
    kinds = [setting.options.kinds.get(name, name) for name in names]
    fitted = np.array([kinds.index(kind) for kind in dict.fromkeys(kinds)], dtype=np.intp)
    note = ""
    if len(fitted) < FEWEST_ENCODERS:
        note = f"{len(fitted)} encoders that are not variants; {FEWEST_ENCODERS} make a trend"
    # Estimates, then replicates, [e, 1 + b].
    clean, noisy = (_levels(setting, field, sums) for sums in (field.clean, field.clean + field.change))
    effect, limits, line = _effects(setting, clean, noisy, fitted, known=not note)
    shared: dict[str, Any] = {
        "benchmark": setting.block.benchmark,
        "setting": setting.block.setting,
        "perturbation": field.perturbation,
        "severity": field.severity,
        "measure": setting.measures[setting.primary],
        "kinds": len(fitted),
        "note": note,
    }
    trend.add(
        np.ones(len(names), dtype=np.bool_),
        **shared,
        encoder=labelled(names),
        clean=clean[:, 0],
        noisy=noisy[:, 0],
        expected=noisy[:, 0] - effect,
        effective=effect,
        ci_low=limits[0],
        ci_high=limits[1],
        slope=line[0],
        intercept=line[1],
    )
    one = np.ones(1, dtype=np.bool_)
    agreed = _agreement(setting, clean[fitted], noisy[fitted], known=not note)
    listed = {f"{name}_order": _order(names, levels[:, 0]) for name, levels in (("clean", clean), ("noisy", noisy))}
    orders.add(one, **shared, **agreed, **listed)


def _agreement(setting: ReducedSetting, clean: Floats, noisy: Floats, *, known: bool) -> dict[str, Floats | float]:
    """Return Kendall's tau with its limits."""
    tau = kendall_tau(clean, noisy) if known else np.full(clean.shape[1], np.nan)
    low, high = percentile_limits(tau[1:], setting.options.confidence)
    return {"tau": tau[0], "tau_low": low, "tau_high": high}


def _levels(setting: ReducedSetting, field: Field, sums: Floats) -> Floats:
    return setting.estimator.replicated(ClusterSums(sums[:, setting.primary], field.counts))


def _effects(
    setting: ReducedSetting, clean: Floats, noisy: Floats, fitted: NDArray[np.intp], *, known: bool
) -> tuple[Floats, tuple[Floats, Floats], tuple[float, float]]:
    """Return effective robustness with its limits, [e] each, and slope and intercept of the trend."""
    if not known:
        missing = np.full(len(clean), np.nan)
        return missing, (missing, missing), (np.nan, np.nan)
    expected, slope, intercept = beyond_trend(clean, noisy, fitted)
    beyond = noisy - expected
    limits = percentile_limits(beyond[:, 1:], setting.options.confidence)
    return beyond[:, 0], limits, (float(slope[0]), float(intercept[0]))


def _order(names: Sequence[str], levels: Floats) -> str:
    """Return the names from the highest level down."""
    return " > ".join(names[int(number)] for number in np.argsort(-levels, kind="stable"))
