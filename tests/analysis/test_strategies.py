"""Training strategies in the findings: one row per strategy, differences over paired seeds, families, marks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from robustir.analysis import AnalysisOptions, Findings, analyse
from robustir.analysis.over_seeds import mean_over_seeds
from robustir.evidence.scores import QueryScores, TrainedSeed
from robustir.stats import holm
from robustir.types import Treatment

MakeBlock = Callable[..., QueryScores]


STRATEGIES = ("x-x", "hybrid", "robust")
SEEDS = 7
NAMES = tuple(f"{strategy}-{seed}" for strategy in STRATEGIES for seed in range(SEEDS))
TRAINED = {
    f"{strategy}-{seed}": TrainedSeed(strategy, seed, ("typos",) if strategy == "robust" else ())
    for strategy in STRATEGIES
    for seed in range(SEEDS)
}
OPTIONS = AnalysisOptions(flips=199, resamples=99, compare=(("hybrid", "x-x"), ("robust", "hybrid")))


@pytest.fixture(scope="module")
def block(make_block: MakeBlock) -> QueryScores:
    made = make_block(encoders=(*NAMES, "hashing"), trained=TRAINED, questions=20)
    # Shuffled words change nothing, as for a bag of words.
    last = len(made.conditions) - 1
    made.noisy[:, last] = made.clean
    return made


@pytest.fixture(scope="module")
def findings(block: QueryScores) -> Findings:
    return analyse([block], OPTIONS)


def one(table: Any, **where: object) -> Any:
    for name, wanted in where.items():
        table = table[table[name] == wanted]
    assert len(table) == 1
    return table.iloc[0]


def macro(block: QueryScores, scores: np.ndarray) -> float:
    return float(np.mean([scores[block.query_lang == lang].mean() for lang in sorted(set(block.query_lang))]))


def test_other_tables_hold_a_strategy_as_the_mean_of_its_seeds(block: QueryScores, findings: Findings) -> None:
    assert list(dict.fromkeys(findings.scores["encoder"])) == [*STRATEGIES, "hashing"]
    row = one(findings.scores, encoder="hybrid", query_lang="de", measure="AP")
    rows = [number for number, name in enumerate(NAMES) if name.startswith("hybrid")]
    expected = np.mean([block.clean[number, 0][block.query_lang == "de"].mean() for number in rows])
    assert row.clean == pytest.approx(expected)
    # Strategies are compared over seeds, not here: a pair each with the other encoder, by conditions with one curve, by measures.
    assert set(findings.comparisons["encoder_b"]) == {"hashing"}
    assert len(findings.comparisons) == 3 * 4 * 2


def test_levels_and_differences_are_means_over_seeds(block: QueryScores, findings: Findings) -> None:
    number = {name: at for at, name in enumerate(NAMES)}
    place = block.conditions.index(("typos", 0.3))
    change = {
        strategy: [
            macro(
                block,
                block.noisy[number[f"{strategy}-{seed}"], place, 0] - block.clean[number[f"{strategy}-{seed}"], 0],
            )
            for seed in range(SEEDS)
        ]
        for strategy in STRATEGIES
    }
    where = {"perturbation": "typos", "severity": "0.3", "measure": "AP"}
    row = one(findings.strategies, **where, quantity="degradation", strategy_a="hybrid", strategy_b="x-x")
    gaps = np.subtract(change["hybrid"], change["x-x"])
    assert row.difference == pytest.approx(gaps.mean())
    assert row.seed_sd == pytest.approx(gaps.std(ddof=1))
    assert (row.a, row.b) == pytest.approx((np.mean(change["hybrid"]), np.mean(change["x-x"])))
    assert row.ci_low < row.difference < row.ci_high
    assert (row.seeds, row.groups) == (SEEDS, len(set(block.group)))
    level = one(findings.strategy_scores, **where, strategy="hybrid")
    assert level.delta == pytest.approx(row.a)
    noisy = [macro(block, block.noisy[number[f"hybrid-{seed}"], place, 0]) for seed in range(SEEDS)]
    assert 0 <= level.retention_low < level.retention < level.retention_high
    assert (level["mean"], level.seed_low, level.seed_high) == pytest.approx((np.mean(noisy), min(noisy), max(noisy)))


def test_families_are_adjusted_by_holm_per_quantity(findings: Findings) -> None:
    table: Any = findings.strategies
    shown = table[(table["family"] == "strategies") & (table["quantity"] == "degradation")]
    assert set(zip(shown["strategy_a"], shown["severity"], strict=True)) == {("hybrid", "curve")}
    assert shown["p_adjusted"].tolist() == holm(shown["p"].to_numpy()).tolist()
    robust = table[table["family"] == "robust training"]
    assert set(robust["strategy_a"]) == {"robust"}
    assert set(robust[robust["quantity"] == "clean"]["severity"]) == {"0"}
    assert set(robust[robust["quantity"] == "noisy"]["perturbation"]) == {"typos", "shuffle-words"}


def test_noise_that_changed_nothing_is_no_hypothesis(findings: Findings) -> None:
    still: Any = findings.strategies.query("perturbation == 'shuffle-words' and quantity == 'degradation'")
    assert set(still["family"]) == {"nothing changed"}
    assert still["p_adjusted"].isna().all()


def test_noise_seen_in_training_is_marked(findings: Findings) -> None:
    typos: Any = findings.strategies.query("perturbation == 'typos' and strategy_a == 'robust'")
    assert typos["seen_a"].all()
    assert not typos["seen_b"].any()
    other: Any = findings.strategies.query("perturbation == 'shuffle-words'")
    assert not (other["seen_a"] | other["seen_b"]).any()


def test_attacks_are_a_family_of_their_own(block: QueryScores) -> None:
    attacked = {"typos": Treatment(attacked="hashing")}
    table = analyse([QueryScores(**{**vars(block), "treatments": attacked})], OPTIONS).strategies
    assert set(table.query("perturbation == 'typos' and severity == 'curve' and measure == 'AP'")["family"]) == {
        "attacks"
    }


def test_a_seed_with_missing_cells_is_left_out(block: QueryScores) -> None:
    noisy = block.noisy.copy()
    noisy[NAMES.index("hybrid-2"), 0] = np.nan
    lacking = QueryScores(**{**vars(block), "noisy": noisy})
    table = analyse([lacking], OPTIONS).strategies
    assert set(table.query("strategy_a == 'hybrid' and strategy_b == 'x-x'")["seeds"]) == {SEEDS - 1}
    kept = [NAMES.index(f"hybrid-{seed}") for seed in range(SEEDS) if seed != 2]
    assert mean_over_seeds(lacking).clean[1] == pytest.approx(block.clean[kept].mean(axis=0))


def test_the_order_of_rows_does_not_matter(block: QueryScores, findings: Findings) -> None:
    order = np.random.default_rng(0).permutation(len(block.query_id))
    per_row = {"query_id", "source_id", "group", "query_lang", "passage_lang", "clean", "floor", "noisy", "worst"}
    per_row |= {"word_edit_rate", "char_error_rate", "unchanged"}
    shuffled = {name: values[..., order] if name in per_row else values for name, values in vars(block).items()}
    again = analyse([QueryScores(**shuffled)], OPTIONS)
    pd.testing.assert_frame_equal(again.strategies, findings.strategies)
    pd.testing.assert_frame_equal(again.strategy_scores, findings.strategy_scores)


def test_lists_replaced_on_the_command_line_are_exploratory(block: QueryScores) -> None:
    table = analyse([block], AnalysisOptions(flips=99, resamples=99, primary=False)).strategies
    assert set(table["family"]) == {"exploratory", "nothing changed"}
    assert len(set(zip(table["strategy_a"], table["strategy_b"], strict=True))) == 3


def test_a_strategy_can_be_in_domain(block: QueryScores) -> None:
    options = AnalysisOptions(flips=99, resamples=99, compare=OPTIONS.compare, in_domain=frozenset({("mini", "x-x")}))
    found = analyse([block], options)
    marked = found.strategies["in_domain"]
    assert marked.tolist() == (found.strategies["strategy_b"] == "x-x").tolist()
    assert set(found.strategy_scores[found.strategy_scores["in_domain"]]["strategy"]) == {"x-x"}
    assert set(found.scores[found.scores["in_domain"]]["encoder"]) == {"x-x"}


def test_of_one_seed_the_encoders_are_compared_and_nothing_is_said_of_the_strategies(make_block: MakeBlock) -> None:
    trained = {f"{strategy}-0": TrainedSeed(strategy, 0, ()) for strategy in STRATEGIES}
    block = make_block(encoders=(*trained, "hashing"), trained=trained, questions=20)
    found = analyse([block], OPTIONS)
    lost = found.strategies[found.strategies["quantity"] == "degradation"]
    assert set(lost["verdict"]) - {"nothing changed"} == {"one seed: no claim about a strategy"}
    assert set(lost["favours"]) == {""}
    # As four encoders: the same rows, but for who is whom.
    plain = replace(block, encoders=(*STRATEGIES, "hashing"), trained={})
    pd.testing.assert_frame_equal(found.comparisons, analyse([plain], OPTIONS).comparisons)
