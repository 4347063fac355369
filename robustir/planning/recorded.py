"""Rankings of other engines, read before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from robustir.contracts import Rankings
from robustir.types import Task

__all__ = ["read_rankings"]


def read_rankings(rankings: Rankings, name: str, task: Task, asked: Mapping[str, Collection[str]]) -> str:
    """Read the rankings of a benchmark; return a note about unanswered queries, "" if there are none.

    Args:
        rankings: what reads them.
        name: their name in results.
        task: the benchmark.
        asked: the languages of each query set.

    Raises:
        DataError: if a file is missing or malformed.
    """
    for query_set in asked:  # report missing files before reading any
        rankings.revision_of(query_set)
    queries = missing = files = 0
    for query_set, langs in asked.items():
        scores = rankings.scores_of(query_set, task)
        rows = [row for row, lang in enumerate(task.queries.langs) if lang in langs]
        empty = int((scores.indptr[1:] == scores.indptr[:-1])[rows].sum())
        queries, missing, files = queries + len(rows), missing + empty, files + bool(empty)
    if not missing:
        return ""
    return (
        f"{name} lists no passage for {missing:,} of {queries:,} queries, in {files} of its {len(asked)} rankings; "
        "these queries retrieved nothing and score 0"
    )
