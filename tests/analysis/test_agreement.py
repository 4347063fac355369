"""Natural noise against synthetic noise at one dose: sizes, ratios, tau and notes by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import kendalltau

from robustir.analysis import AnalysisOptions, analyse
from robustir.evidence.scores import QueryScores
from robustir.types import Treatment

MakeBlock = Callable[..., QueryScores]
OPTIONS = AnalysisOptions(flips=99, resamples=400, seed=1)
ENCODERS = ("a", "b", "c", "d", "e", "f")
CONDITIONS = (("forum", 1.0), ("typos", 0.1), ("typos", 0.3), ("dialect", 1.0))
TREATMENTS = {
    "forum": Treatment(natural=True),
    "typos": Treatment(imitates=("forum",)),
    "dialect": Treatment(natural=True),
}
LOSSES = (0.05, 0.08, 0.11, 0.14, 0.17, 0.20)  # of each encoder, under the natural noise


def block_of(make_block: MakeBlock, doses: tuple[float, ...] = (0.25, 0.1, 0.3, 0.5), **changes: Any) -> QueryScores:
    """Three languages of 40 questions; ``typos`` costs 2 and 4 points more than half of what ``forum`` costs at 1."""
    block = make_block("mono", encoders=ENCODERS, measures=("AP",), conditions=CONDITIONS)
    rng = np.random.default_rng(5)
    shape = block.noisy.shape
    steps = np.array([[loss, loss / 2 + 0.02, loss / 2 + 0.04, 0.1] for loss in LOSSES])
    spread = rng.normal(0, 0.02, shape)
    spread -= spread.mean(axis=-1, keepdims=True)
    # All languages have equally many questions, so the mean over them is the mean over rows.
    clean = np.full(block.clean.shape, 0.8)
    fields = {
        "clean": clean,
        "noisy": clean[:, None] - steps[:, :, None, None] + spread,
        "worst": clean[:, None] - steps[:, :, None, None] + spread,
        "word_edit_rate": np.repeat(np.array(doses)[:, None], shape[-1], axis=1),
        "char_error_rate": np.repeat(np.array(doses)[:, None] / 5, shape[-1], axis=1),
        "treatments": TREATMENTS,
    }
    return make_block("mono", encoders=ENCODERS, measures=("AP",), conditions=CONDITIONS, **{**fields, **changes})


def test_the_synthetic_loss_is_read_off_at_the_natural_dose(make_block: MakeBlock) -> None:
    """0.25 lies three quarters of the way from 0.1 to 0.3, where the synthetic loss is loss / 2 + 0.02 + 0.015."""
    found: Any = analyse([block_of(make_block)], OPTIONS).agreement
    pairs = found[(found["natural"] == "forum") & (found["encoder"] != "all")].set_index("encoder")
    for name, loss in zip(ENCODERS, LOSSES, strict=True):
        row = pairs.loc[name]
        expected = loss / 2 + 0.035
        assert row["natural_delta"] == pytest.approx(-loss)
        assert row["synthetic_delta"] == pytest.approx(-expected)
        assert row["difference"] == pytest.approx(expected - loss)
        assert row["ratio"] == pytest.approx(loss / expected)
        assert row["ratio_low"] < row["ratio"] < row["ratio_high"]
        assert row["natural_low"] < row["natural_delta"] < row["natural_high"]
        assert (row["dose_kind"], row["note"], row["n"]) == ("word_edit_rate", "", 120)
        assert row[["natural_dose", "synthetic_dose"]].tolist() == pytest.approx([0.25, 0.25])
    (together,) = found[(found["natural"] == "forum") & (found["encoder"] == "all")].to_dict("records")
    assert together["ratio"] == pytest.approx(np.mean(LOSSES) / (np.mean(LOSSES) / 2 + 0.035))
    assert (together["tau"], together["encoders"]) == (1.0, 6)
    assert together["tau_low"] <= 1.0


def test_tau_is_that_of_scipy_and_its_interval_holds_it(make_block: MakeBlock) -> None:
    steps = np.array([0.06, 0.05, 0.08, 0.07, 0.10, 0.09])
    plain = block_of(make_block)
    noisy = plain.noisy.copy()
    noisy[:, 1:3, 0] += (np.array(LOSSES) / 2 + 0.02)[:, None, None] - steps[:, None, None]
    noisy[:, 2, 0] += 0.02
    expected: Any = kendalltau(LOSSES, steps)
    (row,) = (
        analyse([block_of(make_block, noisy=noisy)], OPTIONS)
        .agreement.query("natural == 'forum' and encoder == 'all'")
        .to_dict("records")
    )
    assert row["tau"] == pytest.approx(expected[0])
    assert row["tau_low"] <= row["tau"] <= row["tau_high"]


def test_characters_are_the_dose_where_words_do_not_reach_it(make_block: MakeBlock) -> None:
    plain = block_of(make_block)
    words = np.zeros_like(plain.word_edit_rate)
    words[0] = 0.01  # the synthetic noise changes marks, which are no words
    row: Any = analyse([block_of(make_block, word_edit_rate=words)], OPTIONS).agreement.iloc[0]
    assert (row["dose_kind"], row["note"]) == ("char_error_rate", "")
    assert row["synthetic_dose"] == pytest.approx(row["natural_dose"]) == pytest.approx(0.05)


@pytest.mark.parametrize(("largest", "known"), [(0.20, True), (0.10, False)])
def test_noise_that_does_not_reach_the_dose_says_so(make_block: MakeBlock, largest: float, known: bool) -> None:
    found: Any = analyse([block_of(make_block, doses=(0.25, largest / 2, largest, 0.5))], OPTIONS).agreement
    row = found[found["natural"] == "forum"].iloc[0]
    assert row["note"] == f"its largest dose is {largest / 0.25:.2f} of the natural one"
    assert np.isfinite(row["ratio"]) == known
    assert row["synthetic_delta"] == pytest.approx(-(LOSSES[0] / 2 + 0.04))


def test_natural_noise_that_nothing_imitates_has_its_own_rows(make_block: MakeBlock) -> None:
    found: Any = analyse([block_of(make_block)], OPTIONS).agreement
    rows = found[found["natural"] == "dialect"]
    assert set(rows["encoder"]) == {*ENCODERS, "all"}
    assert set(rows["synthetic"]) == {""}
    assert set(rows["note"]) == {"nothing in the run imitates it"}
    assert rows["natural_delta"].tolist() == pytest.approx([-0.1] * 7)
    assert rows[["synthetic_delta", "ratio", "difference", "synthetic_dose", "tau"]].isna().all(axis=None)


def test_a_synthetic_loss_that_may_be_none_makes_no_ratio(make_block: MakeBlock) -> None:
    plain = block_of(make_block)
    noisy = plain.noisy.copy()
    noisy[0, 1:3] = plain.clean[0] + (plain.noisy[0, 1:3] - plain.noisy[0, 1:3].mean(axis=-1, keepdims=True))
    row: Any = analyse([block_of(make_block, noisy=noisy)], OPTIONS).agreement.iloc[0]
    assert np.isnan(row["ratio"])
    assert row["note"] == "the synthetic loss is not separated from 0"


def test_an_encoder_near_its_floor_in_the_languages_of_the_noise_is_left_out_of_the_mean(make_block: MakeBlock) -> None:
    """The noise is German alone; encoder f finds nothing there, though it does in two other languages."""
    plain = block_of(make_block)
    german = plain.query_lang == "de"
    clean, noisy, floor = plain.clean.copy(), plain.noisy.copy(), plain.floor.copy()
    noisy[:, :, :, ~german] = np.nan
    clean[5, :, german] = floor[5, :, german]
    found: Any = analyse([block_of(make_block, clean=clean, noisy=noisy, worst=noisy)], OPTIONS).agreement
    rows = found[found["natural"] == "forum"].set_index("encoder")
    assert rows["near_floor"].to_dict() == {**dict.fromkeys([*ENCODERS[:5], "all"], False), "f": True}
    assert rows.loc["all", "encoders"] == 5
    expected = rows.loc[list(ENCODERS[:5]), "natural_delta"].mean()
    assert rows.loc["all", "natural_delta"] == pytest.approx(expected)


def test_runs_without_an_imitation_have_no_rows(make_block: MakeBlock) -> None:
    treatments = {**TREATMENTS, "typos": Treatment()}
    assert analyse([block_of(make_block, treatments=treatments)], OPTIONS).agreement.empty


def test_few_encoders_have_no_tau_and_variants_count_once(make_block: MakeBlock) -> None:
    kinds = {"a": "x", "b": "x", "c": "y", "d": "z", "e": "u", "f": "u"}
    options = AnalysisOptions(flips=99, resamples=400, seed=1, kinds=kinds)
    row: Any = (
        analyse([block_of(make_block)], options).agreement.query("natural == 'forum' and encoder == 'all'").iloc[0]
    )
    assert row["encoders"] == 4
    assert np.isnan(row["tau"])
    assert row["natural_delta"] == pytest.approx(-np.mean([LOSSES[0], *LOSSES[2:5]]))
