"""The pools of a task: the kernel ranks each by itself, so that a sentence competes only with those of its own pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.types import Corpus, Qrels, Task

__all__ = ["Part", "largest_pool", "pool_products", "split_pools"]


@dataclass(frozen=True, eq=False)
class Part:
    """One pool of a task. passages [n]: its rows in the task's corpus; ``whole``: it is the whole task."""

    number: int
    corpus: Corpus
    passages: NDArray[np.intp]
    whole: bool
    place: NDArray[np.int32]  # of every passage of the task within its own pool; shared by all parts

    def chosen(self, task: Task, rows: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Return the places in ``rows`` of the query rows in this pool."""
        if self.whole or task.pools is None:
            return np.arange(len(rows))
        return np.flatnonzero(task.pools.query[rows] == self.number)

    def localised(self, qrels: Qrels) -> Qrels:
        """Return judgements whose passages are rows of this pool."""
        return qrels if self.whole else Qrels(qrels.query, self.place[qrels.passage], qrels.gain)

    def select(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the pool's rows of the task's passage vectors."""
        return vectors if self.whole else vectors[self.passages]


def split_pools(task: Task) -> list[Part]:
    """Return the pools of a task in order; a task without pools is one pool."""
    size = len(task.corpus)
    if task.pools is None:
        return [Part(0, task.corpus, np.arange(size), whole=True, place=np.arange(size, dtype=np.int32))]
    order = np.argsort(task.pools.passage, kind="stable")
    ends = np.cumsum(np.bincount(task.pools.passage, minlength=len(task.pools)))
    parts = []
    place = np.empty(size, dtype=np.int32)
    for number, rows in enumerate(np.split(order, ends[:-1])):
        if not len(rows):
            continue
        place[rows] = np.arange(len(rows), dtype=np.int32)
        corpus = Corpus(
            *(tuple(column[row] for row in rows) for column in (task.corpus.ids, task.corpus.texts, task.corpus.langs))
        )
        parts.append(Part(number, corpus, rows, whole=False, place=place))
    return parts


def largest_pool(task: Task) -> int:
    """Return the number of passages of the largest pool."""
    return len(task.corpus) if task.pools is None else int(np.bincount(task.pools.passage).max())


def pool_products(task: Task) -> int:
    """Return the number of scored (query, passage) pairs."""
    if task.pools is None:
        return len(task.queries) * len(task.corpus)
    size = len(task.pools)
    return int(np.bincount(task.pools.query, minlength=size) @ np.bincount(task.pools.passage, minlength=size))
