"""Missing scores: rows, cells and languages drop out in the same way everywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from robustir.analysis import AnalysisOptions, analyse
from robustir.evidence.scores import QueryScores

MakeBlock = Callable[..., QueryScores]
QUICK = AnalysisOptions(flips=400, resamples=300, seed=1)


def tables(blocks: list[QueryScores], options: AnalysisOptions = QUICK) -> Any:
    """The findings; untyped, because the types of pandas do not follow its queries."""
    return analyse(blocks, options)


def test_encoders_are_compared_on_the_rows_that_both_have(make_block: MakeBlock) -> None:
    block = make_block("mono")
    noisy = block.noisy.copy()
    noisy[0, 1, :, 3:9] = np.nan  # labse lacks six German rows at 0.3, mbert three other ones at 0.1
    noisy[1, 0, :, 20:23] = np.nan
    found = tables([replace(block, noisy=noisy)], QUICK)
    used = np.ones(120, dtype=bool)
    used[3:9] = used[20:23] = False
    delta = noisy[:, 1, 0] - block.clean[:, 0]
    german, english, thai = (used & (block.query_lang == lang) for lang in ("de", "en", "th"))
    expected = np.mean([np.mean((delta[0] - delta[1])[rows]) for rows in (german, english, thai)])
    rows = found.comparisons.query("perturbation == 'typos' and measure == 'AP' and severity == '0.3'")
    assert rows["difference_in_differences"].tolist() == pytest.approx([expected])
    assert rows["n"].tolist() == [111]
    whole = found.comparisons.query("perturbation == 'shuffle-words'")
    assert set(whole["n"]) == {120}
    contrasts = found.contrasts.query("perturbation == 'typos' and query_lang == 'de' and measure == 'AP'")
    # A curve's severities share their rows; every encoder has its own.
    assert contrasts.groupby("encoder", sort=False)["n"].unique().map(list).to_dict() == {"labse": [34], "mbert": [37]}
    assert np.isfinite(found.contrasts["p"]).all()


def test_a_language_without_the_perturbation_leaves_the_macro_average(make_block: MakeBlock) -> None:
    block = make_block("mono")
    thai = block.query_lang == "th"
    noisy, dose = block.noisy.copy(), block.word_edit_rate.copy()
    noisy[:, :2, :, thai] = np.nan
    dose[:2, thai] = np.nan
    found = tables([replace(block, noisy=noisy, worst=noisy, word_edit_rate=dose)], QUICK)
    typos = found.contrasts.query(
        "perturbation == 'typos' and severity == 0.3 and encoder == 'labse' and measure == 'AP'"
    )
    assert typos["query_lang"].tolist() == ["all", "de", "en"]
    per_language = typos.set_index("query_lang")
    for column in ("delta", "clean", "word_edit_rate", "worst_draw", "probability_of_superiority"):
        assert per_language[column]["all"] == pytest.approx(per_language[column][["de", "en"]].mean())
    assert per_language["n"]["all"] == 80
    macro = found.contrasts[found.contrasts["query_lang"] == "all"]
    assert set(macro[macro["perturbation"] == "typos"]["languages"]) == {2}  # of three: a mean over fewer is labelled
    assert set(found.scores[found.scores["query_lang"] == "all"]["languages"]) == {3}
    assert set(found.areas.query("perturbation == 'typos'")["query_lang"]) == {"all", "de", "en"}
    assert set(found.contrasts.query("perturbation == 'shuffle-words'")["query_lang"]) == {"all", "de", "en", "th"}


def test_a_language_that_the_noise_left_alone_has_no_area(make_block: MakeBlock) -> None:
    block = make_block("mono")
    dose = block.word_edit_rate.copy()
    dose[:, block.query_lang == "th"] = 0.0
    found = tables([replace(block, word_edit_rate=dose)], QUICK)
    assert set(found.areas["query_lang"]) == {"all", "de", "en"}
    assert set(found.comparisons.query("severity == 'curve'")["n"]) == {80}
    assert set(found.comparisons.query("severity == '0.1'")["n"]) == {120}


def test_a_missing_severity_shortens_the_curve(make_block: MakeBlock) -> None:
    block = make_block("mono")
    noisy = block.noisy.copy()
    noisy[0, 1] = np.nan  # labse's cell at 0.3 failed
    found = tables([replace(block, noisy=noisy)], QUICK)
    typos = found.curves.query("perturbation == 'typos' and query_lang == 'all' and measure == 'AP'")
    assert typos.query("encoder == 'labse'")["severity"].tolist() == [0.0, 0.1]
    assert typos.query("encoder == 'mbert'")["severity"].tolist() == [0.0, 0.1, 0.3]
    pairs = found.comparisons.query("perturbation == 'typos' and measure == 'AP'")
    assert pairs["severity"].tolist() == ["0.1"]  # one severity that both have makes no curve
    area = found.areas.query("perturbation == 'typos' and query_lang == 'all' and measure == 'AP'")
    assert area.set_index("encoder")["note"].to_dict() == {"labse": "no scores at severity 0.3", "mbert": ""}
    assert area.set_index("encoder")["auc"].isna().to_dict() == {"labse": True, "mbert": False}


def test_an_encoder_that_failed_altogether_is_left_out(make_block: MakeBlock) -> None:
    block = make_block("mono")
    clean, noisy = block.clean.copy(), block.noisy.copy()
    clean[1], noisy[1] = np.nan, np.nan
    found = tables([replace(block, clean=clean, noisy=noisy)], QUICK)
    assert set(found.scores["encoder"]) == {"labse"}
    assert set(found.contrasts["encoder"]) == {"labse"}
    assert found.comparisons.empty
    clean[0] = np.nan
    assert tables([replace(block, clean=clean, noisy=noisy)], QUICK).scores.empty


def test_one_group_gives_estimates_without_claims(make_block: MakeBlock) -> None:
    block = make_block("mono")
    found = tables([replace(block, group=np.full(120, "all of it", dtype=object))], QUICK)
    assert found.contrasts[["ci_low", "ci_high"]].isna().all(axis=None)
    assert (found.contrasts["p"] == 1).all()
    assert set(found.comparisons["verdict"]) == {"one group: no inference"}
    assert set(found.contrasts["note"]) == {"one group: no inference"}
    assert not found.contrasts["separated"].any()
    assert (found.comparisons["smallest_p"] == 1).all()
    assert found.areas[["ci_low", "ci_high", "dose_low", "dose_high"]].isna().all(axis=None)
