"""The jobs that build indexes, once per encoder, pool and language, and the use of these by the cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.ranking.index_kinds import IndexKind
from robustir.ranking.indexes import build_index, load_index, write_index
from robustir.ranking.pools import Part
from robustir.running.work import WorkContext

__all__ = ["SAMPLE", "IndexJob", "IndexUse", "build", "languages_of", "sampled"]

SAMPLE = 200  # queries of a cell whose passages are searched exactly too, to measure recall


@dataclass(frozen=True, eq=False)
class IndexJob:
    """One index to build: of the passages of a language in a pool. passages: the rows of the vector file of the task's passages."""

    task: str
    encoder: str
    kind: IndexKind
    pool: int
    lang: str
    key: str
    vector_file: Path
    passages: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class IndexUse:
    """The indexes of an encoder's cells of one benchmark: their keys by pool and language."""

    kind: IndexKind
    keys: Mapping[tuple[int, str], str]

    def load(self, context: WorkContext, part: Part) -> dict[str, Any]:
        """Return the indexes of a pool by language, read once per process."""

        def read(lang: str) -> Any:
            key = self.keys[part.number, lang]
            path = context.run.index_path(key)
            place = ("index file", part.number, lang)
            return context.kept.get(place, lambda: load_index(context.run.files.checked(path)), key=key)

        return {lang: read(lang) for lang in languages_of(part)}


def languages_of(part: Part) -> tuple[str, ...]:
    """Return the languages of a pool's passages, in order of first appearance."""
    return tuple(dict.fromkeys(part.corpus.langs))


def build(context: WorkContext, job: IndexJob) -> None:
    """Build and store one index."""
    task = context.argument.tasks[job.task]
    part = next(part for part in context.parts(task) if part.number == job.pool)
    own = np.flatnonzero(np.array(part.corpus.langs, dtype=object) == job.lang)
    vectors = np.load(job.vector_file, mmap_mode="r")[job.passages[part.passages[own]]]
    index = build_index(job.kind, vectors, job.encoder)
    context.run.files.write_with(context.run.index_path(job.key), lambda path: write_index(index, path))


def sampled(size: int) -> NDArray[np.int64]:
    """Return the places of the queries of a cell to search exactly too: at most ``SAMPLE``, evenly from first to last."""
    return np.unique(np.linspace(0, size - 1, min(SAMPLE, size)).astype(np.int64)) if size else np.zeros(0, np.int64)
