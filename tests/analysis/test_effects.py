"""Effect sizes of comparisons, calculated a second time from the scores of single queries."""

from __future__ import annotations

import numpy as np
import pytest

from robustir.analysis import AnalysisOptions, analyse
from robustir.types import Setting
from tests.analysis.conftest import MakeBlock


@pytest.mark.parametrize("setting", ["mono", "cross"])
@pytest.mark.parametrize("fine", [False, True])
def test_effects_of_comparisons_are_those_of_single_queries(
    make_block: MakeBlock, setting: Setting, fine: bool
) -> None:
    conditions = (("typos", 0.1), ("typos", 0.3), ("typos", 0.5))
    block = make_block(setting, conditions=conditions, measures=("AP",), seed=3)
    noisy = block.noisy.copy()
    noisy[0] = noisy[0] - 0.1 * block.clean[0]  # the first loses more
    if fine:  # many changes of less than 0.01, which count for the mean alone
        noisy = block.clean[:, None] + (noisy - block.clean[:, None]) / 40
    block = make_block(setting, conditions=conditions, measures=("AP",), seed=3, noisy=noisy, worst=noisy)
    found = analyse([block], AnalysisOptions(flips=99, resamples=99)).comparisons.set_index("severity")
    change = block.noisy[:, :, 0] - block.clean[:, None, 0]  # [encoders, severities, queries]
    views = list(zip(block.query_lang, block.passage_lang, strict=True))
    losses: dict[str, list[list[float]]] = {name: [] for name in ("0.1", "0.3", "0.5", "curve")}
    for view in sorted(set(views)):
        rows = [row for row, one in enumerate(views) if one == view]
        doses = [0.0, *(float(np.mean(block.word_edit_rate[severity, rows])) for severity in range(3))]
        for number, name in enumerate(("0.1", "0.3", "0.5")):
            losses[name].append([change[0, number, row] - change[1, number, row] for row in rows])
        level = [
            [float(np.trapezoid([0.0, *change[one, :, row]], doses)) / doses[-1] for row in rows] for one in (0, 1)
        ]
        losses["curve"].append([a - b for a, b in zip(*level, strict=True)])
    for name, by_view in losses.items():
        mean = np.mean([np.mean(own) for own in by_view])
        spread = np.sqrt(np.mean([np.var(own, ddof=1) for own in by_view]))
        won = np.mean(
            [np.mean([1.0 if one >= 0.01 else 0.0 if one <= -0.01 else 0.5 for one in own]) for own in by_view]
        )
        row = found.loc[name]
        assert row["difference_in_differences"] == pytest.approx(mean)
        assert row["effect_size"] == pytest.approx(mean / spread)
        assert row["probability_of_superiority"] == pytest.approx(won)
        assert 0.05 < abs(mean / spread) < 2  # else any formula would do
