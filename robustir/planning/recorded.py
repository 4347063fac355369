"""Rankings that were made elsewhere, read before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from robustir.contracts import Rankings
from robustir.types import Task

__all__ = ["read_rankings"]


def read_rankings(rankings: Rankings, name: str, task: Task, asked: Mapping[str, Collection[str]]) -> str:
    """Read the rankings of a benchmark and return what a reader must know of them, "" if they answer every query.

    name: what results call them; asked: the languages of each query set. Raises DataError for what is missing or wrong.
    """
    for query_set in asked:  # files that are missing are told before any is read
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
