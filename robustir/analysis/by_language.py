"""Encoder against encoder in one language: is A more robust than B for queries in Thai?

As :mod:`robustir.analysis.comparisons`, over the rows of one query language at a time (in cross: with all its passage
languages). One question per language, pair and perturbation: over the whole curve (or the only severity), in the primary
measure.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.claims import CURVE, near_floor
from robustir.analysis.comparisons import compared_pairs, shared_noise
from robustir.analysis.curves import curve_layout, curve_loss
from robustir.analysis.estimator import Layout
from robustir.analysis.pairs import PairSums
from robustir.analysis.reduced import NoiseSums, ReducedSetting
from robustir.analysis.scores import CleanScores
from robustir.analysis.tables import ALL, Grids, labelled

__all__ = ["add_language_comparisons"]

Floats = NDArray[np.float64]
Pair = tuple[int, int]


def add_language_comparisons(
    table: Grids, setting: ReducedSetting, scores: list[CleanScores], strategies: AbstractSet[str]
) -> None:
    """Add a row per query language of every pair of encoders (the earlier is A) under every perturbation."""
    languages = _Languages(setting, scores)
    for perturbation in setting.perturbations:
        # Pairs scored on the same rows are resampled together; unless cells failed, that is all pairs.
        alike: dict[int, list[tuple[Pair, tuple[NoiseSums, NoiseSums]]]] = {}
        for pair in compared_pairs(setting, perturbation, strategies):
            noise = shared_noise(setting, *pair, perturbation)
            if noise is not None:
                alike.setdefault(id(noise[0].layout), []).append((pair, noise))
        for found in alike.values():
            languages.add(table, perturbation, found)


class _Languages:
    """The rows of a setting by query language."""

    def __init__(self, setting: ReducedSetting, scores: list[CleanScores]) -> None:
        self.setting = setting
        names = [query for query, _ in setting.rows.views]  # sorted, so that the views of a language are adjacent
        self.names = list(dict.fromkeys(names))
        self.first = np.array([names.index(name) for name in self.names], dtype=np.intp)
        passages = [{passage for query, passage in setting.rows.views if query == name} for name in self.names]
        self.passages = [next(iter(found)) if len(found) == 1 else ALL for found in passages]
        single = len(self.names) == len(names)  # one view each
        self.near_floor = [
            found.near_floor[setting.primary, 1:] if single else self._near_floor(encoder)
            for encoder, found in enumerate(scores)
        ]

    def together(self, sums: Floats) -> Floats:
        """Add up the views of each language: [..., views, groups] gives [..., languages, groups]."""
        joined: Floats = np.add.reduceat(sums, self.first, axis=-2)
        return joined

    def _layout(self, layout: Layout) -> Layout:
        return Layout.of(self.together(layout.counts))

    def _near_floor(self, encoder: int) -> NDArray[np.bool_]:
        """Return for every language whether the encoder is too near the floor to judge its loss."""
        setting = self.setting
        if not setting.options.floors:
            return np.zeros(len(self.names), dtype=np.bool_)
        clean, floor = (scores[[setting.primary]] for scores in (setting.clean(encoder), setting.floor(encoder)))
        floor = floor if np.isfinite(floor).any() else np.zeros_like(floor)
        mask: NDArray[np.bool_] = np.isfinite((clean - floor).sum(axis=0))
        layout = self._layout(setting.layout(mask))
        sums = [self.together(setting.rows.group_sums(np.where(mask, part, 0.0))) for part in (clean, floor)]
        means = [setting.estimator.means(layout, part) for part in sums]
        low = setting.estimator.intervals(layout, sums[0] - sums[1]).low
        return near_floor(means[0], means[1], low)[0, 1:]

    def add(self, table: Grids, perturbation: str, found: list[tuple[Pair, tuple[NoiseSums, NoiseSums]]]) -> None:
        """Add the rows of pairs with the same layout, [pairs, languages]."""
        setting, measure = self.setting, self.setting.primary
        first = found[0][1][0]
        curve = len(first.severities) > 1
        layout = self._layout(curve_layout(setting, first) if curve else first.layout)
        if not len(layout.present):
            return
        sides: list[list[Floats]] = [[], [], [], []]  # clean and change of A, clean and change of B
        for _, noises in found:
            for side, noise in enumerate(noises):
                change = curve_loss(setting, noise) if curve else noise.delta[0]
                sides[2 * side].append(self.together(noise.clean[measure]))
                sides[2 * side + 1].append(self.together(change[measure]))
        columns = PairSums(layout, *(np.stack(part) for part in sides)).columns(setting.estimator)
        names = [(setting.block.encoders[a], setting.block.encoders[b]) for (a, b), _ in found]
        near = np.stack([self.near_floor[a] | self.near_floor[b] for (a, b), _ in found])
        rows, groups = layout.sizes
        treatment = setting.block.treatment(perturbation)
        table.add(
            np.broadcast_to(rows[1:] > 0, near.shape),
            benchmark=setting.block.benchmark,
            encoder_a=labelled([a for a, _ in names])[:, None],
            encoder_b=labelled([b for _, b in names])[:, None],
            perturbation=perturbation,
            severity=CURVE if curve else format(first.severities[0], ".10g"),
            setting=setting.block.setting,
            query_lang=labelled(self.names),
            passage_lang=labelled(self.passages),
            measure=setting.measures[measure],
            n=rows[1:],
            groups=groups[1:],
            near_floor=near,
            attacked=treatment.attacked,
            embedded_lang=treatment.embedded_lang,
            **{name: values[:, 1:] for name, values in columns.items()},
        )
