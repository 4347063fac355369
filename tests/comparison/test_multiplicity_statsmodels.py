"""Holm and Benjamini-Hochberg against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest

from robustir.stats import benjamini_hochberg, holm

pytestmark = pytest.mark.comparison


@pytest.mark.parametrize("seed", range(20))
def test_adjusted_p_values_agree_with_statsmodels(seed: int) -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest", reason="statsmodels is the other implementation")
    rng = np.random.default_rng(seed)
    p = np.round(rng.uniform(0, 1, rng.integers(1, 60)) ** rng.integers(1, 4), rng.integers(1, 6))  # with ties
    assert holm(p) == pytest.approx(multitest.multipletests(p, method="holm")[1], abs=1e-12)
    assert benjamini_hochberg(p) == pytest.approx(multitest.multipletests(p, method="fdr_bh")[1], abs=1e-12)
