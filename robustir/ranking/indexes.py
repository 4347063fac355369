"""Search by an index of faiss: built once per collection, searched in blocks of one shape, and ranks bounded by its depth.

Johnson, Douze & Jégou 2019, "Billion-scale similarity search with GPUs"; Malkov & Yashunin 2018 for graphs; Jégou et al.
2011 for product quantisation. Everything is computed in one thread from fixed seeds, so that an index has the same bytes
every time, and a query's passages do not depend on the queries beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.errors import MissingExtraError
from robustir.ranking.counting import Columns
from robustir.ranking.index_kinds import IndexKind
from robustir.ranking.search import Ranked, rank_dense
from robustir.ranking.top import Top
from robustir.ranking.vector_checks import check_products, check_vectors
from robustir.types import NOT_RETRIEVED, Corpus, Qrels, Ranks

__all__ = ["build_index", "load_index", "rank_indexed", "recall", "recall_depths", "require_faiss", "write_index"]

_ROWS = 256  # queries searched together, the last block padded: a row's sums never depend on the number of queries
_SEED = 1234
_RECALL_DEPTHS = (10, 100)


def require_faiss() -> None:
    """Raise MissingExtraError if faiss is not installed."""
    if find_spec("faiss") is None:
        raise MissingExtraError("faiss", "faiss")


@contextmanager
def _one_thread() -> Iterator[Any]:
    """Give the module faiss, which computes with one thread inside."""
    from threadpoolctl import threadpool_limits

    try:
        faiss: Any = import_module("faiss")
    except ImportError:
        raise MissingExtraError("faiss", "faiss") from None
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"):
            yield faiss
    finally:
        faiss.omp_set_num_threads(before)


def build_index(kind: IndexKind, vectors: NDArray[np.float32], scorer: str = "the encoder") -> Any:
    """Return a faiss index, trained and filled.

    Args:
        kind: which.
        vectors: float32 [n, d] of the passages, finite.
        scorer: the encoder's name, for messages.

    Raises:
        EncoderError: for vectors that are not finite.
        InputError: for too few passages, or dimensions that cannot be cut into codes.
    """
    check_vectors(vectors, "passage", None, scorer)
    kind.check_size(len(vectors), f"the collection of {scorer}")
    kind.check_width(vectors.shape[1], scorer)
    with _one_thread() as faiss:
        index = _empty(faiss, kind, vectors.shape[1])
        rows = np.ascontiguousarray(vectors)
        if not index.is_trained:
            index.train(rows)
        index.add(rows)
    return index


def _empty(faiss: Any, kind: IndexKind, dimensions: int) -> Any:
    """Return an index of inner products that is neither trained nor filled."""
    numbers, product = kind.numbers, faiss.METRIC_INNER_PRODUCT
    if kind.name == "flat":
        return faiss.IndexFlatIP(dimensions)
    if kind.name == "hnsw":
        index = faiss.IndexHNSWFlat(dimensions, numbers["m"], product)
        index.hnsw.efConstruction = numbers["construction"]
        return index
    if kind.name == "pq":
        index = faiss.IndexPQ(dimensions, numbers["m"], numbers["bits"], product)
        _seed(index.pq.cp)
        return index
    nearest = faiss.IndexFlatIP(dimensions)
    if kind.name == "ivf":
        index = faiss.IndexIVFFlat(nearest, dimensions, numbers["nlist"], product)
    else:
        index = faiss.IndexIVFPQ(nearest, dimensions, numbers["nlist"], numbers["m"], numbers["bits"], product)
        _seed(index.pq.cp)
    _seed(index.cp)
    index.nprobe = numbers["nprobe"]
    return index


def _seed(clustering: Any) -> None:
    """Fix the seed; small collections are trained on what they have, without faiss's warning on the standard error."""
    clustering.seed, clustering.min_points_per_centroid = _SEED, 1


def write_index(index: Any, path: Path) -> None:
    """Write an index in faiss's format."""
    import_module("faiss").write_index(index, str(path))


def load_index(path: Path) -> Any:
    """Read an index that :func:`write_index` wrote."""
    with _one_thread() as faiss:
        return faiss.read_index(str(path))


@dataclass(frozen=True, slots=True)
class _Found:
    """The passages [b, k] found for some queries, best first, -1 beyond them; their scores, -inf beyond them."""

    passages: NDArray[np.int64]
    scores: NDArray[np.float32]

    @classmethod
    def ordered(
        cls, passages: NDArray[np.int64], scores: NDArray[np.float32], position: NDArray[np.intp], depth: int
    ) -> _Found:
        """Order as trec_eval does, by score and then by the id greater in byte order, and cut at ``depth``."""
        place = np.where(passages >= 0, position[passages], len(position))
        order = np.lexsort((place, -scores), axis=-1)[:, :depth]
        return cls(np.take_along_axis(passages, order, axis=1), np.take_along_axis(scores, order, axis=1))

    def counted(
        self, rows: NDArray[np.intp], wanted: NDArray[np.intp], size: NDArray[np.intp]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return rank, above and tied [m] of the ``wanted`` passages of ``rows`` among ``size`` candidates."""
        hits = self.passages[rows] == wanted[:, np.newaxis]
        there, place = hits.any(axis=1), hits.argmax(axis=1)
        scores = self.scores[rows]
        own = scores[np.arange(len(rows)), place][:, np.newaxis]
        retrieved = (self.passages[rows] >= 0).sum(axis=1)
        rank = np.where(there, place + 1, NOT_RETRIEVED)
        above = np.where(there, (scores > own).sum(axis=1), retrieved)
        tied = np.where(there, (scores == own).sum(axis=1) - 1, size - retrieved - 1)
        return rank, above, tied


def rank_indexed(
    query_vectors: NDArray[np.float32],
    indexes: Mapping[str, Any],
    kind: IndexKind,
    corpus: Corpus,
    qrels: Qrels,
    *,
    keep_top: int = 0,
    lists: NDArray[np.intp] | None = None,
    scorer: str = "the encoder",
) -> Ranked:
    """Rank every relevant passage among the passages that indexes retrieve.

    A passage that is not among the first ``kind.depth`` of its language, or of the pool, is not retrieved
    (``robustir.types.NOT_RETRIEVED``), as in a run that is cut at that depth. The pool's list is made of those of the languages.

    Args:
        query_vectors: float32 [queries, d], in the order of the qrels' query rows.
        indexes: by language, over the passages of that language in the corpus's order.
        kind: of the indexes.
        corpus, qrels, keep_top, lists, scorer: as in :func:`robustir.ranking.search.rank_dense`.
    """
    check_vectors(query_vectors, "query", next(iter(indexes.values())).d, scorer)
    columns = Columns.of(corpus)
    position = columns.position[columns.column]
    langs = np.array(corpus.langs, dtype=object)
    rows_of = [np.flatnonzero(langs == lang) for lang in columns.languages]
    sizes, language = np.array([len(rows) for rows in rows_of]), columns.language[columns.column]
    ranks = Ranks(*(np.zeros(len(qrels), dtype=np.uint32) for _ in fields(Ranks)))
    top = Top.empty(columns, len(query_vectors), keep_top, lists) if keep_top else None
    with _one_thread():
        for first in range(0, len(query_vectors), _ROWS):
            block = query_vectors[first : first + _ROWS]
            found = [
                _search(indexes[lang], block, rows, kind.depth, position)
                for lang, rows in zip(columns.languages, rows_of, strict=True)
            ]
            pool = found[0] if len(found) == 1 else _merged(found, position, kind.depth)
            _write(ranks, qrels, (first, len(block)), (found, pool), (sizes, language))
            if top is not None:
                _keep(top, first, [pool, *found])
    return Ranked(ranks, top)


def _search(
    index: Any, block: NDArray[np.float32], rows: NDArray[np.intp], depth: int, position: NDArray[np.intp]
) -> _Found:
    padded = np.zeros((_ROWS, block.shape[1]), dtype=np.float32)
    padded[: len(block)] = block
    scores, local = index.search(padded, min(depth, len(rows)))
    scores, local = scores[: len(block)], local[: len(block)]
    passages = np.where(local >= 0, rows[local], -1)
    return _Found.ordered(passages, np.where(local >= 0, scores, -np.inf).astype(np.float32), position, depth)


def _merged(found: Sequence[_Found], position: NDArray[np.intp], depth: int) -> _Found:
    passages, scores = (
        np.concatenate([getattr(one, name) for one in found], axis=1) for name in ("passages", "scores")
    )
    return _Found.ordered(passages, scores, position, depth)


def _write(
    ranks: Ranks,
    qrels: Qrels,
    block: tuple[int, int],
    found: tuple[Sequence[_Found], _Found],
    candidates: tuple[NDArray[np.intp], NDArray[np.intp]],
) -> None:
    """Write the ranks of the judgements of one block of queries (first row, number)."""
    first, number = block
    begin, end = np.searchsorted(qrels.query, (first, first + number))
    query, passage = qrels.query[begin:end].astype(np.intp) - first, qrels.passage[begin:end].astype(np.intp)
    sizes, language = candidates
    total = np.full(len(query), sizes.sum())
    parts: list[tuple[str, Any, Any]] = [("pool", slice(None), found[1].counted(query, passage, total))]
    for lang, one in enumerate(found[0]):
        own = np.flatnonzero(language[passage] == lang)
        parts.append(("lang", own, one.counted(query[own], passage[own], np.full(len(own), sizes[lang]))))
    for kind, where, counts in parts:
        for name, values in zip(("rank", "above", "tied"), counts, strict=True):
            getattr(ranks, f"{kind}_{name}")[begin:end][where] = values


def _keep(top: Top, first: int, found: Sequence[_Found]) -> None:
    """Keep the best passages of a block: of the pool, then of each language."""
    here = slice(first, first + len(found[0].passages))
    wanted, passages, scores = top.lists[here], top.passages[here], top.scores[here]
    for number, one in enumerate(found):
        kept = min(top.passages.shape[2], one.passages.shape[1])
        best = one.passages[:, :kept]
        for place in range(wanted.shape[1]):
            own = np.flatnonzero(wanted[:, place] == number)
            passages[own, place, :kept] = best[own]
            scores[own, place, :kept] = np.where(best[own] >= 0, one.scores[own, :kept], np.nan)


def recall_depths(kind: IndexKind) -> tuple[int, ...]:
    """Return the depths at which recall is measured: 10, 100, and how many passages are retrieved."""
    return tuple(dict.fromkeys([*(depth for depth in _RECALL_DEPTHS if depth < kind.depth), kind.depth]))


def recall(
    query_vectors: NDArray[np.float32],
    passages: NDArray[np.float32],
    indexes: Mapping[str, Any],
    kind: IndexKind,
    corpus: Corpus,
    scorer: str = "the encoder",
) -> NDArray[np.float64]:
    """Return the recall of indexes against exact search, float64 [queries, depths] in the order of :func:`recall_depths`.

    It is the share of the first k passages by the rank kernel that the index has among its own first k; the mean over the
    pool and every language.

    Args:
        query_vectors: float32 [queries, d], a sample.
        passages: float32 [len(corpus), d].
        indexes, kind, corpus, scorer: as in :func:`rank_indexed`.
    """
    check_products(query_vectors, passages, scorer)
    nothing, every = Qrels.from_rows(()), kind.depth
    exact = rank_dense(query_vectors, passages, corpus, nothing, keep_top=every, scorer=scorer).top
    found = rank_indexed(query_vectors, indexes, kind, corpus, nothing, keep_top=every, scorer=scorer).top
    assert exact is not None
    assert found is not None
    lists = exact.passages.shape[1]
    # The pool of one language is that language.
    chosen = range(1 if lists == 2 else 0, lists)
    shares = np.zeros((len(query_vectors), len(recall_depths(kind))))
    for row in range(len(query_vectors)):
        for number in chosen:
            wanted, there = exact.passages[row, number], found.passages[row, number]
            wanted = wanted[wanted >= 0]
            for place, depth in enumerate(recall_depths(kind)):
                shares[row, place] += np.isin(wanted[:depth], there[:depth]).mean()
    shares /= len(chosen)
    return shares
