"""The jobs that rank a cell: from vectors, from a scorer's own scores, or from external rankings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.ranking.indexes import rank_indexed, recall, recall_depths
from robustir.ranking.margins import Neighbourhoods, unit_length
from robustir.ranking.pools import Part, largest_pool
from robustir.ranking.search import Ranked, rank_dense, rank_relevant, rank_sparse, restrict
from robustir.ranking.top import Top
from robustir.rundir.index_recall import recall_facts
from robustir.rundir.kept_lists import KeptLists, list_names, read_kept, wanted_lists, write_kept
from robustir.rundir.rankings import write_top
from robustir.rundir.same_input import same_input_facts
from robustir.running.index_jobs import IndexUse, sampled
from robustir.running.reaching import same_tokens, same_vectors
from robustir.running.work import WorkContext
from robustir.types import Qrels, Ranks, Task

__all__ = ["CellJob", "DenseJob", "LexicalJob", "RecordedJob", "ScoredCell", "score"]


@dataclass(frozen=True, eq=False)
class ScoredCell:
    """The place of a cell's ranks, and the queries scored for it.

    rows: the scored queries. clean_key: the cell with the ranks of the other queries. applicable: a mask of the queries in
    languages of the perturbation; None: all. floor: whether its queries are shuffled, so that no list is worth keeping.
    """

    task: str
    encoder: str
    key: str
    rows: NDArray[np.int64]
    clean_key: str | None = None
    applicable: NDArray[np.bool_] | None = None
    floor: bool = False


@dataclass(frozen=True, eq=False)
class _Pool:
    """One pool to rank: the places (in the cell's rows) of the queries that belong to it, and the judgements of these.

    keep_top: how many best passages to keep of each of the ``lists`` [queries, lists] (None: of all lists).
    """

    task: Task
    part: Part
    places: NDArray[np.int64]
    qrels: Qrels
    keep_top: int = 0
    lists: NDArray[np.intp] | None = None


@dataclass(frozen=True, eq=False)
class DenseJob:
    """A cell of an encoder. Rows of the vector file: ``queries`` (one per row of the cell) and ``passages``.

    clean: those of all clean queries, for an encoder with a margin. To say which noisy queries are the same input as the
    clean ones: texts, of the cell's rows, for an encoder with tokens; before, the clean vectors of these rows, for others.
    index: what searches the passages; None: the rank kernel.
    """

    cell: ScoredCell
    vector_file: Path
    queries: NDArray[np.int64]
    passages: NDArray[np.int64]
    clean: NDArray[np.int64] | None = None
    texts: tuple[str, ...] | None = None
    before: NDArray[np.int64] | None = None
    index: IndexUse | None = None

    @property
    def used(self) -> list[NDArray[np.int64]]:
        """All rows of the vector file that the cell needs."""
        return [rows for rows in (self.queries, self.passages, self.clean, self.before) if rows is not None]

    def same_input(self, context: WorkContext) -> NDArray[np.bool_] | None:
        """Return which of the cell's queries are the same input as the clean ones; None if it has no noise."""
        if self.before is not None:
            stored = np.load(self.vector_file, mmap_mode="r") if len(self.before) else np.empty((0, 1), np.float32)
            return same_vectors(stored[self.queries], stored[self.before])
        return _same_tokens(context, self.cell, self.texts)

    def rank(self, context: WorkContext, pool: _Pool) -> Ranked:
        """Rank by inner products."""
        vectors = np.load(self.vector_file, mmap_mode="r")[self.queries[pool.places]]
        if self.index is not None:
            return rank_indexed(
                vectors,
                self.index.load(context, pool.part),
                self.index.kind,
                pool.part.corpus,
                pool.qrels,
                keep_top=pool.keep_top,
                lists=pool.lists,
                scorer=self.cell.encoder,
            )
        passages = self._passages(context, pool.part)
        adjust = None
        if self.clean is not None:
            vectors, passages = unit_length(vectors), unit_length(passages)
            langs = pool.task.queries.langs
            near = self._neighbourhoods(context, pool, self.clean, passages)
            adjust = near.adjust([langs[row] for row in self.cell.rows[pool.places]])
        return rank_dense(
            vectors,
            passages,
            pool.part.corpus,
            pool.qrels,
            device=context.argument.device,
            keep_top=pool.keep_top,
            lists=pool.lists,
            scorer=self.cell.encoder,
            adjust=adjust,
        )

    def recall(self, context: WorkContext, task: Task) -> Mapping[str, str]:
        """Return the facts on how many of the nearest passages the index finds for a sample of the cell's queries."""
        if self.index is None or self.cell.floor:  # the floor's queries are the clean ones
            return {}
        kind, sample = self.index.kind, sampled(len(self.cell.rows))
        sums, number = np.zeros(len(recall_depths(kind))), 0
        for part in context.parts(task):
            places = sample[part.chosen(task, self.cell.rows[sample])]
            if len(places):
                vectors = np.load(self.vector_file, mmap_mode="r")[self.queries[places]]
                indexes, passages = self.index.load(context, part), self._passages(context, part)
                sums += recall(vectors, passages, indexes, kind, part.corpus, self.cell.encoder).sum(axis=0)
                number += len(places)
        return recall_facts(recall_depths(kind), sums.tolist(), number)

    def _passages(self, context: WorkContext, part: Part) -> NDArray[np.float32]:
        """Return the vectors of a pool's passages; those of the task are kept until another task's are needed."""
        key = (self.cell.task, self.vector_file)
        stored = np.load(self.vector_file, mmap_mode="r")
        return part.select(context.kept.get("passages", lambda: stored[self.passages], key=key))

    def _neighbourhoods(
        self, context: WorkContext, pool: _Pool, clean: NDArray[np.int64], passages: NDArray[np.float32]
    ) -> Neighbourhoods:
        """Return the nearness of the clean queries to a pool's passages, kept until another encoder's is needed."""

        def measure() -> Neighbourhoods:
            task = pool.task
            rows = pool.part.chosen(task, np.arange(len(task.queries)))
            return Neighbourhoods(
                unit_length(np.load(self.vector_file, mmap_mode="r")[clean[rows]]),
                [task.queries.langs[row] for row in rows],
                passages,
                pool.part.corpus,
                k=context.encoder(self.cell.encoder).margin,
                device=context.argument.device,
            )

        return context.kept.get(("near", pool.task.name, pool.part.number), measure, key=self.vector_file)


@dataclass(frozen=True, eq=False)
class LexicalJob:
    """A cell of a scorer that indexes passages and scores queries. texts: of the cell's rows; None: unchanged."""

    cell: ScoredCell
    texts: tuple[str, ...] | None = None

    def recall(self, context: WorkContext, task: Task) -> Mapping[str, str]:
        """Its search is exact."""
        return {}

    def same_input(self, context: WorkContext) -> NDArray[np.bool_] | None:
        """Return which of the cell's queries are the same input as the clean ones; None if that is not known."""
        return None if self.cell.floor else _same_tokens(context, self.cell, self.texts)

    def rank(self, context: WorkContext, pool: _Pool) -> Ranked:
        """Rank by the scorer's scores."""
        scorer: Any = context.indexed(self.cell.encoder, pool.task, pool.part)
        queries = pool.task.queries
        if len(pool.places) < len(queries):
            queries = queries.select(self.cell.rows[pool.places])
        if self.texts is not None:
            queries = queries.with_texts([self.texts[place] for place in pool.places])
        known: dict[str, Any] = {
            "queries": len(queries),
            "keep_top": pool.keep_top,
            "lists": pool.lists,
            "scorer": self.cell.encoder,
            "matches_only": getattr(scorer, "matches_only", False),
        }
        sparse_blocks = getattr(scorer, "sparse_blocks", None)
        if sparse_blocks is not None:
            blocks = sparse_blocks(queries) if len(queries) else ()
            return rank_sparse(blocks, pool.part.corpus, pool.qrels, **known)
        blocks = scorer.blocks(queries) if len(queries) else ()
        return rank_relevant(blocks, pool.part.corpus, pool.qrels, **known)


@dataclass(frozen=True, eq=False)
class RecordedJob:
    """A cell of external rankings: those of a query set, for the query rows ``ranked`` (one per row of the cell)."""

    cell: ScoredCell
    query_set: str
    ranked: NDArray[np.int64]

    def recall(self, context: WorkContext, task: Task) -> Mapping[str, str]:
        """Its search is exact."""
        return {}

    def same_input(self, context: WorkContext) -> None:
        """Rankings do not say what was read."""

    def rank(self, context: WorkContext, pool: _Pool) -> Ranked:
        """Rank by the recorded scores."""
        recorded = context.encoder(self.cell.encoder).scores_of(self.query_set, pool.task)
        scores = recorded[self.ranked[pool.places]]
        if not pool.part.whole:
            scores = scores[:, pool.part.passages]
        size, corpus = len(pool.places), pool.part.corpus
        return rank_sparse(
            (scores,),
            corpus,
            pool.qrels,
            queries=size,
            keep_top=pool.keep_top,
            lists=pool.lists,
            scorer=self.cell.encoder,
            matches_only=True,
        )


CellJob = DenseJob | LexicalJob | RecordedJob


@dataclass(frozen=True, eq=False)
class _Lists:
    """The best passages of the queries of one pool: ``rows`` of the task's queries, and which lists are ``wanted``."""

    top: Top
    part: Part
    rows: NDArray[np.int64]
    wanted: NDArray[np.intp]


def score(context: WorkContext, job: CellJob) -> None:
    """Rank one cell, pool by pool, and store it."""
    cell, keeping = job.cell, context.argument.keeping
    task, rows = context.argument.tasks[cell.task], cell.rows
    qrels, kept = restrict(task.qrels, rows)
    ranks = Ranks(*(np.zeros(len(kept), dtype=np.uint32) for _ in fields(Ranks)))
    lists: list[_Lists] = []
    parts = context.parts(task)
    keep_top = keeping.whole or (0 if cell.floor else keeping.depth)
    for part in parts:
        places = part.chosen(task, rows)
        # If a perturbation changed nothing, the scorer is not called with an empty query set.
        if len(places) == 0 and (len(rows) or part is not parts[0]):
            continue
        own, there = (qrels, slice(None)) if part.whole else restrict(qrels, places)
        here = rows[places]
        langs = [task.queries.langs[row] for row in here]
        wanted = wanted_lists(list_names(part.corpus.langs), langs)
        pool = _Pool(task, part, places, part.localised(own), keep_top, None if keeping.whole else wanted)
        ranked = job.rank(context, pool)
        for field in fields(Ranks):
            getattr(ranks, field.name)[there] = getattr(ranked.ranks, field.name)
        if ranked.top is not None:
            lists.append(_Lists(ranked.top, part, here, wanted))
    if keeping.whole:
        whole = [(one.top, one.part.corpus, one.rows) for one in lists]
        write_top(context.run, cell.key, whole, rows, clean_key=cell.clean_key, scored=cell.applicable)
    if keeping.depth and not cell.floor:
        _keep(context, cell, task, lists)
    facts = {**same_input_facts(rows, job.same_input(context), len(task.queries)), **job.recall(context, task)}
    context.run.write_ranks(cell.key, _complete(context, cell, task, ranks, kept), facts)


def _same_tokens(context: WorkContext, cell: ScoredCell, texts: tuple[str, ...] | None) -> NDArray[np.bool_] | None:
    if texts is None:
        return None
    queries = context.argument.tasks[cell.task].queries
    clean, langs = ([values[row] for row in cell.rows] for values in (queries.texts, queries.langs))
    return same_tokens(context.encoder(cell.encoder), texts, clean, langs)


def _keep(context: WorkContext, cell: ScoredCell, task: Task, lists: list[_Lists]) -> None:
    """Write the default's lists of a cell, and their overlaps with those of the clean cell, if that kept any."""
    keeping, names = context.argument.keeping, list_names(task.corpus.langs)
    depth = min(keeping.depth, largest_pool(task))
    found = KeptLists.of(names, depth, [(one.top, one.part, one.rows, one.wanted) for one in lists])
    if cell.clean_key is None:
        write_kept(context.run, cell.key, found)
        return
    key = cell.clean_key
    clean = context.kept.get(
        ("clean lists", cell.task), lambda: read_kept(context.run, key, names), key=(cell.encoder, key)
    )
    if clean is not None:
        write_kept(
            context.run, cell.key, found, clean=(key, clean), scored=cell.applicable, with_passages=keeping.noisy
        )


def _complete(context: WorkContext, cell: ScoredCell, task: Task, ranks: Ranks, kept: NDArray[Any]) -> Ranks:
    """Put the ranks of changed queries over the clean ones; 0 marks queries in a language that was not scored."""
    if cell.clean_key is None:
        return ranks
    clean = context.run.read_ranks(cell.clean_key)
    columns = []
    for name in Ranks.__slots__:
        column = getattr(clean, name).copy()
        column[kept] = getattr(ranks, name)
        if cell.applicable is not None:
            column[~cell.applicable[task.qrels.query]] = 0
        columns.append(column)
    return Ranks(*columns)
