"""Test, correction and interval are choices: each changes the findings, and each row says which was made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from robustir.analysis import AnalysisOptions, analyse
from robustir.errors import InputError
from robustir.evidence.scores import QueryScores
from robustir.stats import benjamini_hochberg, holm

MakeBlock = Callable[..., QueryScores]
QUICK = AnalysisOptions(flips=400, resamples=300, seed=1)


def tables(block: QueryScores, **changes: Any) -> Any:
    """The findings; untyped, because the types of pandas do not follow its queries."""
    return analyse([block], replace(QUICK, **changes))


def test_every_test_changes_p_and_is_named_in_its_rows(make_block: MakeBlock) -> None:
    block = make_block("mono")
    found = {kind: tables(block, test=kind) for kind in ("flips", "t", "bootstrap", "wilcoxon")}
    for name in ("contrasts", "comparisons", "language_comparisons"):
        for kind, one in found.items():
            assert set(one.tables()[name]["test"]) == {kind}
        p = [tuple(one.tables()[name]["p"]) for one in found.values()]
        assert len(set(p)) == len(p)
    t = found["t"]
    assert t.contrasts["p"].tolist() == t.contrasts["p_t"].tolist()
    assert t.contrasts["smallest_p"].isna().all()
    assert found["wilcoxon"].contrasts["p_t"].tolist() == t.contrasts["p_t"].tolist()
    assert found["t"].options.test == "t"
    for column in ("ratio_p", "noisy_p"):
        assert found["t"].comparisons[column].tolist() != found["flips"].comparisons[column].tolist()


def test_holm_adjusts_both_scales_of_the_declared_rows_together(make_block: MakeBlock) -> None:
    block = make_block("mono")
    most, ordered = tables(block), tables(block, correction="holm")
    for found, name in ((most, "max-t"), (ordered, "holm")):
        declared = found.comparisons[found.comparisons["family"] == "primary"]
        assert set(declared["correction"]) == {name}
        assert set(found.comparisons[found.comparisons["family"] == "exploratory"]["correction"]) == {"bh"}
    rows = ordered.comparisons[ordered.comparisons["family"] == "primary"]
    expected = holm(np.concatenate([rows["p"], rows["ratio_p"]]))
    assert np.concatenate([rows["p_adjusted"], rows["ratio_p_adjusted"]]) == pytest.approx(expected)
    assert rows["loss_p_adjusted"].tolist() == rows[["p_adjusted", "ratio_p_adjusted"]].max(axis=1).tolist()
    contrasts = ordered.contrasts[ordered.contrasts["family"] == "contrasts"]
    assert contrasts["p_adjusted"].to_numpy() == pytest.approx(holm(contrasts["p"].to_numpy()))
    assert (
        contrasts["p_adjusted"].tolist()
        != most.contrasts[most.contrasts["family"] == "contrasts"]["p_adjusted"].tolist()
    )


def test_another_test_than_flips_is_adjusted_by_holm(make_block: MakeBlock) -> None:
    found = tables(make_block("mono"), test="wilcoxon").contrasts
    declared = found[found["family"] == "contrasts"]
    assert set(declared["correction"]) == {"holm"}
    assert declared["p_adjusted"].to_numpy() == pytest.approx(holm(declared["p"].to_numpy()))


def test_without_declared_hypotheses_bh_or_holm_adjust_all_rows(make_block: MakeBlock) -> None:
    block = make_block("mono")
    for correction, by in (("bh", benjamini_hochberg), ("holm", holm)):
        found = tables(block, primary=False, correction=correction).contrasts
        assert set(found["correction"]) == {correction}
        assert found["p_adjusted"].to_numpy() == pytest.approx(by(found["p"].to_numpy()))


def test_a_twin_is_corrected_as_the_measure_that_it_repeats(make_block: MakeBlock) -> None:
    block = make_block("mono", measures=("AP", "RR"))
    clean, noisy = block.clean.copy(), block.noisy.copy()
    clean[:, 1], noisy[:, :, 1] = clean[:, 0], noisy[:, :, 0]
    found = tables(replace(block, clean=clean, noisy=noisy)).contrasts
    for measure in ("AP", "RR"):
        rows = found[(found["measure"] == measure) & (found["query_lang"] == "all")]
        assert set(rows["correction"]) == {"max-t"}


def test_the_kind_of_interval_changes_all_limits(make_block: MakeBlock) -> None:
    block = make_block("mono")
    found = {kind: tables(block, interval=kind) for kind in ("studentised", "percentile", "bca")}
    for name, column in (("contrasts", "ci_low"), ("comparisons", "log_ratio_low"), ("areas", "ci_low")):
        limits = [tuple(one.tables()[name][column]) for one in found.values()]
        assert len(set(limits)) == len(limits)
    for kind, one in found.items():
        assert set(one.contrasts["interval"]) == {kind}
        assert (one.contrasts["ci_low"] <= one.contrasts["ci_high"]).all()


def test_an_unsupported_combination_is_refused() -> None:
    with pytest.raises(InputError, match="use correction = 'holm'"):
        AnalysisOptions(test="wilcoxon", correction="max-t")
    with pytest.raises(InputError, match="cannot adjust declared hypotheses"):
        AnalysisOptions(correction="bh")
