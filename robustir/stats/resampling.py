"""Bootstrap over groups: one set of weights, shared by all languages, encoders and conditions, so that pairing is kept.

Studentised intervals are the default: with 48 unequal articles, 95% percentile intervals cover 92-95%.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from robustir.errors import InputError
from robustir.protocol import INTERVALS, IntervalKind
from robustir.seeds import derive_key
from robustir.stats.clusters import ClusterSums, standard_errors
from robustir.stats.moments import Draws, Moments, squares
from robustir.stats.rounding import ROUNDING
from robustir.stats.threads import in_threads

__all__ = [
    "Interval",
    "bca_bounds",
    "bootstrap_weights",
    "generator",
    "interval",
    "leave_one_out",
    "order_statistics",
    "paired_bootstrap_p",
    "replicates",
    "studentised_bounds",
    "tail_rank",
]

Floats = NDArray[np.float64]

_CHUNK = 32  # columns at a time: 32 x 2,000 replicates of float64 are half a MB, a few of which stay in the cache


@dataclass(frozen=True, slots=True)
class Interval:
    """Estimates with their standard errors and confidence limits, float64 [k] each; NaN if undefined."""

    estimate: Floats
    standard_error: Floats
    low: Floats
    high: Floats


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """Return a Philox generator keyed by the seed and its purpose."""
    return np.random.Generator(np.random.Philox(key=int.from_bytes(derive_key(seed, *purpose), "little")))


@lru_cache(maxsize=8)
def bootstrap_weights(groups: int, resamples: int, seed: int) -> Floats:
    """Return how often every group is drawn, float64 [resamples, groups] of whole numbers; rows sum to ``groups``."""
    draws = generator(seed, "bootstrap", groups).integers(0, groups, size=(resamples, groups))
    flat = draws + np.arange(resamples)[:, None] * groups
    weights = np.bincount(flat.ravel(), minlength=resamples * groups).reshape(resamples, groups).astype(np.float64)
    weights.flags.writeable = False
    return weights


def tail_rank(count: int | NDArray[np.intp], confidence: float) -> NDArray[np.intp]:
    """Return which order statistic of ``count`` replicates, from either end, bounds an interval.

    ``floor((B + 1) * (1 - confidence) / 2)``, at least 1 (Davison & Hinkley 1997, ch. 5).
    """
    tail = (1 - confidence) / 2 + 1e-12  # (1 - 0.9) / 2 is below 0.05 in floating point
    return np.maximum(np.floor((np.asarray(count) + 1) * tail), 1).astype(np.intp)


def order_statistics(table: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Return limits with half of ``1 - confidence`` of each row's values, without NaN, beyond each."""
    if not np.isnan(table).any():
        rank = int(tail_rank(table.shape[1], confidence))
        # One at a time is vectorised: five times as fast as both at once, and faster than sorting.
        chosen = np.partition(table, rank - 1, axis=1)
        low = chosen[:, rank - 1].copy()
        chosen.partition(table.shape[1] - rank, axis=1)
        return low, chosen[:, -rank].copy()
    ordered = np.sort(table, axis=1)
    defined = table.shape[1] - np.count_nonzero(np.isnan(table), axis=1)
    rank = np.minimum(tail_rank(defined, confidence), np.maximum(defined, 1))
    low = np.take_along_axis(ordered, (rank - 1)[:, None], axis=1)[:, 0]
    high = np.take_along_axis(ordered, np.maximum(defined - rank, 0)[:, None], axis=1)[:, 0]
    return low, high


def studentised_bounds(
    estimate: Floats, error: Floats, deviation: Floats, variance: Floats, groups: int, confidence: float
) -> tuple[Floats, Floats]:
    """Return the limits ``estimate - t * error`` from replicates' deviations and variances [k, b].

    A replicate without spread has an infinite t. If there are so many that a limit would be infinite (a difference that
    rests on one or two groups), that limit is taken from the t distribution with G - 1 degrees of freedom.
    """
    from scipy.special import stdtrit

    with np.errstate(divide="ignore", invalid="ignore"):
        # The signed square of t has the order of t, and its root is needed for the two limits only.
        square = deviation * np.abs(deviation)
        square /= variance
        square[deviation == 0] = 0.0
        low, high = (np.sign(limit) * np.sqrt(np.abs(limit)) for limit in order_statistics(square, confidence))
    fallback = float(stdtrit(max(groups - 1, 1), (1 + confidence) / 2))
    low = np.where(np.isfinite(low), low, -fallback)
    high = np.where(np.isfinite(high), high, fallback)
    return estimate - high * error, estimate - low * error


def _studentised(clusters: ClusterSums, draws: Draws, confidence: float) -> tuple[Floats, Floats]:
    moments = Moments(clusters, draws)
    groups = clusters.groups
    # Rounding in the expanded products can make a spread of about 1e-16 of the second moment out of none.
    error = standard_errors(clusters)
    variance = squares([moments])
    variance *= groups / (groups - 1)
    variance[variance < 1e-12 * np.square(error)[:, None]] = 0.0
    return studentised_bounds(clusters.estimates, error, moments.deviation, variance, groups, confidence)


def replicates(clusters: ClusterSums, weights: Floats) -> Floats:
    """Return the estimates in every bootstrap replicate, float64 [k, b]; NaN if a stratum drew no row."""
    return Moments(clusters, Draws(clusters.counts, weights)).replicates


def _percentile(clusters: ClusterSums, draws: Draws, confidence: float) -> tuple[Floats, Floats]:
    return order_statistics(Moments(clusters, draws).replicates, confidence)


def leave_one_out(clusters: ClusterSums) -> Floats:
    """Estimates without each of the groups in turn, float64 [k, g]; NaN if a stratum would be empty."""
    present = clusters.counts.sum(axis=0) > 0
    left = clusters.totals[:, None] - clusters.counts[:, present]
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = clusters.sums.sum(axis=2)[:, :, None] - clusters.sums[:, :, present]
        parts = kept / np.where(left > 0, left, np.nan)
    total: Floats = parts.sum(axis=1)
    return total


def _bca(clusters: ClusterSums, draws: Draws, confidence: float) -> tuple[Floats, Floats]:
    deviation = Moments(clusters, draws).deviation
    return bca_bounds(clusters.estimates, standard_errors(clusters), deviation, leave_one_out(clusters), confidence)


def bca_bounds(
    estimate: Floats, error: Floats, deviation: Floats, alone: Floats, confidence: float
) -> tuple[Floats, Floats]:
    """Return bias-corrected and accelerated limits, with the jackknife over groups (Efron 1987).

    deviation: replicates minus estimate [k, b]; alone: the estimates without each of the groups, [k, g].
    """
    from scipy.special import ndtr, ndtri

    defined = deviation.shape[1] - np.count_nonzero(np.isnan(deviation), axis=1)
    # A resample that draws every group once repeats the estimate, up to rounding: a tie, not a side.
    margin = 1e-12 * error[:, None]
    below = np.count_nonzero(deviation < -margin, axis=1) + 0.5 * np.count_nonzero(np.abs(deviation) <= margin, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = ndtri(below / defined)
    spread = alone.mean(axis=1, keepdims=True) - alone
    second = np.square(spread).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        acceleration = np.where(
            second > 0, (spread**3).sum(axis=1) / (6 * second**1.5), 0.0
        )  # 0 if a group is all there is
    tail = (1 - confidence) / 2
    ordered = np.sort(deviation, axis=1)
    limits = []
    for share in (tail, 1 - tail):
        with np.errstate(invalid="ignore", divide="ignore"):
            z = bias + ndtri(share)
            # All replicates on one side of the estimate: the bias is infinite, and so is its correction.
            corrected = np.where(np.isfinite(bias), bias + z / (1 - acceleration * z), bias)
            position = np.rint(ndtr(corrected) * (defined + 1))
        rank = np.clip(np.nan_to_num(position, nan=1.0), 1, np.maximum(defined, 1)).astype(np.intp)
        limits.append(estimate + np.take_along_axis(ordered, rank[:, None] - 1, axis=1)[:, 0])
    return limits[0], limits[1]


def _chunks(clusters: ClusterSums) -> list[tuple[slice, ClusterSums]]:
    parts = [slice(start, start + _CHUNK) for start in range(0, len(clusters), _CHUNK)]
    return [(part, ClusterSums(clusters.sums[part], clusters.counts)) for part in parts]


def interval(
    clusters: ClusterSums, weights: Floats, *, confidence: float = 0.95, kind: IntervalKind = "studentised"
) -> Interval:
    """Return confidence intervals of K quantities from shared bootstrap weights [b, g] (:func:`bootstrap_weights`).

    The limits are NaN below two groups, and equal to the estimate if the groups do not differ.

    Raises:
        InputError: for an unknown kind or a confidence outside (0, 1).
    """
    if kind not in INTERVALS or not 0 < confidence < 1:
        raise InputError(f"interval {kind!r} at {confidence}: use one of {', '.join(INTERVALS)}, confidence in (0, 1)")
    limits = {"studentised": _studentised, "percentile": _percentile, "bca": _bca}[kind]
    estimate, error = clusters.estimates, standard_errors(clusters)
    low, high = np.full(len(clusters), np.nan), np.full(len(clusters), np.nan)
    if clusters.groups >= 2:
        draws = Draws(clusters.counts, weights)

        def limit(chunk: tuple[slice, ClusterSums]) -> None:
            part, columns = chunk
            low[part], high[part] = limits(columns, draws, confidence)

        in_threads(limit, _chunks(clusters))
    still = error == 0
    low[still], high[still] = estimate[still], estimate[still]
    return Interval(estimate, error, low, high)


def paired_bootstrap_p(clusters: ClusterSums, weights: Floats) -> Floats:
    """Two-sided p of "the estimate is 0" by the shifted bootstrap, float64 [k] (Smucker et al. 2007)."""
    p, draws = np.empty(len(clusters)), Draws(clusters.counts, weights)
    for part, columns in _chunks(clusters):
        deviation = np.abs(Moments(columns, draws).deviation)
        hits = np.count_nonzero(deviation >= np.abs(columns.estimates)[:, None] - ROUNDING, axis=1)
        p[part] = (hits + 1) / (deviation.shape[1] + 1)
    return p
