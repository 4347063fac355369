"""Rank-biased overlap of two rankings (Webber, Moffat & Zobel 2010), for many queries at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["rank_biased_overlap"]

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]


def rank_biased_overlap(
    query: Indexes, later: Indexes, lengths: NDArray[np.intp], *, persistence: float = 0.9
) -> Floats:
    """Return the extrapolated overlap of two lists per query, float64 [q]; NaN if both are empty.

    query [k], later [k]: of every passage that both lists hold its query and the later of its two ranks (from 1), by
    which both have reached it. lengths: [q, 2], how long the lists are. Lists of unequal length as in equation 32.
    """
    size = len(lengths)
    short, long = lengths.min(axis=1), lengths.max(axis=1)
    depth = np.arange(1, int(long.max(initial=0)) + 1)
    weight = persistence**depth
    # Sums over depths 1..d of p^d and p^d / d, from 0.
    plain, by_depth = (np.concatenate([[0.0], np.cumsum(part)]) for part in (weight, weight / np.maximum(depth, 1)))
    overlap = np.bincount(query, weights=by_depth[long[query]] - by_depth[later - 1], minlength=size)
    at_end = np.bincount(query, minlength=size).astype(np.float64)
    at_short = np.bincount(query, weights=later <= short[query], minlength=size)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(short > 0, at_short / short, 0.0)
        beyond = share * (plain[long] - plain[short]) - at_short * (by_depth[long] - by_depth[short])
        tail = ((at_end - at_short) / long + share) * persistence**long
        found: Floats = (1 - persistence) / persistence * (overlap + beyond) + tail
    found[long == 0] = np.nan
    return found
