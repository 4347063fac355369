"""Two encoders under one noise, in numbers: levels, gaps, and loss on both scales, each with interval and test.

The same code serves the macro-average and single languages: arrays in, columns of a table out. Claims are decided later,
when all p-values are adjusted (:mod:`robustir.analysis.claims`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.estimator import CHANGE, TWICE, Estimator, Intervals, Layout, few_moved, moved_groups
from robustir.analysis.options import AnalysisOptions
from robustir.stats import effective_groups, reachable_p, retention_contributions
from robustir.stats.rounding import settled

__all__ = ["PairSums", "worth"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairSums:
    """Two encoders A and B over the same rows: group sums [c, views, groups] of clean scores and of changes."""

    layout: Layout
    clean_a: Floats
    change_a: Floats
    clean_b: Floats
    change_b: Floats

    @property
    def levels(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Noisy A, clean A, noisy B, clean B."""
        return self.clean_a + self.change_a, self.clean_a, self.clean_b + self.change_b, self.clean_b

    @property
    def parts(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Clean and change of A, clean and change of B."""
        return self.clean_a, self.change_a, self.clean_b, self.change_b

    def macro(self) -> PairSums:
        """Return the same for the macro-average alone: a view for each stratum, whose macro-average it is."""
        strata = Layout.of(self.layout.patterns)
        return PairSums(strata, *(self.layout.macro(part).sums * len(strata.counts) for part in self.parts))

    @classmethod
    def stacked(cls, several: Sequence[PairSums]) -> PairSums:
        """Return the rows of pairs with the same counts together, so that they are resampled at once."""
        return cls(several[0].layout, *map(np.concatenate, zip(*(one.parts for one in several), strict=True)))

    def columns(self, estimator: Estimator, *, macro_only: bool = False) -> dict[str, Floats]:
        """Return the columns of comparisons, [c, 1 + views] each ([c, 1] with ``macro_only``)."""
        noisy_a, clean_a, noisy_b, clean_b = self.levels
        layout, only = self.layout, macro_only
        names = ("noisy_a", "clean_a", "noisy_b", "clean_b")
        found = {
            name: estimator.means(layout, sums, macro_only=only) for name, sums in zip(names, self.levels, strict=True)
        }
        gaps = {"clean": settled(clean_a - clean_b), "noisy": settled(noisy_a - noisy_b)}
        for name, gap in gaps.items():
            limits = self._interval(estimator, gap, CHANGE, macro_only=only)
            found |= {f"{name}_difference": limits.estimate, f"{name}_low": limits.low, f"{name}_high": limits.high}
            found[f"{name}_p"] = estimator.tests(layout, gap, macro_only=only)[0]
        loss = settled(self.change_a - self.change_b)
        points = self._interval(estimator, loss, TWICE, macro_only=only)
        found |= {"difference_in_differences": points.estimate, "ci_low": points.low, "ci_high": points.high}
        found["p"], found["p_t"] = estimator.tests(layout, loss, macro_only=only)
        shares = self._log_ratios(estimator, found, loss, macro_only=only)
        found |= {"log_retention_ratio": shares.estimate, "log_ratio_low": shares.low, "log_ratio_high": shares.high}
        found["ratio_p"] = estimator.ratio_tests(layout, self.levels, macro_only=only)
        found["loss_p"] = np.maximum(found["p"], found["ratio_p"])
        found["moved_groups"] = moved_groups(loss, macro_only=only)
        moved = [moved_groups(change, macro_only=only) for change in (self.change_a, self.change_b)]
        found["still"] = (moved[0] + moved[1] == 0).astype(np.float64)
        effective, smallest = worth(layout, estimator.options)
        shown = slice(0, 1) if only else slice(None)
        found["effective_groups"] = np.broadcast_to(effective[shown], found["p"].shape)
        found["smallest_p"] = np.broadcast_to(smallest[shown], found["p"].shape)
        return found

    def _interval(
        self, estimator: Estimator, sums: Floats, possible: tuple[float, float], *, macro_only: bool
    ) -> Intervals:
        found = estimator.intervals(self.layout, sums, macro_only=macro_only, possible=possible)
        return found.without(self._few(sums, macro_only=macro_only))

    def _few(self, sums: Floats, *, macro_only: bool) -> NDArray[np.bool_]:
        groups = self.layout.sizes[1]
        return few_moved(moved_groups(sums, macro_only=macro_only), groups[:1] if macro_only else groups)

    def _log_ratios(
        self, estimator: Estimator, means: dict[str, Floats], loss: Floats, *, macro_only: bool
    ) -> Intervals:
        """Return log ratios of retentions: infinite if one encoder keeps nothing, NaN if both do."""
        noisy_a, clean_a, noisy_b, clean_b = self.levels
        found = estimator.log_ratios(self.layout, [noisy_a, clean_b], [clean_a, noisy_b], macro_only=macro_only)
        nothing = [settled(means[f"noisy_{one}"]) == 0 for one in "ab"]
        something = (means["clean_a"] > 0) & (means["clean_b"] > 0)
        estimate = np.where(something & nothing[1] & ~nothing[0], np.inf, found.estimate)
        estimate = np.where(something & nothing[0] & ~nothing[1], -np.inf, estimate)
        return Intervals(estimate, found.low, found.high).without(self._few(loss, macro_only=macro_only))

    def contributions(self, row: int) -> dict[str, Floats]:
        """Return each group's contribution to the macro-averages of one row, [groups]: points, shares, clean and noisy gap."""
        levels = [self.layout.macro(settled(part[row : row + 1])) for part in self.levels]
        noisy_a, clean_a, noisy_b, clean_b = (part.contributions[0] for part in levels)
        loss = self.layout.macro(settled(self.change_a[row : row + 1] - self.change_b[row : row + 1]))
        return {
            "points": loss.contributions[0],
            "shares": retention_contributions(levels)[0],
            "clean": settled(clean_a - clean_b),
            "noisy": settled(noisy_a - noisy_b),
        }


def worth(layout: Layout, options: AnalysisOptions) -> tuple[Floats, Floats]:
    """Return for the macro-average and every view how many equal groups its groups are worth, and the smallest p of a test."""
    groups = layout.sizes[1].astype(int)
    effective = np.full(len(groups), np.nan)
    if len(layout.present):
        effective[0] = effective_groups(layout.macro(np.zeros((1, *layout.counts.shape))))
        shares = layout.counts[layout.present]
        shares = shares / shares.sum(axis=1, keepdims=True)
        effective[1 + layout.present] = 1.0 / np.square(shares).sum(axis=1)
    reach = partial(reachable_p, options.test, flips=options.flips, resamples=options.resamples)
    return effective, np.array([reach(int(count)) if count else np.nan for count in groups])
