"""A comparison in one language is that of the queries of this language alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from robustir.analysis import AnalysisOptions, analyse
from robustir.evidence.scores import QueryScores
from robustir.stats import benjamini_hochberg
from robustir.types import SETTINGS, Setting, Treatment
from tests.analysis.test_analyse import ARRAYS, ROWS

MakeBlock = Callable[..., QueryScores]
QUICK = AnalysisOptions(flips=400, resamples=300, seed=1, primary_measure="R@10")
NUMBERS = [
    "difference_in_differences", "ci_low", "ci_high", "log_retention_ratio", "log_ratio_low", "log_ratio_high", "p", "p_t",
    "n", "groups", "clean_a", "noisy_b", "noisy_difference", "noisy_low", "noisy_high", "noisy_p", "clean_p", "ratio_p",
    "loss_p", "moved_groups", "effective_groups", "smallest_p",
]  # fmt: skip


def tables(blocks: list[QueryScores]) -> Any:
    """The findings; untyped, because the types of pandas do not follow its queries."""
    return analyse(blocks, QUICK)


def only(block: QueryScores, lang: str) -> QueryScores:
    rows = np.flatnonzero(block.query_lang == lang)
    changed = {name: getattr(block, name)[rows] for name in ROWS}
    return replace(block, **changed, **{name: getattr(block, name)[..., rows] for name in ARRAYS})


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_language_is_compared_as_if_it_were_alone(make_block: MakeBlock, setting: Setting) -> None:
    block = make_block(setting, encoders=("labse", "mbert", "bm25"))
    found = tables([block]).language_comparisons
    assert len(found) == 3 * 2 * 3  # pairs, perturbations, languages
    assert set(zip(found["perturbation"], found["severity"], strict=True)) == {
        ("typos", "curve"),
        ("shuffle-words", "0.5"),
    }
    assert set(found["measure"]) == {"R@10"}
    for lang in ("de", "en", "th"):
        alone = tables([only(block, lang)]).comparisons
        alone = alone[alone["severity"].isin(["curve", "0.5"]) & (alone["measure"] == "R@10")]
        here = found[found["query_lang"] == lang]
        assert set(here["passage_lang"]) == {lang if setting == "mono" else "all"}
        keys = ["perturbation", "encoder_a", "encoder_b"]
        here, alone = here.sort_values(keys), alone.sort_values(keys)
        assert here[keys].to_numpy().tolist() == alone[keys].to_numpy().tolist()
        np.testing.assert_allclose(here[NUMBERS].to_numpy(float), alone[NUMBERS].to_numpy(float), rtol=1e-9, atol=1e-12)
        assert here["near_floor"].tolist() == alone["near_floor"].tolist()


def test_they_are_exploratory_together_within_a_setting(make_block: MakeBlock) -> None:
    found = tables([make_block("mono"), make_block("cross", seed=2)])
    rows = found.language_comparisons
    assert set(rows["family"]) == {"exploratory"}
    for setting in ("mono", "cross"):
        here = rows[rows["setting"] == setting]
        assert here["p_adjusted"].to_numpy() == pytest.approx(benjamini_hochberg(here["p"].to_numpy()))
    assert "language_comparisons" in found.tables()


def test_an_attack_on_one_of_two_and_a_floor_allow_no_claim(make_block: MakeBlock) -> None:
    block = make_block("mono")
    attacked = replace(block, treatments={"typos": Treatment(attacked="labse")})
    assert set(tables([attacked]).language_comparisons["perturbation"]) == {"shuffle-words"}
    near = block.floor.copy()
    thai = block.query_lang == "th"
    near[0][:, thai] = block.clean[0][:, thai]
    verdicts = tables([replace(block, floor=near)]).language_comparisons.groupby("query_lang")["verdict"]
    assert set(verdicts.get_group("th")) == {"no claim: near the floor"}
    assert "no claim: near the floor" not in set(verdicts.get_group("de"))


def test_rows_that_one_encoder_lacks_count_for_neither(make_block: MakeBlock) -> None:
    block = make_block("mono", encoders=("labse", "mbert", "bm25"))
    gappy = block.noisy.copy()
    gappy[2, :, :, block.query_lang == "th"] = np.nan
    found = tables([replace(block, noisy=gappy, worst=gappy)]).language_comparisons
    assert set(found[found["encoder_b"] == "bm25"]["query_lang"]) == {"de", "en"}
    whole = tables([block]).language_comparisons
    both = (found["encoder_a"] == "labse") & (found["encoder_b"] == "mbert")
    first = (whole["encoder_a"] == "labse") & (whole["encoder_b"] == "mbert")
    np.testing.assert_array_equal(found[both][NUMBERS].to_numpy(float), whole[first][NUMBERS].to_numpy(float))
