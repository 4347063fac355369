"""Groups of queries, and the sums per group from which every interval and test is computed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ClusterSums", "GroupCodes", "cluster_sums", "group_codes", "standard_errors"]

Floats = NDArray[np.float64]

# Residuals this far below the largest sum are rounding noise, not spread to studentise by.
_NOISE = 2.0**-44


@dataclass(frozen=True, slots=True)
class GroupCodes:
    """Sorted group labels and, per row, the position of its group among them (intp [n])."""

    labels: tuple[str, ...]
    codes: NDArray[np.intp]


def group_codes(labels: Iterable[str]) -> GroupCodes:
    """Number the groups in the order of their sorted labels, so that the numbering does not depend on the row order."""
    column = list(labels)
    names = tuple(sorted(set(column)))
    position = {name: index for index, name in enumerate(names)}
    return GroupCodes(names, np.fromiter(map(position.__getitem__, column), dtype=np.intp, count=len(column)))


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """K quantities, each a sum over P strata of ratio means: ``sum_p sum_g sums[k, p, g] / sum_g counts[p, g]``.

    One stratum gives the mean per query with unequal groups. A macro-average over languages is the sum of its languages'
    means with ``sums`` divided by their number; languages with equal counts share a stratum.

    Args:
        sums: float64 [k, p, g], sums of the scores per stratum and group.
        counts: float64 [p, g], the numbers of rows in these sums.
    """

    sums: Floats
    counts: Floats

    def __post_init__(self) -> None:
        if self.sums.ndim != 3 or self.counts.shape != self.sums.shape[1:]:
            raise ValueError(f"sums {self.sums.shape} must be [k, p, g] and counts {self.counts.shape} [p, g]")

    def __len__(self) -> int:
        return len(self.sums)

    @property
    def totals(self) -> Floats:
        """Rows per stratum, float64 [p]."""
        totals: Floats = self.counts.sum(axis=1)
        return totals

    @property
    def groups(self) -> int:
        """Number of groups that hold at least one row."""
        return int(np.count_nonzero(self.counts.sum(axis=0)))

    @property
    def stratum_means(self) -> Floats:
        """The part of every stratum, float64 [k, p]."""
        means: Floats = self.sums.sum(axis=2) / self.totals
        return means

    @property
    def estimates(self) -> Floats:
        """The quantities themselves, float64 [k]."""
        estimates: Floats = self.stratum_means.sum(axis=1)
        return estimates

    @property
    def contributions(self) -> Floats:
        """The share of every group in the estimate, float64 [k, g]; sign flips act on these."""
        contributions: Floats = (self.sums / self.totals[:, None]).sum(axis=1)
        return contributions

    def residuals(self) -> Floats:
        """Group sums about their own stratum's mean, float64 [k, p, g]."""
        residuals: Floats = self.sums - self.stratum_means[:, :, None] * self.counts
        largest = np.abs(self.sums).max(axis=(1, 2), initial=0.0)
        residuals[np.abs(residuals) <= _NOISE * largest[:, None, None]] = 0.0
        return residuals

    def influence(self) -> Floats:
        """Linearised contribution of every group to the error of the estimate, float64 [k, g]."""
        influence: Floats = (self.residuals() / self.totals[:, None]).sum(axis=1)
        return influence


def cluster_sums(values: Floats, codes: NDArray[np.intp], groups: int) -> ClusterSums:
    """Sum rows per group: values float64 [k, n] and codes [n] give one stratum over ``groups`` groups.

    The last bits depend on the order of the rows: sort them by id first.
    """
    table = np.atleast_2d(values)
    sums = np.stack([np.bincount(codes, weights=row, minlength=groups).astype(np.float64) for row in table])
    return ClusterSums(sums[:, None, :], np.bincount(codes, minlength=groups).astype(np.float64)[None, :])


def standard_errors(clusters: ClusterSums) -> Floats:
    """Linearised (Taylor) standard error of ratio means with unequal clusters, float64 [k]; NaN below two groups.

    ``sqrt(G / (G - 1) * sum_g influence_g ** 2)`` (Cochran 1977, ch. 6); with one query per group it is s / sqrt(n).
    """
    groups = clusters.groups
    if groups < 2:
        return np.full(len(clusters), np.nan)
    second: Floats = np.square(clusters.influence()).sum(axis=1)
    return np.sqrt(groups / (groups - 1) * second)
