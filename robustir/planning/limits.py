"""Some of a benchmark's queries, for a quick look: the same ones every time, and translations of a question together."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from robustir.types import Pools, Task

__all__ = ["limited"]


def limited(task: Task, limit: int) -> Task:
    """Return the task with at most ``limit`` queries per language (and pool); all passages stay.

    It takes the judged queries with the lowest hashes of their source ids: translations of one question stay together, a
    larger limit holds all queries of a smaller one, and the choice spreads over all groups.
    """
    queries, qrels = task.queries, task.qrels
    judged = np.unique(qrels.query)
    order = sorted(judged.tolist(), key=lambda row: (_hash(queries.source_ids[row]), queries.ids[row]))
    taken: dict[tuple[str, int], int] = {}
    kept = []
    for row in order:
        place = (queries.langs[row], -1 if task.pools is None else int(task.pools.query[row]))
        if taken.setdefault(place, 0) < limit:
            taken[place] += 1
            kept.append(row)
    if len(kept) == len(queries):
        return task
    rows = np.array(sorted(kept), dtype=np.int64)
    return replace(
        task,
        queries=queries.select(rows),
        qrels=qrels.of_queries(rows),
        pools=None if task.pools is None else Pools(task.pools.query[rows], task.pools.passage),
    )


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
