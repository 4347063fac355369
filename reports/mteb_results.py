"""Scores as the result files of MTEB: a file per encoder, benchmark and setting, with a split per condition."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustir.disk.atomic import write_text_atomically
from robustir.languages import language
from robustir.plugins.names import perturbation_names
from robustir.reports.formats import severity_text

if TYPE_CHECKING:
    from robustir.analysis import Findings
    from robustir.rundir.manifest import Manifest

__all__ = ["mteb_results", "write_mteb"]

_CLEAN = "clean"  # the split of clean queries; others are NOISE-SEVERITY
_UNSAFE = re.compile(r"[^A-Za-z0-9._=()-]+")
_ALL = "all"
_NAMES = {"Hit": "hit_rate", "R": "recall", "P": "precision", "AP": "map", "RR": "mrr", "nDCG": "ndcg"}


def write_mteb(findings: Findings, manifest: Manifest, folder: Path) -> None:
    """Write ``ENCODER/REVISION/TASK.json``, and beside it ``model_meta.json``, as MTEB lays out a folder of results."""
    revisions = {entry.name: entry.revision for entry in manifest.encoders}
    for (encoder, task), result in mteb_results(findings, manifest).items():
        place = folder / _file_name(encoder.replace("/", "__")) / _file_name(revisions.get(encoder, "") or "unknown")
        write_text_atomically(place / f"{_file_name(task)}.json", _text(result))
        meta = {"name": encoder, "revision": revisions.get(encoder, "")}
        write_text_atomically(place / "model_meta.json", _text(meta))


def mteb_results(findings: Findings, manifest: Manifest) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the results by (encoder, task): shares of 1 per language or pair of languages, as MTEB averages them itself."""
    main = manifest.suite.measures[0]
    digests = {entry.name: entry.digest for entry in manifest.benchmarks}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    entries: dict[tuple[str, ...], dict[str, Any]] = {}
    for split, row in _rows(findings, manifest):
        score = row["noisy"] if "noisy" in row else row["clean"]
        if row["query_lang"] == _ALL or not math.isfinite(score):
            continue
        task = f"{row['benchmark']}-{row['setting']}"
        result = found.setdefault((row["encoder"], task), _empty(task, digests[row["benchmark"]]))
        key = (row["encoder"], task, split, row["query_lang"], row["passage_lang"])
        if key not in entries:
            entries[key] = _entry(row)
            result["scores"].setdefault(split, []).append(entries[key])
        entries[key][_measure(row["measure"])] = score
        if row["measure"] == main:
            entries[key] |= {"main_score": score} | _limits(row)
    for result in found.values():
        # MTEB reads no entry without its main score.
        kept = {split: [one for one in own if "main_score" in one] for split, own in result["scores"].items()}
        result["scores"] = {split: own for split, own in kept.items() if own}
    return {key: result for key, result in found.items() if result["scores"]}


def _rows(findings: Findings, manifest: Manifest) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the split and the row of every score."""
    short = perturbation_names(entry.name for entry in manifest.perturbations)
    for record in findings.scores.to_dict("records"):
        yield _CLEAN, {str(name): item for name, item in record.items()}
    for record in findings.contrasts.to_dict("records"):
        name = record["perturbation"]
        yield (
            f"{short.get(name, name)}-{severity_text(record['severity'])}",
            {str(name): item for name, item in record.items()},
        )


def _empty(task: str, digest: str) -> dict[str, Any]:
    return {
        "dataset_revision": digest,
        "task_name": task,
        "mteb_version": None,
        "scores": {},
        "evaluation_time": None,
        "kg_co2_emissions": None,
    }


def _entry(row: Mapping[str, Any]) -> dict[str, Any]:
    query, passage = row["query_lang"], row["passage_lang"]
    langs = [query] if passage in {query, _ALL} else [query, passage]
    return {"hf_subset": "-".join(langs), "languages": [_language(lang) for lang in langs]}


def _limits(row: Mapping[str, Any]) -> dict[str, float]:
    """Return the interval of a clean score, or of the change under noise."""
    names = {"change": "delta", "change_low": "ci_low", "change_high": "ci_high", "retention": "retention"}
    if "noisy" not in row:
        names = {"main_score_low": "ci_low", "main_score_high": "ci_high"}
    return {name: row[column] for name, column in names.items() if math.isfinite(row[column])}


def _language(code: str) -> str:
    """Return a language as MTEB writes it: ISO 639-3 and script, such as deu-Latn."""
    from langcodes import Language

    base = code.partition("-")[0]
    try:
        three = Language.get(base).to_alpha3()
    except (LookupError, ValueError):
        three = base
    return f"{three}-{language(code).script}"


def _measure(name: str) -> str:
    head, at, depth = name.partition("@")
    return f"{_NAMES.get(head, head.lower())}{f'_at_{depth}' if at else ''}"


def _file_name(text: str) -> str:
    return _UNSAFE.sub("-", text).strip("-.")[:100] or "unnamed"


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
