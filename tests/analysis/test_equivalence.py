"""Equivalence within margins: verdicts where the truth is known, both scales, and a family of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from robustir.analysis import AnalysisOptions, analyse
from robustir.analysis.options import Margins
from robustir.errors import InputError
from robustir.evidence.scores import QueryScores
from robustir.stats import holm
from tests.analysis.conftest import LANGS

MakeBlock = Callable[..., QueryScores]
MARGINS = Margins(0.02, 0.05)
QUICK = AnalysisOptions(flips=400, resamples=400, seed=1, margins=MARGINS)


def table(block: QueryScores, **changes: Any) -> Any:
    """The table of equivalence; untyped, because the types of pandas do not follow its queries."""
    return analyse([block], replace(QUICK, **changes)).equivalence


def moved(make_block: MakeBlock, *losses: float, spread: float = 0.01, base: float = 0.6) -> QueryScores:
    """Encoders that lose so much on average under one noise, in thirty groups."""
    block = make_block("mono", questions=120, conditions=(("typos", 0.3),), encoders=tuple("abcdef"[: len(losses)]))
    rng = np.random.default_rng(5)
    group = np.array([f"article {row // 4:02d}" for row in range(120)] * len(LANGS), dtype=object)
    clean = np.clip(base + rng.normal(0, 0.05, block.clean.shape), 0, 1)
    loss = np.array(losses)[:, None, None, None] + rng.normal(0, spread, block.noisy.shape)
    noisy = np.clip(clean[:, None] - loss, 0, 1)
    return replace(block, group=group, clean=clean, noisy=noisy, worst=noisy, floor=np.full_like(clean, 0.01))


def test_the_verdict_is_the_truth(make_block: MakeBlock) -> None:
    found = table(moved(make_block, 0.002, 0.2, 0.0, spread=0.02)).set_index(["encoder_a", "encoder_b"])
    words = "equivalent within 2 points and 5%"
    assert found["verdict"].to_dict() == {
        ("a", ""): words,
        ("b", ""): "different",
        ("c", ""): words,
        ("a", "b"): "different",
        ("a", "c"): words,
        ("b", "c"): "different",
    }
    assert found["quantity"].tolist() == ["change"] * 3 + ["loss"] * 3
    noisy = table(moved(make_block, 0.019, spread=0.1))
    assert noisy["verdict"].tolist() == ["not shown"]


def test_both_scales_must_agree(make_block: MakeBlock) -> None:
    # A loss of 1.5 points of 20 is within 2 points, but more than 5% of the score.
    low = table(moved(make_block, 0.015, spread=0.002, base=0.2))
    assert low["verdict"].tolist() == ["different"]
    assert low["high"].item() < 0
    assert abs(low["low"].item()) < MARGINS.absolute
    assert low["p"].item() > 0.5
    # Of 90 points, 3 are less than 5%, but more than 2 points.
    high = table(moved(make_block, 0.03, spread=0.002, base=0.8))
    assert high["ratio_low"].item() > 0.95
    assert high["verdict"].tolist() == ["different"]


def test_declared_rows_are_two_families_adjusted_by_holm(make_block: MakeBlock) -> None:
    found = table(make_block("mono"))
    for family, quantity, count in (("equivalence", "change", 4), ("equal losses", "loss", 2)):
        rows = found[found["family"] == family]
        assert set(rows["quantity"]) == {quantity}
        assert len(rows) == count  # two encoders, or one pair, under two kinds of noise
        assert set(zip(rows["perturbation"], rows["severity"], strict=True)) == {
            ("typos", "curve"),
            ("shuffle-words", "0.5"),
        }
        for name in ("p", "different_p"):
            assert rows[f"{name}_adjusted"].to_numpy() == pytest.approx(holm(rows[name].to_numpy()))
    rest = found[found["family"] == "exploratory"]
    assert set(rest["severity"]) == {"0.1", "0.3"}
    assert set(found["confidence"]) == {0.9}
    assert set(found["measure"]) == {"AP"}


def test_the_difference_and_the_shares_of_queries_are_those_of_the_scores(make_block: MakeBlock) -> None:
    block = make_block("mono")
    whole = analyse([block], QUICK)
    found = whole.equivalence.query("quantity == 'change' and severity == '0.3'")
    other = whole.contrasts.query("severity == 0.3 and query_lang == 'all' and measure == 'AP'")
    for name, column in (("difference", "delta"), ("ratio", "retention")):
        assert found[name].to_numpy() == pytest.approx(other[column].to_numpy())
    change = (block.noisy - block.clean[:, None])[:, 1, 0]
    assert found["harmed_share"].to_numpy() == pytest.approx(np.mean(change <= -0.01, axis=1))
    assert found["helped_share"].to_numpy() == pytest.approx(np.mean(change >= 0.01, axis=1))
    for frame in (whole.equivalence, whole.contrasts):
        assert frame[["harmed_share", "same_share", "helped_share"]].sum(axis=1).to_numpy() == pytest.approx(1.0)
    pairs = whole.comparisons.query("measure == 'AP'")
    losses = whole.equivalence.query("quantity == 'loss'")
    assert losses["difference"].tolist() == pytest.approx(pairs["difference_in_differences"].tolist())
    assert np.log(losses["ratio"]).tolist() == pytest.approx(pairs["log_retention_ratio"].tolist())


def test_what_cannot_be_shown_says_why(make_block: MakeBlock) -> None:
    block = moved(make_block, 0.0, 0.1)
    still = block.noisy.copy()
    still[0] = block.clean[0, None]
    assert table(replace(block, noisy=still))["verdict"].tolist()[0] == "nothing changed"
    alike = still.copy()
    alike[1] = block.clean[1, None]
    assert table(replace(block, noisy=alike))["verdict"].tolist()[2] == "the same"
    one = replace(block, group=np.full(len(block.group), "all", dtype=object))
    assert set(table(one)["verdict"]) == {"one group: no inference"}
    floored = replace(block, floor=block.clean * 0.9)
    assert set(table(floored)["verdict"]) == {"no claim: near the floor"}
    few = block.noisy.copy()
    few[0] = block.clean[0, None]
    few[0, :, :, :8] -= 0.3  # two of thirty groups in one of three languages
    row = table(replace(block, noisy=few)).iloc[0]
    assert row["note"] == "few groups moved"
    assert row["verdict"] == "not shown"
    assert row["low"] < -0.1 < 0.1 < row["high"]
    zero = block.noisy.copy()
    zero[0] = 0.0
    row = table(replace(block, noisy=zero)).iloc[0]
    assert (row["ratio"], row["verdict"]) != (row["ratio"], "equivalent within 2 points and 5%")
    assert row["verdict"] == "different"


def test_without_margins_nothing_is_tested_for_equivalence(make_block: MakeBlock) -> None:
    assert table(make_block("mono"), margins=None).empty


def test_margins_are_shares() -> None:
    assert str(Margins(0.01, 0.05)) == "1 point and 5%"
    with pytest.raises(InputError, match="shares between 0 and 1"):
        Margins(1.0, 0.05)
