"""The manifest: everything that a run depended on, so that a reader can judge and repeat it."""

from __future__ import annotations

import os
import platform
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from robustir.planning.conditions import CLEAN, Condition
from robustir.planning.plan import SCHEMA, Plan, PlannedEncoder, PlannedNoise, PlannedTask
from robustir.version import __version__

__all__ = ["machine", "new_manifest", "versions"]

# Packages whose version can change a number of a run.
_PACKAGES = (
    "bm25s",
    "jieba",
    "numpy",
    "pyarrow",
    "pythainlp",
    "rapidfuzz",
    "regex",
    "scipy",
    "tokenizers",
    "torch",
    "transformers",
)


def versions() -> dict[str, str]:
    """Return the versions of robustir, Python and the packages that take part in results."""
    found = {"robustir": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def machine() -> dict[str, Any]:
    """Return the machine's kind: architecture, cores, memory in GiB, operating system."""
    import psutil

    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


def _git() -> dict[str, Any] | None:
    """Return revision and state of the checkout that robustir runs from, or None for an installed package."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None

    def ask(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        return {
            "revision": ask("rev-parse", "HEAD"),
            "modified": bool(ask("status", "--porcelain", "--untracked-files=no")),
        }
    except (OSError, subprocess.SubprocessError):
        return None


def _benchmark_entry(plan: Plan, planned: PlannedTask) -> dict[str, Any]:
    task = planned.task
    return {
        "name": task.name,
        "spec": planned.spec,
        "digest": planned.digest,
        "queries_key": plan.queries_key(planned, CLEAN),
        "settings": list(task.settings),
        "settings_note": task.settings_note,
        "exclude_identical_ids": task.exclude_identical_ids,
        "judgements": dict(task.counts),
        "notes": list(task.notes),
        "languages": list(task.languages),
        "written_languages": {
            lang: list(names) for lang, names in sorted({**task.corpus.written, **task.queries.written}.items())
        },
        "label_notes": list(planned.label_notes),
        "queries": len(task.queries),
        "queries_per_language": dict(Counter(task.queries.langs)),
        "passages": len(task.corpus),
        "pool_sizes": dict(Counter(task.corpus.langs)),
        "groups": len(set(task.queries.groups)),
        "group_kind": task.group_kind,
        "licence": task.licence,
        "source": task.source,
    }


def _treatment(plan: Plan, noise: PlannedNoise) -> dict[str, Any]:
    attacked = noise.treatment.attacked
    return asdict(noise.treatment) | ({"attacked": plan.name_of(attacked)} if attacked else {})


def _reason(plan: Plan, perturbation: str, language: str) -> str:
    """Return why a perturbation cannot run in a language of a benchmark."""
    if any(noise.spec == perturbation and noise.treatment.attacked for noise in plan.noises):
        return "the attack does not know this language, or the benchmark has no passages in the query's language"
    return plan.refusal(perturbation, language)


def _trained(plan: Plan, encoder: PlannedEncoder) -> dict[str, Any]:
    """Return what is known of an encoder's training, and which benchmarks of the plan it therefore knows."""
    record = encoder.training
    if record is None:
        return {}
    # A name that had to be told apart has arguments behind it.
    known = [name for name in (planned.task.name for planned in plan.tasks) if record.in_domain(name.partition("(")[0])]
    named = {"strategy": encoder.strategy} if encoder.strategy else {}
    return {**named, "training": {**asdict(record), "in_domain": known}}


def new_manifest(plan: Plan, *, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the manifest of a run that begins now, or that goes on.

    before: its manifest, whose beginning, counts and timings are kept.
    """
    names = {encoder.spec: encoder.name for encoder in plan.encoders}
    kept = {key: before[key] for key in ("counts", "timings") if key in before} if before else {}
    return {
        "schema": SCHEMA,
        "status": "running",
        "created": before["created"] if before else datetime.now(UTC).isoformat(timespec="seconds"),
        "name": plan.suite.name,
        "description": plan.suite.description,
        "plan": plan.digest(),
        "suite": plan.suite.model_dump(mode="json"),
        "data": str(plan.data.absolute()) if plan.data is not None else None,
        "benchmarks": [_benchmark_entry(plan, planned) for planned in plan.tasks],
        "encoders": [
            {
                "name": encoder.name,
                "spec": encoder.spec,
                "revision": encoder.revision,
                "vectors": encoder.dense,
                **_trained(plan, encoder),
            }
            for encoder in plan.encoders
        ],
        "perturbations": [
            {
                "name": noise.name,
                "spec": noise.spec,
                "version": noise.version,
                "severities": list(noise.severities),
                "draws": noise.draws,
                "exploratory": noise.exploratory,
                **_treatment(plan, noise),
            }
            for noise in plan.noises
        ],
        "not_applicable": [
            {
                "benchmark": benchmark,
                "perturbation": plan.noise(Condition(perturbation)).name,
                "language": language,
                "reason": _reason(plan, perturbation, language),
            }
            for benchmark, perturbation, language in plan.not_applicable
        ],
        "cells": [
            {
                "benchmark": cell.benchmark,
                "encoder": names[cell.encoder],
                "perturbation": plan.shown(cell.condition).perturbation,
                "severity": cell.condition.severity,
                "draw": cell.condition.draw,
                "key": cell.key,
                "queries_key": cell.queries_key,
            }
            for cell in plan.cells()
        ],
        "versions": versions(),
        "machine": machine(),
        "git": _git(),
        **kept,
    }


def finished(manifest: Mapping[str, Any], summary: Any) -> dict[str, Any]:
    """Return the manifest with what the run did (a :class:`robustir.running.summary.RunSummary`).

    A run that goes on adds to the texts and seconds that it took before; one that had nothing left to do changes neither.
    """
    failed = [
        {
            "benchmark": failure.benchmark,
            "encoder": failure.encoder,
            "condition": failure.condition,
            "cell": f"{failure.benchmark} / {failure.encoder} / {failure.condition}",
            "error": failure.error,
            "traceback": failure.traceback,
        }
        for failure in summary.failures
    ]
    before: Mapping[str, int] = manifest.get("counts", {})
    seconds: Mapping[str, float] = manifest.get("timings", {})
    idle = summary.cells_done_before == summary.cells == before.get("cells")
    counts = {
        "cells": summary.cells,
        "cells_done_before": before["cells_done_before"] if idle else summary.cells_done_before,
        "cells_failed": len(failed),
        **{name: getattr(summary, name) + before.get(name, 0) for name in ("texts_encoded", "texts_reused")},
    }
    if not idle:
        both = {**seconds, **summary.seconds}
        seconds = {stage: round(summary.seconds.get(stage, 0.0) + seconds.get(stage, 0.0), 3) for stage in both}
    return {
        **manifest,
        "status": "failed cells" if failed else "complete",
        "failed": failed,
        "counts": counts,
        "timings": seconds,
    }
