"""What a change of score varies with: the shares of groups, questions, languages, draws and training seeds.

Of the change noisy - clean of the primary measure at the shown severity, per encoder or training strategy. Components are
those of :func:`robustir.stats.variance.variance_components` (the method of moments).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.reduced import ReducedSetting
from robustir.analysis.shown import shown_severity
from robustir.analysis.tables import Grids
from robustir.stats import group_codes
from robustir.stats.variance import Components, seed_component, variance_components

__all__ = ["add_variance"]

Floats = NDArray[np.float64]
_FEWEST = 3  # questions


def add_variance(table: Grids, setting: ReducedSetting) -> None:
    """Add a row for every encoder, or training strategy with all its seeds, and every noise."""
    if not setting.measures:
        return
    grid = _Grid(setting)
    for perturbation in setting.perturbations:
        of_noise = (severity for name, severity in setting.block.conditions if name == perturbation)
        condition = setting.block.conditions.index((perturbation, shown_severity(of_noise)))
        for name, encoders in _members(setting):
            grid.add(table, name, encoders, condition)
        setting.forget()


def _members(setting: ReducedSetting) -> Iterator[tuple[str, list[int]]]:
    """Yield strategies with the numbers of their encoders, then the other encoders."""
    trained = setting.block.trained
    found: dict[str, list[int]] = {}
    for number, name in enumerate(setting.block.encoders):
        found.setdefault(trained[name].strategy if name in trained else name, []).append(number)
    yield from found.items()


class _Grid:
    """The rows of a setting as questions by languages (or language pairs)."""

    def __init__(self, setting: ReducedSetting) -> None:
        self.setting = setting
        block, rows = setting.block, setting.rows
        source = group_codes(block.source_id).codes[rows.order]
        view = np.repeat(np.arange(len(rows.views)), np.diff(np.append(rows.view_starts, len(rows.order))))
        # A source with several queries in one language is as many questions.
        seen: dict[tuple[int, int], int] = {}
        times = np.empty(len(source), dtype=np.intp)
        for row, key in enumerate(zip(source.tolist(), view.tolist(), strict=True)):
            times[row] = seen[key] = seen.get(key, -1) + 1
        _, question = np.unique(source * (times.max(initial=0) + 1) + times, return_inverse=True)
        self._place = np.full((int(question.max(initial=-1)) + 1, len(rows.views)), -1, dtype=np.intp)
        self._place[question, view] = np.arange(len(source))
        group = group_codes(block.group).codes[rows.order]
        self._group = np.zeros(len(self._place), dtype=np.intp)
        self._group[question] = group

    def _changes(self, encoder: int, condition: int) -> Floats:
        """Return the changes [questions, languages], NaN where there is none."""
        change = self.setting.change(encoder, condition, self.setting.primary)
        return np.where(self._place >= 0, change[self._place], np.nan)

    def add(self, table: Grids, name: str, encoders: list[int], condition: int) -> None:
        """Add the row of some encoders, which are the seeds of one strategy if there are several."""
        block = self.setting.block
        changes = np.stack([self._changes(encoder, condition) for encoder in encoders])
        languages = np.flatnonzero(np.isfinite(changes).any(axis=(0, 1)))
        changes = changes[:, :, languages]
        whole = np.isfinite(changes).all(axis=(0, 2))
        if not len(languages) or np.count_nonzero(whole) < _FEWEST:
            return
        changes, groups = changes[:, whole], group_codes(self._group[whole].astype(str)).codes
        draws, parts = self._parts(encoders, condition, changes, groups)
        seed = seed_component(changes.reshape(len(encoders), -1))
        total, shares = replace(Components.mean(parts), seed=seed).shares()
        perturbation, severity = block.conditions[condition]
        table.add(
            np.ones(1, dtype=np.bool_),
            benchmark=block.benchmark,
            setting=block.setting,
            encoder=name,
            perturbation=perturbation,
            severity=float(severity),
            measure=self.setting.measures[self.setting.primary],
            sd=np.sqrt(total),
            group_share=shares.group,
            question_share=shares.question,
            language_share=shares.language,
            interaction_share=shares.interaction,
            draw_share=shares.draw,
            seed_share=shares.seed,
            n=len(groups),
            groups=len(set(groups.tolist())),
            languages=len(languages),
            draws=draws,
            seeds=len(encoders),
            note="" if total > 0 else "nothing changed",
        )

    def _parts(
        self, encoders: list[int], condition: int, changes: Floats, groups: NDArray[np.intp]
    ) -> tuple[int, list[Components]]:
        """Return the number of draws whose variance is known (1: of none), and the components of each encoder."""
        block = self.setting.block
        draws = block.draws_of(block.conditions[condition][0])
        within = (
            np.full(len(encoders), np.nan) if block.draw_variance is None else block.draw_variance[encoders, condition]
        )
        if draws < 2 or not np.isfinite(within).all():
            draws, within = 1, np.zeros(len(encoders))
        parts = [
            variance_components(values, groups, draws=draws, within=float(one))
            for values, one in zip(changes, within, strict=True)
        ]
        return draws, parts
