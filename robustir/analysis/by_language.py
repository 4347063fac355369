"""Encoder against encoder in one language: is A more robust than B for queries in Thai?

As :mod:`robustir.analysis.comparisons`, over the rows of one query language at a time: in cross those of all its passage
languages together. Over whole curves and in the primary measure alone: a question per language, pair and perturbation.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.comparisons import CURVE, shared_noise
from robustir.analysis.curves import curve_layout, curve_loss
from robustir.analysis.estimator import Layout
from robustir.analysis.reduced import NoiseSums, ReducedSetting
from robustir.analysis.scores import CleanScores
from robustir.analysis.tables import ALL, Grids, labelled
from robustir.stats import verdict
from robustir.stats.rounding import above

__all__ = ["add_language_comparisons"]

Floats = NDArray[np.float64]
Pair = tuple[int, int]


def add_language_comparisons(
    table: Grids, setting: ReducedSetting, scores: list[CleanScores], strategies: AbstractSet[str]
) -> None:
    """Add a row per query language of every pair of encoders (the earlier is A) under every perturbation."""
    languages = _Languages(setting, scores)
    names = setting.block.encoders
    pairs = [pair for pair in combinations(range(len(names)), 2) if not {names[one] for one in pair} <= strategies]
    for perturbation in setting.perturbations:
        attacked = setting.block.treatment(perturbation).attacked
        # Pairs that were scored on the same rows are resampled together; all of them are, unless cells failed.
        alike: dict[int, list[tuple[Pair, tuple[NoiseSums, NoiseSums]]]] = {}
        for pair in pairs:
            if attacked not in {names[one] for one in pair}:
                noise = shared_noise(setting, *pair, perturbation)
                if noise is not None:
                    alike.setdefault(id(noise[0].layout), []).append((pair, noise))
        for found in alike.values():
            languages.add(table, perturbation, found)


class _Languages:
    """The rows of a setting by query language."""

    def __init__(self, setting: ReducedSetting, scores: list[CleanScores]) -> None:
        self.setting = setting
        names = [query for query, _ in setting.rows.views]  # sorted, so that a language's views are together
        self.names = list(dict.fromkeys(names))
        self.first = np.array([names.index(name) for name in self.names], dtype=np.intp)
        passages = [{passage for query, passage in setting.rows.views if query == name} for name in self.names]
        self.passages = [next(iter(found)) if len(found) == 1 else ALL for found in passages]
        single = len(self.names) == len(names)  # a view each
        self.above_floor = [
            found.above_floor[setting.primary, 1:] if single else self._tell_from_floor(encoder)
            for encoder, found in enumerate(scores)
        ]

    def together(self, sums: Floats) -> Floats:
        """Add up the views of each language: [..., views, groups] gives [..., languages, groups]."""
        joined: Floats = np.add.reduceat(sums, self.first, axis=-2)
        return joined

    def _layout(self, layout: Layout) -> Layout:
        return Layout.of(self.together(layout.counts))

    def _tell_from_floor(self, encoder: int) -> NDArray[np.bool_]:
        """Return for every language whether the encoder's clean score can be told from its floor."""
        setting = self.setting
        if not setting.options.floors:
            return np.ones(len(self.names), dtype=np.bool_)
        clean, floor = (scores[[setting.primary]] for scores in (setting.clean(encoder), setting.floor(encoder)))
        floor = floor if np.isfinite(floor).any() else np.zeros_like(floor)
        mask: NDArray[np.bool_] = np.isfinite((clean - floor).sum(axis=0))
        sums = self.together(setting.rows.group_sums(np.where(mask, clean - floor, 0.0)))
        return above(setting.estimator.intervals(self._layout(setting.layout(mask)), sums).low[0, 1:])

    def add(self, table: Grids, perturbation: str, found: list[tuple[Pair, tuple[NoiseSums, NoiseSums]]]) -> None:
        """Add the rows of pairs with the same layout, [pairs, languages]."""
        setting, measure = self.setting, self.setting.primary
        layout = self._layout(curve_layout(setting, found[0][1][0]))
        if not len(layout.present):
            return
        sides: list[list[Floats]] = [[], [], [], []]  # clean and change of A, clean and change of B
        for _, noises in found:
            for side, noise in enumerate(noises):
                sides[2 * side].append(self.together(noise.clean[measure]))
                sides[2 * side + 1].append(self.together(curve_loss(setting, noise)[measure]))
        clean_a, change_a, clean_b, change_b = (np.stack(part) for part in sides)
        estimator = setting.estimator
        gap = estimator.intervals(layout, change_a - change_b)
        p, p_t = estimator.tests(layout, change_a - change_b)
        ratio = estimator.log_ratios(layout, [clean_a + change_a, clean_b], [clean_a, clean_b + change_b])
        names = [(setting.block.encoders[a], setting.block.encoders[b]) for (a, b), _ in found]
        verdicts = np.empty((len(found), len(self.names)), dtype=object)
        for row, ((a, b), _) in enumerate(found):
            for lang in range(len(self.names)):
                limits = [(float(one.low[row, 1 + lang]), float(one.high[row, 1 + lang])) for one in (gap, ratio)]
                told = bool(self.above_floor[a][lang] and self.above_floor[b][lang])
                verdicts[row, lang] = verdict(names[row], limits[0], limits[1], above_floor=told)
        rows, groups = layout.sizes
        treatment = setting.block.treatment(perturbation)
        table.add(
            np.broadcast_to(rows[1:] > 0, verdicts.shape),
            benchmark=setting.block.benchmark,
            encoder_a=labelled([a for a, _ in names])[:, None],
            encoder_b=labelled([b for _, b in names])[:, None],
            perturbation=perturbation,
            severity=CURVE,
            setting=setting.block.setting,
            query_lang=labelled(self.names),
            passage_lang=labelled(self.passages),
            measure=setting.measures[measure],
            difference_in_differences=gap.estimate[:, 1:],
            ci_low=gap.low[:, 1:],
            ci_high=gap.high[:, 1:],
            log_retention_ratio=ratio.estimate[:, 1:],
            log_ratio_low=ratio.low[:, 1:],
            log_ratio_high=ratio.high[:, 1:],
            p=p[:, 1:],
            p_t=p_t[:, 1:],
            verdict=verdicts,
            n=rows[1:],
            groups=groups[1:],
            attacked=treatment.attacked,
            embedded_lang=treatment.embedded_lang,
        )
