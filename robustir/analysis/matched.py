"""Retention on the queries that two encoders both find, because plain retention averages over each encoder's own successes.

An encoder that finds only easy queries keeps them under noise; on the same queries another may keep as much. There are two
sets of queries: those that both find among the first ten (by the first recall or success measure of the run, else by a
score of at least 0.1 in the primary one, which AP, RR and nDCG of one passage have down to rank 10), and those that both
answer perfectly (a primary score of 1). Retention is measured in the measure that defines the set.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.estimator import CHANGE, Layout, few_moved, moved_groups
from robustir.analysis.reduced import NoiseSums, ReducedSetting
from robustir.stats.rounding import ROUNDING, settled

__all__ = ["MATCHED", "Matched"]

Floats = NDArray[np.float64]
MATCHED = (
    "matched_share", "matched_retention_a", "matched_retention_b", "matched_difference", "matched_low", "matched_high",
    "first_share", "first_difference", "first_low", "first_high",
)  # fmt: skip
_FINDING = ("R@", "Success@")
_FOUND, _FIRST = 0.1 - ROUNDING, 1.0 - ROUNDING


class Matched:
    """The clean and noisy scores of a setting's encoders in the measures that matched retention needs."""

    def __init__(self, setting: ReducedSetting) -> None:
        self.setting = setting
        names = setting.measures
        self._primary = setting.primary
        self._finding = next((m for m, name in enumerate(names) if name.startswith(_FINDING)), setting.primary)
        self._bound = ROUNDING if self._finding != setting.primary else _FOUND
        encoders = range(len(setting.block.encoders))
        self._clean = [setting.clean(encoder)[[self._finding, self._primary]] for encoder in encoders]

    def _changes(self, encoder: int, conditions: tuple[int, ...]) -> Floats:
        """Sorted changes [2, conditions, v] in the finding and the primary measure."""
        measures = (self._finding, self._primary)

        def make() -> Floats:
            return np.array(
                [[self.setting.change(encoder, one, measure) for one in conditions] for measure in measures]
            )

        return self.setting.once(("matched", encoder, conditions), make)

    def columns(self, pair: tuple[int, int], noise: NoiseSums, mixtures: Floats) -> dict[str, Floats]:
        """Return the columns ``MATCHED`` of a pair under one perturbation: [severities + mixtures].

        mixtures: weights [mixtures, severities, views] of the severities in further rows, such as the curve.
        """
        changes = [self._changes(encoder, noise.conditions) for encoder in pair]
        clean = [self._clean[encoder] for encoder in pair]
        rows: Mapping[str, tuple[int, NDArray[np.bool_]]] = {
            "matched": (0, noise.mask & (clean[0][0] > self._bound) & (clean[1][0] > self._bound)),
            "first": (1, noise.mask & (clean[0][1] >= _FIRST) & (clean[1][1] >= _FIRST)),
        }
        found: dict[str, Floats] = {}
        for name, (measure, mask) in rows.items():
            sides = [(clean[one][measure], changes[one][measure]) for one in range(len(pair))]
            kept, limits = self._retention(noise, mask, sides, mixtures)
            found[f"{name}_share"] = np.full(kept.shape[1], np.count_nonzero(mask) / np.count_nonzero(noise.mask))
            found[f"{name}_retention_a"], found[f"{name}_retention_b"] = kept
            found[f"{name}_difference"], found[f"{name}_low"], found[f"{name}_high"] = limits
        return {name: found[name] for name in MATCHED}

    def _retention(
        self, noise: NoiseSums, mask: NDArray[np.bool_], sides: list[tuple[Floats, Floats]], mixtures: Floats
    ) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
        """Return both retentions [2, severities + mixtures] and their difference with limits, over the rows of a mask pooled."""
        setting, rows = self.setting, self.setting.rows
        size = len(noise.conditions) + len(mixtures)
        if not mask.any():
            undefined = np.full(size, np.nan)
            return np.stack([undefined, undefined]), (undefined, undefined, undefined)
        counts = rows.group_sums(mask.astype(np.float64))
        clean, change = [], []
        for base, moved in sides:
            by_view = rows.group_sums(moved, mask)
            parts = [by_view.sum(axis=1)]
            parts += [(weights[:, :, None] * by_view).sum(axis=(0, 1))[None] for weights in mixtures]
            clean.append(rows.group_sums(base, mask).sum(axis=0))
            change.append(np.concatenate(parts))
        kept = np.stack([1 + delta.sum(axis=1) / base.sum() for base, delta in zip(clean, change, strict=True)])
        # The linearised difference: its mean over the rows is kept[0] - kept[1], its spread that of two ratios.
        lost = [
            (delta - (share - 1)[:, None] * base) / base.sum()
            for base, delta, share in zip(clean, change, kept, strict=True)
        ]
        groups = counts.sum(axis=0)
        sums = (lost[0] - lost[1]) * groups.sum() + (kept[0] - kept[1])[:, None] * groups
        layout = Layout.of(groups[None])
        found = setting.estimator.intervals(layout, sums[:, None], macro_only=True, possible=CHANGE)
        moved = moved_groups(settled(change[0] - change[1])[:, None], macro_only=True)
        found = found.without(few_moved(moved, layout.sizes[1][:1]))
        return kept, (found.estimate[:, 0], found.low[:, 0], found.high[:, 0])
