"""Rounding alone passes no bound."""

from __future__ import annotations

import numpy as np
import pytest

from robustir.stats.rounding import above, below, settled, side


@pytest.mark.parametrize(
    ("value", "bound"),
    [(0.1 + 0.2, 0.3), (0.3, 0.1 + 0.2), (1 - 0.9, 0.1), (sum([0.1] * 10), 1.0), (-1.2e-15, 0.0), (4e-16, 0.0)],
)
def test_numbers_that_are_equal_but_for_rounding_are_on_no_side(value: float, bound: float) -> None:
    assert not above(value, bound)
    assert not below(value, bound)


def test_what_one_query_of_a_million_changes_is_a_difference() -> None:
    change = (1 / 2 - 1 / 3) / 1e6  # its relevant passage falls from rank 2 to 3
    assert above(change)
    assert below(-change)
    assert above(0.8 + change, 0.8)
    assert above(12_000_000.1, 12_000_000.0)


def test_nan_is_on_no_side() -> None:
    values = np.array([np.nan, 0.5, -0.5, 1e-16])
    assert above(values).tolist() == [False, True, False, False]
    assert below(values).tolist() == [False, False, True, False]
    assert np.array_equal(settled(values), [np.nan, 0.5, -0.5, 0.0], equal_nan=True)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.1, 0.2, 1), (-0.2, -0.1, -1), (-0.1, 0.1, 0), (0.0, 0.0, 0), (4e-16, 4e-16, 0), (-0.3, -1.2e-15, 0)],
)
def test_the_side_of_an_interval(low: float, high: float, expected: int) -> None:
    assert side(low, high) == expected
    assert side(float("nan"), float("nan")) == 0
