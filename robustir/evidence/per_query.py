"""The per-query table of a run, cell by cell, and TREC rankings: what ``robustir scores`` streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from robustir.errors import RunError, UnknownNameError
from robustir.evidence.gather import StoredBenchmark, aimed_rows, benchmarks, score_view
from robustir.evidence.views import view
from robustir.measures import parse_measure
from robustir.planning.conditions import FLOOR
from robustir.rundir.directory import RunDirectory
from robustir.rundir.rankings import read_top
from robustir.types import Setting, Treatment

__all__ = ["COLUMNS", "score_tables", "trec_lines"]

COLUMNS = (
    "benchmark", "setting", "query_lang", "passage_lang", "encoder", "perturbation", "severity", "draw", "query_id", "measure",
    "value", "source_id", "group", "embedded_lang",
)  # fmt: skip


def _chosen(run: RunDirectory, benchmark: str | None, encoder: str | None) -> list[StoredBenchmark]:
    stored = benchmarks(run)
    names = [one.name for one in stored]
    if benchmark is not None and benchmark not in names:
        raise UnknownNameError(f"{run.path} has no benchmark {benchmark!r}; it has: {', '.join(names)}")
    encoders = stored[0].encoders
    if encoder is not None and encoder not in encoders:
        raise UnknownNameError(f"{run.path} has no encoder {encoder!r}; it has: {', '.join(encoders)}")
    return [one for one in stored if benchmark in {None, one.name}]


def score_tables(
    run: RunDirectory,
    *,
    measures: Sequence[str] = (),
    setting: Setting | None = None,
    encoder: str | None = None,
    benchmark: str | None = None,
) -> Iterator[Any]:
    """Yield one pyarrow table with COLUMNS per cell and setting; clean queries have an empty perturbation."""
    wanted = [parse_measure(name) for name in measures or run.read_manifest()["suite"]["measures"]]
    for stored in _chosen(run, benchmark, encoder):
        for one in stored.task.settings:
            if setting in {None, one}:
                yield from _setting_tables(
                    stored, one, [measure for measure in wanted if one in measure.settings], encoder
                )


def _setting_tables(
    stored: StoredBenchmark, setting: Setting, measures: Sequence[Any], encoder: str | None
) -> Iterator[Any]:
    import pyarrow as pa

    seen = view(stored.task, setting)
    queries = stored.task.queries
    repeat = len(measures)

    def per_query(values: Sequence[str]) -> Any:
        return pa.array(np.repeat(np.array(values, dtype=object)[seen.query], repeat), pa.string())

    size = len(seen) * repeat
    shared = {
        "query_lang": pa.array(np.repeat(seen.query_lang, repeat), pa.string()),
        "passage_lang": pa.array(np.repeat(seen.passage_lang, repeat), pa.string()),
        "query_id": per_query(queries.ids),
        "measure": pa.array(
            np.tile(np.array([str(measure) for measure in measures], dtype=object), len(seen)), pa.string()
        ),
        "source_id": per_query(queries.source_ids),
        "group": per_query(queries.groups),
    }
    for cell in stored.cells(encoder):
        if cell["perturbation"] == FLOOR.perturbation or not measures:
            continue
        treatment = stored.treatments.get(cell["perturbation"], Treatment())
        scores = score_view(measures, seen, stored.ranks(cell["key"]))
        scores[:, ~aimed_rows(treatment, seen)] = np.nan
        values = scores.T.reshape(-1)
        constant = {
            "benchmark": stored.name,
            "setting": setting,
            "encoder": cell["encoder"],
            "perturbation": cell["perturbation"],
            "embedded_lang": treatment.embedded_lang,
        }
        columns = {
            name: pa.array([value], pa.string()).take(pa.array(np.zeros(size, dtype=np.int64)))
            for name, value in constant.items()
        }
        columns |= {
            "severity": pa.array(np.full(size, cell["severity"])),
            "draw": pa.array(np.full(size, cell["draw"], dtype=np.int32)),
            "value": pa.array(values),
        }
        table = pa.table({name: (columns | shared)[name] for name in COLUMNS})
        # A perturbation that does not apply in a language has no scores there.
        yield table.filter(pa.array(~np.isnan(values)))


def trec_lines(
    run: RunDirectory,
    *,
    setting: Setting,
    encoder: str | None,
    benchmark: str | None,
    perturbation: str,
    severity: float,
    draw: int,
) -> Iterator[str]:
    """Yield the lines of one TREC run: query id, Q0, passage id, rank, score, tag. mono and multi alone have one list per query."""
    if setting == "cross":
        raise RunError(
            "a TREC run has one list per query, and cross has one per candidate language; choose --setting mono or multi"
        )
    found = [
        (stored, cell)
        for stored in _chosen(run, benchmark, encoder)
        for cell in stored.cells(encoder)
        if (cell["perturbation"], cell["severity"], cell["draw"]) == (perturbation, severity, draw)
    ]
    if len(found) != 1:
        several = ", ".join(f"{stored.name} / {cell['encoder']}" for stored, cell in found) or "none"
        raise RunError(
            f"a TREC run is one encoder under one condition; choose with --benchmark, --encoder, --perturbation, --severity, --draw (now: {several})"
        )
    stored, cell = found[0]
    if not run.top_path(cell["key"]).exists():
        raise RunError(
            f"{run.path} kept no rankings; run it with --keep-top K (the same plan, so that only the rankings are added)"
        )
    tag = "|".join(
        [cell["encoder"], *([perturbation, f"{severity:g}", str(draw)] if perturbation else ["clean"])]
    ).replace(" ", "")
    yield from _lines(stored, read_top(run, cell["key"]), setting, tag)


def _lines(stored: StoredBenchmark, lists: Any, setting: Setting, tag: str) -> Iterator[str]:
    queries = stored.task.queries
    for row in lists.to_batches(max_chunksize=65_536):
        for query, candidates, rank, score, passage in zip(
            *(row[name].to_pylist() for name in ("query", "candidates", "rank", "score", "passage_id")), strict=True
        ):
            if candidates == ("all" if setting == "multi" else queries.langs[query]):
                yield f"{queries.ids[query]} Q0 {passage} {rank} {score:.9g} {tag}"
