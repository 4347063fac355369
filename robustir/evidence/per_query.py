"""The per-query table of a run, cell by cell, and TREC rankings: what ``robustir scores`` streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from robustir.disk.trec import trec_ids
from robustir.errors import RunError
from robustir.evidence.gather import StoredBenchmark, aimed_rows, score_view
from robustir.evidence.selection import Selection, chosen_cells
from robustir.evidence.views import View, view
from robustir.measures import Measure, parse_measure
from robustir.rundir.directory import RunDirectory
from robustir.rundir.manifest import CellEntry
from robustir.rundir.rankings import read_top
from robustir.types import Setting, Treatment

__all__ = ["COLUMNS", "TrecRun", "score_tables", "trec_run"]

COLUMNS = (
    "benchmark", "setting", "query_lang", "passage_lang", "encoder", "perturbation", "severity", "draw", "query_id", "measure",
    "value", "source_id", "group", "embedded_lang",
)  # fmt: skip


def score_tables(
    run: RunDirectory, *, measures: Sequence[str] = (), wanted: Selection | None = None, **chosen: Any
) -> Iterator[Any]:
    """Yield one pyarrow table with COLUMNS per cell and setting; clean queries have an empty perturbation.

    ``chosen``: the fields of a :class:`~robustir.evidence.selection.Selection`, if that is not given.
    """
    selection = wanted or Selection(**chosen)
    parsed = [parse_measure(name) for name in measures or run.read_manifest().suite.measures]
    for stored, cells in chosen_cells(run, selection):
        for setting in stored.task.settings:
            if selection.setting in {None, setting}:
                defined = [measure for measure in parsed if setting in measure.settings]
                yield from _setting_tables(stored, setting, defined, cells)


def _setting_tables(
    stored: StoredBenchmark, setting: Setting, measures: Sequence[Measure], cells: Sequence[CellEntry]
) -> Iterator[Any]:
    import pyarrow as pa

    seen = view(stored.task, setting)
    shared = _per_query(stored, seen, measures)
    size = len(seen) * len(measures)
    for cell in cells if measures else ():
        treatment = stored.treatments.get(cell.perturbation, Treatment())
        scores = score_view(measures, seen, stored.ranks(cell.key))
        scores[:, ~aimed_rows(treatment, seen)] = np.nan
        values = scores.T.reshape(-1)
        constant = {
            "benchmark": stored.name,
            "setting": setting,
            "encoder": cell.encoder,
            "perturbation": cell.perturbation,
            "embedded_lang": treatment.embedded_lang,
        }
        columns = {
            name: pa.array([value], pa.string()).take(pa.array(np.zeros(size, dtype=np.int64)))
            for name, value in constant.items()
        }
        columns |= {
            "severity": pa.array(np.full(size, cell.severity)),
            "draw": pa.array(np.full(size, cell.draw, dtype=np.int32)),
            "value": pa.array(values),
        }
        table = pa.table({name: (columns | shared)[name] for name in COLUMNS})
        # A perturbation that does not apply in a language has no scores there.
        yield table.filter(pa.array(~np.isnan(values)))


def _per_query(stored: StoredBenchmark, seen: View, measures: Sequence[Measure]) -> dict[str, Any]:
    """Return the columns that all cells of a setting share: a row per query, passages and measure."""
    import pyarrow as pa

    queries, repeat = stored.task.queries, len(measures)

    def repeated(values: Any) -> Any:
        return pa.array(np.repeat(values, repeat), pa.string())

    def of_query(values: Sequence[str]) -> Any:
        return repeated(np.array(values, dtype=object)[seen.query])

    names = np.array([str(measure) for measure in measures], dtype=object)
    return {
        "query_lang": repeated(seen.query_lang),
        "passage_lang": repeated(seen.passage_lang),
        "query_id": of_query(queries.ids),
        "measure": pa.array(np.tile(names, len(seen)), pa.string()),
        "source_id": of_query(queries.source_ids),
        "group": of_query(queries.groups),
    }


@dataclass(frozen=True)
class TrecRun:
    """One TREC run: its lines (query id, Q0, passage id, rank, score, tag), and how many ids were rewritten."""

    lines: Iterator[str]
    rewritten: int


def trec_run(run: RunDirectory, wanted: Selection) -> TrecRun:
    """Return one TREC run: by default of the clean queries, in mono.

    Raises:
        RunError: if the selection is not one encoder under one condition, or if the run kept no rankings.
    """
    setting = wanted.setting or "mono"
    if setting == "cross":
        raise RunError(
            "a TREC run has one list per query, and cross has one per candidate language; choose --setting mono or multi"
        )
    selection = replace(
        wanted, setting=setting, perturbation=wanted.perturbation or ("" if wanted.severity is None else None)
    )
    chosen = [(stored, cell) for stored, cells in chosen_cells(run, selection) for cell in cells]
    if len(chosen) != 1:
        several = "; ".join(f"{stored.name} / {cell.encoder} / {cell.condition}" for stored, cell in chosen[:8])
        raise RunError(
            "a TREC run is one encoder under one condition; choose with --benchmark, --encoder, --perturbation, --severity, "
            f"--draw (now {len(chosen)}: {several}{' ...' if len(chosen) > 8 else ''})"
        )
    stored, cell = chosen[0]
    if not run.top_path(cell.key).exists():
        raise RunError(
            f"{run.path} kept no rankings; run it with --keep-top K (the same plan, so that only the rankings are added)"
        )
    condition = [cell.perturbation, f"{cell.severity:g}", str(cell.draw)] if cell.perturbation else ["clean"]
    tag = "".join("|".join([cell.encoder, *condition]).split())
    queries, rewritten = trec_ids(stored.task.queries.ids)
    passages, more = trec_ids(stored.task.corpus.ids)
    lines = _lines(stored, read_top(run, cell.key), setting, tag, queries, passages)
    return TrecRun(lines, rewritten + more)


def _lines(
    stored: StoredBenchmark,
    lists: Any,
    setting: Setting,
    tag: str,
    query_ids: Mapping[str, str],
    passage_ids: Mapping[str, str],
) -> Iterator[str]:
    queries = stored.task.queries
    without = -1  # the query whose own passage, not a candidate, was left out of the lines above
    for row in lists.to_batches(max_chunksize=65_536):
        for query, candidates, rank, score, passage in zip(
            *(row[name].to_pylist() for name in ("query", "candidates", "rank", "score", "passage_id")), strict=True
        ):
            if candidates != ("all" if setting == "multi" else queries.langs[query]):
                continue
            if stored.task.exclude_identical_ids and passage == queries.ids[query]:
                without = query
                continue
            place = rank - (without == query)
            yield f"{query_ids[queries.ids[query]]} Q0 {passage_ids[passage]} {place} {score:.9g} {tag}"
