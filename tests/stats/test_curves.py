"""Areas and doses of degradation curves by hand."""

from __future__ import annotations

import numpy as np
import pytest

from robustir.stats import dose_at_loss, trapezoid_weights


def test_trapezoid_weights_by_hand() -> None:
    # doses 0, 0.1, 0.4: halves of 0.1, 0.4 and 0.3, over 0.4
    weights = trapezoid_weights(np.array([0.1, 0.4]))
    assert weights == pytest.approx([0.125, 0.5, 0.375])
    levels = np.array([0.8, 0.6, 0.2])
    assert weights @ levels == pytest.approx(np.trapezoid(levels, [0, 0.1, 0.4]) / 0.4)


def test_weights_go_with_their_dose_whatever_the_order() -> None:
    assert trapezoid_weights(np.array([0.4, 0.1])) == pytest.approx([0.125, 0.375, 0.5])
    assert trapezoid_weights(np.array([0.3])) == pytest.approx([0.5, 0.5])
    assert trapezoid_weights(np.array([0.0, 0.3])).sum() == pytest.approx(1.0)


@pytest.mark.parametrize("dose", [[0.0, 0.0], [np.nan, 0.2], []])
def test_without_a_dose_range_there_are_no_weights(dose: list[float]) -> None:
    weights = trapezoid_weights(np.array(dose))
    assert len(weights) == len(dose) + 1
    assert np.isnan(weights).all()


def test_dose_at_loss_by_hand() -> None:
    dose = np.array([[0.1, 0.1, 0.2], [0.4, 0.3, 0.1]])
    means = np.array([[1.0, 0.5, 0.5], [0.95, 0.45, 0.40], [0.65, 0.50, 0.49]])
    # 0.95 -> 0.65 over 0.1 -> 0.4 crosses 0.9 at 0.15; 0.45 is exactly 10% lost at 0.1;
    # the third curve's doses are in reverse: (0, 0.5), (0.1, 0.49), (0.2, 0.40) crosses 0.45 at 0.1 + 0.1 * 4/9
    assert dose_at_loss(dose, means) == pytest.approx([0.15, 0.1, 0.1 + 0.4 / 9])


def test_dose_at_loss_beyond_the_range_and_without_a_clean_score() -> None:
    dose = np.array([[0.1, 0.1, 0.1]])
    means = np.array([[0.5, 0.0, 0.5], [0.48, 0.0, 0.9]])
    assert dose_at_loss(dose, means) == pytest.approx([np.inf, np.nan, np.inf], nan_ok=True)


def test_the_first_crossing_counts() -> None:
    dose = np.array([[0.1], [0.2], [0.3]])
    means = np.array([[1.0], [0.8], [1.0], [0.5]])
    assert dose_at_loss(dose, means, 0.1) == pytest.approx([0.05])


def test_replicates_are_columns_too() -> None:
    dose = np.array([[0.1, 0.2]])
    means = np.random.default_rng(0).random((2, 2, 5)) + 0.5
    found = dose_at_loss(dose, means, 0.3)
    each = [[dose_at_loss(dose[:, [k]], means[:, [k], b], 0.3)[0] for b in range(5)] for k in range(2)]
    assert found.tolist() == each


def test_a_tenth_lost_but_for_rounding_is_lost() -> None:
    level = float(np.nextafter(0.9, 1))
    assert dose_at_loss(np.array([[0.2]]), np.array([[1.0], [level]])) == pytest.approx([0.2])
