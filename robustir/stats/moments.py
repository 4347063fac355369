"""First and second moments of group contributions in every bootstrap replicate, from which intervals are studentised.

The influence of a group on an estimate is the sum over strata of ``(residual - deviation * count) / total``. With one
stratum, or with strata that share few groups, its products are expanded into matrix products over the groups of a
stratum. If most strata share groups, as a hundred languages with the same sentences do, that would be ten thousand
products of pairs of strata; then the influences themselves are computed, replicate by replicate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from robustir.stats.clusters import ClusterSums
from robustir.stats.exact import exact_products

__all__ = ["Draws", "Moments", "squares"]

Floats = NDArray[np.float64]

_BLOCK = 2**18  # replicates x groups at a time: 2 MB
_DEAR = 4  # an expanded pair of strata costs as much as this many groups of one stratum do in every replicate


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The groups of a stratum and how often each replicate draws them, float64 [b, chosen]; chosen: None if all are in it."""

    chosen: NDArray[np.intp] | None
    weights: Floats
    bound: float

    @classmethod
    def of(cls, counts: Floats, weights: Floats) -> _Drawn:
        """Return the groups that have rows, of counts [g] and weights [b, g] whose rows sum to g."""
        chosen = np.flatnonzero(counts)
        whole = len(chosen) == len(counts)
        return cls(None, weights, float(len(counts))) if whole else cls(chosen, weights[:, chosen], float(len(counts)))

    def sums(self, values: Floats) -> Floats:
        """Return exact weighted sums of values [k, g] that are 0 outside the stratum, float64 [k, b]."""
        inside = values if self.chosen is None else values[:, self.chosen]
        return exact_products(inside, self.weights, self.bound)

    def each(self, values: Sequence[Floats]) -> list[Floats]:
        """Return :meth:`sums` of several values [k, g] by one product, which takes less than one for each."""
        return np.split(self.sums(np.concatenate(values)), len(values))


class Draws:
    """What the moments of all quantities over the same rows share: counts [p, g] and bootstrap weights [b, g].

    totals: float64 [p, b], the rows of each stratum in every replicate; NaN if a stratum drew none. pairs: the pairs of
    strata that share groups. direct: whether the influences are computed rather than their products.
    """

    def __init__(self, counts: Floats, weights: Floats) -> None:
        self.counts, self.weights = counts, weights
        # Languages without documents have groups of their own: a product over all groups would be mostly zeros.
        self.drawn = [_Drawn.of(row, weights) for row in counts]
        self.totals = np.concatenate([own.sums(row[None]) for own, row in zip(self.drawn, counts, strict=True)])
        self.totals[self.totals == 0] = np.nan
        inside = (counts > 0).astype(np.float64)
        self.pairs = [(int(p), int(q)) for p, q in zip(*np.nonzero(inside @ inside.T), strict=True)]
        self.direct = len(self.pairs) * _DEAR > counts.size
        self._shared: dict[tuple[int, int], Floats] = {}

    def shared(self, p: int, q: int) -> Floats:
        """Return the drawn products of the counts of two strata, float64 [1, b]."""
        if (p, q) not in self._shared:
            self._shared[p, q] = self.drawn[p].sums((self.counts[p] * self.counts[q])[None])
        return self._shared[p, q]


class Moments:
    """First and second moments of the group contributions in every bootstrap replicate.

    deviation: float64 [k, b], replicate minus estimate; NaN if a replicate has no row of a stratum.
    """

    def __init__(self, clusters: ClusterSums, draws: Draws) -> None:
        self.draws, self._estimates = draws, clusters.estimates
        self._residuals = clusters.residuals()
        self._parts = [own.sums(self._residuals[:, p]) for p, own in enumerate(draws.drawn)]
        for part, total in zip(self._parts, draws.totals, strict=True):
            part /= total
        self.deviation: Floats = reduce(np.add, self._parts)

    @property
    def replicates(self) -> Floats:
        """The estimate in every replicate, float64 [k, b]; NaN if a stratum drew no row."""
        return self.deviation + self._estimates[:, None]

    def part(self, p: int) -> Floats:
        """Return the part of a stratum in the deviation, float64 [k, b]."""
        return self._parts[p]

    def products(self, p: int, other: Moments, q: int, times: float = 1.0) -> Floats:
        """Return the products of the residuals in a stratum with another quantity's in another, float64 [k, g]."""
        values: Floats = times * self._residuals[:, p] * other._residuals[:, q]
        return values

    def by_count(self, p: int, q: int) -> Floats:
        """Return the products of the residuals in a stratum with the counts in another, float64 [k, g]."""
        values: Floats = self._residuals[:, p] * self.draws.counts[q]
        return values

    def influence(self, k: int, block: slice) -> Floats:
        """Return what every group adds to the deviation of one quantity in some replicates, float64 [b, g]."""
        inverse = 1.0 / self.draws.totals[:, block].T
        parts = np.stack([part[k, block] for part in self._parts], axis=1)
        factors = np.concatenate([inverse, -parts * inverse], axis=1)
        # By NumPy's own loops, whose order of addition is fixed: these values are not whole numbers.
        found: Floats = np.einsum("bp,pg->bg", factors, np.concatenate([self._residuals[k], self.draws.counts]))
        return found


def squares(moments: Sequence[Moments], factors: Sequence[Floats] | None = None) -> Floats:
    """Return the drawn sums of the squared influences on ``sum(factor * mean)``, float64 [k, b].

    All moments must have the same draws; factors: [k, b] of each, None: one moment as it is.
    """
    draws = moments[0].draws
    if draws.direct:
        return _squared_influences(moments, factors)
    # The influence is the sum over strata of (r - d c) / total: r and d are those of the sum of the quantities.
    parts = [_weighted([moment.part(p) for moment in moments], factors) for p in range(len(draws.counts))]
    terms: list[Floats] = []
    for p, q in draws.pairs:
        if p > q:
            continue  # it is the same as (q, p), which counts twice
        values = _products(moments, p, q)
        drawn = draws.drawn[p].each([*values, *(moment.by_count(p, q) for moment in moments)])
        both = _of_sum(drawn[: len(values)], factors)
        by_count = _weighted(drawn[len(values) :], factors)
        if p == q:
            by_count *= 2
            by_count -= parts[p] * draws.shared(p, p)
            by_count *= parts[p]
            both -= by_count
            both /= np.square(draws.totals[p])
        else:
            turned = _weighted(draws.drawn[q].each([moment.by_count(q, p) for moment in moments]), factors)
            both -= parts[q] * by_count + parts[p] * (turned - parts[q] * draws.shared(p, q))
            both /= draws.totals[p] * draws.totals[q] / 2
        terms.append(both)
    return reduce(np.add, terms)


def _weighted(values: Sequence[Floats], factors: Sequence[Floats] | None) -> Floats:
    """Return the sum of values [k, b] times their factors, 1 if None."""
    if factors is None:
        return reduce(np.add, values)
    total = values[0] * factors[0]
    spare = np.empty_like(total)
    for own, factor in zip(values[1:], factors[1:], strict=True):
        total += np.multiply(own, factor, out=spare)
    return total


def _products(moments: Sequence[Moments], p: int, q: int) -> list[Floats]:
    """Return the products [k, g] of the residuals in two strata of every pair of quantities; of one stratum half are enough."""
    return [
        moment.products(p, other, q, 1.0 if p != q or other is moment else 2.0)
        for i, moment in enumerate(moments)
        for other in moments[: i + 1 if p == q else None]
    ]


def _of_sum(products: Sequence[Floats], factors: Sequence[Floats] | None) -> Floats:
    """Return the drawn products [k, b] of the sum of the quantities, from those of every pair or of half of them."""
    if factors is None:
        return products[0]
    found: list[Floats] = []
    rest, half = list(products), len(products) < len(factors) ** 2
    for i, factor in enumerate(factors):
        size = i + 1 if half else len(factors)
        inner = _weighted(rest[:size], factors[:size])
        inner *= factor
        found.append(inner)
        del rest[:size]
    return reduce(np.add, found)


def _squared_influences(moments: Sequence[Moments], factors: Sequence[Floats] | None) -> Floats:
    """Return what :func:`squares` does, replicate by replicate from the influences [b, g] themselves."""
    draws, size = moments[0].draws, len(moments[0].deviation)
    resamples, groups = draws.weights.shape
    step = max(1, _BLOCK // groups)
    found = np.empty((size, resamples))
    for k in range(size):
        for start in range(0, resamples, step):
            part = slice(start, start + step)
            terms = [moment.influence(k, part) for moment in moments]
            whole = _weighted(terms, None if factors is None else [one[k, part, None] for one in factors])
            found[k, part] = np.einsum("bg,bg,bg->b", draws.weights[part], whole, whole)
    return found
