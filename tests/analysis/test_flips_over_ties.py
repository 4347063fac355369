"""Queries harmed and helped on tie-averaged ranks: an order of ids harms no query."""

from __future__ import annotations

import numpy as np
import pytest

from robustir.analysis import AnalysisOptions, analyse
from tests.analysis.conftest import MakeBlock


def test_moves_of_ties_are_neither_harm_nor_help(make_block: MakeBlock) -> None:
    made = make_block(encoders=("A", "B"), conditions=(("typos", 0.3),), measures=("AP",))
    rows = np.arange(0, len(made.query_id), 5, dtype=np.intp)
    clean = np.full(made.clean.shape, 0.5)
    noisy = np.repeat(clean[:, None], 1, axis=1)
    noisy[0, 0, 0, rows] -= 0.02  # ids alone: with tie-averaged ranks nothing changes
    noisy[0, 0, 0, rows + 1] -= 0.2  # a loss
    moved = {("A", ("typos", 0.3)): (rows, np.full((1, len(rows)), 0.02))}
    changed = {"encoders": ("A", "B"), "conditions": made.conditions, "measures": ("AP",), "clean": clean}
    block = make_block(**changed, noisy=noisy, worst=noisy, moved_ties=moved)  # type: ignore[arg-type]  # by name
    found = analyse([block], AnalysisOptions(flips=99, resamples=99))
    a = found.contrasts[(found.contrasts["encoder"] == "A") & (found.contrasts["query_lang"] == "all")].iloc[0]
    assert (a["harmed_share"], a["same_share"], a["helped_share"]) == pytest.approx((0.2, 0.8, 0.0))
    assert a["delta"] == pytest.approx(-0.044)  # scores are those of the ranking
    assert found.comparisons.iloc[0]["probability_of_superiority"] == pytest.approx(0.4)
