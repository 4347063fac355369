"""The jobs that worker processes do: perturb a query set, encode a unit of texts, rank a cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Scorer
from robustir.encoders.adapters import adapt
from robustir.noise.applying import perturb
from robustir.noise.prepared import PreparedPerturbation, prepare
from robustir.planning.conditions import Condition
from robustir.plugins.registry import create
from robustir.ranking.margins import Neighbourhoods, unit_length
from robustir.ranking.pools import Part, split_pools
from robustir.ranking.search import Ranked, rank_dense, rank_relevant, rank_sparse, restrict
from robustir.ranking.top import Top
from robustir.rundir.directory import RunDirectory
from robustir.rundir.rankings import write_top
from robustir.running.encoding import Unit
from robustir.types import Corpus, Qrels, Ranks, Task
from robustir.vectors.store import EmbeddingStore

__all__ = ["CellJob", "EncodeJob", "PerturbJob", "WorkArgument", "WorkContext", "encode", "perturb_queries", "score"]

_ENCODED_AT_ONCE = 1_024  # passages of an attacked corpus
_RANKED_AT_ONCE = 64  # queries whose recorded rankings are written out in full


@dataclass(frozen=True)
class WorkArgument:
    """What a worker process needs to make its context; picklable."""

    tasks: Mapping[str, Task]
    run: Path
    seed: int
    device: str
    cache: Path | None
    keep_top: int


class WorkContext:
    """Per-process state: plugins and indexes are made on first use and kept."""

    def __init__(self, argument: WorkArgument) -> None:
        self.argument = argument
        self.run = RunDirectory(argument.run)
        self._encoders: dict[str, Any] = {}
        self._perturbations: dict[str, PreparedPerturbation] = {}
        self._indexed: dict[str, tuple[str, Scorer]] = {}
        self._victim: tuple[tuple[str, str], NDArray[np.float32]] | None = None
        self._passages: tuple[tuple[str, Path], NDArray[np.float32]] | None = None
        self._parts: dict[str, list[Part]] = {}
        self._near: tuple[Path, dict[tuple[str, int], Neighbourhoods]] = (Path(), {})

    def parts(self, task: Task) -> list[Part]:
        """Return the pools of a task, each with its own corpus; the task's corpus where it is one pool."""
        if task.name not in self._parts:
            self._parts[task.name] = split_pools(task)
        return self._parts[task.name]

    def adopt(self, encoders: Mapping[str, Any], perturbations: Mapping[str, PreparedPerturbation]) -> None:
        """Use objects that exist already in this process."""
        self._encoders.update(encoders)
        self._perturbations.update(perturbations)

    @cached_property
    def store(self) -> EmbeddingStore:
        """The embedding store."""
        return EmbeddingStore(self.argument.cache)

    def encoder(self, spec: str) -> Any:
        """Return the encoder of a spec."""
        if spec not in self._encoders:
            self._encoders[spec] = adapt(create("encoder", spec))
        return self._encoders[spec]

    def perturbation(self, spec: str) -> PreparedPerturbation:
        """Return the perturbation of a spec."""
        if spec not in self._perturbations:
            self._perturbations[spec] = prepare(spec)
        return self._perturbations[spec]

    def indexed(self, spec: str, task: Task, part: Part | None = None) -> Scorer:
        """Return a scorer with the task's corpus, or that of one of its pools, indexed."""
        name = task.name if part is None else f"{task.name}\n{part.number}"
        if self._indexed.get(spec, ("", None))[0] != name:
            self._indexed.pop(spec, None)  # an index that fails half-way is of no corpus
            scorer = self.encoder(spec)
            scorer.index(task.corpus if part is None else part.corpus)
            self._indexed[spec] = (name, scorer)
        return self._indexed[spec][1]

    def victim(self, spec: str, task: Task) -> tuple[Any, NDArray[np.float32] | None]:
        """Return an encoder to attack with its vectors of the corpus; a scorer without vectors comes with its index."""
        encoder = self.encoder(spec)
        if not hasattr(encoder, "encode"):
            return self.indexed(spec, task), None
        key = (task.name, spec)
        if self._victim is None or self._victim[0] != key:
            texts, langs = list(task.corpus.texts), list(task.corpus.langs)
            parts = [
                self.store.encode_unit(
                    encoder,
                    texts[at : at + _ENCODED_AT_ONCE],
                    role="passage",
                    langs=langs[at : at + _ENCODED_AT_ONCE] if encoder.uses_langs else None,
                )[0]
                for at in range(0, len(texts), _ENCODED_AT_ONCE)
            ]
            self._victim = (key, np.concatenate(parts))
        return encoder, self._victim[1]

    def neighbourhoods(self, job: CellJob, task: Task, part: Part, passages: NDArray[np.float32]) -> Neighbourhoods:
        """Return how near the clean queries are to a pool's passages, kept until another encoder is asked for."""
        assert job.vector_file is not None
        assert job.clean is not None
        if self._near[0] != job.vector_file:
            self._near = (job.vector_file, {})
        key = (task.name, part.number)
        if key not in self._near[1]:
            rows = part.chosen(task, np.arange(len(task.queries)))
            clean = unit_length(np.load(job.vector_file, mmap_mode="r")[job.clean[rows]])
            langs = [task.queries.langs[row] for row in rows]
            self._near[1][key] = Neighbourhoods(
                clean,
                langs,
                passages,
                part.corpus,
                k=self.encoder(job.encoder).margin,
                device=self.argument.device,
            )
        return self._near[1][key]

    def passages(self, job: CellJob) -> NDArray[np.float32]:
        """Return the passage vectors of a cell, kept until another benchmark or encoder is asked for."""
        assert job.vector_file is not None
        assert job.passages is not None
        key = (job.task, job.vector_file)
        if self._passages is None or self._passages[0] != key:
            self._passages = (key, np.load(job.vector_file, mmap_mode="r")[job.passages])
        return self._passages[1]


@dataclass(frozen=True)
class PerturbJob:
    """One query set to perturb, in the languages where the perturbation works."""

    task: str
    condition: Condition
    key: str
    languages: tuple[str, ...]


def perturb_queries(context: WorkContext, job: PerturbJob) -> None:
    """Perturb and store one query set."""
    queries = context.argument.tasks[job.task].queries
    if set(job.languages) != set(queries.langs):
        known = set(job.languages)
        queries = queries.select([row for row, lang in enumerate(queries.langs) if lang in known])
    condition = job.condition
    perturbation = context.perturbation(condition.perturbation)
    noisy = perturb(queries, perturbation, severity=condition.severity, seed=context.argument.seed, draw=condition.draw)
    context.run.write_queries(job.key, noisy)


@dataclass(frozen=True)
class EncodeJob:
    """One unit of texts to encode."""

    encoder: str
    unit: Unit


def encode(context: WorkContext, job: EncodeJob) -> tuple[int, int, NDArray[np.float32]]:
    """Encode one unit, through the store; return (texts encoded, texts reused, vectors [n, d])."""
    unit = job.unit
    encoder = context.encoder(job.encoder)
    vectors, encoded, reused = context.store.encode_unit(
        getattr(encoder, "vectors_of", encoder), unit.texts, role=unit.role, langs=unit.langs
    )
    return encoded, reused, vectors


@dataclass
class CellJob:
    """One cell to rank. ``rows``: the queries whose text changed (None: all); the others are taken from the clean cell.

    An encoder's job has ``vectors`` and ``passages`` (rows of the vector file), a lexical scorer's has ``texts``.
    """

    task: str
    encoder: str
    key: str
    rows: NDArray[np.int64] | None
    texts: list[str] | None
    scored: NDArray[np.bool_] | None
    clean_key: str | None
    vectors: NDArray[np.int64] | None = None
    passages: NDArray[np.int64] | None = None
    vector_file: Path | None = None
    clean: NDArray[np.int64] | None = None  # rows of all clean queries, for an encoder with a margin
    query_set: str | None = None  # whose rankings to take, for those made elsewhere
    ranked_for: NDArray[np.int64] | None = None  # the queries whose rankings to take, if not those of ``rows``


def score(context: WorkContext, job: CellJob) -> None:
    """Rank one cell, pool by pool, and store it."""
    task = context.argument.tasks[job.task]
    rows = np.arange(len(task.queries)) if job.rows is None else job.rows
    qrels, kept = restrict(task.qrels, rows)
    ranks = Ranks(*(np.zeros(len(kept), dtype=np.uint32) for _ in fields(Ranks)))
    lists: list[tuple[Top, Corpus, NDArray[np.int64]]] = []
    parts = context.parts(task)
    for part in parts:
        chosen = part.chosen(task, rows)
        # Where a perturbation changed nothing, no scorer is bothered with an empty query set.
        if len(chosen) == 0 and (len(rows) or part is not parts[0]):
            continue
        own, places = (qrels, slice(None)) if part.whole else restrict(qrels, chosen)
        ranked = _rank_part(context, job, task, part, chosen, part.localised(own))
        for field in fields(Ranks):
            getattr(ranks, field.name)[places] = getattr(ranked.ranks, field.name)
        if ranked.top is not None:
            lists.append((ranked.top, part.corpus, rows[chosen]))
    if context.argument.keep_top:
        write_top(context.run, job.key, lists, rows, clean_key=job.clean_key, scored=job.scored)
    context.run.write_ranks(job.key, _complete(context, job, task, ranks, kept))


def _rank_part(
    context: WorkContext, job: CellJob, task: Task, part: Part, chosen: NDArray[np.int64], qrels: Qrels
) -> Ranked:
    """Rank the queries at the places ``chosen`` of a job in their pool; ``qrels`` name them and its passages."""
    keep_top = context.argument.keep_top
    if job.vectors is not None:
        assert job.vector_file is not None
        vectors = np.load(job.vector_file, mmap_mode="r")[job.vectors[chosen]]
        passages = part.select(context.passages(job))
        adjust = None
        if job.clean is not None:
            vectors, passages = unit_length(vectors), unit_length(passages)
            langs = task.queries.langs if job.rows is None else [task.queries.langs[row] for row in job.rows]
            adjust = context.neighbourhoods(job, task, part, passages).adjust([langs[place] for place in chosen])
        return rank_dense(
            vectors,
            passages,
            part.corpus,
            qrels,
            device=context.argument.device,
            keep_top=keep_top,
            scorer=job.encoder,
            adjust=adjust,
        )
    if job.query_set is not None:
        return _rank_recorded(context, job, task, part, chosen, qrels)
    scorer = context.indexed(job.encoder, task, part)
    whole = job.rows is None and part.whole
    queries = (
        task.queries
        if whole
        else task.queries.select((np.arange(len(task.queries)) if job.rows is None else job.rows)[chosen])
    )
    if job.texts is not None:
        queries = queries.with_texts([job.texts[place] for place in chosen])
    known: dict[str, Any] = {
        "queries": len(queries),
        "scorer": job.encoder,
        "matches_only": getattr(scorer, "matches_only", False),
    }
    sparse_blocks = getattr(scorer, "sparse_blocks", None)
    if sparse_blocks is not None and not keep_top:
        blocks = sparse_blocks(queries) if len(queries) else ()
        return rank_sparse(blocks, part.corpus, qrels, **known)
    blocks = scorer.blocks(queries) if len(queries) else ()
    return rank_relevant(blocks, part.corpus, qrels, keep_top=keep_top, **known)


def _rank_recorded(
    context: WorkContext, job: CellJob, task: Task, part: Part, chosen: NDArray[np.int64], qrels: Qrels
) -> Ranked:
    """Rank by rankings that were made elsewhere."""
    assert job.query_set is not None
    rows = job.ranked_for if job.ranked_for is not None else job.rows
    scores = context.encoder(job.encoder).scores_of(job.query_set, task)[chosen if rows is None else rows[chosen]]
    if not part.whole:
        scores = scores[:, part.passages]
    known: dict[str, Any] = {"queries": len(chosen), "scorer": job.encoder, "matches_only": True}
    if not context.argument.keep_top:
        return rank_sparse((scores,), part.corpus, qrels, **known)
    blocks = (scores[first : first + _RANKED_AT_ONCE].toarray() for first in range(0, len(chosen), _RANKED_AT_ONCE))
    return rank_relevant(blocks, part.corpus, qrels, keep_top=context.argument.keep_top, **known)


def _complete(context: WorkContext, job: CellJob, task: Task, ranks: Ranks, kept: NDArray[Any]) -> Ranks:
    """Put the ranks of changed queries over the clean ones; 0 marks queries in a language that was not scored."""
    if job.clean_key is None:
        return ranks
    clean = context.run.read_ranks(job.clean_key)
    columns = []
    for name in Ranks.__slots__:
        column = getattr(clean, name).copy()
        column[kept] = getattr(ranks, name)
        if job.scored is not None:
            column[~job.scored[task.qrels.query]] = 0
        columns.append(column)
    return Ranks(*columns)
