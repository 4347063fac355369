"""The rank kernel: exact ranks of the relevant passages from blocks of scores, for every setting at once.

From one row of scores the mono, cross and multi settings are answered together: a relevant passage is ranked among the
passages of its own language and among the whole pool. Scores are compared as float32; equal scores are ordered as
trec_eval does, the id greater in byte order first. 13,090 queries x 13,014 passages x 384 dimensions with 11 relevant
passages each take 1.1-1.4 times the bare matrix product, 1.8 if nearly every score has an equal one
(tests/speed/test_speed_kernel.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from robustir.errors import EncoderError
from robustir.ranking.counting import Columns, Pairs, Tally, count_rows
from robustir.ranking.sparse_counting import SparseColumns, count_sparse_rows
from robustir.ranking.top import Top, find_top
from robustir.ranking.vector_checks import check_products, check_vectors
from robustir.types import NOT_RETRIEVED, Corpus, Qrels, Ranks

if TYPE_CHECKING:
    import torch

__all__ = ["DenseScorer", "Ranked", "rank_dense", "rank_relevant", "rank_sparse", "restrict"]

# Rows counted at a time by one thread: their scores and comparisons stay near the second-level cache.
_SLICE_ROWS = 64
# Rows of a dense block; fewer for pools so large that a block would pass 64 MB. On one core 13,014 x 384 takes 3.2 s
# with 64 rows, 2.7 s with 128, 2.3 s with 256 and 2.2 s with 512.
_BLOCK_ROWS = 256
_BLOCK_SCORES = 2**24


@dataclass(frozen=True, slots=True)
class Ranked:
    """The kernel's result: ``ranks``, aligned with the qrels, and the best passages if requested."""

    ranks: Ranks
    top: Top | None = None


def restrict(qrels: Qrels, rows: NDArray[np.integer[Any]]) -> tuple[Qrels, NDArray[np.intp]]:
    """Keep the judgements of some queries, to rank only these.

    Args:
        qrels: the judgements of all queries.
        rows: distinct query rows, in scoring order.

    Returns:
        The qrels of ``queries.select(rows)``, and the row of each in the full qrels.
    """
    wanted = np.asarray(rows, dtype=np.intp)
    place = np.full(max(int(qrels.query.max(initial=-1)), int(wanted.max(initial=-1))) + 1, -1, dtype=np.int32)
    place[wanted] = np.arange(len(wanted), dtype=np.int32)
    moved = place[qrels.query]
    kept = np.flatnonzero(moved >= 0)
    kept = kept[np.argsort(moved[kept], kind="stable")]
    return Qrels(moved[kept], qrels.passage[kept], qrels.gain[kept]), kept


class _Collector:
    """Takes blocks of scores in the order of the columns and keeps ranks and best passages."""

    def __init__(
        self,
        columns: Columns,
        qrels: Qrels,
        *,
        queries: int,
        keep_top: int,
        scorer: str,
        lists: NDArray[np.intp] | None = None,
        matches_only: bool = False,
    ) -> None:
        self._columns = columns
        self._query = qrels.query.astype(np.intp)
        self._column = columns.column[qrels.passage]
        if len(qrels) and (int(self._query.max()) >= queries or (np.diff(self._query) < 0).any()):
            raise ValueError(f"the qrels must be sorted by query and name rows below {queries} only")
        self._ranks = Ranks(*(np.zeros(len(qrels), dtype=np.uint32) for _ in fields(Ranks)))
        self._top = Top.empty(columns, queries, keep_top, lists) if keep_top else None
        self._scorer = scorer
        self._matches_only = matches_only

    def pairs(self, first: int, rows: int) -> tuple[Pairs, slice]:
        """Return the relevant pairs of ``rows`` queries from ``first`` on, and their rows in the qrels."""
        begin, end = np.searchsorted(self._query, (first, first + rows))
        return Pairs(self._query[begin:end] - first, self._column[begin:end]), slice(begin, end)

    def take(self, scores: NDArray[np.float32], first: int) -> None:
        """Count in ``scores`` [b, width], whose first row is query ``first``."""
        pairs, rows = self.pairs(first, len(scores))
        if len(pairs):
            self.write(count_rows(scores, pairs, self._columns), rows, scores[pairs.row, pairs.column])
        self.take_top(scores, first)

    @property
    def wants_top(self) -> bool:
        """Whether the best passages are requested."""
        return self._top is not None

    def take_top(self, scores: NDArray[np.float32], first: int) -> None:
        """Keep the best passages of ``scores`` [b, width] if requested."""
        if self._top is not None:
            find_top(scores, self._columns, self._top, first)
            if self._matches_only:
                here = slice(first, first + len(scores))
                missed = ~(self._top.scores[here] > 0)
                self._top.passages[here][missed], self._top.scores[here][missed] = -1, np.nan

    def write(self, tally: Tally, rows: slice, scores: NDArray[np.float32] | None = None) -> None:
        """Keep the ranks of the qrels rows ``rows``, whose passages have the ``scores``."""
        tally.write(self._ranks, rows)
        if self._matches_only and scores is not None:
            missed = ~(scores > 0)
            self._ranks.lang_rank[rows][missed] = self._ranks.pool_rank[rows][missed] = NOT_RETRIEVED

    def refuse_nan(self, block: NDArray[np.float32], first: int) -> None:
        """Raise EncoderError if a score is not a number; ``block`` may have its columns in any order."""
        if np.isnan(block.max()):
            self._refuse(first + int(np.flatnonzero(np.isnan(block).any(axis=1))[0]))

    def refuse_sparse_nan(self, block: Any, first: int) -> None:
        """Raise EncoderError if a stored score is not a number."""
        if np.isnan(block.data.max(initial=0)):
            entry = int(np.flatnonzero(np.isnan(block.data))[0])
            self._refuse(first + int(np.searchsorted(block.indptr, entry, side="right")) - 1)

    def _refuse(self, row: int) -> NoReturn:
        raise EncoderError(f"{self._scorer}: a score of query row {row} is NaN; check its text and the weights")

    def result(self) -> Ranked:
        """Return ranks and best passages."""
        return Ranked(self._ranks, self._top)


def _for_slices(pool: ThreadPoolExecutor | None, rows: int, work: Callable[[int, int], None]) -> None:
    """Call ``work(first, end)`` for slices of the rows; numpy releases the interpreter lock inside."""
    bounds = [(first, min(first + _SLICE_ROWS, rows)) for first in range(0, rows, _SLICE_ROWS)]
    if pool is None:
        for first, end in bounds:
            work(first, end)
    else:
        list(pool.map(work, *zip(*bounds, strict=True)))


def _thread_pool(threads: int) -> ThreadPoolExecutor | None:
    return ThreadPoolExecutor(threads, thread_name_prefix="robustir-rank") if threads > 1 else None


def rank_relevant(
    blocks: Iterable[NDArray[np.float32]],
    corpus: Corpus,
    qrels: Qrels,
    *,
    queries: int,
    keep_top: int = 0,
    lists: NDArray[np.intp] | None = None,
    threads: int = 1,
    scorer: str = "the scorer",
    matches_only: bool = False,
) -> Ranked:
    """Rank every relevant passage from blocks of scores.

    Args:
        blocks: float32 [b, passages] each, the scores of queries 0 to ``queries - 1`` in order; a block may be
            overwritten by the next. Infinite scores are ordered like any other.
        corpus: the passages.
        qrels: sorted by query.
        queries: how many there are.
        keep_top: how many best passages to keep per query and list.
        lists: which lists of every query to keep (:class:`robustir.ranking.top.Top`); None: those of all languages.
        threads: how many to use; the result does not depend on it.
        scorer: its name, for messages.
        matches_only: passages with a score of 0 or less are not retrieved (``robustir.types.NOT_RETRIEVED``).

    Raises:
        EncoderError: for wrong shapes, types or row counts, and for NaN.
    """
    columns = Columns.of(corpus)
    collector = _Collector(
        columns, qrels, queries=queries, keep_top=keep_top, lists=lists, scorer=scorer, matches_only=matches_only
    )
    pool = _thread_pool(threads)
    done = 0
    try:
        for block in blocks:
            _check_block(block, len(corpus), queries - done, scorer)
            if len(block):
                _take_unordered(block, done, columns, collector, pool)
            done += len(block)
    finally:
        if pool is not None:
            pool.shutdown()
    _check_done(done, queries, scorer)
    return collector.result()


def rank_sparse(
    blocks: Iterable[Any],
    corpus: Corpus,
    qrels: Qrels,
    *,
    queries: int,
    keep_top: int = 0,
    lists: NDArray[np.intp] | None = None,
    scorer: str = "the scorer",
    matches_only: bool = False,
) -> Ranked:
    """Rank as :func:`rank_relevant` does, from mostly zero scores.

    Args:
        blocks: scipy CSR matrices float32 [b, passages] without repeated entries.
        corpus, qrels, queries, keep_top, lists, scorer, matches_only: as there.
    """
    columns = Columns.of(corpus)
    order = SparseColumns.of(columns)
    collector = _Collector(
        columns, qrels, queries=queries, keep_top=keep_top, lists=lists, scorer=scorer, matches_only=matches_only
    )
    done = 0
    for block in blocks:
        if block.dtype != np.float32 or block.shape[1] != len(corpus) or block.shape[0] > queries - done:
            raise EncoderError(
                f"{scorer} gave a sparse block of {block.dtype}, {block.shape[0]} x {block.shape[1]}; it must be float32, "
                f"at most {queries - done} x {len(corpus)}"
            )
        collector.refuse_sparse_nan(block, done)
        pairs, rows = collector.pairs(done, block.shape[0])
        if len(pairs):
            scores = block[pairs.row, columns.passage[pairs.column]] if matches_only else None
            collector.write(
                count_sparse_rows(block, pairs, order), rows, None if scores is None else np.asarray(scores)[0]
            )
        for first in range(0, block.shape[0] if collector.wants_top else 0, _SLICE_ROWS):
            dense = np.take(block[first : first + _SLICE_ROWS].toarray(), columns.passage, axis=1)
            collector.take_top(dense, done + first)
        done += block.shape[0]
    _check_done(done, queries, scorer)
    return collector.result()


def _check_done(done: int, queries: int, scorer: str) -> None:
    if done != queries:
        raise EncoderError(f"{scorer} gave scores for {done} of {queries} queries; it must give one row per query")


def _take_unordered(
    block: NDArray[np.float32], done: int, columns: Columns, collector: _Collector, pool: ThreadPoolExecutor | None
) -> None:
    def work(first: int, end: int) -> None:
        part = block[first:end]
        collector.refuse_nan(part, done + first)
        scores = np.take(part, columns.passage, axis=1)
        scores[:, columns.padding] = np.nan
        collector.take(scores, done + first)

    _for_slices(pool, len(block), work)


def _check_block(block: NDArray[np.float32], passages: int, left: int, scorer: str) -> None:
    if not isinstance(block, np.ndarray) or block.ndim != 2 or block.dtype != np.float32:
        what = f"{block.dtype} of shape {block.shape}" if isinstance(block, np.ndarray) else type(block).__name__
        raise EncoderError(
            f"{scorer} gave a block of {what}; blocks must be numpy arrays, float32 [queries, {passages}]"
        )
    if block.shape[1] != passages:
        raise EncoderError(f"{scorer} scored {block.shape[1]} of {passages} passages; index the corpus to be ranked")
    if len(block) > left:
        raise EncoderError(f"{scorer} gave {len(block) - left} score rows too many; it must give one row per query")


class DenseScorer:
    """Inner products of query vectors with a corpus's passage vectors, in blocks of one fixed shape.

    The last block is padded with zeros before the product and cut after it, and the number of rows depends on the
    number of passages alone, so that a query's scores do not depend on the number of queries. torch uses as many threads
    as the caller has set.

    Args:
        passages: float32 [n, d], finite.
        device: where torch computes.
        scorer: its name, for messages.
    """

    def __init__(self, passages: NDArray[np.float32], *, device: str = "cpu", scorer: str = "the encoder") -> None:
        import torch

        check_vectors(passages, "passage", None, scorer)
        self.rows = max(16, min(_BLOCK_ROWS, _BLOCK_SCORES // max(1, len(passages))))
        self._scorer = scorer
        self._device = device
        self._passages = torch.from_numpy(np.require(passages, requirements=["C", "W"])).to(device)

    def blocks(self, query_vectors: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        """Yield scores of consecutive queries, float32 [b, n]; the buffer is used again for the next block."""
        for block in self.tensors(query_vectors):
            yield block.cpu().numpy()

    def tensors(self, query_vectors: NDArray[np.float32]) -> Iterator[torch.Tensor]:
        """Yield the same blocks as tensors on the device."""
        import torch

        check_vectors(query_vectors, "query", self._passages.shape[1], self._scorer)
        transposed = self._passages.T
        scores = torch.empty((self.rows, len(self._passages)), dtype=torch.float32, device=self._device)
        for first in range(0, len(query_vectors), self.rows):
            vectors = torch.tensor(query_vectors[first : first + self.rows], device=self._device)
            size = len(vectors)
            if size < self.rows:
                vectors = torch.cat((vectors, vectors.new_zeros((self.rows - size, vectors.shape[1]))))
            torch.mm(vectors, transposed, out=scores)
            yield scores[:size]


def rank_dense(
    query_vectors: NDArray[np.float32],
    passages: NDArray[np.float32],
    corpus: Corpus,
    qrels: Qrels,
    *,
    device: str = "cpu",
    keep_top: int = 0,
    lists: NDArray[np.intp] | None = None,
    scorer: str = "the encoder",
    counting: Literal["auto", "numpy", "torch"] = "auto",
    adjust: Callable[[NDArray[np.float32], int], None] | None = None,
) -> Ranked:
    """Rank every relevant passage by inner product: the fast way for vectors.

    Args:
        query_vectors: float32 [queries, d], in the order of the qrels' query rows.
        passages: float32 [len(corpus), d].
        corpus: the passages.
        qrels: sorted by query.
        device: where torch computes.
        keep_top: how many best passages to keep per query and list.
        lists: which lists of every query to keep (:class:`robustir.ranking.top.Top`); None: those of all languages.
        scorer: its name, for messages.
        counting: what compares scores: by default numpy on a CPU, in as many threads as torch has, and torch on other
            devices. The counts are the same.
        adjust: changes a block of scores [b, width] in place, in the order of
            :class:`robustir.ranking.counting.Columns`, given the row of its first query.

    Raises:
        EncoderError: for vectors of wrong shape, type or number, not finite, or with overflowing products.
    """
    import torch

    if len(passages) != len(corpus):
        raise EncoderError(
            f"{scorer} gave {len(passages)} passage vectors for a corpus of {len(corpus)}; it must give one per passage"
        )
    check_vectors(passages, "passage", None, scorer)
    check_vectors(query_vectors, "query", passages.shape[1], scorer)
    check_products(query_vectors, passages, scorer)
    columns = Columns.of(corpus)
    collector = _Collector(columns, qrels, queries=len(query_vectors), keep_top=keep_top, lists=lists, scorer=scorer)
    # Passages are in the order of the columns, so that no score has to be moved.
    dense = DenseScorer(passages[columns.passage], device=device, scorer=scorer)
    if adjust is None and (counting == "torch" or (counting == "auto" and torch.device(device).type != "cpu")):
        return _rank_on_device(dense.tensors(query_vectors), columns, collector)
    pool = _thread_pool(torch.get_num_threads())
    done = 0
    try:
        for block in dense.blocks(query_vectors):
            _take_ordered(block, done, columns, collector, pool, adjust)
            done += len(block)
    finally:
        if pool is not None:
            pool.shutdown()
    return collector.result()


def _take_ordered(
    block: NDArray[np.float32],
    done: int,
    columns: Columns,
    collector: _Collector,
    pool: ThreadPoolExecutor | None,
    adjust: Callable[[NDArray[np.float32], int], None] | None,
) -> None:
    def work(first: int, end: int) -> None:
        scores = block[first:end]
        if adjust is not None:
            adjust(scores, done + first)
        scores[:, columns.padding] = np.nan
        collector.take(scores, done + first)

    _for_slices(pool, len(block), work)


def _rank_on_device(tensors: Iterator[torch.Tensor], columns: Columns, collector: _Collector) -> Ranked:
    from robustir.ranking.device_counting import DeviceCounter

    counter: DeviceCounter | None = None
    done = 0
    for scores in tensors:
        counter = counter or DeviceCounter(columns, scores.device)
        scores[:, counter.padding] = float("nan")
        pairs, rows = collector.pairs(done, len(scores))
        if len(pairs):
            collector.write(counter.count(scores, pairs), rows)
        if collector.wants_top:
            collector.take_top(scores.cpu().numpy(), done)
        done += len(scores)
    return collector.result()
