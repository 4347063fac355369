"""Top-k lists of a cell on disk, kept on request (``--keep-top``) for TREC export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.ranking.top import Top
from robustir.rundir.directory import RunDirectory
from robustir.types import Corpus

__all__ = ["first_ranked", "read_top", "top_depth", "write_top"]


def write_top(
    run: RunDirectory,
    key: str,
    parts: Sequence[tuple[Top, Corpus, NDArray[np.int64]]],
    rows: NDArray[np.int64],
    *,
    clean_key: str | None,
    scored: NDArray[np.bool_] | None,
) -> None:
    """Write the lists of the queries ``rows``; those of the others are taken from the clean cell, if it scored them.

    Args:
        run: where to write.
        key: of the cell.
        parts: per pool: lists, passages, query rows.
        rows: the rows of all queries in ``parts``.
        clean_key: of the clean cell; None: take nothing.
        scored: [queries], which queries' lists may be taken from the clean cell; None: all.
    """
    import pyarrow as pa

    table = pa.concat_tables([_list_table(*part) for part in parts])
    if clean_key is not None:
        clean = run.read_table(run.top_path(clean_key))
        query = clean["query"].to_numpy()
        kept = ~np.isin(query, rows)
        if scored is not None:
            kept &= scored[query]
        table = pa.concat_tables([table, clean.filter(pa.array(kept)).select(table.column_names).cast(table.schema)])
    if clean_key is not None or len(parts) > 1:
        table = table.take(pa.array(np.argsort(table["query"].to_numpy(), kind="stable")))
    depth = max([top.passages.shape[2] for top, _, _ in parts] + ([top_depth(run, clean_key)] if clean_key else []))
    run.write_table(run.top_path(key), {name: table[name] for name in table.column_names}, {"depth": str(depth)})


def _list_table(top: Top, corpus: Corpus, rows: NDArray[np.int64]) -> Any:
    import pyarrow as pa

    queries, languages, keep = top.passages.shape
    there = top.passages.reshape(-1) >= 0
    columns: dict[str, NDArray[Any]] = {
        "query": np.repeat(rows, languages * keep)[there].astype(np.int32),
        "candidates": np.tile(np.repeat(np.arange(languages, dtype=np.int8), keep), queries)[there],
        "rank": np.tile(np.arange(1, keep + 1, dtype=np.int32), queries * languages)[there],
        "score": top.scores.reshape(-1)[there],
    }
    ids = np.array(corpus.ids, dtype=object)
    names = np.array(top.languages, dtype=object)
    return pa.table(
        {
            **columns,
            "candidates": pa.array(names[columns["candidates"]], pa.string()),
            "passage_id": pa.array(ids[top.passages.reshape(-1)[there]], pa.string()),
        }
    )


def top_depth(run: RunDirectory, key: str) -> int:
    """Return the requested length of a cell's lists; a list is shorter if fewer passages are retrieved."""
    return int(run.read_facts(run.top_path(key)).get("depth", "0"))


def read_top(run: RunDirectory, key: str) -> Any:
    """Return the lists of a cell as a pyarrow table: query (row), candidates (a language, or "all"), rank, score, passage_id."""
    return run.read_table(run.top_path(key))


def first_ranked(
    run: RunDirectory, key: str, wanted: Sequence[tuple[int, str]], depth: int
) -> dict[tuple[int, str], Sequence[str]]:
    """Return the ids of the first ``depth`` passages by (query row, candidates), best first; {} if none were kept."""
    path = run.top_path(key)
    if not wanted or not path.exists():
        return {}
    rows = sorted({query for query, _ in wanted})
    found: dict[tuple[int, str], list[tuple[int, str]]] = {}
    for batch in run.read_batches(path, ("query", "candidates", "rank", "passage_id")):
        near = (batch["rank"].to_numpy() <= depth) & np.isin(batch["query"].to_numpy(), rows)
        for row in batch.take(np.flatnonzero(near)).to_pylist():
            found.setdefault((row["query"], row["candidates"]), []).append((row["rank"], row["passage_id"]))
    return {key: tuple(name for _, name in sorted(found[key])) for key in dict.fromkeys(wanted) if key in found}
