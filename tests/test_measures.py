"""Measures against hand computation and a plain implementation over the ranked list."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.errors import SpecError, UnknownNameError
from robustir.measures import MEASURES, Measure, RankLists, evaluate, parse_measure

Ranking = tuple[list[tuple[int, int]], int]  # (rank, gain) of the relevant passages, pool size


def make_lists(rankings: list[Ranking]) -> RankLists:
    pairs = [pair for relevant, _ in rankings for pair in relevant]
    starts = np.cumsum([0, *(len(relevant) for relevant, _ in rankings)])
    ranks, gains = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return RankLists(ranks, gains, starts, np.array([size for _, size in rankings], dtype=np.int64))


def value(measure: str, relevant: list[tuple[int, int]], pool: int) -> float:
    return float(evaluate([parse_measure(measure)], make_lists([(relevant, pool)]))[0, 0])


LIST = [(7, 2), (1, 1), (4, 3)]  # relevant at ranks 1, 4 and 7 of 10


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("AP", (1 / 1 + 2 / 4 + 3 / 7) / 3),
        ("AP@4", (1 / 1 + 2 / 4) / 3),
        ("RR", 1.0),
        ("RR@5", 1.0),
        ("nDCG", (1 + 3 / math.log2(5) + 2 / 3) / (3 + 2 / math.log2(3) + 1 / 2)),
        ("nDCG@4", (1 + 3 / math.log2(5)) / (3 + 2 / math.log2(3) + 1 / 2)),
        ("nDCG@1", 1 / 3),
        ("P@5", 2 / 5),
        ("P@20", 3 / 20),
        ("R@4", 2 / 3),
        ("Hit@1", 1.0),
        ("RankDistance", 6.0),
        ("nRankDistance", (6 - 2) / (10 - 3)),
    ],
)
def test_values_by_hand(measure: str, expected: float) -> None:
    assert value(measure, LIST, 10) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [("AP", 1 / 3), ("AP@2", 0), ("RR", 1 / 3), ("RR@2", 0), ("RR@3", 1 / 3), ("Hit@2", 0), ("R@2", 0), ("nDCG@2", 0)],
)
def test_one_relevant_passage_by_hand(measure: str, expected: float) -> None:
    assert value(measure, [(3, 1)], 5) == expected


def test_rank_distance_ends() -> None:
    assert value("nRankDistance", [(5, 1), (4, 1), (6, 1)], 10) == 0
    assert value("nRankDistance", [(1, 1), (10, 1), (2, 1)], 10) == 1
    assert math.isnan(value("RankDistance", [(3, 1)], 10))
    assert math.isnan(value("nRankDistance", [(3, 1)], 10))
    assert value("RankDistance", [(1, 1), (2, 1)], 2) == 1
    assert math.isnan(value("nRankDistance", [(1, 1), (2, 1)], 2))


def test_tie_averaged_ranks_give_no_negative_distance() -> None:
    lists = RankLists(np.array([3.5, 3.5]), np.array([1, 1]), np.array([0, 2]), np.array([9]))
    assert evaluate([parse_measure("RankDistance"), parse_measure("nRankDistance")], lists).tolist() == [[0], [0]]


def test_a_list_that_was_not_scored_is_nan_and_alone() -> None:
    lists = make_lists([([(2, 1)], 9), ([(0, 1), (0, 2)], 9), ([(1, 1)], 9)])
    values = evaluate([parse_measure(name) for name in ("AP", "nDCG@10", "Hit@1", "P@2")], lists)
    assert np.isnan(values[:, 1]).all()
    assert values[[0, 2, 3]][:, [0, 2]].tolist() == [[0.5, 1.0], [0.0, 1.0], [0.5, 0.5]]


def test_no_lists_give_no_values() -> None:
    empty = make_lists([])
    assert evaluate(MEASURES, empty).shape == (len(MEASURES), 0)
    assert evaluate([], make_lists([(LIST, 10)])).shape == (0, 1)


@st.composite
def rankings(draw: st.DrawFn) -> Ranking:
    pool = draw(st.integers(1, 30))
    ranks = draw(st.lists(st.integers(1, pool), min_size=1, max_size=min(pool, 12), unique=True))
    return [(rank, draw(st.integers(1, 5))) for rank in ranks], pool


def plain(measure: Measure, relevant: list[tuple[int, int]], pool: int) -> float:
    """Walk down the whole ranked list, as the definitions read."""
    relevant = [pair for pair in relevant if pair[1] >= measure.rel]
    if not relevant:
        return 0.0
    gains = dict(relevant)
    depth = measure.cutoff or pool
    found, precisions, gain, first = 0, 0.0, 0.0, math.inf
    for rank in range(1, min(depth, pool) + 1):
        if rank in gains:
            found += 1
            first = min(first, rank)
            precisions += found / rank
            gain += gains[rank] / math.log2(rank + 1)
    ideal = sum(best / math.log2(place + 2) for place, best in enumerate(sorted(gains.values(), reverse=True)[:depth]))
    worst_minus_best = max(gains) - min(gains)
    return {
        "AP": lambda: precisions / len(gains),
        "RR": lambda: 1 / first,
        "nDCG": lambda: gain / ideal,
        "P": lambda: found / depth,
        "R": lambda: found / len(gains),
        "Hit": lambda: float(found > 0),
        "RankDistance": lambda: worst_minus_best if len(gains) > 1 else math.nan,
        "PEER": lambda: math.nan,  # the languages are not known here: tests/test_peer.py
        "nRankDistance": lambda: (
            (worst_minus_best - len(gains) + 1) / (pool - len(gains)) if 1 < len(gains) < pool else math.nan
        ),
    }[measure.name]()


@given(st.lists(rankings(), min_size=1, max_size=5), st.integers(1, 40))
@settings(max_examples=80, deadline=None)
def test_values_are_those_of_walking_the_list(given_rankings: list[Ranking], cutoff: int) -> None:
    measures = [*MEASURES, *(parse_measure(f"{name}@{cutoff}") for name in ("AP", "RR", "nDCG", "P", "R", "Hit"))]
    expected = [[plain(measure, *ranking) for ranking in given_rankings] for measure in measures]
    np.testing.assert_allclose(evaluate(measures, make_lists(given_rankings)), expected, rtol=0, atol=1e-12)


@given(rankings(), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_inside_a_list_does_not_matter(ranking: Ranking, random: object) -> None:
    relevant, pool = ranking
    shuffled = relevant[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands out a random.Random
    assert (
        evaluate(MEASURES, make_lists([ranking])).tobytes()
        == evaluate(MEASURES, make_lists([(shuffled, pool)])).tobytes()
    )


@pytest.mark.parametrize("text", [str(measure) for measure in MEASURES])
def test_names_print_as_they_are_parsed(text: str) -> None:
    assert str(parse_measure(text)) == text
    assert parse_measure(text) == parse_measure(text)
    assert parse_measure(text).description


def test_names_with_one_meaning_are_equal() -> None:
    pairs = [
        ("Success@5", "Hit@5"),
        ("MAP", "AP"),
        ("MRR@10", "RR@10"),
        ("NDCG@10", "nDCG@10"),
        ("Recall@100", "R@100"),
        ("Precision@5", "P@5"),
    ]
    for other, name in pairs:
        assert parse_measure(other) == parse_measure(name)
        assert hash(parse_measure(other)) == hash(parse_measure(name))
        assert str(parse_measure(other)) == name
    assert parse_measure("AP") != parse_measure("AP@10")


@pytest.mark.parametrize(
    ("theirs", "name"),
    [
        *((spelling, "AP") for spelling in ("mAP", "map", "MAP", "ap", "AP(rel=1)", "average precision")),
        *((spelling, "RR@10") for spelling in ("MRR@10", "mrr@10", "RR@10", "mrr_at_10", "MRR_10")),
        *((spelling, "R@100") for spelling in ("Recall@100", "recall_100", "recall.100", "recall_at_100", "r@100")),
        *(
            (spelling, "Hit@1")
            for spelling in ("Acc@1", "accuracy@1", "success_1", "Success@1", "hit_rate@1", "hits@1")
        ),
        *((spelling, "nDCG@10") for spelling in ("ndcg_cut_10", "ndcg_cut.10", "NDCG@10", "ndcg_at_10", "nDCG@10")),
        *((spelling, "P@5") for spelling in ("P_5", "P.5", "p@5", "Precision@5", "precision_at_5")),
        ("recip_rank", "RR"),
        ("map_cut_100", "AP@100"),
        ("Success(rel=2)@5", "Hit(rel=2)@5"),
        ("AP( rel=3 )@100", "AP(rel=3)@100"),
    ],
)
def test_spellings_of_other_tools(theirs: str, name: str) -> None:
    assert str(parse_measure(theirs)) == name
    assert parse_measure(theirs) == parse_measure(name)


def test_a_threshold_says_what_is_relevant() -> None:
    graded = [(1, 1), (2, 2), (5, 3), (7, 0)]
    assert value("AP(rel=2)", graded, 10) == pytest.approx((1 / 2 + 2 / 5) / 2)
    assert value("AP", graded, 10) == pytest.approx((1 + 1 + 3 / 5) / 3)
    assert value("P(rel=3)@5", graded, 10) == 1 / 5
    assert [value(f"{name}(rel=4)@5", graded, 10) for name in ("AP", "RR", "P", "R", "Hit")] == [0] * 5
    assert "at least 2" in parse_measure("AP(rel=2)").description


def test_what_is_never_found_divides_and_lists_without_a_relevant_passage_score_0() -> None:
    lists = RankLists(
        np.array([2, np.inf, 4, 0, np.inf]), np.array([1, 3, 0, 1, 1]), np.array([0, 2, 3, 5]), np.array([9, 9, 9])
    )
    names = ["AP", "AP@3", "RR", "R@5", "Hit@2", "nDCG@10", "RankDistance"]
    found = evaluate([parse_measure(name) for name in names], lists)
    ideal = 3 + 1 / math.log2(3)
    np.testing.assert_allclose(found[:, 0], [1 / 4, 1 / 4, 1 / 2, 1 / 2, 1, 1 / math.log2(3) / ideal, np.nan])
    np.testing.assert_array_equal(found[:, 1], [0, 0, 0, 0, 0, 0, np.nan])
    assert np.isnan(found[:, 2]).all()  # not scored


def test_distances_are_lower_better_and_multi_only() -> None:
    distances = {str(measure) for measure in MEASURES if not measure.higher_is_better}
    assert distances == {"RankDistance", "nRankDistance"}
    assert {str(measure) for measure in MEASURES if measure.settings == ("multi",)} == {*distances, "PEER"}


@pytest.mark.parametrize("text", ["ndgc@10", "F1", "", "Bpref", "@10", "infAP"])
def test_unknown_names_list_the_known(text: str) -> None:
    with pytest.raises(
        UnknownNameError, match=r"is not a measure.*AP, RR, nDCG, P, R, Hit, RankDistance, nRankDistance, PEER"
    ):
        parse_measure(text)


def test_a_near_name_is_suggested() -> None:
    with pytest.raises(UnknownNameError, match="did you mean nDCG"):
        parse_measure("ndgc@10")


@pytest.mark.parametrize(
    "text", ["P", "R", "Hit", "RankDistance@5", "AP@0", "AP@-1", "AP@1.5", "AP@", "nDCG@10@2", "nDCG(rel=2)", "AP@ 5"]
)
def test_bad_cutoffs_are_refused(text: str) -> None:
    with pytest.raises(SpecError) as error:
        parse_measure(text)
    assert not isinstance(error.value, UnknownNameError)


@pytest.mark.parametrize(
    ("ranks", "gains", "starts", "pool_size"),
    [
        ([1], [1], [0, 1], [5, 5]),
        ([1, 2], [1], [0, 2], [5]),
        ([1], [1], [0, 0, 1], [5, 5]),
        ([1, 2], [1, 1], [0, 1], [5]),
    ],
)
def test_lists_that_do_not_fit_together_are_refused(
    ranks: list[int], gains: list[int], starts: list[int], pool_size: list[int]
) -> None:
    with pytest.raises(ValueError, match=r"starts must|every rank needs"):
        RankLists(*(np.array(part) for part in (ranks, gains, starts, pool_size)))
