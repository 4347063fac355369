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
