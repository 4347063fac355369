"""Makes the missing cells of one encoder: of vectors (index, encode, rank), or of scores (rank)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustir.planning.conditions import CLEAN, FLOOR
from robustir.planning.plan import Cell, PlannedEncoder, PlannedTask
from robustir.running.cell_jobs import CellJob, DenseJob, LexicalJob, RecordedJob, score
from robustir.running.cells import Cells
from robustir.running.encoding import TextIndex, VectorFile, needed_rows
from robustir.running.executors import Executor, Fault
from robustir.running.index_jobs import IndexJob, IndexUse, build, languages_of
from robustir.running.reaching import reads_tokens
from robustir.running.summary import Progress, RunSummary
from robustir.running.work import EncodeJob, WorkContext, encode

__all__ = ["EncoderRun"]


@dataclass(frozen=True)
class EncoderRun:
    """Makes the cells of one encoder. broken: the reasons of failed query sets and cells, by key; failures are added."""

    cells: Cells
    executor: Executor[WorkContext]
    progress: Progress
    summary: RunSummary
    broken: dict[str, Fault]

    def make(self, encoder: PlannedEncoder, missing: Collection[str]) -> None:
        """Make the cells whose keys are ``missing``."""
        usable = [(planned, cell) for planned, cell in self.cells.of(encoder) if cell.queries_key not in self.broken]
        lost = self._missing_indexes(encoder)
        if not lost and not any(cell.key in missing for _, cell in usable):
            return
        if encoder.dense:
            self._run_dense(encoder, usable, missing, lost)
            return
        make_job = self._recorded_job if encoder.recorded else self._lexical_job
        jobs = [make_job(planned, encoder, cell) for planned, cell in usable if cell.key in missing]
        with self.summary.timed("score"):
            self._score(encoder, jobs)

    def _lexical_job(self, planned: PlannedTask, encoder: PlannedEncoder, cell: Cell) -> CellJob:
        scored = self.cells.scored(planned, encoder, cell)
        if cell.condition == CLEAN:
            return LexicalJob(scored)
        if cell.condition == FLOOR:
            return LexicalJob(scored, tuple(planned.task.queries.texts[row] for row in self.cells.partners(planned)))
        return LexicalJob(scored, self.cells.noisy(planned, cell).texts)

    def _recorded_job(self, planned: PlannedTask, encoder: PlannedEncoder, cell: Cell) -> CellJob:
        scored = self.cells.scored(planned, encoder, cell)
        query_set = self.cells.plan.query_set_name(planned, cell.condition)
        return RecordedJob(scored, query_set, self.cells.partners(planned) if cell.condition == FLOOR else scored.rows)

    def _run_dense(
        self,
        encoder: PlannedEncoder,
        usable: Sequence[tuple[PlannedTask, Cell]],
        missing: Collection[str],
        lost: Sequence[tuple[PlannedTask, int, str, str]],
    ) -> None:
        index = TextIndex(uses_langs=encoder.scorer.uses_langs)
        vectors = VectorFile(self.cells.run.work_path)
        try:
            with self.summary.timed("index texts"):
                every, passages = self._index(encoder, usable, index, vectors)
            jobs = [job for job in every if job.cell.key in missing]
            builds = [
                IndexJob(
                    planned.task.name,
                    encoder.spec,
                    self.cells.plan.index,
                    pool,
                    lang,
                    key,
                    vectors.path,
                    passages[planned.task.name],
                )
                for planned, pool, lang, key in lost
            ]
            with self.summary.timed("encode"):
                used_by = [rows for job in jobs for rows in job.used] + [job.passages for job in builds]
                failed = self._encode(encoder, index, used_by, vectors)
            unbuilt = self._build(encoder, index, builds, failed)
            ready = []
            for job in jobs:
                used = needed_rows(len(index), job.used)
                reason = next((reason for rows, reason in failed if used[rows].any()), unbuilt.get(job.cell.task))
                if reason is None:
                    ready.append(job)
                else:
                    self.broken[job.cell.key] = reason
            with self.summary.timed("score"):
                self._score(encoder, ready)
        finally:
            vectors.close()

    def _index(
        self,
        encoder: PlannedEncoder,
        usable: Sequence[tuple[PlannedTask, Cell]],
        index: TextIndex,
        vectors: VectorFile,
    ) -> tuple[list[DenseJob], dict[str, NDArray[np.int64]]]:
        """Give every text of an encoder's cells, done or not, its row; return the cells' jobs, and the rows of passages."""
        passages, clean = {}, {}
        for planned in self.cells.plan.tasks:
            corpus = planned.task.corpus
            passages[planned.task.name] = index.add("passage", corpus.texts, corpus.langs)
        jobs = []
        by_tokens, uses = reads_tokens(encoder.scorer), self._index_uses(encoder)
        for planned, cell in usable:
            texts = before = None
            queries, name = planned.task.queries, planned.task.name
            scored = self.cells.scored(planned, encoder, cell)
            if cell.condition == CLEAN:
                rows = clean[name] = index.add("query", queries.texts, queries.langs)
            elif cell.condition == FLOOR:
                rows = clean[name][self.cells.partners(planned)]
            else:
                texts = self.cells.noisy(planned, cell).texts
                rows = index.add("query", texts, [queries.langs[row] for row in scored.rows])
                before = None if by_tokens else clean[name][scored.rows]
            near = clean[name] if getattr(encoder.scorer, "margin", 0) else None
            read = texts if by_tokens else None
            jobs.append(DenseJob(scored, vectors.path, rows, passages[name], near, read, before, uses.get(name)))
        return jobs, passages

    def _index_uses(self, encoder: PlannedEncoder) -> dict[str, IndexUse]:
        """Return the indexes of an encoder by benchmark; nothing if it is searched exactly."""
        plan = self.cells.plan
        if plan.index.exact or not encoder.dense:
            return {}
        return {
            planned.task.name: IndexUse(
                plan.index,
                {
                    (part.number, lang): plan.index_key(planned, encoder, part.number, lang)
                    for part in self.cells.parts(planned)
                    for lang in languages_of(part)
                },
            )
            for planned in plan.tasks
        }

    def _missing_indexes(self, encoder: PlannedEncoder) -> list[tuple[PlannedTask, int, str, str]]:
        """Return the benchmark, pool, language and key of every index that is not there."""
        return [
            (self.cells.plan.task(name), pool, lang, key)
            for name, use in self._index_uses(encoder).items()
            for (pool, lang), key in use.keys.items()
            if not self.cells.run.index_path(key).exists() or not encoder.reusable
        ]

    def _build(
        self,
        encoder: PlannedEncoder,
        index: TextIndex,
        jobs: Sequence[IndexJob],
        failed: Sequence[tuple[slice, Fault]],
    ) -> dict[str, Fault]:
        """Build indexes; return why the cells of a benchmark cannot be searched."""
        unbuilt: dict[str, Fault] = {}
        ready = []
        for job in jobs:
            used = needed_rows(len(index), [job.passages])
            reason = next((reason for rows, reason in failed if used[rows].any()), None)
            if reason is None:
                ready.append(job)
            else:
                unbuilt[job.task] = reason
        if not ready:
            return unbuilt
        self.progress.stage(f"build the index of {encoder.name}", len(ready), "indexes")
        with self.summary.timed("build index"):
            for outcome in self.executor.map(build, ready):
                if outcome.error is not None:
                    unbuilt[ready[outcome.position].task] = Fault.of(outcome.error)
                self.progress.step()
        return unbuilt

    def _encode(
        self, encoder: PlannedEncoder, index: TextIndex, used: Sequence[NDArray[np.int64]], vectors: VectorFile
    ) -> list[tuple[slice, Fault]]:
        """Encode the texts of ``used`` rows into ``vectors``; return the failed rows, with reasons."""
        units = index.units(needed_rows(len(index), used))
        vectors.reserve(len(index))
        self.progress.stage(f"encode with {encoder.name}", sum(len(unit.texts) for unit in units), "texts")
        failed = []
        widths: set[int] = set()
        for outcome in self.executor.map(encode, [EncodeJob(encoder.spec, unit) for unit in units]):
            unit = units[outcome.position]
            if outcome.error is not None:
                failed.append((slice(unit.first, unit.first + len(unit.texts)), Fault.of(outcome.error)))
            else:
                encoded, damaged = outcome.value
                self.summary.texts_encoded += encoded.encoded
                self.summary.texts_reused += encoded.reused
                self.summary.damaged_vectors += damaged
                widths.add(encoded.vectors.shape[1])
                if len(widths) == 1:
                    vectors.write(unit.first, encoded.vectors)
            self.progress.step(len(unit.texts))
        if len(widths) > 1:
            # It is unknown which unit is wrong, and the message must not depend on which worker was first.
            seen = " and of ".join(map(str, sorted(widths)))
            reason = f"{encoder.name} returned vectors of {seen} dimensions; all must have the same"
            failed = [(slice(None), Fault(reason))]
        return failed

    def _score(self, encoder: PlannedEncoder, jobs: Sequence[CellJob]) -> None:
        """Score clean cells first: unchanged queries take their ranks from them."""
        self.progress.stage(f"rank with {encoder.name}", len(jobs), "cells")
        for clean_first in (True, False):
            ready = []
            for job in jobs:
                before = job.cell.clean_key
                if (before is None) != clean_first:
                    continue
                if before is not None and before in self.broken:
                    self.broken[job.cell.key] = self.broken[before].behind("its clean cell failed")
                else:
                    ready.append(job)
            for outcome in self.executor.map(score, ready):
                if outcome.error is not None:
                    self.broken[ready[outcome.position].cell.key] = Fault.of(outcome.error)
                self.progress.step()
