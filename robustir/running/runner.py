"""Runs the missing cells of a plan into a run directory. What is there already is never computed again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from robustir.errors import InputError
from robustir.planning.conditions import CLEAN, FLOOR, shuffled_rows
from robustir.planning.plan import Cell, Plan, PlannedEncoder, PlannedTask
from robustir.ranking.pools import largest_pool
from robustir.rundir.directory import RunDirectory
from robustir.rundir.rankings import top_depth
from robustir.running.attack_work import attack_ladders, missing_ladders
from robustir.running.encoding import TextIndex, VectorFile, needed_rows
from robustir.running.executors import Executor, Fault, default_jobs, single_threaded
from robustir.running.work import (
    CellJob,
    EncodeJob,
    PerturbJob,
    WorkArgument,
    WorkContext,
    encode,
    perturb_queries,
    score,
)

__all__ = ["Failure", "Progress", "RunOptions", "RunSummary", "execute"]


class Progress(Protocol):
    """What the runner tells about its advance; the command line draws bars from it."""

    def stage(self, name: str, total: int, unit: str = "") -> None:
        """A stage of ``total`` steps begins; ``unit`` says what a step is, such as "texts"."""
        ...

    def step(self, amount: int = 1) -> None:
        """Steps of the stage are done."""
        ...


class _Silent:
    def stage(self, name: str, total: int, unit: str = "") -> None:
        pass

    def step(self, amount: int = 1) -> None:
        pass


@dataclass(frozen=True)
class RunOptions:
    """How to run; none of it changes a result."""

    jobs: int = field(default_factory=default_jobs)
    executor: str = "local"  # or "ray": actors of a cluster that shares the file system
    device: str = "cpu"
    cache: Path | None = None  # folder of the embedding store; None: the user's cache folder
    keep_top: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """A cell that failed, with its reason in one line and the lines of the first error's traceback."""

    benchmark: str
    encoder: str
    condition: str
    error: str
    traceback: str = ""


@dataclass
class RunSummary:
    """What a run did: counts of cells and texts, seconds per stage, failures in plan order."""

    cells: int = 0
    cells_done_before: int = 0
    texts_encoded: int = 0
    texts_reused: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the seconds spent inside to a stage."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begin


@dataclass
class _NoisySet:
    """The queries of one condition whose text changed: rows of the benchmark's queries and their texts."""

    rows: NDArray[np.int64]  # changed
    texts: list[str]
    scored: NDArray[np.bool_]  # rows in an applicable language


class _Run:
    def __init__(self, plan: Plan, run: RunDirectory, options: RunOptions, progress: Progress) -> None:
        self.plan, self.run, self.options, self.progress = plan, run, options, progress
        self.summary = RunSummary()
        self.broken: dict[str, Fault] = {}  # key of a query set or cell -> why it failed
        self.noisy: dict[str, _NoisySet] = {}
        self.partners: dict[str, NDArray[np.intp]] = {}  # of the floor, per benchmark

    def execute(self) -> RunSummary:
        plan, summary = self.plan, self.summary
        cells = list(plan.cells())
        summary.cells = len(cells)
        # What cannot be told apart from another run's is made again.
        passing = {encoder.spec for encoder in plan.encoders if not encoder.reusable}
        pending = [cell for cell in cells if cell.encoder in passing or not self._is_done(cell)]
        summary.cells_done_before = len(cells) - len(pending)
        for planned in plan.tasks:
            self.run.write_task(plan.queries_key(planned, CLEAN), planned.task)
        live = any(encoder.live for encoder in plan.encoders)
        jobs = 1 if live or self.options.device != "cpu" else self.options.jobs
        argument = WorkArgument(
            tasks={planned.task.name: planned.task for planned in plan.tasks},
            run=self.run.path,
            seed=plan.suite.seed,
            device=self.options.device,
            cache=self.options.cache,
            keep_top=self.options.keep_top,
        )
        local = WorkContext(argument)
        local.adopt(
            {encoder.spec: encoder.scorer for encoder in plan.encoders},
            {noise.spec: noise.perturbation for noise in plan.noises},
        )
        make: type[Executor[WorkContext]] = Executor
        if self.options.executor == "ray":
            from robustir.running.ray_executor import RayExecutor

            make = RayExecutor
            if live or self.options.device != "cpu":
                raise InputError("--executor ray needs encoders given by spec and --device cpu")
        with single_threaded(), make(jobs, WorkContext, argument, local) as executor:
            with summary.timed("perturb"):
                self._perturb(executor)
            for encoder in plan.encoders:
                mine = [cell for cell in pending if cell.encoder == encoder.spec]
                if mine and encoder.dense:
                    self._run_dense(executor, encoder, mine)
                elif mine:
                    self._run_lexical(executor, encoder, mine)
        self._collect_failures(cells)
        return summary

    def _is_done(self, cell: Cell) -> bool:
        if not self.run.ranks_path(cell.key).exists():
            return False
        if self.options.keep_top == 0:
            return True
        # Lists of another length are made again: those of unchanged queries are taken from the clean cell.
        wanted = min(self.options.keep_top, largest_pool(self.plan.task(cell.benchmark).task))
        return self.run.top_path(cell.key).exists() and top_depth(self.run, cell.key) == wanted

    def _perturb(self, executor: Executor[WorkContext]) -> None:
        jobs = [job for planned in self.plan.tasks for job in self._perturb_jobs(planned)]
        ladders = missing_ladders(self.plan, self.run)
        sizes = {planned.task.name: len(planned.task.queries) for planned in self.plan.tasks}
        if jobs:
            self.progress.stage("perturb queries", sum(sizes[job.task] for job in jobs), "texts")
        for outcome in executor.map(perturb_queries, jobs):
            job = jobs[outcome.position]
            if outcome.error is not None:
                self.broken[job.key] = Fault.of(outcome.error)
            self.progress.step(sizes[job.task])
        if ladders:
            self.progress.stage("attack queries", sum(len(ladder.languages) for ladder in ladders), "searches")
        attack_ladders(executor, self.run, ladders, self.broken, self.progress.step)

    def _perturb_jobs(self, planned: PlannedTask) -> Iterator[PerturbJob]:
        """Yield what is missing of one benchmark's noisy query sets, attacks left out."""
        for condition in self.plan.conditions(planned):
            if condition in (CLEAN, FLOOR):
                continue
            noise = self.plan.noise(condition)
            key = self.plan.queries_key(planned, condition)
            if not noise.treatment.attacked and not self.run.queries_path(key).exists():
                yield PerturbJob(planned.task.name, condition, key, self.plan.languages_of(planned, noise))

    def _noisy_set(self, planned: PlannedTask, cell: Cell) -> _NoisySet:
        if cell.queries_key not in self.noisy:
            ids, texts, _ = self.run.read_noisy(cell.queries_key)
            queries = planned.task.queries
            found = dict(zip(ids, texts, strict=True))
            scored = np.fromiter((name in found for name in queries.ids), dtype=np.bool_, count=len(queries))
            changed = [
                row
                for row, (name, text) in enumerate(zip(queries.ids, queries.texts, strict=True))
                if found.get(name, text) != text
            ]
            self.noisy[cell.queries_key] = _NoisySet(
                np.array(changed, dtype=np.int64), [found[queries.ids[row]] for row in changed], scored
            )
        return self.noisy[cell.queries_key]

    def _cells_of(self, encoder: PlannedEncoder) -> Iterator[tuple[PlannedTask, Cell]]:
        """Yield every cell of an encoder, done or not, whose query set exists."""
        for planned in self.plan.tasks:
            for condition in self.plan.conditions(planned):
                cell = self.plan.cell(planned, encoder, condition)
                if cell.queries_key not in self.broken:
                    yield planned, cell

    def _partners(self, planned: PlannedTask) -> NDArray[np.intp]:
        name = planned.task.name
        if name not in self.partners:
            self.partners[name] = shuffled_rows(planned.task.queries, self.plan.suite.seed)
        return self.partners[name]

    def _cell_job(self, planned: PlannedTask, encoder: PlannedEncoder, cell: Cell) -> CellJob:
        clean_key = None
        rows = None
        texts: list[str] | None = None
        scored = None
        if encoder.recorded:
            return self._ranking_job(planned, encoder, cell)
        if cell.condition == FLOOR:
            texts = [planned.task.queries.texts[row] for row in self._partners(planned)]
        elif cell.condition != CLEAN:
            noisy = self._noisy_set(planned, cell)
            rows, texts, scored = noisy.rows, noisy.texts, noisy.scored
            clean_key = self.plan.cell(planned, encoder, CLEAN).key
        return CellJob(planned.task.name, cell.encoder, cell.key, rows, texts, scored, clean_key)

    def _ranking_job(self, planned: PlannedTask, encoder: PlannedEncoder, cell: Cell) -> CellJob:
        """Return the job of rankings that were made elsewhere: all of them are read, of queries that did not change too."""
        job = CellJob(planned.task.name, cell.encoder, cell.key, None, None, None, None)
        job.query_set = self.plan.query_set_name(planned, cell.condition)
        if cell.condition == FLOOR:
            job.ranked_for = np.asarray(self._partners(planned), dtype=np.int64)
        elif cell.condition != CLEAN:
            job.scored = self._noisy_set(planned, cell).scored
            job.rows = np.flatnonzero(job.scored)
            job.clean_key = self.plan.cell(planned, encoder, CLEAN).key
        return job

    def _run_lexical(self, executor: Executor[WorkContext], encoder: PlannedEncoder, pending: list[Cell]) -> None:
        wanted = {cell.key for cell in pending}
        jobs = [
            self._cell_job(planned, encoder, cell) for planned, cell in self._cells_of(encoder) if cell.key in wanted
        ]
        with self.summary.timed("score"):
            self._score(executor, encoder, jobs)

    def _run_dense(self, executor: Executor[WorkContext], encoder: PlannedEncoder, pending: list[Cell]) -> None:
        wanted = {cell.key for cell in pending}
        index = TextIndex(uses_langs=encoder.scorer.uses_langs)
        passages = {}
        jobs: list[CellJob] = []
        with self.summary.timed("index texts"):
            for planned in self.plan.tasks:
                corpus = planned.task.corpus
                passages[planned.task.name] = index.add("passage", corpus.texts, corpus.langs)
            clean: dict[str, NDArray[np.int64]] = {}
            for planned, cell in self._cells_of(encoder):
                queries = planned.task.queries
                job = self._cell_job(planned, encoder, cell)
                if cell.condition == CLEAN:
                    job.vectors = clean[planned.task.name] = index.add("query", queries.texts, queries.langs)
                elif cell.condition == FLOOR:
                    job.vectors = clean[planned.task.name][self._partners(planned)]
                else:
                    assert job.rows is not None
                    assert job.texts is not None
                    job.vectors = index.add("query", job.texts, [queries.langs[row] for row in job.rows])
                job.passages = passages[planned.task.name]
                if getattr(encoder.scorer, "margin", 0):
                    job.clean = clean[planned.task.name]
                job.texts = None  # the vectors say it all; no need to send texts to the workers
                if cell.key in wanted:
                    jobs.append(job)
        vectors = VectorFile(self.run.work_path, len(index))
        try:
            with self.summary.timed("encode"):
                failed = self._encode(executor, encoder, index, jobs, vectors)
            ready = []
            for job in jobs:
                assert job.vectors is not None
                assert job.passages is not None
                job.vector_file = vectors.path
                used = needed_rows(
                    len(index), [rows for rows in (job.vectors, job.passages, job.clean) if rows is not None]
                )
                reason = next((reason for rows, reason in failed if used[rows].any()), None)
                if reason is None:
                    ready.append(job)
                else:
                    self.broken[job.key] = reason
            with self.summary.timed("score"):
                self._score(executor, encoder, ready)
        finally:
            vectors.close()

    def _encode(
        self,
        executor: Executor[WorkContext],
        encoder: PlannedEncoder,
        index: TextIndex,
        jobs: list[CellJob],
        vectors: VectorFile,
    ) -> list[tuple[slice, Fault]]:
        used = [rows for job in jobs for rows in (job.vectors, job.passages, job.clean) if rows is not None]
        units = index.units(needed_rows(len(index), used))
        self.progress.stage(f"encode with {encoder.name}", sum(len(unit.texts) for unit in units), "texts")
        failed = []
        widths: set[int] = set()
        for outcome in executor.map(encode, [EncodeJob(encoder.spec, unit) for unit in units]):
            unit = units[outcome.position]
            rows = slice(unit.first, unit.first + len(unit.texts))
            if outcome.error is not None:
                failed.append((rows, Fault.of(outcome.error)))
            else:
                encoded, reused, values = outcome.value
                self.summary.texts_encoded += encoded
                self.summary.texts_reused += reused
                widths.add(values.shape[1])
                if len(widths) == 1:
                    vectors.write(unit.first, values)
            self.progress.step(len(unit.texts))
        if len(widths) > 1:
            # Which unit is the wrong one cannot be told, and must not depend on which worker was first.
            found = " and of ".join(map(str, sorted(widths)))
            reason = f"{encoder.name} returned vectors of {found} dimensions; all must have the same"
            failed = [(slice(None), Fault(reason))]
        return failed

    def _score(self, executor: Executor[WorkContext], encoder: PlannedEncoder, jobs: list[CellJob]) -> None:
        """Score clean cells first: the rank of a query that did not change is taken from there."""
        self.progress.stage(f"rank with {encoder.name}", len(jobs), "cells")
        for clean_first in (True, False):
            batch = [job for job in jobs if (job.clean_key is None) == clean_first]
            ready = []
            for job in batch:
                if job.clean_key in self.broken:
                    self.broken[job.key] = self.broken[job.clean_key].behind("its clean cell failed")
                else:
                    ready.append(job)
            for outcome in executor.map(score, ready):
                if outcome.error is not None:
                    self.broken[ready[outcome.position].key] = Fault.of(outcome.error)
                self.progress.step()

    def _collect_failures(self, cells: list[Cell]) -> None:
        names = {encoder.spec: encoder.name for encoder in self.plan.encoders}
        for cell in cells:
            reason = self.broken.get(cell.queries_key) or self.broken.get(cell.key)
            if reason is not None:
                encoder, condition = names[cell.encoder], str(self.plan.shown(cell.condition))
                self.summary.failures.append(Failure(cell.benchmark, encoder, condition, reason.reason, reason.trace))


def execute(
    plan: Plan, run: RunDirectory, options: RunOptions | None = None, progress: Progress | None = None
) -> RunSummary:
    """Compute what is missing of a plan. Failing cells are recorded and named, the others go on."""
    return _Run(plan, run, options or RunOptions(), progress or _Silent()).execute()
