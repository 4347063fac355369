"""Limits of the retained share: they cover, stay possible, and are those of a bound on the same share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats as scipy_stats

from robustir.analysis import AnalysisOptions, analyse
from robustir.analysis.reduced import ReducedSetting
from robustir.comparing.quantities import ONE
from robustir.evidence.scores import QueryScores
from robustir.stats import ClusterSums, bootstrap_weights, linearised_ratio, log_ratio_interval, t_error

MakeBlock = Callable[..., QueryScores]
QUICK = AnalysisOptions(flips=400, resamples=400, seed=1)


def contrasts(block: QueryScores) -> Any:
    """The contrasts; untyped, because the types of pandas do not follow its queries."""
    return analyse([block], QUICK).contrasts


def test_limits_hold_the_estimate_and_are_possible(make_block: MakeBlock) -> None:
    found = contrasts(make_block("mono"))
    assert (found["retention_low"] <= found["retention"]).all()
    assert (found["retention"] <= found["retention_high"]).all()
    assert (found["retention_low"] >= 0).all()
    assert (found["retention_high"] <= 1 / found["clean"] + 1e-12).all()


def test_the_macro_average_has_the_limits_of_a_bound(make_block: MakeBlock) -> None:
    block = make_block("mono")
    setting = ReducedSetting(block, QUICK)
    quantity = ONE["retention"](setting, 0, ("typos", 0.3), 0)
    assert quantity is not None
    limits = quantity.limits(0.95)
    row = (
        contrasts(block)
        .query("encoder == 'labse' and severity == 0.3 and query_lang == 'all' and measure == 'AP'")
        .iloc[0]
    )
    assert (row["retention"], row["retention_low"], row["retention_high"]) == pytest.approx(
        (limits.value, limits.low, limits.high)
    )


def test_a_single_language_has_linearised_limits_on_the_log_scale(make_block: MakeBlock) -> None:
    block = make_block("mono", questions=60)
    group = np.array([f"q{row:02d}" for row in range(60)] * 3, dtype=object)  # a group per question
    row = (
        contrasts(replace(block, group=group))
        .query("encoder == 'labse' and severity == 0.3 and query_lang == 'de' and measure == 'AP'")
        .iloc[0]
    )
    here = block.query_lang == "de"
    clean, noisy = block.clean[0, 0, here], block.noisy[0, 1, 0, here]
    error = np.std(noisy / noisy.mean() - clean / clean.mean(), ddof=1) / np.sqrt(60)
    reach = scipy_stats.t.ppf(0.975, 59) * error
    ratio = noisy.mean() / clean.mean()
    assert (row["retention_low"], row["retention_high"]) == pytest.approx(
        (ratio * np.exp(-reach), ratio * np.exp(reach))
    )


def test_where_limits_are_missing_a_column_says_why(make_block: MakeBlock) -> None:
    block = make_block("mono")
    one = contrasts(replace(block, group=np.full(len(block.group), "all", dtype=object)))
    assert one["retention_low"].isna().all()
    assert set(one["note"]) == {"one group: no inference"}
    nothing = contrasts(replace(block, noisy=np.zeros_like(block.noisy)))
    assert (nothing[["retention", "retention_low", "retention_high"]] == 0).all(axis=None)
    floored = contrasts(replace(block, floor=block.clean * 0.9))
    assert floored["unstable"].all()
    no_clean = contrasts(replace(block, clean=np.zeros_like(block.clean), noisy=np.zeros_like(block.noisy)))
    assert no_clean["retention_low"].isna().all()
    assert no_clean["unstable"].all()


@pytest.mark.slow
def test_both_kinds_of_limits_cover_what_they_state() -> None:
    rng, trials, groups = np.random.default_rng(4), 1500, 48
    sizes = rng.integers(8, 60, groups)
    shape = (trials, 1, groups)
    ease = rng.normal(0, 0.8, shape)  # articles differ in how easy they are, and in what the noise costs
    clean = np.empty(shape)
    noisy = np.empty(shape)
    for group, size in enumerate(sizes):
        score = 1 / (1 + np.exp(-(0.3 + ease[..., group, None] + rng.normal(0, 1.5, (trials, 1, size)))))
        kept = rng.beta(3.0, 1.0, (trials, 1, size))
        clean[..., group], noisy[..., group] = score.sum(axis=-1), (score * kept).sum(axis=-1)
    counts = np.broadcast_to(sizes.astype(float), (1, groups)).copy()
    sides = [ClusterSums(noisy, counts)], [ClusterSums(clean, counts)]
    true = np.log(3.0 / 4.0)  # the mean of Beta(3, 1)
    found = log_ratio_interval(*sides, bootstrap_weights(groups, 1000, 0))
    error, freedom = t_error(linearised_ratio(*sides))
    reach = scipy_stats.t.ppf(0.975, freedom) * error
    covered = {
        "bootstrap": np.mean((found.low <= true) & (true <= found.high)),
        "linearised": np.mean(np.abs(found.estimate - true) <= reach),
    }
    print(covered)
    for share in covered.values():
        assert share == pytest.approx(0.95, abs=3 * np.sqrt(0.05 * 0.95 / trials) + 0.005)
