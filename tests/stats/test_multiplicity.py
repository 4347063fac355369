"""Adjusted p-values by hand, and max-T against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.stats import benjamini_hochberg, holm, max_t, randomisation_test, sign_flips

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


def test_holm_by_hand() -> None:
    # 0.01 x 4, 0.02 x 3, 0.03 x 2 (held at 0.06), 0.5 x 1
    assert holm(np.array([0.03, 0.01, 0.5, 0.02])) == pytest.approx([0.06, 0.04, 0.5, 0.06])


def test_benjamini_hochberg_by_hand() -> None:
    # 0.01 x 4/1, 0.02 x 4/2, 0.03 x 4/3, 0.5: the running minimum from the right gives 0.04 three times
    assert benjamini_hochberg(np.array([0.03, 0.01, 0.5, 0.02])) == pytest.approx([0.04, 0.04, 0.5, 0.04])


def test_missing_tests_are_not_counted() -> None:
    p = np.array([0.01, np.nan, 0.04])
    assert holm(p) == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)
    assert benjamini_hochberg(p) == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)
    assert holm(np.array([])).tolist() == []


@settings(max_examples=40, deadline=None)
@given(P_VALUES)
def test_laws_of_adjustment(values: list[float]) -> None:
    p = np.array(values)
    family_wise, discovery = holm(p), benjamini_hochberg(p)
    assert (p <= discovery + 1e-15).all()
    assert (discovery <= family_wise + 1e-12).all()
    assert (family_wise <= np.minimum(1.0, p * len(p)) + 1e-12).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(family_wise[order]) >= 0).all()
    assert holm(p[::-1])[::-1].tolist() == family_wise.tolist()


def test_max_t_by_definition() -> None:
    contributions = np.random.default_rng(0).standard_normal((5, 8)) + np.array([[0.0], [0.3], [0.6], [1.0], [0.1]])
    flips = sign_flips(8, 1000, 0)
    scaled = contributions / np.sqrt((contributions**2).sum(axis=1, keepdims=True))
    most = np.abs(scaled @ flips.signs.T).max(axis=0)
    expected = [(most >= abs(row.sum()) - 1e-12).mean() for row in scaled]
    found = max_t(contributions, flips)
    assert found == pytest.approx(expected)
    assert (found >= randomisation_test(contributions, flips)).all()


def test_max_t_of_one_test_is_that_test_and_nothing_moves_is_one() -> None:
    contributions = np.random.default_rng(1).standard_normal((1, 40)) + 0.2
    flips = sign_flips(40, 999, 0)
    assert max_t(contributions, flips).tolist() == randomisation_test(contributions, flips).tolist()
    assert max_t(np.zeros((2, 40)), flips).tolist() == [1.0, 1.0]
