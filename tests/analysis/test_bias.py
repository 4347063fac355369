"""Rank distances go to the bias table and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from robustir.analysis import AnalysisOptions, analyse
from robustir.evidence.scores import QueryScores

MakeBlock = Callable[..., QueryScores]
QUICK = AnalysisOptions(flips=100, resamples=200, seed=1)


def tables(blocks: list[QueryScores], options: AnalysisOptions = QUICK) -> Any:
    """The findings; untyped, because the types of pandas do not follow its queries."""
    return analyse(blocks, options)


def test_rank_distances_by_hand(make_block: MakeBlock) -> None:
    block = make_block("multi", measures=("AP", "RankDistance", "nRankDistance"))
    noisy = block.noisy.copy()
    noisy[0, 2, 1, 5] = np.nan
    found = tables([replace(block, noisy=noisy)], QUICK)
    for table in (found.scores, found.contrasts, found.curves, found.areas, found.comparisons):
        assert set(table["measure"]) == {"AP"}
    assert set(found.bias["measure"]) == {"RankDistance", "nRankDistance"}
    assert len(found.bias) == 2 * (1 + 3) * 2 * 4
    clean = found.bias.query(
        "encoder == 'mbert' and perturbation == '' and query_lang == 'en' and measure == 'RankDistance'"
    )
    english = block.query_lang == "en"
    assert clean["mean"].tolist() == pytest.approx([block.clean[1, 1, english].mean()])
    assert clean[["severity", "delta"]].to_numpy().tolist() == [[0.0, 0.0]]
    noisy_row = found.bias.query(
        "encoder == 'labse' and severity == 0.5 and query_lang == 'de' and measure == 'RankDistance'"
    )
    rows = (block.query_lang == "de") & np.isfinite(noisy[0, 2, 1])
    assert noisy_row["n"].tolist() == [39]
    assert noisy_row["mean"].tolist() == pytest.approx([noisy[0, 2, 1, rows].mean()])
    assert noisy_row["delta"].tolist() == pytest.approx([(noisy[0, 2, 1] - block.clean[0, 1])[rows].mean()])
    assert (noisy_row["delta_low"] < noisy_row["delta"]).all()
    assert (noisy_row["ci_high"] > noisy_row["mean"]).all()
    macro = found.bias.query("encoder == 'labse' and severity == 0.5 and measure == 'nRankDistance'").set_index(
        "query_lang"
    )
    assert macro["mean"]["all"] == pytest.approx(macro["mean"][["de", "en", "th"]].mean())


def test_a_block_of_nothing_but_rank_distances_has_only_bias(make_block: MakeBlock) -> None:
    found = tables([make_block("multi", measures=("RankDistance",))], QUICK)
    assert found.scores.empty
    assert not found.bias.empty
    assert tables([make_block("mono", measures=("AP", "RankDistance"))], QUICK).bias.empty


def test_a_measure_that_no_query_has_says_why(make_block: MakeBlock) -> None:
    """With one relevant passage per language PEER is undefined, however good the encoder is."""
    block = make_block("multi", measures=("AP", "nRankDistance", "PEER"))
    clean, noisy = block.clean.copy(), block.noisy.copy()
    clean[:, 2], noisy[:, :, 2] = np.nan, np.nan
    found = tables([replace(block, clean=clean, noisy=noisy)], QUICK)
    rows = found.bias.query("measure == 'PEER'")
    assert rows[["encoder", "perturbation", "query_lang", "n"]].to_numpy().tolist() == [
        [name, "", "all", 0] for name in block.encoders
    ]
    assert rows[["mean", "ci_low", "ci_high", "delta"]].isna().all(axis=None)
    assert set(rows["note"]) == {
        "not defined: no query has several relevant passages in one language beside those in another"
    }
    others = found.bias.query("measure == 'nRankDistance'")
    assert set(others["note"]) == {""}
    assert others[["mean", "ci_low", "ci_high"]].notna().all(axis=None)


def test_one_group_is_said_where_there_is_no_interval(make_block: MakeBlock) -> None:
    block = make_block("multi", measures=("AP", "RankDistance"))
    group = np.full(len(block.group), "g", dtype=object)
    bias = tables([replace(block, group=group)], QUICK).bias
    assert set(bias["note"]) == {"one group: no inference"}
    assert bias["ci_low"].isna().all()
    assert bias["mean"].notna().all()
