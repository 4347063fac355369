"""The missing cells of a plan in a run directory, their order, and the queries that each one scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustir.planning.conditions import CLEAN, FLOOR, shuffled_rows
from robustir.planning.plan import Cell, Plan, PlannedEncoder, PlannedTask
from robustir.ranking.pools import Part, largest_pool, split_pools
from robustir.rundir.directory import RunDirectory
from robustir.rundir.rankings import top_depth
from robustir.running.cell_jobs import ScoredCell
from robustir.running.kept import Kept
from robustir.running.work import PerturbJob

__all__ = ["Cells", "NoisySet"]


@dataclass(frozen=True, eq=False)
class NoisySet:
    """The queries of one condition: rows of the benchmark's queries whose text ``changed``, their texts, and which rows are in it."""

    changed: NDArray[np.int64]
    texts: tuple[str, ...]
    applicable: NDArray[np.bool_]


class Cells:
    """The cells of a plan in a run directory. Query sets are kept once read, as every encoder needs them."""

    def __init__(self, plan: Plan, run: RunDirectory, *, keep_top: int) -> None:
        self.plan, self.run, self._keep_top = plan, run, keep_top
        self._kept = Kept()

    def parts(self, planned: PlannedTask) -> list[Part]:
        """Return the pools of a benchmark."""
        return self._kept.get(("parts", planned.task.name), lambda: split_pools(planned.task))

    def missing(self) -> set[str]:
        """Return the keys of the cells that are to be made."""
        # Cells of encoders without a reliable identity are made again.
        passing = {encoder.spec for encoder in self.plan.encoders if not encoder.reusable}
        return {cell.key for cell in self.plan.cells() if cell.encoder in passing or not self._is_done(cell)}

    def _is_done(self, cell: Cell) -> bool:
        if not self.run.ranks_path(cell.key).exists():
            return False
        if self._keep_top == 0:
            return True
        # Lists of another length are made again: those of unchanged queries are taken from the clean cell.
        wanted = min(self._keep_top, largest_pool(self.plan.task(cell.benchmark).task))
        return self.run.top_path(cell.key).exists() and top_depth(self.run, cell.key) == wanted

    def missing_query_sets(self) -> Iterator[PerturbJob]:
        """Yield what is missing of the noisy query sets, attacks left out."""
        for planned in self.plan.tasks:
            for condition in self.plan.conditions(planned):
                if condition in (CLEAN, FLOOR):
                    continue
                noise = self.plan.noise(condition)
                key = self.plan.queries_key(planned, condition)
                if not noise.treatment.attacked and not self.run.queries_path(key).exists():
                    yield PerturbJob(planned.task.name, condition, key, self.plan.languages_of(planned, noise))

    def of(self, encoder: PlannedEncoder) -> Iterator[tuple[PlannedTask, Cell]]:
        """Yield every cell of an encoder, done or not: by benchmark, the clean one first."""
        for planned in self.plan.tasks:
            for condition in self.plan.conditions(planned):
                yield planned, self.plan.cell(planned, encoder, condition)

    def noisy(self, planned: PlannedTask, cell: Cell) -> NoisySet:
        """Return the queries of a noisy cell."""
        return self._kept.get(("noisy", cell.queries_key), lambda: self._read(planned, cell.queries_key))

    def _read(self, planned: PlannedTask, key: str) -> NoisySet:
        ids, texts, _ = self.run.read_noisy(key)
        queries = planned.task.queries
        text_of = dict(zip(ids, texts, strict=True))
        applicable = np.fromiter((name in text_of for name in queries.ids), dtype=np.bool_, count=len(queries))
        changed = [
            row
            for row, (name, text) in enumerate(zip(queries.ids, queries.texts, strict=True))
            if text_of.get(name, text) != text
        ]
        changed_texts = tuple(text_of[queries.ids[row]] for row in changed)
        return NoisySet(np.array(changed, dtype=np.int64), changed_texts, applicable)

    def partners(self, planned: PlannedTask) -> NDArray[np.int64]:
        """Return, for each query, the row of the query that it replaces for the floor."""
        queries, seed = planned.task.queries, self.plan.suite.seed
        return self._kept.get(
            ("partners", planned.task.name), lambda: np.asarray(shuffled_rows(queries, seed), dtype=np.int64)
        )

    def scored(self, planned: PlannedTask, encoder: PlannedEncoder, cell: Cell) -> ScoredCell:
        """Return which queries are scored for a cell: all, or those that the noise changed (of recorded rankings all)."""
        if cell.condition in (CLEAN, FLOOR):
            every = np.arange(len(planned.task.queries))
            return ScoredCell(planned.task.name, cell.encoder, cell.key, every, floor=cell.condition == FLOOR)
        noisy = self.noisy(planned, cell)
        rows = np.flatnonzero(noisy.applicable) if encoder.recorded else noisy.changed
        clean_key = self.plan.cell(planned, encoder, CLEAN).key
        return ScoredCell(planned.task.name, cell.encoder, cell.key, rows, clean_key, noisy.applicable)
