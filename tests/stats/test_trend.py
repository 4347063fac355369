"""The trend of many encoders, by numpy's fit; Kendall's tau by scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import kendalltau

from robustir.stats.trend import beyond_trend, kendall_tau, percentile_limits


def test_the_trend_is_a_line_of_logits() -> None:
    rng = np.random.default_rng(0)
    clean, noisy = rng.uniform(0.2, 0.9, (10, 4)), rng.uniform(0.1, 0.8, (10, 4))
    fitted = np.array([0, 1, 2, 4, 5, 7, 8, 9])
    expected, slope, intercept = beyond_trend(clean, noisy, fitted)
    for column in range(4):
        line = np.polyfit(logit(clean[fitted, column]), logit(noisy[fitted, column]), 1)
        assert [slope[column], intercept[column]] == pytest.approx(line)
        assert expected[:, column] == pytest.approx(expit(np.polyval(line, logit(clean[:, column]))))


def test_an_encoder_off_the_line_is_found() -> None:
    clean = np.linspace(0.3, 0.9, 9)[:, None]
    noisy = expit(0.9 * logit(clean) - 0.4)
    above = noisy.copy()
    above[4] += 0.1
    expected, slope, _ = beyond_trend(clean, above, np.array([0, 1, 2, 3, 5, 6, 7, 8]))
    assert slope[0] == pytest.approx(0.9)
    assert (above - expected)[:, 0] == pytest.approx([0, 0, 0, 0, 0.1, 0, 0, 0, 0], abs=1e-12)
    same, line, _ = beyond_trend(np.full((8, 1), 0.5), noisy[:8], np.arange(8))
    assert np.isnan(line[0])
    assert np.isnan(same).all()


def test_tau_is_scipys() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.integers(0, 6, (9, 50)) / 10, rng.integers(0, 6, (9, 50)) / 10
    expected = [float(np.asarray(kendalltau(left, right))[0]) for left, right in zip(one.T, other.T, strict=True)]
    assert kendall_tau(one, other) == pytest.approx(expected, nan_ok=True)
    assert np.isnan(kendall_tau(np.ones(4), np.arange(4.0)))
    assert kendall_tau(np.arange(4.0), np.arange(4.0) * 2) == 1


def test_limits_leave_as_much_beyond_on_both_sides() -> None:
    low, high = percentile_limits(np.random.default_rng(2).permutation(np.arange(1.0, 1000.0)), 0.95)
    assert (low, high) == (25.0, 975.0)
    assert np.isnan(percentile_limits(np.array([1.0, np.nan, 2.0]), 0.95)).all()
