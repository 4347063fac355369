"""Rank groups where the truth is known: who is better, who only finds the easy queries, who is an outlier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from robustir.analysis import AnalysisOptions, analyse
from robustir.evidence.scores import QueryScores, TrainedSeed
from robustir.types import Treatment

MakeBlock = Callable[..., QueryScores]
OPTIONS = AnalysisOptions(flips=2_000, resamples=200, seed=1)
NAMES = ("far", "good", "same", "brittle")


def known(make_block: MakeBlock) -> QueryScores:
    """Four encoders: one far behind, two alike, and one as good as these that loses far more under typos."""
    block = make_block("mono", encoders=NAMES, questions=300, measures=("AP",))
    rng = np.random.default_rng(5)
    names = [f"article {number:02d}" for number in range(30)]
    group = np.array([names[int(question[1:]) // 10] for question in block.source_id], dtype=object)
    rows = len(block.query_id)
    hard = rng.uniform(-0.2, 0.2, rows)
    level = np.array([0.2, 0.7, 0.7, 0.7])[:, None]
    clean = np.clip(level + hard + rng.normal(0, 0.05, (4, rows)), 0.05, 1)
    kept = np.array([0.9, 0.9, 0.9, 0.6])[:, None]
    noisy = np.stack(
        [clean * kept ** (severity * 3) + rng.normal(0, 0.02, clean.shape) for _, severity in block.conditions], axis=1
    )
    return replace(block, group=group, clean=clean[:, None], noisy=noisy[:, :, None], worst=noisy[:, :, None])


def letters(found: Any, **where: Any) -> dict[str, str]:
    frame = found.rank_groups
    for name, value in where.items():
        frame = frame[frame[name] == value]
    return dict(zip(frame["encoder"], frame["letters"], strict=True))


@pytest.fixture(scope="module")
def found(make_block: MakeBlock) -> Any:
    return analyse([known(make_block)], OPTIONS)


def test_letters_group_what_cannot_be_told_apart(found: Any) -> None:
    clean = letters(found, quantity="clean")
    assert clean["good"] == clean["same"] == clean["brittle"] == "a"
    assert clean["far"] == "b"
    noisy = letters(found, quantity="noisy", perturbation="typos")
    assert noisy == {"far": "c", "good": "a", "same": "a", "brittle": "b"}
    loss = letters(found, quantity="loss", perturbation="typos")
    assert loss["good"] == loss["same"]
    assert not set(loss["good"]) & set(loss["brittle"])
    # It loses less in points, having less to lose, but not in shares: one scale alone tells nobody apart.
    assert set(loss["far"]) & set(loss["good"])


def test_the_shown_severity_is_the_largest_up_to_three_tenths_else_the_smallest(found: Any) -> None:
    shown = found.rank_groups.groupby("perturbation")["severity"].unique()
    assert [list(values) for values in shown[["", "typos", "shuffle-words"]]] == [[0.0], [0.3], [0.5]]


def test_levels_and_ranks_are_those_of_the_other_tables(found: Any) -> None:
    noisy = found.rank_groups.query("quantity == 'noisy' and perturbation == 'typos'").set_index("encoder")
    contrasts = found.contrasts.query("query_lang == 'all' and perturbation == 'typos' and severity == 0.3")
    assert noisy["level"].to_dict() == pytest.approx(contrasts.set_index("encoder")["noisy"].to_dict())
    assert noisy.loc[["good", "same", "brittle", "far"], "rank_best"].tolist() == [1, 1, 3, 4]
    assert noisy.loc[["good", "same", "brittle", "far"], "rank_worst"].tolist() == [2, 2, 3, 4]
    assert set(noisy["encoders"]) == {4}


def test_a_pair_is_no_less_separated_here_than_in_the_whole_run(found: Any) -> None:
    keys = ["perturbation", "encoder_a", "encoder_b"]
    pairs = found.rank_pairs.query("quantity == 'noisy'").set_index(keys)
    compared = found.comparisons[found.comparisons["severity"].isin(["0.3", "0.5"])].set_index(keys)
    joined = pairs.join(compared[["noisy_difference", "noisy_p"]], how="inner")
    assert len(joined) == 12
    assert joined["difference"].tolist() == pytest.approx(joined["noisy_difference"].tolist())
    assert (joined["p_adjusted"] >= joined["noisy_p"]).all()
    # The far encoder hides the difference from Tukey's test or not, but not from the test that decides.
    assert joined.loc[("typos", "good", "brittle"), "p_adjusted"].item() < 0.001


def test_near_the_floor_there_is_a_letter_for_the_score_and_none_for_the_loss(make_block: MakeBlock) -> None:
    block = known(make_block)
    floor = block.floor.copy()
    floor[0] = block.clean[0] * 0.5
    near = analyse([replace(block, floor=floor)], OPTIONS)
    assert set(letters(near, quantity="noisy", perturbation="typos")) == set(NAMES)
    assert set(letters(near, quantity="loss", perturbation="typos")) == set(NAMES) - {"far"}


def test_an_attacked_encoder_and_strategies_are_left_out(make_block: MakeBlock) -> None:
    block = known(make_block)
    attacked = analyse([replace(block, treatments={"typos": Treatment(attacked="good")})], OPTIONS)
    assert set(letters(attacked, quantity="noisy", perturbation="typos")) == set(NAMES) - {"good"}
    assert set(letters(attacked, quantity="noisy", perturbation="shuffle-words")) == set(NAMES)
    trained = {name: TrainedSeed("hybrid", seed) for seed, name in enumerate(("good", "same"))}
    assert set(letters(analyse([replace(block, trained=trained)], OPTIONS), quantity="clean")) == {"far", "brittle"}


def test_one_encoder_one_group_and_no_change(make_block: MakeBlock) -> None:
    alone = analyse([make_block("mono", encoders=("labse",))], OPTIONS)
    assert set(alone.rank_groups["letters"]) == {"a"}
    assert alone.rank_pairs.empty
    block = make_block("mono")
    still = replace(block, noisy=np.repeat(block.clean[:, None], len(block.conditions), axis=1))
    loss: pd.DataFrame = analyse([still], OPTIONS).rank_groups.query("quantity == 'loss'")
    assert set(loss["letters"]) == {"a"}
    assert set(loss["note"]) == {"nothing changed"}
    whole = np.array(["one"] * len(block.query_id), dtype=object)
    groups: pd.DataFrame = analyse([replace(block, group=whole)], OPTIONS).rank_groups
    assert set(groups["letters"]) == {"a"}
    assert set(groups["note"]) == {"one group: no inference"}


def test_a_missing_cell_leaves_its_encoder_out_of_that_noise_alone(make_block: MakeBlock) -> None:
    block = known(make_block)
    noisy = block.noisy.copy()
    noisy[2, :2] = np.nan
    lacking = analyse([replace(block, noisy=noisy, worst=noisy)], OPTIONS)
    assert set(letters(lacking, quantity="noisy", perturbation="typos")) == set(NAMES) - {"same"}
    assert set(letters(lacking, quantity="noisy", perturbation="shuffle-words")) == set(NAMES)
