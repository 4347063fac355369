"""The tables against the same numbers worked out row by row, and the laws they must obey."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from robustir.analysis import TABLES, AnalysisOptions, analyse
from robustir.errors import DataError, InputError
from robustir.evidence.scores import QueryScores

MakeBlock = Callable[..., QueryScores]
QUICK = AnalysisOptions(flips=400, resamples=300, seed=1)


def tables(blocks: list[QueryScores], options: AnalysisOptions = QUICK) -> Any:
    """The findings; untyped, because the types of pandas do not follow its queries."""
    return analyse(blocks, options)


ROWS = ("query_id", "source_id", "group", "query_lang", "passage_lang")
ARRAYS = ("clean", "floor", "noisy", "worst", "word_edit_rate", "char_error_rate", "unchanged")


def one(frame: Any, **where: Any) -> Any:
    """The one row with these values."""
    for name, value in where.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1, where
    return frame.iloc[0]


def permuted(block: QueryScores, seed: int) -> QueryScores:
    """The same rows in another order."""
    order = np.random.default_rng(seed).permutation(len(block.query_id))
    changed = {name: getattr(block, name)[order] for name in ROWS}
    return replace(block, **changed, **{name: getattr(block, name)[..., order] for name in ARRAYS})


def assert_same(left: Any, right: Any) -> None:
    for name, table in left.tables().items():
        pd.testing.assert_frame_equal(table, right.tables()[name], check_exact=True)


def test_the_tables_have_their_columns_and_types(make_block: MakeBlock) -> None:
    found = tables([make_block("mono"), make_block("cross")], QUICK)
    for name, table in found.tables().items():
        assert tuple(table.columns) == TABLES[name]
        assert "str" not in {str(kind) for kind in table.dtypes}
    assert len(found.scores) == 2 * 2 * (4 + 7)
    assert len(found.contrasts) == 2 * 3 * 2 * (4 + 7)
    assert len(found.curves) == 2 * (3 + 2) * 2 * (4 + 7)
    assert len(found.areas) == 2 * 2 * (4 + 7)  # one severity makes no curve
    assert len(found.comparisons) == (3 + 1) * 2 * 2
    assert found.bias.empty
    assert found.validity.empty
    assert found.examples.empty


def test_scores_by_hand(make_block: MakeBlock) -> None:
    block = make_block("mono")
    scores = tables([block], QUICK).scores
    thai = block.query_lang == "th"
    row = one(scores, query_lang="th", encoder="mbert", measure="R@10")
    assert row.clean == pytest.approx(block.clean[1, 1, thai].mean())
    assert row.floor == pytest.approx(block.floor[1, 1, thai].mean())
    assert (row.passage_lang, row.n, row.groups) == ("th", 40, len(set(block.group)))
    assert row.ci_low < row.clean < row.ci_high
    assert row.floor_low < row.floor < row.floor_high
    macro = one(scores, query_lang="all", encoder="mbert", measure="R@10")
    per_language = [block.clean[1, 1, block.query_lang == lang].mean() for lang in ("de", "en", "th")]
    assert macro.clean == pytest.approx(np.mean(per_language))
    assert (macro.passage_lang, macro.n) == ("all", 120)


def test_contrasts_by_hand(make_block: MakeBlock) -> None:
    block = make_block("cross")
    found = tables([block], QUICK).contrasts
    where = {"encoder": "labse", "perturbation": "typos", "severity": 0.3, "measure": "AP"}
    rows = (block.query_lang == "en") & (block.passage_lang == "de")
    clean, noisy = block.clean[0, 0, rows], block.noisy[0, 1, 0, rows]
    row = one(found, query_lang="en", passage_lang="de", **where)
    delta = noisy - clean
    assert (row.clean, row.noisy, row.delta) == pytest.approx((clean.mean(), noisy.mean(), delta.mean()))
    assert row.retention == pytest.approx(noisy.mean() / clean.mean())
    assert row.relative_drop == pytest.approx(1 - noisy.mean() / clean.mean())
    assert row.effect_size == pytest.approx(delta.mean() / delta.std(ddof=1))
    assert row.probability_of_superiority == pytest.approx(np.mean((delta >= 0.01) + 0.5 * (np.abs(delta) < 0.01)))
    assert row.worst_draw == pytest.approx(block.worst[0, 1, 0, rows].mean())
    assert row.word_edit_rate == pytest.approx(block.word_edit_rate[1, rows].mean())
    assert row.char_error_rate == pytest.approx(block.char_error_rate[1, rows].mean())
    assert row.unchanged == pytest.approx(block.unchanged[1, rows].mean())
    assert (row.setting, row.n) == ("cross", 40)
    macro = one(found, query_lang="all", **where)
    in_article: Any = pd.Series(block.noisy[0, 1, 0] - block.clean[0, 0]).groupby(block.group).sum()
    assert macro.delta == pytest.approx(in_article.sum() / 240)
    # Every pair has 40 rows, so the macro-average is the plain mean over articles' sums.
    expected = scipy_stats.permutation_test(
        (in_article.to_numpy(), np.zeros(len(in_article))),
        lambda x, y, axis: np.sum(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
    )
    assert macro.p == pytest.approx(expected.pvalue, abs=4 * math.sqrt(expected.pvalue / 400) + 1 / 400)


def test_curves_and_areas_by_hand(make_block: MakeBlock) -> None:
    block = make_block("mono")
    found = tables([block], QUICK)
    where = {"encoder": "labse", "perturbation": "typos", "measure": "AP"}
    levels, doses = {}, {}
    for lang in ("de", "en", "th"):
        rows = block.query_lang == lang
        levels[lang] = [block.clean[0, 0, rows].mean(), *block.noisy[0, :2, 0][:, rows].mean(axis=1)]
        doses[lang] = [0.0, *block.word_edit_rate[:2, rows].mean(axis=1)]
        curve = found.curves[
            (found.curves[list(where)] == list(where.values())).all(axis=1) & (found.curves["query_lang"] == lang)
        ]
        assert curve["severity"].tolist() == [0.0, 0.1, 0.3]
        assert curve["mean"].tolist() == pytest.approx(levels[lang])
        assert curve["word_edit_rate"].tolist() == pytest.approx(doses[lang])
        row = one(found.areas, query_lang=lang, **where)
        area = np.trapezoid(levels[lang], doses[lang]) / doses[lang][-1]
        assert row.auc == pytest.approx(area / levels[lang][0])
        assert row.ci_low < row.auc < row.ci_high
        bound = 0.9 * levels[lang][0]
        if levels[lang][2] > bound:
            assert np.isnan(row.dose_at_10_percent_loss)
        else:
            expected = np.interp(-bound, -np.array(levels[lang]), doses[lang])
            assert row.dose_at_10_percent_loss == pytest.approx(expected)
            assert row.dose_low <= expected
    macro = one(found.areas, query_lang="all", **where)
    areas = [np.trapezoid(levels[lang], doses[lang]) / doses[lang][-1] for lang in levels]
    assert macro.auc == pytest.approx(sum(areas) / sum(level[0] for level in levels.values()))


def test_comparisons_by_hand(make_block: MakeBlock) -> None:
    block = make_block("mono")
    found = tables([block], QUICK)
    where = {"encoder_a": "labse", "encoder_b": "mbert", "perturbation": "typos", "measure": "AP"}
    row = one(found.comparisons, severity="0.3", **where)
    delta = block.noisy[:, 1, 0] - block.clean[:, 0]
    assert row.difference_in_differences == pytest.approx(np.mean(delta[0] - delta[1]))
    kept = block.noisy[:, 1, 0].mean(axis=1) / block.clean[:, 0].mean(axis=1)
    assert row.log_retention_ratio == pytest.approx(np.log(kept[0] / kept[1]))
    assert (row.n, row.groups) == (120, len(set(block.group)))
    curve = one(found.comparisons, severity="curve", **where)
    auc = [
        one(found.areas, query_lang="all", encoder=name, perturbation="typos", measure="AP").auc
        for name in block.encoders
    ]
    assert curve.log_retention_ratio == pytest.approx(np.log(auc[0] / auc[1]))
    loss = [(share - 1) * block.clean[e, 0].mean() for e, share in enumerate(auc)]
    assert curve.difference_in_differences == pytest.approx(loss[0] - loss[1])


def test_the_order_of_the_rows_does_not_show(make_block: MakeBlock) -> None:
    blocks = [make_block("mono"), make_block("cross")]
    assert_same(tables(blocks, QUICK), analyse([permuted(block, seed) for seed, block in enumerate(blocks)], QUICK))


def test_settings_do_not_influence_each_other(make_block: MakeBlock) -> None:
    together = tables([make_block("mono"), make_block("cross")], QUICK)
    alone = tables([make_block("cross")], QUICK)
    columns = ["delta", "ci_low", "ci_high", "p"]
    both = together.contrasts[together.contrasts["setting"] == "cross"][columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(both, alone.contrasts[columns], check_exact=True)


def test_swapping_the_encoders_turns_the_comparison_round(make_block: MakeBlock) -> None:
    block = make_block("mono")
    swapped = replace(
        block,
        encoders=block.encoders[::-1],
        **{name: getattr(block, name)[::-1] for name in ("clean", "floor", "noisy", "worst")},
    )
    one_way, other = (tables([each], QUICK).comparisons for each in (block, swapped))
    assert one_way["difference_in_differences"].to_numpy() == pytest.approx(
        -other["difference_in_differences"].to_numpy()
    )
    assert one_way["ci_low"].to_numpy() == pytest.approx(-other["ci_high"].to_numpy())
    assert one_way["log_ratio_high"].to_numpy() == pytest.approx(-other["log_ratio_low"].to_numpy())
    assert one_way["p"].tolist() == other["p"].tolist()
    assert one_way["verdict"].tolist() == other["verdict"].tolist()


def test_a_noise_that_changes_nothing_is_no_difference(make_block: MakeBlock) -> None:
    block = make_block("mono")
    still = np.repeat(block.clean[:, None], 3, axis=1)
    found = tables([replace(block, noisy=still, worst=still, word_edit_rate=0 * block.word_edit_rate)], QUICK)
    assert (found.contrasts[["delta", "ci_low", "ci_high"]] == 0).all(axis=None)
    assert (found.contrasts["p"] == 1).all()
    assert (found.contrasts["retention"] == 1).all()
    assert set(found.comparisons["verdict"]) == {"nothing changed"}
    assert set(found.comparisons["family"]) == {"nothing changed"}  # no hypothesis
    assert set(found.contrasts["note"]) == {"nothing changed"}
    assert found.areas.empty  # nothing was changed: that is no robustness
    assert set(found.comparisons["severity"]) == {"0.1", "0.3", "0.5"}


def test_a_clear_difference_gets_its_verdict_and_a_floor_gets_none(make_block: MakeBlock) -> None:
    block = make_block("mono")
    noisy = np.stack([block.clean[0] - 0.01, block.clean[1] * 0.5])[:, None].repeat(3, axis=1)
    found = tables([replace(block, noisy=noisy)], QUICK)
    assert set(found.comparisons["verdict"]) == {"labse more robust"}
    sunk = tables([replace(block, noisy=noisy, floor=block.clean + 0.01)], QUICK)
    assert set(sunk.comparisons["verdict"]) == {"no claim: near the floor"}
    assert sunk.contrasts["unstable"].all()
    assert not found.contrasts["unstable"].any()


def test_a_low_clean_score_makes_retention_unstable(make_block: MakeBlock) -> None:
    block = make_block("mono")
    low = {name: getattr(block, name) * 0.02 for name in ("clean", "noisy", "worst", "floor")}
    found = tables([replace(block, **low)], QUICK)
    assert found.contrasts["unstable"].all()
    assert "no claim: near the floor" not in set(found.comparisons["verdict"])


def test_without_a_floor_the_clean_score_is_judged_against_zero(make_block: MakeBlock) -> None:
    block = make_block("mono")
    found = tables([replace(block, floor=np.full_like(block.floor, np.nan))], QUICK)
    assert found.scores["floor"].isna().all()
    assert not found.contrasts["unstable"].any()


def test_bad_blocks_and_options_are_refused(make_block: MakeBlock) -> None:
    block = make_block("mono")
    with pytest.raises(DataError, match=r"mini \(mono\): clean has the shape"):
        replace(block, clean=block.clean[:1])
    with pytest.raises(InputError, match="nDCG@10 is not among the measures of mini: AP, R@10"):
        tables([block], AnalysisOptions(primary_measure="nDCG@10"))
    with pytest.raises(InputError, match=r"0\.95"):
        AnalysisOptions(confidence=95)
    with pytest.raises(InputError, match="flips"):
        AnalysisOptions(flips=0)
    with pytest.raises(InputError, match="studentised"):
        AnalysisOptions(interval="normal")  # type: ignore[arg-type]  # the point of the test


def test_no_blocks_give_empty_tables() -> None:
    found = tables([], QUICK)
    assert all(table.empty for table in found.tables().values())
    assert {item.name for item in fields(found)} == {*TABLES, "manifest", "options", "changed"}


def test_equal_losses_from_different_levels_are_equal_whatever_rounding_left(make_block: MakeBlock) -> None:
    # 1/3 - 1/2 and 1/6 - 1/3 differ by 2.8e-17, in the same direction in every query.
    block = make_block("mono", measures=("AP",))
    clean = np.empty_like(block.clean)
    clean[0], clean[1] = 1 / 2, 1 / 3
    noisy = np.empty_like(block.noisy)
    noisy[0], noisy[1] = 1 / 3, 1 / 6
    assert (noisy[0] - clean[0][None] != noisy[1] - clean[1][None]).all()
    found = tables([replace(block, clean=clean, noisy=noisy, worst=noisy)]).comparisons
    assert (found["difference_in_differences"] == 0).all()
    assert (found["p"] == 1).all()
    assert (found["ci_low"] == 0).all()
    assert (found["ci_high"] == 0).all()
    at_one_severity = found[found["severity"] != "curve"]
    assert at_one_severity["log_retention_ratio"].to_numpy() == pytest.approx(math.log((2 / 3) / (1 / 2)))


def test_a_query_that_moves_by_rounding_alone_is_neither_better_nor_worse(make_block: MakeBlock) -> None:
    block = make_block("mono", measures=("AP",))
    noisy = np.broadcast_to(block.clean[:, None], block.noisy.shape) + 1e-16
    assert (noisy != block.clean[:, None]).any()
    found = tables([replace(block, noisy=noisy, worst=noisy)]).contrasts
    assert (found["probability_of_superiority"] == 0.5).all()
    assert (found["p"] == 1).all()
    assert (found["p_t"] == 1).all()
