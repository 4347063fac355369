"""Limits of the retained share, noisy / clean.

They come from the log scale, on which a ratio is as far above 1 as its inverse is below, and never falls below 0. The
macro-average has the bootstrap interval of all ratios here; single languages, of which there are many, have linearised
errors and a t quantile.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.estimator import MACRO
from robustir.analysis.reduced import NoiseSums, ReducedSetting
from robustir.stats import ClusterSums, linearised_ratio, log_ratio_interval, t_reach
from robustir.stats.rounding import settled

__all__ = ["retention_limits"]

Floats = NDArray[np.float64]


def retention_limits(setting: ReducedSetting, noise: NoiseSums, few: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return limits of the retention, [s, m, 1 + views] each, within what a share of the clean score can be.

    NaN where few groups moved, with one group, or without a clean score; 0 if all noisy scores are 0.
    """
    options, weights = setting.options, setting.estimator.weights

    def evaluate(parts: list[ClusterSums], views: NDArray[np.intp]) -> Sequence[Floats]:
        noisy, clean = parts
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if views[0] == MACRO:
                found = log_ratio_interval(
                    [noisy], [clean], weights, confidence=options.confidence, kind=options.interval
                )
                low, high = np.exp(found.low), np.exp(found.high)
            else:
                reach = t_reach(linearised_ratio([noisy], [clean]), options.confidence)
                ratio = noisy.estimates / clean.estimates
                low, high = ratio * np.exp(-reach), ratio * np.exp(reach)
            most = np.where(clean.estimates > 0, 1 / clean.estimates, np.nan)
        nothing = (settled(noisy.estimates) == 0) & (clean.estimates > 0) & (clean.groups > 1)
        return [np.where(nothing, 0.0, np.clip(limit, 0.0, most)) for limit in (low, high)]

    levels = (noise.clean + noise.delta).reshape(-1, *noise.delta.shape[2:])
    base = np.broadcast_to(noise.clean, noise.delta.shape).reshape(levels.shape)
    found = setting.estimator.spread(noise.layout, [levels, base], evaluate, 2)
    low, high = (np.where(few, np.nan, limit.reshape(few.shape)) for limit in found)
    return low, high
