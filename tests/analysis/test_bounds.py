"""--fail-if: what violates a bound, and what cannot be judged."""

from __future__ import annotations

import pandas as pd
import pytest

from robustir.analysis.bounds import check_bounds
from robustir.errors import BoundViolatedError, RunError, SpecError

CONTRASTS = pd.DataFrame(
    {
        "query_lang": ["all", "all", "en"],
        "encoder": ["a", "b", "c"],
        "perturbation": "typos",
        "severity": 0.3,
        "benchmark": "mini",
        "setting": "mono",
        "measure": "AP",
        "delta": [-0.1, -0.2, -0.9],
        "ci_low": [-0.2, -0.3, -1.0],
        "ci_high": [0.05, -0.1, -0.8],
        "retention": [0.9, float("nan"), 0.1],
    }
)


def test_the_worst_macro_average_is_named() -> None:
    with pytest.raises(BoundViolatedError, match=r"2 contrasts have delta < -0.05; the worst: b .* delta = -0.2000"):
        check_bounds(CONTRASTS, ["delta < -0.05"])
    with pytest.raises(BoundViolatedError, match=r"1 contrasts have delta < -0.05; the worst: b "):
        check_bounds(CONTRASTS, ["delta < -0.05"], strict=True)  # a's interval reaches above the bound
    check_bounds(CONTRASTS, ["delta < -0.5", "retention<.5", "delta > 1e-1"])


@pytest.mark.parametrize("bound", ["delta", "delta < 1.2.3", "delta < .", "p < 0.05", "delta = 1", ""])
def test_a_bound_that_cannot_be_read(bound: str) -> None:
    with pytest.raises(SpecError, match="FIELD < NUMBER"):
        check_bounds(CONTRASTS, [bound])


def test_nothing_to_judge_is_no_pass() -> None:
    with pytest.raises(RunError, match="no contrast with retention"):
        check_bounds(CONTRASTS[1:], ["retention < 0.5"])
    with pytest.raises(RunError, match="no contrast with delta"):
        check_bounds(CONTRASTS[:0], ["delta < 0.5"])
