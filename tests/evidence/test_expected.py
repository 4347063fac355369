"""Measures over all orders of tied passages, against writing the orders out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from robustir.evidence.expected import _EXPECTED, expected_scores
from robustir.evidence.gather import score_view
from robustir.evidence.views import rank_lists, view
from robustir.measures import _DEFINITIONS, MEASURES, RankLists, evaluate, parse_measure
from robustir.ranking.search import rank_relevant
from robustir.types import SETTINGS, Corpus, Qrels, QuerySet, Ranks, Setting, Task

MEASURED = [measure for measure in MEASURES if not measure.of_average_ranks]
MEASURED += [parse_measure(name) for name in ("AP@3", "RR@2", "nDCG@2", "P@2", "R@3", "Hit@2", "Hit@4")]


def task_of(scores: NDArray[np.float32], judged: Iterable[tuple[int, int, int]], langs: str) -> Task:
    queries, size = scores.shape
    corpus = Corpus(tuple(f"p{row}" for row in range(size)), tuple(f"p{row}" for row in range(size)), tuple(langs))
    made = QuerySet.from_texts([f"q{row}" for row in range(queries)], lang=[langs[0]] * queries)
    return Task("tied", made, corpus, Qrels.from_rows(judged), settings=SETTINGS)


def by_enumeration(scores: list[float], gains: list[int], *, matches_only: bool) -> NDArray[np.float64]:
    """The mean of every measure over all orders of equal scores: each order once."""
    levels = sorted(set(scores), reverse=True)
    members = [[row for row, score in enumerate(scores) if score == level] for level in levels]
    values = []
    for orders in itertools.product(*(itertools.permutations(rows) for rows in members)):
        order = [row for rows in orders for row in rows]
        ranks = [order.index(row) + 1 for row, gain in enumerate(gains) if gain]
        missed = [matches_only and scores[row] <= 0 for row, gain in enumerate(gains) if gain]
        lists = RankLists(
            np.where(missed, np.inf, ranks),
            np.array([gain for gain in gains if gain]),
            np.array([0, len(ranks)]),
            np.array([len(scores)]),
        )
        values.append(evaluate(MEASURED, lists)[:, 0])
    return np.mean(values, axis=0)


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.0]), st.sampled_from([0, 0, 1, 3])), min_size=1, max_size=6),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_the_mean_over_all_orders(rows: list[tuple[float, int]], matches_only: bool) -> None:
    scores, gains = [score for score, _ in rows], [gain for _, gain in rows]
    if not any(gains):
        gains[0] = 1
    matrix = np.array([scores], dtype=np.float32)
    task = task_of(matrix, [(0, row, gain) for row, gain in enumerate(gains) if gain], "e" * len(rows))
    ranks = rank_relevant([matrix], task.corpus, task.qrels, queries=1, matches_only=matches_only).ranks
    expected = by_enumeration(scores, gains, matches_only=matches_only)
    for setting in ("mono", "multi"):
        found = expected_scores(MEASURED, view(task, setting), ranks)[:, 0]
        assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("setting", SETTINGS)
def test_without_ties_it_is_the_measure_itself(setting: Setting) -> None:
    random = np.random.default_rng(3)
    matrix = random.permuted(np.tile(np.arange(60, dtype=np.float32), (40, 1)), axis=1)
    judged = {(int(random.integers(40)), int(random.integers(60))): int(random.integers(1, 4)) for _ in range(200)}
    task = task_of(matrix, [(*pair, gain) for pair, gain in judged.items()], "abc" * 20)
    ranks = rank_relevant([matrix], task.corpus, task.qrels, queries=40).ranks
    seen = view(task, setting)
    assert len(seen) >= 30
    np.testing.assert_allclose(
        expected_scores(MEASURED, seen, ranks), evaluate(MEASURED, rank_lists(seen, ranks)), atol=1e-12
    )


def test_a_scorer_that_says_nothing_by_hand() -> None:
    # 1,000 passages at one score, two of them relevant: the first of two among 1,000 is as the least of two draws.
    size = 1_000
    matrix = np.zeros((1, size), dtype=np.float32)
    task = task_of(matrix, [(0, 0, 1), (0, 1, 1)], "e" * size)
    ranks = rank_relevant([matrix], task.corpus, task.qrels, queries=1).ranks
    names = ("Hit@10", "R@100", "P@10", "RR", "AP")
    found = expected_scores([parse_measure(name) for name in names], view(task, "mono"), ranks)[:, 0]
    pairs = math.comb(size, 2)
    first = [(size - place) / pairs for place in range(1, size)]
    both = sum((1 / i + 2 / j) / 2 for i in range(1, size) for j in range(i + 1, size + 1)) / pairs
    assert found == pytest.approx(
        [
            1 - math.comb(size - 2, 10) / math.comb(size, 10),
            0.1,
            0.002,
            sum(chance / place for place, chance in enumerate(first, start=1)),
            both,
        ],
        abs=1e-12,
    )


def test_what_was_not_scored_has_no_value_and_distances_keep_their_ties() -> None:
    matrix = np.array([[1, 1, 0, 0], [0, 0, 0, 1]], dtype=np.float32)
    task = task_of(matrix, [(0, 0, 1), (0, 2, 1), (1, 3, 1)], "eeee")
    ranks = rank_relevant([matrix], task.corpus, task.qrels, queries=2).ranks
    unscored = Ranks(*(np.where([False, False, True], 0, getattr(ranks, name)) for name in Ranks.__slots__))
    measures = [parse_measure("AP"), parse_measure("RankDistance")]
    found = score_view(measures, view(task, "multi"), unscored, over_ties=True)
    # places 1 or 2, and 3 or 4, each as likely: precisions 1 or 1/2, and 2/3 or 2/4
    assert found[:, 0] == pytest.approx([(0.75 + (2 / 3 + 1 / 2) / 2) / 2, 2.0])
    assert np.isnan(found[:, 1]).all()


def test_every_measure_but_distances_has_its_mean_over_ties() -> None:
    """Else a run by a new measure would end where its floor is computed."""
    assert set(_EXPECTED) == {name for name, definition in _DEFINITIONS.items() if not definition.of_average_ranks}
