"""Indexes against the exact kernel: the same ranks where they see everything, bounded ranks where they do not, and recall."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robustir.errors import EncoderError, InputError, SpecError
from robustir.ranking.index_kinds import EXACT, IndexKind, parse_index
from robustir.ranking.indexes import build_index, load_index, rank_indexed, recall, recall_depths, write_index
from robustir.ranking.search import rank_dense
from robustir.types import NOT_RETRIEVED, Corpus, Qrels, Ranks

pytest.importorskip("faiss", reason="the extra faiss is not installed")

PASSAGES, QUERIES = 700, 300


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    langs = np.random.default_rng(1).choice(["en", "de", "th"], PASSAGES, p=[0.5, 0.3, 0.2]).tolist()
    return Corpus(tuple(f"p{row % 97}-{row}" for row in range(PASSAGES)), ("",) * PASSAGES, tuple(langs))


@pytest.fixture(scope="module")
def qrels() -> Qrels:
    rng = np.random.default_rng(2)
    return Qrels.from_rows(
        (query, int(row), 1) for query in range(QUERIES) for row in rng.choice(PASSAGES, 3, replace=False)
    )


def whole_numbers(rows: int, seed: int) -> NDArray[np.float32]:
    """Vectors whose products are exact in float32, with many ties."""
    return np.random.default_rng(seed).integers(-3, 4, (rows, 16)).astype(np.float32)


def indexes_of(kind: IndexKind, vectors: NDArray[np.float32], corpus: Corpus) -> dict[str, Any]:
    langs = np.array(corpus.langs, dtype=object)
    return {lang: build_index(kind, vectors[langs == lang]) for lang in dict.fromkeys(corpus.langs)}


def columns(ranks: Ranks) -> dict[str, list[int]]:
    return {name: getattr(ranks, name).tolist() for name in Ranks.__slots__}


@pytest.mark.parametrize("text", [f"flat(k={PASSAGES})", f"ivf(nlist=8, nprobe=8, k={PASSAGES})"])
def test_an_index_that_sees_everything_ranks_as_the_kernel(text: str, corpus: Corpus, qrels: Qrels) -> None:
    vectors, queries, kind = whole_numbers(PASSAGES, 3), whole_numbers(QUERIES, 4), parse_index(text)
    indexes = indexes_of(kind, vectors, corpus)
    exact = rank_dense(queries, vectors, corpus, qrels, keep_top=40)
    found = rank_indexed(queries, indexes, kind, corpus, qrels, keep_top=40)
    assert columns(found.ranks) == columns(exact.ranks)
    assert (exact.ranks.lang_tied > 0).mean() > 0.5
    assert found.top is not None
    assert exact.top is not None
    assert found.top.languages == exact.top.languages
    assert (found.top.passages == exact.top.passages).all()
    assert (found.top.scores == exact.top.scores).all()
    assert (recall(queries[:50], vectors, indexes, kind, corpus) == 1).all()


def test_beyond_the_depth_nothing_is_retrieved(corpus: Corpus, qrels: Qrels) -> None:
    """Without ties the list of depth k is the first k of the exact one."""
    rng = np.random.default_rng(5)
    vectors, queries = (rng.normal(size=(rows, 16)).astype(np.float32) for rows in (PASSAGES, QUERIES))
    kind = parse_index("flat(k=30)")
    exact = rank_dense(queries, vectors, corpus, qrels).ranks
    found = rank_indexed(queries, indexes_of(kind, vectors, corpus), kind, corpus, qrels, keep_top=100)
    sizes = np.array([corpus.langs.count(lang) for lang in corpus.langs])[qrels.passage]
    for name, size in (("lang", sizes), ("pool", np.full(len(qrels), PASSAGES))):
        true, got = getattr(exact, f"{name}_rank"), getattr(found.ranks, f"{name}_rank")
        assert (true > 30).any()
        assert (got == np.where(true > 30, NOT_RETRIEVED, true)).all()
        # What was not retrieved follows the 30 that were, in an unknown order.
        assert (getattr(found.ranks, f"{name}_above") == np.minimum(true - 1, 30)).all()
        assert (getattr(found.ranks, f"{name}_tied") == np.where(true > 30, size - 31, 0)).all()
    assert found.top is not None
    assert (found.top.passages[..., 30:] == -1).all()
    assert np.isnan(found.top.scores[..., 30:]).all()


def test_recall_is_the_share_of_the_nearest_passages(corpus: Corpus) -> None:
    rng = np.random.default_rng(6)
    vectors, queries = (rng.normal(size=(rows, 16)).astype(np.float32) for rows in (PASSAGES, 20))
    alone = Corpus(corpus.ids, corpus.texts, ("en",) * PASSAGES)
    kind = parse_index("ivf(nlist=16, nprobe=2, k=50)")
    assert recall_depths(kind) == (10, 50)
    index = build_index(kind, vectors)
    _, searched = index.search(queries, 50)
    nearest = np.argsort(-(queries.astype(np.float64) @ vectors.T.astype(np.float64)), axis=1)
    measured = recall(queries, vectors, {"en": index}, kind, alone)
    for row in range(20):
        for place, depth in enumerate((10, 50)):
            share = len(set(nearest[row, :depth].tolist()) & set(searched[row, :depth].tolist())) / depth
            assert measured[row, place] == pytest.approx(share)
    assert 0.2 < measured[:, 0].mean() < 0.95


@pytest.mark.parametrize(
    "text", ["ivf(nlist=8, nprobe=2)", "hnsw(m=8)", "pq(m=4, bits=4)", "ivfpq(nlist=8, m=4, bits=4)"]
)
def test_bytes_and_ranks_do_not_depend_on_circumstances(
    text: str, corpus: Corpus, qrels: Qrels, tmp_path: Path
) -> None:
    rng = np.random.default_rng(7)
    vectors, queries = (rng.normal(size=(rows, 16)).astype(np.float32) for rows in (PASSAGES, QUERIES))
    kind = parse_index(text)
    for name in ("first", "second"):
        write_index(build_index(kind, vectors), tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    indexes = {lang: load_index(tmp_path / "first") for lang in ("en",)}
    alone = Corpus(corpus.ids, corpus.texts, ("en",) * PASSAGES)
    every = rank_indexed(queries, indexes, kind, alone, qrels)
    kept = qrels.query < 3
    few = rank_indexed(
        queries[:3], indexes, kind, alone, Qrels(qrels.query[kept], qrels.passage[kept], qrels.gain[kept])
    )
    assert {name: values[: kept.sum()] for name, values in columns(every.ranks).items()} == columns(few.ranks)
    found = every.ranks.lang_rank != NOT_RETRIEVED
    assert found.mean() > 0.2  # more than nothing
    assert (every.ranks.lang_rank == every.ranks.pool_rank).all()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("annoy", "is not an index; indexes are: exact, flat, ivf, hnsw, pq, ivfpq"),
        ("ivf(1024)", r"name the numbers, as in  ivf\(nlist=1024\)"),
        ("ivf(lists=9)", "ivf has the numbers nlist, nprobe, k, not lists"),
        ("exact(k=3)", "exact has no numbers, not k"),
        ("flat(k=0)", "k must be a whole number from 1 to 100,000, not 0"),
        ("flat(k=True)", "k must be a whole number"),
        ("ivf(nlist=4, nprobe=5)", "nprobe=5 is more than the nlist=4 clusters"),
        ("ivf(", "is not closed"),
    ],
)
def test_what_is_not_an_index_is_refused(text: str, why: str) -> None:
    with pytest.raises(SpecError, match=why):
        parse_index(text)


def test_an_index_is_a_value() -> None:
    kind = parse_index("ivf( nlist=64 )")
    assert str(kind) == "ivf(k=1000, nlist=64, nprobe=32)"
    assert parse_index(str(kind)) == kind
    assert len({kind, parse_index("ivf(nlist=64, nprobe=32)"), EXACT, parse_index("exact")}) == 2
    assert parse_index("ivf(nlist=4)").numbers["nprobe"] == 4


def test_too_few_passages_and_odd_widths_are_refused() -> None:
    vectors = np.random.default_rng(8).normal(size=(100, 10)).astype(np.float32)
    with pytest.raises(
        InputError, match=r"has 100 passages; nlist=101 clusters need as many passages: use nlist=2 or less"
    ):
        build_index(parse_index("ivf(nlist=101)"), vectors)
    with pytest.raises(InputError, match=r"has 100 passages; codes of 8 bits need 256 passages"):
        build_index(parse_index("pq(m=5)"), vectors)
    with pytest.raises(
        InputError, match=r"the 10 dimensions of it cannot be cut into m=4 equal parts: use, for example, m=2"
    ):
        build_index(parse_index("pq(m=4, bits=4)"), vectors, "it")
    vectors[7, 0] = np.nan
    with pytest.raises(EncoderError, match="the vector of passage row 7 is not finite"):
        build_index(parse_index("flat"), vectors)
