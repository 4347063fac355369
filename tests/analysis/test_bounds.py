"""--fail-if: what violates a bound, and what cannot be judged."""

from __future__ import annotations

import pandas as pd
import pytest

from robustir.analysis.bounds import check_bounds, parse_bounds
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


def checked(contrasts: pd.DataFrame, bounds: list[str], *, strict: bool = False) -> None:
    check_bounds(contrasts, parse_bounds(bounds), strict=strict)


def test_the_worst_macro_average_is_named() -> None:
    with pytest.raises(BoundViolatedError, match=r"2 contrasts have delta < -0.05; the worst: b .* delta = -0.2000"):
        checked(CONTRASTS, ["delta < -0.05"])
    with pytest.raises(BoundViolatedError, match=r"1 contrasts have delta < -0.05; the worst: b "):
        checked(CONTRASTS, ["delta < -0.05"], strict=True)  # a's interval reaches above the bound
    checked(CONTRASTS, ["delta < -0.5", "retention<.5", "delta > 1e-1"])


@pytest.mark.parametrize("bound", ["delta", "delta < 1.2.3", "delta < .", "p < 0.05", "delta = 1", ""])
def test_a_bound_that_cannot_be_read(bound: str) -> None:
    with pytest.raises(SpecError, match="FIELD < NUMBER"):
        checked(CONTRASTS, [bound])


def test_nothing_to_judge_is_no_pass() -> None:
    with pytest.raises(RunError, match="no contrast with retention"):
        checked(CONTRASTS[1:], ["retention < 0.5"])
    with pytest.raises(RunError, match="no contrast with delta"):
        checked(CONTRASTS[:0], ["delta < 0.5"])


@pytest.mark.parametrize("field", ["retention", "delta", "noisy", "relative_drop"])
def test_rounding_neither_meets_nor_misses_a_bound(field: str) -> None:
    # Every value is 0.8 written as arithmetic leaves it: 0.7999999999999999 to 0.8000000000000002.
    values = [0.1 * 8, 0.7 + 0.1, 0.56 / 0.7, 1 - 0.2, 0.24 / 0.3, 0.3 + 0.5000000000000001]
    assert len(set(values)) > 1
    rows = pd.DataFrame({**CONTRASTS.iloc[[0]].to_dict("records")[0], field: values})
    checked(rows, [f"{field} < 0.8", f"{field} > 0.8"])
    for bound in ("<= 0.8", ">= 0.8"):
        with pytest.raises(BoundViolatedError, match=r"^6 contrasts"):
            checked(rows, [f"{field} {bound}"])


def test_an_interval_that_ends_at_0_but_for_rounding_does_not_meet_a_strict_bound() -> None:
    rows = CONTRASTS.iloc[[0]].assign(ci_high=-1.2e-15)
    checked(rows, ["delta < 0"], strict=True)


def test_what_has_no_value_meets_no_bound() -> None:
    with pytest.raises(BoundViolatedError, match=r"^1 contrasts have retention <= 1"):
        checked(CONTRASTS, ["retention <= 1"])
    with pytest.raises(BoundViolatedError, match=r"^1 contrasts have retention >= 0"):
        checked(CONTRASTS, ["retention >= 0"])
