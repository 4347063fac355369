"""Declared families, exploration, and measures that are the same number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from robustir.analysis import AnalysisOptions, analyse
from robustir.evidence.scores import QueryScores
from robustir.stats import benjamini_hochberg, cluster_sums, group_codes, max_t, sign_flips

MakeBlock = Callable[..., QueryScores]
QUICK = AnalysisOptions(flips=400, resamples=100, seed=1)


def tables(blocks: list[QueryScores], options: AnalysisOptions = QUICK) -> Any:
    """The findings; untyped, because the types of pandas do not follow its queries."""
    return analyse(blocks, options)


def test_curves_of_the_primary_measure_form_the_primary_family(make_block: MakeBlock) -> None:
    found = tables([make_block("mono"), make_block("cross")], QUICK).comparisons
    declared = found[found["family"] == "primary"]
    shown = set(zip(declared["perturbation"], declared["severity"], declared["measure"], strict=True))
    assert shown == {("typos", "curve", "AP"), ("shuffle-words", "0.5", "AP")}
    assert len(declared) == 2 * 2  # one pair of encoders x two perturbations x two settings
    for name in ("p", "ratio_p", "noisy_p", "clean_p"):
        assert (declared[f"{name}_adjusted"] >= declared[name]).all()
    both = declared[["p_adjusted", "ratio_p_adjusted"]].max(axis=1)
    assert declared["loss_p_adjusted"].tolist() == both.tolist()
    for setting in ("mono", "cross"):
        rest = found[(found["family"] == "exploratory") & (found["setting"] == setting)]
        assert len(rest) == 8 - 2
        assert rest["p_adjusted"].to_numpy() == pytest.approx(benjamini_hochberg(rest["p"].to_numpy()))


def test_macro_averages_of_the_primary_measure_form_the_contrasts(make_block: MakeBlock) -> None:
    options = replace(QUICK, primary_measure="R@10")
    found = tables([make_block("mono"), make_block("cross")], options).contrasts
    declared = found[found["family"] == "contrasts"]
    assert set(zip(declared["query_lang"], declared["measure"], strict=True)) == {("all", "R@10")}
    assert len(declared) == 2 * 3 * 2
    assert (declared["p_adjusted"] >= declared["p"]).all()
    rest = found[(found["family"] == "exploratory") & (found["setting"] == "mono")]
    assert rest["p_adjusted"].to_numpy() == pytest.approx(benjamini_hochberg(rest["p"].to_numpy()))


def test_a_declared_family_is_adjusted_by_max_t(make_block: MakeBlock) -> None:
    block = make_block("mono")
    found = tables([block], QUICK).contrasts
    declared = found[found["family"] == "contrasts"]
    groups = group_codes(block.group)
    changes = np.concatenate([(block.noisy - block.clean[:, None])[encoder, :, 0] for encoder in range(2)])
    sums = cluster_sums(changes, groups.codes, len(groups.labels))  # of every language as many rows
    expected = max_t(sums.contributions, sign_flips(len(groups.labels), QUICK.flips, QUICK.seed))
    assert declared["p_adjusted"].to_numpy() == pytest.approx(expected)


def test_families_over_benchmarks_hold_what_each_alone_would(make_block: MakeBlock) -> None:
    one, other = make_block("mono"), replace(make_block("mono", seed=3, questions=70), benchmark="other")
    alone, both = tables([one]).contrasts, tables([one, other]).contrasts
    here = both[(both["family"] == "contrasts") & (both["benchmark"] == "mini")]["p_adjusted"].to_numpy()
    there = alone[alone["family"] == "contrasts"]["p_adjusted"].to_numpy()
    assert (here >= there - 0.02).all()  # a larger family, other flips
    assert here == pytest.approx(there, abs=0.1)


def test_what_was_not_declared_is_exploratory(make_block: MakeBlock) -> None:
    found = tables([make_block("mono")], replace(QUICK, primary=False))
    assert set(found.comparisons["family"]) == {"exploratory"}
    assert set(found.contrasts["family"]) == {"exploratory"}


def test_a_measure_that_repeats_another_counts_once(make_block: MakeBlock) -> None:
    block = make_block("mono", measures=("AP", "RR", "R@10"))
    clean, noisy = block.clean.copy(), block.noisy.copy()
    clean[:, 1], noisy[:, :, 1] = clean[:, 0], noisy[:, :, 0] + 1e-16
    with_twin = tables([replace(block, clean=clean, noisy=noisy)], QUICK)
    kept = [0, 2]
    without = tables(
        [
            replace(
                block,
                measures=("AP", "R@10"),
                clean=clean[:, kept],
                noisy=noisy[:, :, kept],
                floor=block.floor[:, kept],
                worst=block.worst[:, :, kept],
            )
        ],
        QUICK,
    )
    for table in ("contrasts", "comparisons"):
        frame = with_twin.tables()[table]
        twins = frame[frame["measure"] == "RR"]
        assert set(twins["family"]) == {"same as AP"}
        assert twins["p_adjusted"].tolist() == frame[frame["measure"] == "AP"]["p_adjusted"].tolist()
        others = frame[frame["measure"] != "RR"]
        assert others["p_adjusted"].tolist() == without.tables()[table]["p_adjusted"].tolist()


def test_the_primary_measure_is_the_one_that_is_kept(make_block: MakeBlock) -> None:
    block = make_block("mono", measures=("AP", "RR"))
    clean, noisy = block.clean.copy(), block.noisy.copy()
    clean[:, 1], noisy[:, :, 1] = clean[:, 0], noisy[:, :, 0]
    found = tables([replace(block, clean=clean, noisy=noisy)], replace(QUICK, primary_measure="RR")).comparisons
    assert set(found[found["measure"] == "AP"]["family"]) == {"same as RR"}
    assert set(found[found["measure"] == "RR"]["family"]) == {"primary", "exploratory"}
    assert np.isfinite(found["p_adjusted"]).all()


def test_noise_that_its_suite_calls_exploratory_is_in_no_declared_family(make_block: MakeBlock) -> None:
    block = make_block("mono")
    explored = block.conditions[-1][0]
    found = tables([block], replace(QUICK, explored=frozenset([explored])))
    for table, name in (("comparisons", "primary"), ("contrasts", "contrasts")):
        frame = found.tables()[table]
        declared = frame[frame["family"] == name]
        assert len(declared)
        assert explored not in set(declared["perturbation"])
        assert (declared["p_adjusted"] >= declared["p"]).all()
        rest = frame[frame["family"] == "exploratory"]
        assert explored in set(rest["perturbation"])
        assert rest["p_adjusted"].to_numpy() == pytest.approx(benjamini_hochberg(rest["p"].to_numpy()))
