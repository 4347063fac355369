"""Effect sizes by hand."""

from __future__ import annotations

import numpy as np
import pytest

from robustir.stats import probability_of_superiority, spread, standardised_mean_difference


def test_spread_from_sums() -> None:
    sample = np.array([0.2, 0.4, 0.9])
    found = spread(np.array(sample.sum()), np.array((sample**2).sum()), np.array(3.0))
    assert found == pytest.approx(np.std(sample, ddof=1))
    assert spread(np.array(0.3), np.array(0.03), np.array(3.0)) == 0.0  # 0.1 three times
    assert np.isnan(spread(np.array(0.3), np.array(0.09), np.array(1.0)))


def test_standardised_mean_difference() -> None:
    mean, deviation = np.array([0.5, 0.0, 0.1, -1.0]), np.array([0.25, 0.0, 0.0, 2.0])
    assert standardised_mean_difference(mean, deviation) == pytest.approx([2.0, 0.0, np.nan, -0.5], nan_ok=True)


def test_probability_of_superiority_counts_ties_half() -> None:
    differences = np.array([[1.0, 0.0, -2.0, 0.0], [1.0, np.nan, np.nan, 3.0]])
    assert probability_of_superiority(differences).tolist() == [0.5, 1.0]
    assert (probability_of_superiority(-differences) == 1 - probability_of_superiority(differences)).all()
