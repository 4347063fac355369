"""How many of the nearest passages an index found for the queries of a cell, kept among the facts of its ranks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from robustir.rundir.directory import RunDirectory

__all__ = ["IndexRecall", "read_recall", "recall_facts"]

_FACT = "index_recall"


@dataclass(frozen=True, slots=True)
class IndexRecall:
    """Recall against exact search over a sample of queries.

    queries: how many; shares: the mean share of the first k passages by exact search that are among the index's first k, by k.
    """

    queries: int
    shares: Mapping[int, float]


def recall_facts(depths: Sequence[int], sums: Sequence[float], queries: int) -> Mapping[str, str]:
    """Return what to write beside a cell's ranks: ``sums`` of the recall of each query, by depth; nothing without queries."""
    if not queries:
        return {}
    shares = {str(depth): round(total / queries, 10) for depth, total in zip(depths, sums, strict=True)}
    return {_FACT: json.dumps({"queries": queries, "shares": shares})}


def read_recall(run: RunDirectory, key: str) -> IndexRecall | None:
    """Return the recall of a cell's index; None if the cell was searched exactly or has no changed query."""
    text = run.read_facts(run.ranks_path(key)).get(_FACT)
    if text is None:
        return None
    known = json.loads(text)
    return IndexRecall(known["queries"], {int(depth): share for depth, share in known["shares"].items()})
