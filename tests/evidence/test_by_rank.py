"""Scores looked up by rank are those that are computed, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from robustir.evidence.by_rank import scores_by_rank
from robustir.evidence.views import rank_lists, view
from robustir.measures import evaluate, parse_measure
from robustir.types import NOT_RETRIEVED, Corpus, Qrels, QuerySet, Ranks, Setting, Task

NAMES = ("AP", "AP@3", "AP(rel=2)", "RR@5", "nDCG", "nDCG@10", "P@5", "R@100", "R(rel=3)@10", "Hit@1")
MEASURES = [parse_measure(name) for name in NAMES]


def made(gain: int, *, each: int = 1) -> tuple[Task, Ranks]:
    """A hundred queries with some relevant passages each among ten; one was not scored, and one not retrieved."""
    names = tuple(f"q{number}" for number in range(100))
    ids = tuple(f"p{number}" for number in range(10))
    rows = [(query, (query + more) % 10, gain) for query in range(100) for more in range(each)]
    task = Task(
        "t",
        QuerySet(names, names, ("en",) * 100, names, names),
        Corpus(ids, ids, ("en",) * 10),
        Qrels.from_rows(rows, lost=[]),
    )
    rank = np.random.default_rng(gain).integers(1, 11, len(rows)).astype(np.uint32)
    rank[3], rank[5] = 0, NOT_RETRIEVED
    nothing = np.zeros_like(rank)
    return task, Ranks(rank, nothing, nothing, rank[::-1].copy(), nothing, nothing)


@pytest.mark.parametrize("setting", ["mono", "multi"])
@pytest.mark.parametrize("gain", [1, 2])
def test_the_same_bits(setting: Setting, gain: int) -> None:
    task, ranks = made(gain)
    seen = view(task, setting)
    found = scores_by_rank(MEASURES, seen, ranks)
    assert found is not None
    assert found.tobytes() == evaluate(MEASURES, rank_lists(seen, ranks)).tobytes()
    assert np.isnan(found).any(axis=1).all()  # the query that was not scored


def test_nothing_is_looked_up_for_lists_of_several_passages() -> None:
    task, ranks = made(1, each=2)
    assert scores_by_rank(MEASURES, view(task, "mono"), ranks) is None
