"""Limits of what a bound speaks of, where few queries moved or none did."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from robustir.analysis.estimator import Layout
from robustir.analysis.options import AnalysisOptions
from robustir.comparing.quantities import Quantity

OPTIONS = AnalysisOptions(resamples=199, flips=199)
GROUPS = 300


def quantity(above: list[float], *, clean: float | None = None, span: float = 1.0) -> Quantity:
    """Return a mean of one query per group, the first of which have the given values, the others 0 (or ``clean``)."""
    values = np.zeros((1, GROUPS))
    values[0, : len(above)] = above
    below = None if clean is None else np.full((1, GROUPS), clean)
    whole = values if below is None else values + below
    return Quantity(GROUPS, OPTIONS, Layout.of(np.ones((1, GROUPS))), whole, below, span)


@pytest.mark.parametrize("confidence", [0.9, 0.95])
@pytest.mark.parametrize("moved", [1, 3, 9])
def test_few_moved_queries_have_the_limits_of_their_share(moved: int, confidence: float) -> None:
    highest = binomtest(moved, GROUPS).proportion_ci(confidence, method="exact").high
    found = quantity([0.5] * moved).limits(confidence)
    assert found.value == pytest.approx(0.5 * moved / GROUPS)
    assert (found.low, found.high) == pytest.approx((-highest, highest))
    doubled = quantity([0.5] * moved, span=2.0).limits(confidence)
    assert doubled.high == pytest.approx(2 * highest)
    kept = quantity([-0.5] * moved, clean=0.5).limits(confidence)
    assert kept.value == pytest.approx(1 - moved / GROUPS)
    assert (kept.low, kept.high) == pytest.approx((1 - highest / 0.5, 1 + highest / 0.5))


def test_no_change_is_certain_and_many_changes_are_resampled() -> None:
    still = quantity([]).limits(0.95)
    assert (still.value, still.low, still.high) == (0.0, 0.0, 0.0)
    many = quantity([0.5] * 60).limits(0.95)
    assert many.value == pytest.approx(0.1)
    assert 0.05 < many.low < 0.1 < many.high < 0.15
