"""Corruption errors, worst draws, shares of variance, trends and orders: by hand, and where the truth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import kendalltau

from robustir.analysis import AnalysisOptions, analyse
from robustir.analysis.of_run import _kind
from robustir.evidence.scores import QueryScores, TrainedSeed
from robustir.types import Treatment

MakeBlock = Callable[..., QueryScores]
OPTIONS = AnalysisOptions(flips=200, resamples=300, seed=1)


def made(block: QueryScores, options: AnalysisOptions = OPTIONS) -> Any:
    return analyse([block], options)


def macro(block: QueryScores, values: Any) -> float:
    return float(np.mean([values[block.query_lang == lang].mean() for lang in dict.fromkeys(block.query_lang)]))


@pytest.fixture
def block(make_block: MakeBlock) -> QueryScores:
    return make_block("mono", encoders=("bm25", "e5", "labse"), measures=("AP",), questions=60)


def test_corruption_errors_by_hand(block: QueryScores) -> None:
    found = made(block).corruption.set_index(["encoder", "perturbation"])
    errors = {
        name: [1 - macro(block, block.noisy[number, condition, 0]) for condition in (0, 1)]
        for number, name in enumerate(block.encoders)
    }
    clean = {name: 1 - macro(block, block.clean[number, 0]) for number, name in enumerate(block.encoders)}
    row = found.loc["e5", "typos"]
    assert row["ce"] == pytest.approx(sum(errors["e5"]) / sum(errors["bm25"]))
    relative = sum(error - clean["e5"] for error in errors["e5"]) / sum(
        error - clean["bm25"] for error in errors["bm25"]
    )
    assert row["relative_ce"] == pytest.approx(relative)
    assert row["ce_low"] < row["ce"] < row["ce_high"]
    assert row["relative_low"] < row["relative_ce"] < row["relative_high"]
    assert (row["severities"], row["reference"]) == (2, "bm25")
    own = found.loc[("bm25", "typos"), ["ce", "ce_low", "ce_high", "relative_ce", "relative_low", "relative_high"]]
    assert own.tolist() == [1.0] * 6
    both = [found.loc[("e5", noise), "relative_ce"] for noise in ("typos", "shuffle-words")]
    assert found.loc[("e5", "all"), "relative_ce"] == pytest.approx(np.mean(both))
    assert found.loc[("e5", "all"), "kinds"] == 2


def test_corruption_errors_are_left_out_with_the_reason(block: QueryScores) -> None:
    def notes(changed: QueryScores, options: AnalysisOptions = OPTIONS) -> list[str]:
        table = made(changed, options).corruption
        assert table[["ce", "relative_ce"]].isna().all(axis=None)
        return list(table["note"].unique())

    floor = block.floor.copy()
    floor[0] = block.clean[0] * 0.6
    assert notes(replace(block, floor=floor)) == ["the reference bm25 is near its floor"]
    assert notes(block, replace(OPTIONS, reference="gte")) == ["the reference gte is not in the run"]
    noisy = block.noisy.copy()
    noisy[0] = block.clean[0]
    assert notes(replace(block, noisy=noisy, worst=noisy)) == ["the reference's loss is not separated from 0"]
    attacked = made(replace(block, treatments={"typos": Treatment(attacked="e5")})).corruption
    assert set(attacked["perturbation"]) == {"shuffle-words", "all"}


def test_worst_of_draws_has_an_interval_and_their_number(block: QueryScores) -> None:
    found = made(replace(block, noise_draws={"typos": 5})).contrasts.query("query_lang == 'all'")
    assert (found["worst_low"] < found["worst_draw"]).all()
    assert (found["worst_draw"] < found["worst_high"]).all()
    assert found.groupby("perturbation")["draws"].unique().map(list).to_dict() == {"typos": [5], "shuffle-words": [3]}
    row = found.query("encoder == 'e5' and severity == 0.3").iloc[0]
    assert row["worst_draw"] == pytest.approx(macro(block, block.worst[1, 1, 0]))


def with_changes(block: QueryScores, changes: Any) -> QueryScores:
    noisy = block.clean[:, None] + changes[:, :, None]
    return replace(block, noisy=noisy, worst=noisy)


def test_variance_is_where_it_was_put(make_block: MakeBlock) -> None:
    block = make_block("mono", encoders=("article", "question", "language", "rest"), measures=("AP",), questions=400)
    rng = np.random.default_rng(0)

    def by(labels: Any) -> Any:
        names = sorted(set(labels))
        values = dict(zip(names, rng.normal(0, 0.1, len(names)), strict=True))
        return np.array([values[label] for label in labels])

    changes = np.stack([by(block.group), by(block.source_id), by(block.query_lang), by(block.query_id)])
    shares = made(with_changes(block, np.repeat(changes[:, None], 3, axis=1))).variance.query("severity == 0.3")
    columns = ["group_share", "question_share", "language_share", "interaction_share"]
    assert shares.set_index("encoder")[columns].to_numpy() == pytest.approx(np.eye(4), abs=0.03)
    assert shares["draw_share"].isna().all()  # the draws are not known here
    assert set(shares["languages"]) == {3}


def test_draws_and_seeds_have_shares(block: QueryScores) -> None:
    rng = np.random.default_rng(2)
    rows = len(block.query_id)
    seeds = 0.2 * np.array([-1.0, 0.0, 1.0])[:, None, None] + rng.normal(0, 0.1, (3, 3, rows))
    trained = {name: TrainedSeed("hybrid", seed) for seed, name in enumerate(block.encoders)}
    changed = replace(with_changes(block, seeds), trained=trained, draw_variance=np.full((3, 3), 0.03))
    row = made(changed).variance.query("severity == 0.3").iloc[0]
    assert (row["encoder"], row["seeds"], row["draws"]) == ("hybrid", 3, 3)
    # 0.04 of seeds, 0.03 of draws, whose mean explains all of the 0.01 that is left
    assert row["sd"] == pytest.approx(np.sqrt(0.07), abs=0.02)
    assert row["seed_share"] == pytest.approx(0.04 / 0.07, abs=0.05)
    assert row["draw_share"] == pytest.approx(0.03 / 0.07, abs=0.05)


def many(make_block: MakeBlock, encoders: int) -> QueryScores:
    """Encoders on a line of logits, but the third, which keeps ten points more."""
    names = tuple(f"encoder-{number}" for number in range(encoders))
    block = make_block("mono", encoders=names, measures=("AP",), questions=90, conditions=(("typos", 0.2),))
    level = np.linspace(0.35, 0.85, encoders)
    spread = np.random.default_rng(1).normal(0, 0.05, len(block.query_id))
    spread -= spread.mean()
    clean = level[:, None] + spread
    noisy = expit(0.9 * logit(level) - 0.3)[:, None] + spread
    noisy[2] += 0.1
    return with_changes(replace(block, clean=clean[:, None]), (noisy - clean)[:, None])


def test_effective_robustness_and_tau_of_many_encoders(make_block: MakeBlock) -> None:
    block = many(make_block, 9)
    found = made(block)
    trend = found.trend.set_index("encoder")
    line = np.polyfit(logit(trend["clean"]), logit(trend["noisy"]), 1)
    assert [trend["slope"].iloc[0], trend["intercept"].iloc[0]] == pytest.approx(line)
    assert trend["effective"].idxmax() == "encoder-2"
    assert trend.loc["encoder-2", "ci_low"] > 0.05
    assert (trend.drop("encoder-2")["effective"] < 0.01).all()
    order = found.orders.iloc[0]
    assert order["tau"] == pytest.approx(float(np.asarray(kendalltau(trend["clean"], trend["noisy"]))[0]))
    assert order["tau_low"] <= order["tau"] <= order["tau_high"]
    assert order["clean_order"].split(" > ")[0] == "encoder-8"
    assert order["note"] == ""


def test_few_encoders_or_variants_make_no_trend(make_block: MakeBlock) -> None:
    few = made(many(make_block, 7))
    assert few.trend["effective"].isna().all()
    assert few.trend[["clean", "noisy"]].notna().all(axis=None)
    assert np.isnan(few.orders["tau"].item())
    assert set(few.orders["note"]) == {"7 encoders that are not variants; 8 make a trend"}
    assert len(few.orders["noisy_order"].item().split(" > ")) == 7
    variants = {f"encoder-{number}": "one" for number in range(3)}
    assert made(many(make_block, 9), replace(OPTIONS, kinds=variants)).trend["effective"].isna().all()
    ten = made(many(make_block, 10), replace(OPTIONS, kinds=variants))
    assert set(ten.trend["kinds"]) == {8}
    assert ten.trend["effective"].notna().all()


def test_options_do_not_make_another_kind_of_encoder() -> None:
    assert _kind("bm25") == _kind("bm25(k1=2)") == ("bm25", "")
    assert (
        _kind("transformer('/a/e5', query_prefix='query: ')")
        == _kind('transformer("/a/e5")')
        == ("transformer", "/a/e5")
    )
    assert _kind("transformer('/a/e5')") != _kind("transformer('/a/gte')")
