"""Effect sizes of paired differences, shown beside every test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustir.stats.rounding import ROUNDING, settled

__all__ = ["probability_of_superiority", "spread", "standardised_mean_difference"]

Floats = NDArray[np.float64]

_NOISE = 1e-13  # a variance below this share of the mean square is rounding


def spread(total: Floats, total_of_squares: Floats, count: Floats) -> Floats:
    """Return the standard deviation (n - 1) from sums, sums of squares and counts of any shape; NaN below two."""
    with np.errstate(divide="ignore", invalid="ignore"):
        about_mean = total_of_squares - np.square(total) / count
        about_mean = np.where(about_mean > _NOISE * total_of_squares, about_mean, 0.0)
        variance = about_mean / np.where(count > 1, count - 1, np.nan)
    return np.sqrt(variance)


def standardised_mean_difference(mean: Floats, deviation: Floats) -> Floats:
    """Return mean / standard deviation of the differences (Sakai 2018, ch. 5); 0 if all differences are 0.

    NaN if the differences are equal and not 0, or the deviation is undefined.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(
            (np.abs(mean) <= ROUNDING) & (deviation == 0), 0.0, np.where(deviation > 0, mean / deviation, np.nan)
        )


def probability_of_superiority(differences: Floats) -> Floats:
    """Return the share of differences above 0 plus half the share equal to 0, over the last axis (Grissom 1994).

    0.5: neither side wins more often; NaN differences are left out.
    """
    wins = np.where(np.isnan(differences), np.nan, 0.5 + 0.5 * np.sign(settled(differences)))
    with np.errstate(invalid="ignore"):
        share: Floats = np.nansum(wins, axis=-1) / np.count_nonzero(~np.isnan(differences), axis=-1)
    return share
