"""Whatever the scores: what can be said is said, what cannot has a reason, no p is 0 and no limit is impossible."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from robustir.analysis import AnalysisOptions, Findings, analyse
from robustir.analysis.options import Margins
from robustir.evidence.scores import QueryScores
from tests.analysis.conftest import make

REASONS = {
    "one group: no inference",
    "no claim: few groups moved",
    "nothing changed",
    "no claim: near the floor",
    "the same",
}
LIMITS: dict[str, dict[tuple[str, str], tuple[float, float]]] = {
    "scores": {("ci_low", "ci_high"): (0, 1), ("floor_low", "floor_high"): (0, 1)},
    "contrasts": {("ci_low", "ci_high"): (-1, 1), ("retention_low", "retention_high"): (0, np.inf)},
    "curves": {("ci_low", "ci_high"): (0, 1)},
    "areas": {("ci_low", "ci_high"): (0, np.inf), ("dose_low", "dose_high"): (0, 1)},
    "comparisons": {
        ("ci_low", "ci_high"): (-2, 2),
        ("clean_low", "clean_high"): (-1, 1),
        ("noisy_low", "noisy_high"): (-1, 1),
        ("matched_low", "matched_high"): (-1, 1),
    },
    "language_comparisons": {("ci_low", "ci_high"): (-2, 2), ("noisy_low", "noisy_high"): (-1, 1)},
    "equivalence": {("low", "high"): (-2, 2), ("ratio_low", "ratio_high"): (0, np.inf)},
}


@st.composite
def blocks(draw: st.DrawFn) -> QueryScores:
    """Small blocks: few queries and groups, few distinct or all-equal scores, cells and whole encoders without scores."""
    questions = draw(st.integers(1, 7))
    encoders = ("a", "b", "c")[: draw(st.integers(1, 3))]
    conditions = draw(st.sampled_from([(("typos", 0.3),), (("typos", 0.1), ("typos", 0.3), ("casing", 0.5))]))
    block = make("mono", encoders=encoders, conditions=conditions, questions=questions, seed=draw(st.integers(0, 5)))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    levels = np.array(
        draw(st.sampled_from([[0.0], [1.0], [0.5], [0.0, 1.0], [0.0, 0.5, 1.0], list(np.linspace(0, 1, 9))]))
    )
    clean = rng.choice(levels, block.clean.shape)
    noisy = rng.choice(levels, block.noisy.shape)
    if draw(st.booleans()):  # few queries move
        still = rng.random(block.noisy.shape) < 0.9
        noisy = np.where(still, np.broadcast_to(clean[:, None], noisy.shape), noisy)
    if draw(st.booleans()):  # a cell failed
        noisy[rng.integers(len(encoders)), rng.integers(len(conditions))] = np.nan
    if draw(st.booleans()):  # an encoder is missing
        lost = rng.integers(len(encoders))
        clean[lost], noisy[lost] = np.nan, np.nan
    if draw(st.booleans()):  # a language is missing
        noisy[..., block.query_lang == "th"] = np.nan
    count = draw(st.integers(1, 6))  # groups may share questions of several languages, or not
    group = np.array([f"g{row % count}" for row in range(len(block.group))], dtype=object)
    floor = rng.choice([0.0, 0.02], block.floor.shape)
    return QueryScores(
        **{**vars(block), "clean": clean, "noisy": noisy, "worst": noisy, "group": group, "floor": floor}
    )


def _checked(found: Findings) -> None:
    for name, table in found.tables().items():
        rows: Any = table
        for column in rows.columns:
            if column in {"p", "ratio_p", "loss_p", "clean_p", "noisy_p", "p_t", "different_p"} or column.endswith(
                "_adjusted"
            ):
                p = rows[column].dropna()
                assert ((p > 0) & (p <= 1)).all(), f"{name}.{column}: {p.tolist()}"
        for (low, high), (least, most) in LIMITS.get(name, {}).items():
            known = rows[rows[low].notna() & rows[high].notna()]
            assert (known[low] <= known[high] + 1e-12).all(), f"{name}.{low}"
            assert ((known[low] >= least - 1e-9) & (known[high] <= most + 1e-9)).all(), f"{name}: {low}, {high}"
        for column in {"log_retention_ratio", "ratio", "difference"} & set(rows.columns):
            infinite = bool(np.isposinf(rows[column].to_numpy(dtype=float)).any())
            assert column == "log_retention_ratio" or not infinite
    _explained(found)


def _explained(found: Findings) -> None:
    contrasts: Any = found.contrasts
    for column in ("ci_low", "ci_high", "delta"):
        assert (contrasts[contrasts[column].isna()]["note"] != "").all(), column
    for row in contrasts.to_dict("records"):
        if np.isnan(row["p"]):  # the t-test has no p where all groups changed by the same
            assert row["note"] or row["test"] == "t", row
        if np.isnan(row["retention_low"]):
            assert row["note"] or row["unstable"], row
    for name in ("comparisons", "language_comparisons"):
        table: Any = found.tables()[name]
        for row in table[table["ci_low"].isna() | table["p_adjusted"].isna()].to_dict("records"):
            assert row["claim"] in REASONS or row["note"] or row["moved_groups"] == 0 or row["test"] == "t", row
        assert (table["verdict"] != "").all()
        one = table[table["groups"] < 2]
        assert one["claim"].isin(["one group: no inference", "nothing changed"]).all()
        assert not (one["favours"] != "").any()
    equal: Any = found.equivalence
    assert (equal["verdict"] != "").all()
    for row in equal[equal["p"].isna()].to_dict("records"):
        assert row["verdict"] in REASONS or row["note"], row


@settings(
    max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)  # shrinking takes minutes
@given(
    blocks(),
    st.sampled_from(["flips", "t", "bootstrap", "wilcoxon"]),
    st.sampled_from(["studentised", "percentile", "bca"]),
    st.booleans(),
)
def test_any_scores_give_findings_that_explain_themselves(
    block: QueryScores, test: Any, interval: Any, declared: bool
) -> None:
    options = AnalysisOptions(
        flips=99, resamples=99, seed=1, test=test, interval=interval, primary=declared, margins=Margins(0.02, 0.05)
    )
    _checked(analyse([block], options))


def test_one_query_is_one_group() -> None:
    block = make("mono", questions=1)
    found = analyse([block], AnalysisOptions(flips=99, resamples=99, margins=Margins(0.02, 0.05)))
    _checked(found)
    assert set(found.comparisons["claim"]) == {"one group: no inference"}
    assert set(found.equivalence["verdict"]) == {"one group: no inference"}


def test_a_clean_score_of_nothing_that_noise_moves_in_one_group() -> None:
    block = make("mono")
    clean, noisy = np.zeros_like(block.clean), np.zeros_like(block.noisy)
    noisy[..., block.group == block.group[0]] = 0.5
    found = analyse(
        [QueryScores(**{**vars(block), "clean": clean, "noisy": noisy, "worst": noisy, "floor": np.zeros_like(clean)})],
        AnalysisOptions(flips=99, resamples=99, margins=Margins(0.02, 0.05)),
    )
    _checked(found)
    rows: Any = found.equivalence
    changes = rows[rows["quantity"] == "change"]
    assert set(changes["moved_groups"]) == {1}
    assert changes["ratio_low"].isna().all()
    assert changes["ratio_high"].isna().all()


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_all_equal_scores(value: float) -> None:
    block = make("mono")
    clean, noisy = np.full_like(block.clean, value), np.full_like(block.noisy, value)
    found = analyse(
        [QueryScores(**{**vars(block), "clean": clean, "noisy": noisy, "worst": noisy})],
        AnalysisOptions(flips=99, resamples=99, margins=Margins(0.02, 0.05)),
    )
    _checked(found)
    assert set(found.comparisons["claim"]) == {"nothing changed"}
    assert set(found.contrasts["note"]) == {"nothing changed"}
    assert set(found.contrasts["p"].dropna()) <= {1.0}
