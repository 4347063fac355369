"""Encoder against encoder: differences in differences of macro-averages, per severity and for the whole curve.

The unit of a comparison is a query that both encoders have scores for: (A noisy - A clean) - (B noisy - B clean) at one
severity, or, for the "curve", the difference of both encoders' mean change over the dose range. The doses are those of
the query sets, which both encoders share; so the curve's unit is a fixed combination of the severities and is tested as
one.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.curves import curve_layout, curve_loss
from robustir.analysis.estimator import Layout
from robustir.analysis.reduced import NoiseSums, ReducedSetting
from robustir.analysis.scores import CleanScores
from robustir.analysis.tables import Grids, labelled
from robustir.stats import verdict

__all__ = ["CURVE", "add_comparisons", "shared_noise"]

Floats = NDArray[np.float64]

CURVE = "curve"


def add_comparisons(
    table: Grids, setting: ReducedSetting, scores: list[CleanScores], strategies: AbstractSet[str]
) -> None:
    """Add all pairs of encoders (the earlier one is A) under every perturbation, but for two of ``strategies``."""
    for a, b in combinations(range(len(setting.block.encoders)), 2):
        if {setting.block.encoders[a], setting.block.encoders[b]} <= strategies:
            continue  # what is random in them are seeds as well as queries: robustir.analysis.strategies compares them
        above = scores[a].above_floor[:, 0] & scores[b].above_floor[:, 0]
        for perturbation in setting.perturbations:
            attacked = setting.block.treatment(perturbation).attacked
            if attacked in {setting.block.encoders[a], setting.block.encoders[b]}:
                continue  # an attack on one of two says nothing of which is more robust
            pair = shared_noise(setting, a, b, perturbation)
            if pair is not None:
                _add_pair(table, setting, (a, b), pair, above)


def shared_noise(setting: ReducedSetting, a: int, b: int, perturbation: str) -> tuple[NoiseSums, NoiseSums] | None:
    """Return both encoders' sums under a perturbation, over the rows and severities that both have."""
    left, right = setting.noise(a, perturbation), setting.noise(b, perturbation)
    if left is None or right is None:
        return None
    if left.layout is right.layout and left.conditions == right.conditions:
        return left, right
    conditions = tuple(condition for condition in left.conditions if condition in right.conditions)
    mask = left.mask & right.mask
    if not conditions or not mask.any():
        return None
    return setting.reduce(a, conditions, mask), setting.reduce(b, conditions, mask)


def _add_pair(
    table: Grids,
    setting: ReducedSetting,
    pair: tuple[int, int],
    noise: tuple[NoiseSums, NoiseSums],
    above_floor: NDArray[np.bool_],
) -> None:
    first, second = noise
    severities = [format(severity, ".10g") for severity in first.severities]
    _add_rows(table, setting, pair, noise, severities, (first.delta, second.delta), first.layout, above_floor)
    layout = curve_layout(setting, first)
    loss = curve_loss(setting, first)[None], curve_loss(setting, second)[None]
    if len(layout.present):
        _add_rows(table, setting, pair, noise, [CURVE], loss, layout, above_floor)


def _add_rows(
    table: Grids,
    setting: ReducedSetting,
    pair: tuple[int, int],
    noise: tuple[NoiseSums, NoiseSums],
    severities: list[str],
    change: tuple[Floats, Floats],
    layout: Layout,
    above_floor: NDArray[np.bool_],
) -> None:
    """Add rows [severities, m] from both encoders' changes [severities, m, views, groups]."""
    shape = change[0].shape[:2]
    estimator = setting.estimator
    views, groups = change[0].shape[2:]

    def flat(sums: Floats) -> Floats:
        return np.broadcast_to(sums, change[0].shape).reshape(-1, views, groups)

    gap = flat(change[0] - change[1])
    absolute = estimator.intervals(layout, gap, macro_only=True)
    p, p_t = estimator.tests(layout, gap, macro_only=True)
    clean = [flat(part.clean) for part in noise]
    noisy = [base + flat(part) for base, part in zip(clean, change, strict=True)]
    relative = estimator.log_ratios(layout, [noisy[0], clean[1]], [clean[0], noisy[1]], macro_only=True)
    names = setting.block.encoders[pair[0]], setting.block.encoders[pair[1]]
    verdicts = [
        verdict(names, limits[:2], limits[2:], above_floor=bool(above_floor[row % shape[1]]))
        for row, limits in enumerate(
            zip(absolute.low[:, 0], absolute.high[:, 0], relative.low[:, 0], relative.high[:, 0], strict=True)
        )
    ]
    columns = {
        "difference_in_differences": absolute.estimate,
        "ci_low": absolute.low,
        "ci_high": absolute.high,
        "log_retention_ratio": relative.estimate,
        "log_ratio_low": relative.low,
        "log_ratio_high": relative.high,
        "p": p,
        "p_t": p_t,
        "verdict": labelled(verdicts),
    }
    sizes = layout.sizes
    perturbation = setting.block.conditions[noise[0].conditions[0]][0]
    table.add(
        np.ones(shape, dtype=np.bool_),
        benchmark=setting.block.benchmark,
        encoder_a=names[0],
        encoder_b=names[1],
        perturbation=perturbation,
        severity=labelled(severities)[:, None],
        setting=setting.block.setting,
        measure=labelled(setting.measures),
        n=sizes[0][0],
        groups=sizes[1][0],
        attacked=setting.block.treatment(perturbation).attacked,
        embedded_lang=setting.block.treatment(perturbation).embedded_lang,
        **{name: values.reshape(shape) for name, values in columns.items()},
    )
