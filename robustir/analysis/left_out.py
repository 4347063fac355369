"""Macro-averages without each query language in turn: does a difference, or its sign, hang on one language?

Limits are linearised (Taylor) ones with quantiles of t, not the bootstrap's: there are as many estimates as languages for
every row of the findings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.estimator import Layout
from robustir.stats.rounding import above, below

__all__ = ["LeftOut", "Without"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Without:
    """Estimates with all languages, [c], and without each, [c, languages], with limits; a single language is not left out.

    told: whether the limits of the estimate with all languages exclude 0, [c].
    """

    told: NDArray[np.bool_]
    whole: Floats
    estimate: Floats
    low: Floats
    high: Floats

    @property
    def range(self) -> tuple[Floats, Floats]:
        """The smallest and the largest estimate, [c] each."""
        if not self.estimate.shape[1]:
            undefined = np.full(len(self.estimate), np.nan)
            return undefined, undefined
        return self.estimate.min(axis=1), self.estimate.max(axis=1)

    @property
    def hanging(self) -> NDArray[np.bool_]:
        """Of estimates told from 0, the languages without which the sign is another or limits hold 0, bool [c, languages]."""
        positive = (self.whole > 0)[:, None]
        return np.where(positive, ~above(self.low), ~below(self.high)) & self.told[:, None]


class LeftOut:
    """The query languages of some views, each to be left out."""

    def __init__(self, layout: Layout, languages: NDArray[np.intp], confidence: float) -> None:
        """Take the query language of every view of a layout by number, [views], ascending."""
        self._layout, self._confidence = layout, confidence
        present = languages[layout.present]
        self.languages, first = np.unique(present, return_index=True)
        if len(self.languages) < 2:
            self.languages, first = self.languages[:0], first[:0]
        self._first = first
        sizes = np.diff(np.append(first, len(present))) if len(first) else np.empty(0)
        self._left = np.concatenate([[len(present)], len(present) - sizes])
        self._groups = int(layout.sizes[1][0])

    def _moments(self, sums: Floats) -> tuple[Floats, Floats]:
        """Means [c, 1 + languages] of sums [c, views, groups], of all and without each language, and the groups' influence."""
        counts = self._layout.counts[self._layout.present]
        rows = counts.sum(axis=1)
        inside = sums[:, self._layout.present]
        means = inside.sum(axis=2) / rows
        parts = (means, (inside - means[:, :, None] * counts) / rows[:, None])
        found = []
        for part, left in zip(parts, (self._left, self._left[:, None]), strict=True):
            total = part.sum(axis=1, keepdims=True)
            rest = total - np.add.reduceat(part, self._first, axis=1) if len(self._first) else total[:, :0]
            found.append(np.concatenate([total, rest], axis=1) / left)
        return found[0], found[1]

    def _limits(self, estimate: Floats, influence: Floats, by_seed: Floats | None = None) -> Without:
        """Limits of estimates [c, 1 + languages], from the groups' influence and, of [1, ...], the values [s, ...] by seed."""
        from scipy.special import stdtrit

        groups, fewest = self._groups, self._groups
        scale = groups / (groups - 1) if groups > 1 else np.nan
        variance = scale * np.square(influence).sum(axis=2)
        if by_seed is not None:
            fewest = min(groups, len(by_seed))
            variance = variance + (by_seed.var(axis=0, ddof=1) / len(by_seed) if len(by_seed) > 1 else np.nan)
        margin = float(stdtrit(max(fewest - 1, 1), (1 + self._confidence) / 2)) * np.sqrt(variance)
        low, high = estimate - margin, estimate + margin
        told = above(low[:, 0]) | below(high[:, 0])
        return Without(told, estimate[:, 0], estimate[:, 1:], low[:, 1:], high[:, 1:])

    def means(self, sums: Floats) -> Without:
        """Return the macro-averages of sums [c, views, groups]."""
        return self._limits(*self._moments(sums))

    def log_ratios(self, levels: Sequence[Floats]) -> Without:
        """Return log ratios of two retentions: levels are noisy A, clean A, noisy B and clean B, [c, views, groups] each."""
        moments = [self._moments(level) for level in levels]
        means = [np.where(mean > 0, mean, np.nan) for mean, _ in moments]
        logs = [np.log(mean) for mean in means]
        shares = [moved / mean[:, :, None] for (_, moved), mean in zip(moments, means, strict=True)]
        return self._limits(*((part[0] - part[1]) - (part[2] - part[3]) for part in (logs, shares)))

    def means_over_seeds(self, sums: Floats) -> Without:
        """Return the mean over seeds of macro-averages, of sums [s, views, groups]; one row."""
        mean, influence = self._moments(sums)
        return self._limits(mean.mean(axis=0)[None], influence.mean(axis=0)[None], mean)

    def log_ratios_over_seeds(self, levels: Sequence[Floats]) -> Without:
        """Return the log ratio of two retentions of means over seeds: noisy A, clean A, noisy B, clean B, [s, views, groups]."""
        moments = [self._moments(level) for level in levels]
        means = [np.where(mean.mean(axis=0) > 0, mean.mean(axis=0), np.nan) for mean, _ in moments]
        logs = [np.log(mean)[None] for mean in means]
        by_seed = [mean / whole for (mean, _), whole in zip(moments, means, strict=True)]
        shares = [(moved.mean(axis=0) / whole[:, None])[None] for (_, moved), whole in zip(moments, means, strict=True)]
        return self._limits(*((part[0] - part[1]) - (part[2] - part[3]) for part in (logs, shares, by_seed)))
