"""PEER against scipy's Kruskal-Wallis test, and where it is undefined."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, kruskal

from robustir.measures import Measure, RankLists, evaluate

PEER = Measure("PEER")


def peer(*queries: list[tuple[float, int, int]]) -> np.ndarray:
    """PEER of queries given as (rank, gain, language) of their relevant passages."""
    rows = [row for query in queries for row in query]
    ranks, gains, langs = (np.array(column) for column in zip(*rows, strict=True))
    starts = np.concatenate(([0], np.cumsum([len(query) for query in queries])))
    return evaluate([PEER], RankLists(ranks.astype(float), gains, starts, np.full(len(queries), 50), langs))[0]


def test_adjacent_ranks_are_scipys_test() -> None:
    order = np.random.default_rng(0).permutation(9)
    query = [(float(rank), 1, int(lang)) for rank, lang in zip(range(1, 10), order % 3, strict=True)]
    samples = [[rank for rank, _, lang in query if lang == one] for one in range(3)]
    assert peer(query) == pytest.approx([float(np.asarray(kruskal(*samples))[1])])


def test_by_hand_with_gaps_gains_and_several_queries() -> None:
    # ranks 1, 2 of one language, 10, 11 of the other: SSG = 81, SSA = 82, H = 3 * 81 / 82
    apart = [(1.0, 1, 0), (2.0, 1, 0), (10.0, 1, 1), (11.0, 1, 1)]
    mixed = [(1.0, 2, 0), (4.0, 2, 0), (2.0, 2, 1), (3.0, 2, 1)]  # equal means: p = 1
    p = float(chi2.sf(3 * 81 / 82, 1))
    assert peer(apart, mixed) == pytest.approx([p, 1.0])
    assert peer(apart + mixed) == pytest.approx([(p + 1) / 2])
    assert peer(apart) < 0.1


def test_undefined_with_one_passage_per_language_or_one_language() -> None:
    single = [(1.0, 1, 0), (30.0, 1, 1), (7.0, 1, 2)]
    alone = [(1.0, 1, 0), (30.0, 1, 0)]
    lost = [(1.0, 1, 0), (2.0, 1, 0), (3.0, 1, 1), (np.inf, 1, 1), (4.0, 1, -1), (np.inf, 1, -1)]
    found = peer(single, alone, lost)
    assert np.isnan(found[:2]).all()
    assert 0 < found[2] <= 1
    assert peer([(2.5, 1, 0), (2.5, 1, 0), (2.5, 1, 1)]).tolist() == [1.0]
