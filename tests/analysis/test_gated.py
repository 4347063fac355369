"""With and without the queries that may mean something else: data whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from robustir.analysis import AnalysisOptions, analyse
from robustir.evidence.scores import QueryScores
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
    found = analyse([make_block(rejected=np.zeros(made.unchanged.shape))], OPTIONS)
    macro = found.contrasts[found.contrasts["query_lang"] == "all"]
    np.testing.assert_array_equal(macro["gated_delta"], macro["delta"])
    np.testing.assert_allclose(macro["gated_retention"], macro["retention"], rtol=1e-12)
    main = found.comparisons[found.comparisons["measure"] == "AP"]
    np.testing.assert_allclose(main["gated_difference"], main["difference_in_differences"], atol=1e-12)
