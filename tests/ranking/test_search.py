"""The rank kernel against sorting, and its refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from robustir.errors import EncoderError
from robustir.ranking.search import DenseScorer, Ranked, rank_dense, rank_relevant, rank_sparse, restrict
from robustir.types import NOT_RETRIEVED, Corpus, Qrels, Ranks

Floats = NDArray[np.float32]


class Problem(NamedTuple):
    """A small ranking problem; ``block`` is how many rows come at a time."""

    scores: Floats
    corpus: Corpus
    qrels: Qrels
    block: int


# Byte order, UTF-16 order and alphabetical order differ on these.
IDS = st.text(alphabet="aZ09-_éßกあ\ue000\uffee😀", min_size=1, max_size=4)
# Few values make many ties; -0 and 0 are the same number.
SCORES = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, np.float32(0.1), 1e-45, np.inf, -np.inf, -3e38])


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    ids = draw(st.lists(IDS, min_size=1, max_size=30, unique=True))
    langs = draw(st.lists(st.sampled_from(["th", "en", "ar"]), min_size=len(ids), max_size=len(ids)))
    if draw(st.booleans()):  # a language's ids then stand together
        ids = [f"{lang}{name}" for lang, name in zip(langs, ids, strict=True)]
    queries = draw(st.integers(1, 5))
    values = draw(st.lists(SCORES, min_size=queries * len(ids), max_size=queries * len(ids)))
    pair = st.tuples(st.integers(0, queries - 1), st.integers(0, len(ids) - 1))
    pairs = draw(st.sets(pair, max_size=20))
    qrels = Qrels.from_rows((query, passage, 1) for query, passage in pairs)
    scores = np.array(values, dtype=np.float32).reshape(queries, len(ids))
    return Problem(scores, Corpus(tuple(ids), tuple(ids), tuple(langs)), qrels, draw(st.integers(1, queries)))


def blocks(problem: Problem) -> Iterator[Floats]:
    """Give the scores in one buffer that is overwritten, as a scorer may."""
    buffer = np.empty((problem.block, problem.scores.shape[1]), dtype=np.float32)
    for first in range(0, len(problem.scores), problem.block):
        part = problem.scores[first : first + problem.block]
        buffer[: len(part)] = part
        yield buffer[: len(part)]
        buffer[:] = np.nan


def order(scores: Floats, corpus: Corpus, candidates: list[int]) -> list[int]:
    """Sort candidates as trec_eval does: by score, then by the bytes of the id, both descending."""
    return sorted(candidates, key=lambda row: (float(scores[row]), corpus.ids[row].encode("utf-8")), reverse=True)


def naive(problem: Problem) -> list[tuple[int, ...]]:
    """Rank, above and tied in language and pool for every qrels row, by sorting."""
    expected = []
    for query, passage in zip(problem.qrels.query.tolist(), problem.qrels.passage.tolist(), strict=True):
        scores = problem.scores[query]
        everything = list(range(len(problem.corpus)))
        own = [row for row in everything if problem.corpus.langs[row] == problem.corpus.langs[passage]]
        counts: list[int] = []
        for candidates in (own, everything):
            counts.append(order(scores, problem.corpus, candidates).index(passage) + 1)
            counts.append(sum(bool(scores[row] > scores[passage]) for row in candidates))
            counts.append(sum(bool(scores[row] == scores[passage]) for row in candidates) - 1)
        expected.append(tuple(counts))
    return expected


def rows_of(ranks: Ranks) -> list[tuple[int, ...]]:
    columns = (ranks.lang_rank, ranks.lang_above, ranks.lang_tied, ranks.pool_rank, ranks.pool_above, ranks.pool_tied)
    assert {column.dtype for column in columns} == {np.dtype(np.uint32)}
    return list(zip(*(column.tolist() for column in columns), strict=True))


def check_top(ranked: Ranked, problem: Problem, keep: int) -> None:
    assert ranked.top is not None
    for number, lang in enumerate(ranked.top.languages):
        candidates = [row for row in range(len(problem.corpus)) if lang in ("all", problem.corpus.langs[row])]
        for query, scores in enumerate(problem.scores):
            best = order(scores, problem.corpus, candidates)[:keep]
            passages, values = ranked.top.passages[query, number], ranked.top.scores[query, number]
            assert passages[: len(best)].tolist() == best
            assert values[: len(best)].tolist() == scores[best].tolist()
            assert (passages[len(best) :] == -1).all()
            assert np.isnan(values[len(best) :]).all()


@given(problems(), st.integers(1, 12), st.sampled_from([1, 3]))
@settings(max_examples=120, deadline=None)
def test_ranks_and_best_passages_are_those_of_sorting(problem: Problem, keep: int, threads: int) -> None:
    queries = len(problem.scores)
    ranked = rank_relevant(
        blocks(problem), problem.corpus, problem.qrels, queries=queries, keep_top=keep, threads=threads
    )
    assert rows_of(ranked.ranks) == naive(problem)
    check_top(ranked, problem, keep)


@given(problems(), st.randoms(use_true_random=False), st.sampled_from(["numpy", "torch"]))
@settings(max_examples=60, deadline=None)
def test_dense_ranks_are_those_of_sorting_the_products(problem: Problem, random: Any, counting: Any) -> None:
    # Whole numbers multiply exactly, so the oracle's scores are the kernel's to the last bit.
    queries, passages = (
        np.array([[random.randint(-2, 2) for _ in range(3)] for _ in range(size)], dtype=np.float32)
        for size in problem.scores.shape
    )
    exact = problem._replace(scores=(queries @ passages.T).astype(np.float32))
    ranked = rank_dense(queries, passages, problem.corpus, problem.qrels, keep_top=4, counting=counting)
    assert rows_of(ranked.ranks) == naive(exact)
    check_top(ranked, exact, 4)


def test_hand_worked_ranks() -> None:
    corpus = Corpus(("a", "b", "c", "d", "é"), ("",) * 5, ("en", "en", "de", "en", "de"))
    scores = np.array([[2, 1, 1, 1, 3], [0, 0, 0, 0, 0]], dtype=np.float32)
    qrels = Qrels.from_rows([(0, 1, 1), (0, 2, 1), (1, 0, 1)])
    ranks = rank_relevant([scores], corpus, qrels, queries=2).ranks
    # Query 0: é 3, a 2, then d, c, b at 1; in English a, d, b; in German é, c. Query 1: é d c b a; in English d b a.
    assert rows_of(ranks) == [(3, 1, 1, 5, 2, 2), (2, 1, 0, 4, 2, 2), (3, 0, 2, 5, 0, 4)]


@pytest.mark.parametrize("sizes", [(40_000,), (2041, 7, 33_000, 2040, 1, 4081)])
@pytest.mark.parametrize("values", [3, 10**6])
def test_wide_pools_are_counted_in_pieces(sizes: tuple[int, ...], values: int) -> None:
    generator = np.random.default_rng(5)
    size = sum(sizes)
    langs = np.repeat(np.arange(len(sizes)), sizes)
    generator.shuffle(langs)
    ids = generator.permutation(size)
    corpus = Corpus(tuple(f"{number:06d}" for number in ids), ("",) * size, tuple(map(str, langs.tolist())))
    scores = generator.integers(0, values, (70, size)).astype(np.float32)
    pairs = {(int(generator.integers(70)), int(generator.integers(size))) for _ in range(300)} | {
        (0, row) for row in range(50)
    }
    qrels = Qrels.from_rows((query, passage, 1) for query, passage in pairs)
    ranks = rank_relevant([scores[:50], scores[50:]], corpus, qrels, queries=70, threads=2).ranks
    for pair in range(len(qrels)):
        row, passage = scores[qrels.query[pair]], qrels.passage[pair]
        above, level = row > row[passage], row == row[passage]
        own = langs == langs[passage]
        before = level & (ids > ids[passage])
        expected = (
            above[own].sum() + before[own].sum() + 1,
            above.sum() + before.sum() + 1,
            level[own].sum() - 1,
            level.sum() - 1,
        )
        found = (ranks.lang_rank[pair], ranks.pool_rank[pair], ranks.lang_tied[pair], ranks.pool_tied[pair])
        assert tuple(map(int, found)) == tuple(map(int, expected))


def random_problem(queries: int, size: int, dimensions: int) -> tuple[Floats, Floats, Corpus, Qrels]:
    generator = np.random.default_rng(7)
    vectors = generator.standard_normal((queries + size, dimensions)).astype(np.float32)
    langs = tuple("abc"[row % 3] for row in range(size))
    corpus = Corpus(tuple(f"p{row}" for row in range(size)), ("",) * size, langs)
    pairs = {(query, int(generator.integers(size))) for query in range(queries) for _ in range(4)}
    return (
        vectors[:queries],
        vectors[queries:],
        corpus,
        Qrels.from_rows((query, passage, 1) for query, passage in pairs),
    )


def test_a_query_scores_the_same_alone_and_among_many() -> None:
    queries, passages, _, _ = random_problem(300, 777, 96)
    scorer = DenseScorer(passages)
    together = np.concatenate([block.copy() for block in scorer.blocks(queries)])
    assert together.shape == (300, 777)
    np.testing.assert_allclose(together, queries.astype(np.float64) @ passages.astype(np.float64).T, atol=1e-4)
    for row in (0, 1, 255, 256, 299):
        (alone,) = [block.copy() for block in scorer.blocks(queries[row : row + 1])]
        assert alone.tobytes() == together[row : row + 1].tobytes()


def test_some_queries_rank_as_they_do_among_all() -> None:
    queries, passages, corpus, qrels = random_problem(300, 777, 96)
    everything = rank_dense(queries, passages, corpus, qrels).ranks
    rows = np.array([299, 3, 150, 4])
    part, kept = restrict(qrels, rows)
    assert rows[part.query].tolist() == qrels.query[kept].tolist()
    assert part.passage.tolist() == qrels.passage[kept].tolist()
    some = rank_dense(queries[rows], passages, corpus, part).ranks
    assert rows_of(some) == [rows_of(everything)[row] for row in kept]


def test_ranks_do_not_depend_on_threads() -> None:
    queries, passages, corpus, qrels = random_problem(300, 777, 96)
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(rows_of(rank_dense(queries, passages, corpus, qrels).ranks))
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1] == found[2]
    scorer = DenseScorer(passages)
    assert rows_of(rank_relevant(scorer.blocks(queries), corpus, qrels, queries=300).ranks) == found[0]


def test_blocks_shrink_for_large_pools() -> None:
    assert DenseScorer(np.zeros((13_014, 1), np.float32)).rows == 256
    assert DenseScorer(np.zeros((262_144, 1), np.float32)).rows == 64
    assert DenseScorer(np.zeros((3_000_000, 1), np.float32)).rows == 16


def test_restrict_by_hand() -> None:
    qrels = Qrels.from_rows([(0, 5, 1), (1, 2, 2), (1, 4, 1), (3, 0, 3)])
    part, kept = restrict(qrels, np.array([3, 2, 1]))
    assert kept.tolist() == [3, 1, 2]
    assert (part.query.tolist(), part.passage.tolist(), part.gain.tolist()) == ([0, 2, 2], [0, 2, 4], [3, 2, 1])
    assert (part.query.dtype, part.passage.dtype, part.gain.dtype) == (np.int32, np.int32, np.float64)
    nothing, none = restrict(qrels, np.array([], dtype=np.int64))
    assert len(nothing) == len(none) == 0


def test_read_only_vectors_are_taken_as_they_are() -> None:
    queries, passages, corpus, qrels = random_problem(5, 20, 4)
    expected = rows_of(rank_dense(queries, passages, corpus, qrels).ranks)
    queries.flags.writeable = passages.flags.writeable = False
    assert rows_of(rank_dense(queries, passages, corpus, qrels).ranks) == expected
    assert len(list(DenseScorer(passages).blocks(queries))) == 1


GOOD = np.zeros((2, 3), dtype=np.float32)


@pytest.mark.parametrize(
    ("given_blocks", "message"),
    [
        ([GOOD[:1]], "laser gave scores for 1 of 2 queries"),
        ([GOOD, GOOD[:1]], "laser gave 1 score rows too many"),
        ([GOOD.astype(np.float64)], r"laser gave a block of float64 of shape \(2, 3\)"),
        ([GOOD[0]], r"laser gave a block of float32 of shape \(3,\)"),
        ([[[0.0]]], "laser gave a block of list"),
        ([GOOD[:, :2]], "laser scored 2 of 3 passages"),
        ([GOOD[:1], np.array([[0, np.nan, 1]], dtype=np.float32)], "laser: a score of query row 1 is NaN"),
    ],
)
def test_bad_blocks_are_refused(given_blocks: list[Any], message: str) -> None:
    corpus = Corpus(("a", "b", "c"), ("",) * 3, ("en",) * 3)
    with pytest.raises(EncoderError, match=message):
        rank_relevant(given_blocks, corpus, Qrels.from_rows([(0, 0, 1)]), queries=2, scorer="laser")


@pytest.mark.parametrize(
    ("queries", "passages", "message"),
    [
        (np.zeros((1, 4)), np.zeros((3, 4), np.float32), "the query vectors are float64"),
        (
            np.zeros((1, 5), np.float32),
            np.zeros((3, 4), np.float32),
            r"of shape \(1, 5\); they must be float32 \[n, 4\]",
        ),
        (np.zeros((1, 4), np.float32), np.zeros((2, 4), np.float32), "2 passage vectors for a corpus of 3"),
        (
            np.zeros((1, 4), np.float32),
            np.full((3, 4), np.inf, np.float32),
            "the vector of passage row 0 is not finite",
        ),
        (np.full((1, 4), np.nan, np.float32), np.zeros((3, 4), np.float32), "the vector of query row 0 is not finite"),
        # Finite vectors whose scores are inf - inf, NaN or inf by the kernel; inf by every kernel; 0 or inf by the order.
        (
            np.array([[3e38, 3e38, 0, 0]], np.float32),
            np.tile(np.array([3e38, -3e38, 0, 0], np.float32), (3, 1)),
            "a score of query row 0 overflows float32",
        ),
        (
            np.array([[1e20, 0, 0, 0]], np.float32),
            np.array([[1, 0, 0, 0], [0, 1e30, 0, 0], [1e20, 0, 0, 0]], np.float32),
            "a score of query row 0 overflows float32",
        ),
        (
            np.array([[1, 1, 1, 1]], np.float32),
            np.array([[0, 0, 0, 0], [2e38, 2e38, -2e38, -2e38], [0, 0, 0, 0]], np.float32),
            "a score of query row 0 overflows float32",
        ),
    ],
)
@pytest.mark.parametrize("counting", ["numpy", "torch"])
def test_bad_vectors_are_refused(queries: Any, passages: Any, message: str, counting: Any) -> None:
    corpus = Corpus(("a", "b", "c"), ("",) * 3, ("en",) * 3)
    with pytest.raises(EncoderError, match=f"^laser.*{message}"):
        rank_dense(queries, passages, corpus, Qrels.from_rows([(0, 0, 1)]), scorer="laser", counting=counting)


@pytest.mark.parametrize("counting", ["numpy", "torch"])
@pytest.mark.parametrize(("row", "queries"), [(0, 1), (16, 17), (299, 300)])
@pytest.mark.parametrize("sign", [1, -1])
def test_an_overflow_is_refused_in_every_row_and_block(row: int, queries: int, sign: int, counting: Any) -> None:
    vectors = np.ones((queries, 3), dtype=np.float32)
    vectors[row] = [2e19, 0, 0]
    passages = np.array([[1, 1, 1], [sign * 2e19, 0, 0]], dtype=np.float32)
    corpus = Corpus(("a", "b"), ("", ""), ("en", "en"))
    qrels = Qrels.from_rows((query, 0, 1) for query in range(queries))
    with pytest.raises(EncoderError, match=rf"^laser: a score of query row {row} overflows float32 .* 4\.0e\+38"):
        rank_dense(vectors, passages, corpus, qrels, scorer="laser", counting=counting)


@pytest.mark.parametrize("counting", ["numpy", "torch"])
def test_long_vectors_whose_scores_cannot_overflow_are_ranked(counting: Any) -> None:
    queries = np.array([[2e38, 0], [0, 1e19]], dtype=np.float32)
    passages = np.array([[0.5, 1e19], [0.25, 0], [0, 3e18]], dtype=np.float32)  # scores 1e38 5e37 0; 1e38 0 3e37
    corpus = Corpus(("a", "b", "c"), ("",) * 3, ("en",) * 3)
    qrels = Qrels.from_rows([(0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 2, 1)])
    ranks = rank_dense(queries, passages, corpus, qrels, counting=counting).ranks
    assert ranks.pool_rank.tolist() == [1, 2, 3, 2]


@pytest.mark.parametrize("order_of_queries", [[1, 0], [0, 2]])
def test_qrels_that_are_not_sorted_or_out_of_range_are_refused(order_of_queries: list[int]) -> None:
    qrels = Qrels(np.array(order_of_queries, np.int32), np.array([0, 0], np.int32), np.ones(2, np.float64))
    with pytest.raises(ValueError, match="sorted by query and name rows below 2"):
        rank_relevant([GOOD], Corpus(("a", "b", "c"), ("",) * 3, ("en",) * 3), qrels, queries=2)


def sparse_blocks(problem: Problem, *, stored_zeros: bool) -> Iterator[Any]:
    for first in range(0, len(problem.scores), problem.block):
        part = problem.scores[first : first + problem.block]
        row, column = np.nonzero(np.ones_like(part) if stored_zeros else part)
        yield csr_matrix((part[row, column], (row, column)), shape=part.shape)


@given(problems(), st.booleans())
@settings(max_examples=200, deadline=None)
def test_sparse_ranks_are_those_of_sorting(problem: Problem, stored_zeros: bool) -> None:
    ranked = rank_sparse(
        sparse_blocks(problem, stored_zeros=stored_zeros), problem.corpus, problem.qrels, queries=len(problem.scores)
    )
    assert rows_of(ranked.ranks) == naive(problem)


@pytest.mark.parametrize("levels", [4, 3_000])
@pytest.mark.parametrize("together", [True, False])
def test_sparse_ranks_in_a_pool_of_many_columns_are_the_dense_and_the_sorted_ones(levels: int, together: bool) -> None:
    random = np.random.default_rng(5)
    size, queries = 1_500, 40
    scores = random.integers(-2, levels, (queries, size)).astype(np.float32) * (random.random((queries, size)) < 0.1)
    langs = ("en", "th", "ar") * 500
    ids = tuple(f"{langs[row] if together else 'p'}{row * 7919 % size}" for row in range(size))
    corpus = Corpus(ids, ("",) * size, langs)
    qrels = Qrels.from_rows(
        (query, int(passage), 1) for query in range(queries) for passage in random.permutation(size)[:9]
    )
    problem = Problem(scores, corpus, qrels, 7)
    dense = rank_relevant(blocks(problem), corpus, qrels, queries=queries)
    sparse = rank_sparse(sparse_blocks(problem, stored_zeros=False), corpus, qrels, queries=queries)
    assert rows_of(sparse.ranks) == rows_of(dense.ranks) == naive(problem)


@pytest.mark.parametrize("levels", [2, 30, 4_000])
def test_ties_few_and_many_are_broken_by_id(levels: int) -> None:
    random = np.random.default_rng(7)
    size, queries = 3_000, 12
    corpus = Corpus(tuple(f"p{row * 7919 % size}" for row in range(size)), ("",) * size, ("en", "th", "ar") * 1_000)
    qrels = Qrels.from_rows(
        (query, int(passage), 1) for query in range(queries) for passage in random.permutation(size)[:5]
    )
    problem = Problem(random.integers(0, levels, (queries, size)).astype(np.float32), corpus, qrels, 5)
    assert rows_of(rank_relevant(blocks(problem), corpus, qrels, queries=queries).ranks) == naive(problem)


def test_sparse_blocks_that_break_the_contract_are_refused_by_name() -> None:
    corpus = Corpus(("a", "b"), ("a", "b"), ("en", "en"))
    qrels = Qrels.from_rows([(0, 0, 1)])
    broken: Any = csr_matrix(np.array([[0, 1], [np.nan, 0]], dtype=np.float32))
    with pytest.raises(EncoderError, match="odd: a score of query row 1 is NaN"):
        rank_sparse([broken], corpus, qrels, queries=2, scorer="odd")
    for block, queries in ((broken.astype(np.float64), 2), (broken[:, :1], 2), (broken, 1)):
        with pytest.raises(EncoderError, match="odd gave a sparse block"):
            rank_sparse([block], corpus, qrels, queries=queries, scorer="odd")
    with pytest.raises(EncoderError, match="odd gave scores for 0 of 2"):
        rank_sparse([], corpus, qrels, queries=2, scorer="odd")


@pytest.mark.parametrize("sparse", [False, True])
def test_what_is_not_matched_is_not_retrieved_by_hand(sparse: bool) -> None:
    from scipy.sparse import csr_matrix

    scores = np.array([[0, 2, 1, 0], [0, 0, 0, 0], [3, 0, 3, 0]], dtype=np.float32)
    corpus = Corpus(("a", "b", "c", "d"), ("",) * 4, ("en", "de", "en", "de"))
    qrels = Qrels.from_rows([(0, 0, 1), (0, 2, 1), (1, 1, 1), (2, 0, 1), (2, 3, 1)])
    if sparse:
        ranks = rank_sparse([csr_matrix(scores)], corpus, qrels, queries=3, matches_only=True).ranks
    else:
        ranked = rank_relevant([scores], corpus, qrels, queries=3, matches_only=True, keep_top=3)
        ranks = ranked.ranks
        assert ranked.top is not None
        # Pool, English, German; the lists end where nothing matches.
        assert ranked.top.passages[0].tolist() == [[1, 2, -1], [2, -1, -1], [1, -1, -1]]
        assert (ranked.top.passages[1] == -1).all()
    assert ranks.lang_rank.tolist() == [NOT_RETRIEVED, 1, NOT_RETRIEVED, 2, NOT_RETRIEVED]
    assert ranks.pool_rank.tolist() == [NOT_RETRIEVED, 2, NOT_RETRIEVED, 2, NOT_RETRIEVED]
    assert ranks.pool_above.tolist() == [2, 1, 0, 0, 2]
    assert ranks.pool_tied.tolist() == [1, 0, 3, 1, 1]
