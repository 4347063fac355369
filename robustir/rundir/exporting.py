"""Query sets, passages and judgements as files for any engine: what ``robustir export queries`` writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustir.disk.atomic import write_text_atomically
from robustir.disk.parsing import parse_json
from robustir.disk.trec import one_line, trec_id
from robustir.errors import RunError
from robustir.noise.applying import perturb
from robustir.planning.conditions import CLEAN, FLOOR, Condition, query_set_name
from robustir.planning.plan import Plan, PlannedTask, make_plan
from robustir.planning.suite import Suite
from robustir.rundir.directory import RunDirectory
from robustir.rundir.manifest import Manifest
from robustir.types import QuerySet, Task

__all__ = ["INDEX", "ExportedSet", "export_queries", "export_run"]

INDEX = "index.json"


@dataclass(frozen=True, slots=True)
class ExportedSet:
    """One query set of an export: its condition and its files, relative to the export's folder.

    run: where ``trec-run`` looks for the rankings if its argument is the index.
    """

    name: str
    benchmark: str
    perturbation: str
    severity: float
    draw: int
    queries: int
    jsonl: str
    tsv: str
    run: str


def export_queries(
    suite: Suite, data: Path | None, out: Path, *, live: Mapping[str, Any] | None = None
) -> list[ExportedSet]:
    """Write the query sets of a suite, including clean ones, with passages and judgements, without loading an encoder.

    Attacks need an encoder, so they are left out.

    Args:
        suite: names the benchmarks and perturbations.
        data: the data folder.
        out: the folder to write.
        live: the tasks from Python that the suite's specs ``live(...)`` stand for.

    Raises:
        RunError: if ``out`` holds other files.
    """
    plan = make_plan(suite, data, scored=False, live=live)
    return _export(plan, out, [(planned, _made(plan, planned)) for planned in plan.tasks])


def export_run(run: RunDirectory, data: Path | None, out: Path) -> list[ExportedSet]:
    """Write the query sets of a run, including attacked ones.

    Passages are read from ``data``; RunError if it is not the data of the run.
    """
    manifest = run.read_manifest()
    plan = make_plan(manifest.suite, data, scored=False)
    sets: list[tuple[PlannedTask, Iterable[tuple[Condition, str, QuerySet]]]] = []
    for entry in manifest.benchmarks:
        planned = next((task for task in plan.tasks if task.task.name == entry.name), None)
        if planned is None or plan.queries_key(planned, CLEAN) != entry.queries_key:
            raise RunError(
                f"{run.path}: the data of {entry.name} changed since the run; give the original data with --data"
            )
        sets.append((planned, _stored(run, manifest, planned)))
    return _export(plan, out, sets)


def _made(plan: Plan, planned: PlannedTask) -> Iterator[tuple[Condition, str, QuerySet]]:
    """Yield the conditions of a benchmark with their keys and queries, perturbed now."""
    for condition in plan.conditions(planned):
        if condition == FLOOR:
            continue
        queries = planned.task.queries
        if condition != CLEAN:
            noise = plan.noise(condition)
            known = set(plan.languages_of(planned, noise))
            queries = queries.select([row for row, lang in enumerate(queries.langs) if lang in known])
            queries = perturb(
                queries, noise.perturbation, severity=condition.severity, seed=plan.suite.seed, draw=condition.draw
            )
        yield condition, plan.queries_key(planned, condition), queries


def _stored(run: RunDirectory, manifest: Manifest, planned: PlannedTask) -> Iterator[tuple[Condition, str, QuerySet]]:
    """Yield the conditions of a benchmark with their keys and queries, as stored in a run."""
    clean = planned.task.queries
    row_of = {name: row for row, name in enumerate(clean.ids)}
    done = set()
    for cell in manifest.cells:
        condition = cell.condition
        if cell.benchmark != planned.task.name or condition in done or condition == FLOOR:
            continue
        done.add(condition)
        if condition == CLEAN:
            yield condition, cell.queries_key, clean
        else:
            ids, texts, _ = run.read_noisy(cell.queries_key)
            yield condition, cell.queries_key, clean.select([row_of[name] for name in ids]).with_texts(texts)


def _export(
    plan: Plan, out: Path, sets: Sequence[tuple[PlannedTask, Iterable[tuple[Condition, str, QuerySet]]]]
) -> list[ExportedSet]:
    _clear(out)
    exported: list[ExportedSet] = []
    for number, (planned, conditions) in enumerate(sets):
        # Two names may become equal without the characters that file names cannot hold.
        folder = query_set_name(planned.task.name, CLEAN, "").split(".clean", maxsplit=1)[0] or "benchmark"
        taken = any(query_set.jsonl.startswith(f"{folder}/") for query_set in exported)
        folder = f"{folder}-{number + 1}" if taken else folder
        _write_task(planned.task, out / folder)
        for condition, key, queries in conditions:
            name = query_set_name(planned.task.name, condition, key)
            query_set = ExportedSet(
                name,
                planned.task.name,
                condition.perturbation,
                condition.severity,
                condition.draw,
                len(queries),
                f"{folder}/queries/{name}.jsonl",
                f"{folder}/queries/{name}.tsv",
                f"{folder}/runs/{name}.txt",
            )
            _write_queries(queries, out / query_set.jsonl)
            write_text_atomically(out / query_set.tsv, _tsv(queries.ids, queries.texts))
            exported.append(query_set)
        (out / folder / "runs").mkdir(exist_ok=True)
    index = {
        "suite": plan.suite.name,
        "seed": plan.suite.seed,
        "query_sets": [{field: getattr(row, field) for field in ExportedSet.__slots__} for row in exported],
    }
    write_text_atomically(out / INDEX, json.dumps(index, indent=2, ensure_ascii=False) + "\n")
    return exported


def _clear(out: Path) -> None:
    """Remove the query sets of an earlier export; raise RunError if the folder holds something else."""
    if not out.exists() or not any(out.iterdir()):
        return
    try:
        old = parse_json((out / INDEX).read_text(encoding="utf-8"))["query_sets"]
        files = [out / row[field] for row in old for field in ("jsonl", "tsv")]
    except (OSError, ValueError, KeyError, TypeError):
        raise RunError(f"{out} holds other files; choose another folder with -o, or empty it") from None
    root = out.resolve()
    for path in files:
        if root in path.resolve().parents:
            path.unlink(missing_ok=True)


def _json_lines(rows: Iterable[dict[str, str]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _tsv(ids: Sequence[str], texts: Sequence[str]) -> str:
    return "".join(f"{trec_id(name)}\t{one_line(text)}\n" for name, text in zip(ids, texts, strict=True))


def _write_queries(queries: QuerySet, path: Path) -> None:
    columns = (queries.ids, queries.texts, queries.langs, queries.source_ids, queries.groups)
    names = ("_id", "text", "lang", "source_id", "group")
    write_text_atomically(path, _json_lines(dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)))


def _write_task(task: Task, folder: Path) -> None:
    """Write passages, clean queries and judgements in BEIR's layout, and passages and judgements for TREC tools."""
    corpus, qrels = task.corpus, task.qrels
    passages = zip(corpus.ids, corpus.texts, corpus.langs, strict=True)
    lines = _json_lines({"_id": name, "title": "", "text": text, "lang": lang} for name, text, lang in passages)
    write_text_atomically(folder / "corpus.jsonl", lines)
    write_text_atomically(folder / "corpus.tsv", _tsv(corpus.ids, corpus.texts))
    _write_queries(task.queries, folder / "queries.jsonl")
    rows = [
        (task.queries.ids[query], corpus.ids[passage], int(gain))
        for query, passage, gain in zip(qrels.query.tolist(), qrels.passage.tolist(), qrels.gain.tolist(), strict=True)
    ]
    # Relevant passages outside the corpus lower AP, recall and nDCG; their ids are no longer known.
    lost = enumerate(zip(qrels.lost_query.tolist(), qrels.lost_gain.tolist(), strict=True), start=1)
    rows += [(task.queries.ids[query], f"not-in-the-corpus-{number}", int(gain)) for number, (query, gain) in lost]
    beir = "".join(f"{query}\t{passage}\t{gain}\n" for query, passage, gain in rows)
    write_text_atomically(folder / "qrels" / "test.tsv", "query-id\tcorpus-id\tscore\n" + beir)
    trec = "".join(f"{trec_id(query)} 0 {trec_id(passage)} {gain}\n" for query, passage, gain in rows)
    write_text_atomically(folder / "qrels.txt", trec)
