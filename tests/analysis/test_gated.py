"""With and without the queries that may mean something else: data whose answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from robustir.analysis import AnalysisOptions, analyse
from robustir.evidence.scores import QueryScores, TrainedSeed
from tests.analysis.conftest import MakeBlock

OPTIONS = AnalysisOptions(flips=199, resamples=199)


@pytest.fixture
def block(make_block: MakeBlock) -> QueryScores:
    """Every fourth query is rejected at 0.3: there A loses 0.4 and B nothing; in the others B loses 0.1 and A nothing."""
    made = make_block(encoders=("A", "B"), conditions=(("typos", 0.1), ("typos", 0.3)), measures=("AP",))
    rejected = np.zeros((2, len(made.query_id)))
    rejected[1, ::4] = 1 / 3  # one draw of three
    clean = np.full(made.clean.shape, 0.8)
    noisy = np.repeat(clean[:, None], 2, axis=1)
    noisy[0, 1, 0, ::4] -= 0.4
    noisy[1, 1, 0] -= np.where(rejected[1] > 0, 0.0, 0.1)
    return make_block(
        encoders=("A", "B"), conditions=made.conditions, measures=("AP",), clean=clean, noisy=noisy, worst=noisy, rejected=rejected
    )  # fmt: skip


def test_a_change_that_rejected_queries_make_is_gone_without_them(block: QueryScores) -> None:
    found = analyse([block], OPTIONS).contrasts
    macro = found[found["query_lang"] == "all"].set_index(["encoder", "severity"])
    assert macro.loc[("A", 0.3), "gated_share"] == pytest.approx(0.25)
    assert macro.loc[("A", 0.3), "delta"] == pytest.approx(-0.1)
    assert macro.loc[("A", 0.3), "gated_delta"] == pytest.approx(0.0, abs=1e-12)
    assert macro.loc[("B", 0.3), "delta"] == pytest.approx(-0.075)
    assert macro.loc[("B", 0.3), ["gated_delta", "gated_low", "gated_high"]].tolist() == pytest.approx([-0.1] * 3)
    assert macro.loc[("B", 0.3), "gated_retention"] == pytest.approx(0.7 / 0.8)
    assert macro.loc[("A", 0.1), ["gated_share", "gated_delta"]].tolist() == pytest.approx([0.0, 0.0])
    assert found.loc[found["query_lang"] != "all", "gated_delta"].isna().all()


def test_a_comparison_may_turn(block: QueryScores) -> None:
    found = analyse([block], OPTIONS).comparisons.set_index("severity")
    at = found.loc["0.3"]
    assert at["difference_in_differences"] == pytest.approx(-0.025)
    assert at["gated_difference"] == pytest.approx(0.1)
    assert at["gated_share"] == pytest.approx(0.25)
    assert found.loc["curve", "difference_in_differences"] < 0 < found.loc["curve", "gated_difference"]


def test_without_a_judgement_nothing_is_gated(make_block: MakeBlock) -> None:
    found = analyse([make_block()], OPTIONS)
    assert np.isnan(found.contrasts["gated_share"].to_numpy(float)).all()
    assert np.isnan(found.comparisons["gated_difference"].to_numpy(float)).all()


def test_without_rejections_both_numbers_are_one(make_block: MakeBlock) -> None:
    made = make_block()
    found: Any = analyse([make_block(rejected=np.zeros(made.unchanged.shape))], OPTIONS)
    macro = found.contrasts[found.contrasts["query_lang"] == "all"]
    np.testing.assert_array_equal(macro["gated_delta"], macro["delta"])
    np.testing.assert_allclose(macro["gated_retention"], macro["retention"], rtol=1e-12)
    main = found.comparisons[found.comparisons["measure"] == "AP"]
    np.testing.assert_allclose(main["gated_difference"], main["difference_in_differences"], atol=1e-12)
    limits = ["gated_low", "gated_high"]
    declared = main["severity"].isin(["curve"]) | (main["perturbation"] == "shuffle-words")
    np.testing.assert_allclose(main.loc[declared, limits], main.loc[declared, ["ci_low", "ci_high"]], atol=1e-12)
    assert (
        main.loc[~declared, limits].isna().all(axis=None)
    )  # of what a run does not declare there is the difference alone


def test_the_limits_are_those_of_a_run_without_the_rejected_queries(make_block: MakeBlock) -> None:
    made = make_block()
    out = np.random.default_rng(5).uniform(size=len(made.query_id)) < 0.2
    rejected = np.repeat(out[None].astype(float), len(made.conditions), axis=0)
    found = analyse([make_block(rejected=rejected)], OPTIONS).comparisons
    noisy = made.noisy.copy()
    noisy[..., out] = np.nan
    alone = analyse([make_block(noisy=noisy)], OPTIONS).comparisons
    here, there = (
        table[(table["measure"] == "AP") & (table["severity"].isin(["curve", "0.5"]))] for table in (found, alone)
    )
    assert len(here) == 2
    assert here["gated_share"].tolist() == pytest.approx([out.mean()] * 2)
    np.testing.assert_allclose(
        here[["gated_difference", "gated_low", "gated_high"]], there[["difference_in_differences", "ci_low", "ci_high"]],
        atol=1e-12,
    )  # fmt: skip


def test_strategies_have_the_same_without_the_rejected_queries(make_block: MakeBlock) -> None:
    names = [f"{strategy}-{seed}" for strategy in ("x-x", "hybrid") for seed in range(6)]
    trained = {name: TrainedSeed(name[:-2], int(name[-1])) for name in names}
    made = make_block(encoders=tuple(names), trained=trained)
    out = np.random.default_rng(6).uniform(size=len(made.query_id)) < 0.2
    rejected = np.repeat(out[None] / 3, len(made.conditions), axis=0)
    noisy = made.noisy.copy()
    noisy[..., out] = np.nan
    tables: list[Any] = [  # the types of pandas do not follow its queries
        analyse([make_block(encoders=tuple(names), trained=trained, **changes)], OPTIONS).strategies
        for changes in ({"rejected": rejected}, {"noisy": noisy})
    ]
    gated, alone = (
        table[(table["quantity"] == "degradation") & (table["measure"] == "AP")].reset_index() for table in tables
    )
    np.testing.assert_allclose(gated["gated_share"], out.mean())
    np.testing.assert_allclose(gated["gated_difference"], alone["difference"], atol=1e-12)
    declared = gated["severity"].isin(["curve", "0.5"])
    np.testing.assert_allclose(
        gated.loc[declared, ["gated_low", "gated_high"]], alone.loc[declared, ["ci_low", "ci_high"]], atol=1e-12
    )
    assert gated.loc[~declared, "gated_low"].isna().all()
    others = tables[0][(tables[0]["quantity"] != "degradation") | (tables[0]["measure"] != "AP")]
    assert others[["gated_share", "gated_difference"]].isna().all(axis=None)
    assert tables[1]["gated_share"].isna().all()  # nothing was judged
