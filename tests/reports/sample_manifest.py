"""The manifest of the synthetic run in factory.py, with the keys that robustir.rundir.manifest writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def sample_manifest(
    encoders: Sequence[str],
    perturbations: Sequence[str],
    benchmarks: Sequence[str],
    severities: Sequence[float],
    languages: Sequence[str],
    *,
    exploratory: bool,
) -> dict[str, Any]:
    failed = {
        "benchmark": "mini",
        "encoder": "random",
        "condition": "typos at 0.5, draw 2",
        "cell": "mini / random / typos at 0.5, draw 2",
        "error": "EncoderError: row 12 of the vectors holds NaN",
    }
    return {
        "schema": 1,
        "status": "failed cells",
        "created": "2026-11-23T09:30:00+00:00",
        "name": "quickstart",
        "description": "Typos and word order on the embedded collection, in eleven languages.",
        "plan": "5f" * 32,
        "suite": _suite(encoders, perturbations, benchmarks, severities, languages, exploratory=exploratory),
        "benchmarks": [_benchmark(name, languages) for name in benchmarks],
        "encoders": [
            {"name": name, "revision": f"{i:02d}" + "c0ffee" * 4, "vectors": name != "bm25"}
            for i, name in enumerate(encoders)
        ],
        "perturbations": [{"name": name, "severities": list(severities), "draws": 3} for name in perturbations],
        "not_applicable": [
            {
                "benchmark": "mini",
                "perturbation": "shuffle-words",
                "language": "ja",
                "reason": "does not know this language",
            }
        ],
        "cells": [{"benchmark": "mini", "encoder": name, "key": "0" * 64} for name in encoders],
        "versions": {"robustir": "0.1.0", "python": "3.11.2", "numpy": "2.4.6", "torch": "2.13.0"},
        "machine": {"system": "Linux", "architecture": "x86_64", "cores": 2, "memory_gib": 15.6},
        "git": {"revision": "3c6ad54b" * 5, "modified": False},
        "failed": [failed],
        "counts": {"cells": 100, "cells_failed": 1, "texts_encoded": 26412, "texts_reused": 3120},
        "timings": {"perturb": 1.2, "encode": 14.9, "rank": 3.3},
    }


def _suite(
    encoders: Sequence[str],
    perturbations: Sequence[str],
    benchmarks: Sequence[str],
    severities: Sequence[float],
    languages: Sequence[str],
    *,
    exploratory: bool,
) -> dict[str, Any]:
    return {
        "name": "quickstart",
        "question": "",
        "seed": 7,
        "draws": 3,
        "benchmarks": list(benchmarks),
        "encoders": list(encoders),
        "perturbations": [{"spec": name, "severities": None, "draws": None} for name in perturbations],
        "severities": list(severities),
        "languages": list(languages),
        "settings": ["mono", "cross", "multi"],
        "measures": ["AP", "nDCG@10", "RankDistance", "nRankDistance"],
        "statistics": {"confidence": 0.95, "flips": 10000, "resamples": 2000, "interval": "studentised"},
        "exploratory": exploratory,
    }


def _benchmark(name: str, languages: Sequence[str]) -> dict[str, Any]:
    return {
        "name": name,
        "digest": "ab" * 32,
        "languages": list(languages),
        "queries": 1056,
        "passages": 1056,
        "groups": 24,
        "group_kind": "topic",
        "licence": "CC0-1.0",
        "source": "written for this project",
    }
