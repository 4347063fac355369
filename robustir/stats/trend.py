"""Many encoders at once: the trend from clean to noisy scores, and the agreement of two orders."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustir.stats.resampling import tail_rank
from robustir.stats.rounding import settled

__all__ = ["beyond_trend", "kendall_tau", "percentile_limits"]

Floats = NDArray[np.float64]

_NEAREST = 1e-6  # of a score to 0 and 1, where the logit ends


def _logit(scores: Floats) -> Floats:
    inside = np.clip(scores, _NEAREST, 1 - _NEAREST)
    found: Floats = np.log(inside / (1 - inside))
    return found


def beyond_trend(clean: Floats, noisy: Floats, fitted: NDArray[np.intp]) -> tuple[Floats, Floats, Floats]:
    """Return the noisy scores that clean ones predict [e, ...], and slope and intercept of the trend [...].

    Least squares of the logit of noisy scores on that of clean ones, over the encoders ``fitted`` (Taori et al. 2020);
    scores float64 [e, ...]. Effective robustness is the score minus its prediction. NaN if all clean scores are equal.
    """
    x, y = _logit(clean), _logit(noisy)
    here, there = x[fitted], y[fitted]
    centre = here.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope: Floats = ((here - centre) * (there - there.mean(axis=0))).sum(axis=0) / np.square(here - centre).sum(
            axis=0
        )
    intercept: Floats = there.mean(axis=0) - slope * centre
    predicted: Floats = 1 / (1 + np.exp(-(intercept + slope * x)))
    return predicted, slope, intercept


def kendall_tau(one: Floats, other: Floats) -> Floats:
    """Return Kendall's tau-b of scores [e, ...] over the first axis, float64 [...]; NaN if one side is all equal."""
    first, second = np.triu_indices(len(one), 1)
    left, right = (np.sign(settled(side[first] - side[second])) for side in (one, other))
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(np.square(left).sum(axis=0) * np.square(right).sum(axis=0))
        found: Floats = (left * right).sum(axis=0) / root
    return found


def percentile_limits(replicates: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Return limits of quantities from their bootstrap replicates [..., b]; NaN if a replicate is undefined."""
    rank = int(tail_rank(replicates.shape[-1], confidence))
    ordered = np.sort(replicates, axis=-1)
    low, high = ordered[..., rank - 1], ordered[..., -rank]
    undefined = np.isnan(replicates).any(axis=-1)
    return np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)
