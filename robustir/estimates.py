"""What a plan would cost and could detect, before anything runs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from robustir.conditions import CLEAN, FLOOR
from robustir.plan import Plan, PlannedEncoder, PlannedTask
from robustir.stats.power import minimum_detectable_difference
from robustir.store import RunDirectory

__all__ = ["estimate"]

# Assumed before a pilot: the per-query standard deviation of a noisy - clean difference in AP, and the correlation of
# queries of one group. XQuAD-R with the hashing encoder under typos at 0.3 gave 0.30 and 0.02 (docs/statistics.md).
_ASSUMED_SD = 0.3
_ASSUMED_CORRELATION = 0.02


def estimate(plan: Plan, run: RunDirectory) -> dict[str, Any]:
    """Return rows for ``robustir plan``: benchmarks, perturbations, encoders with counts, and detectable differences."""
    cells = list(plan.cells())
    done = {cell.key for cell in cells if run.ranks_path(cell.key).exists()}
    return {
        "name": plan.suite.name,
        "run": str(run.path),
        "benchmarks": [_benchmark(planned) for planned in plan.tasks],
        "perturbations": [
            {"name": noise.spec, "severities": list(noise.severities), "draws": noise.draws} for noise in plan.noises
        ],
        "not_applicable": [
            {"benchmark": benchmark, "name": name, "language": lang} for benchmark, name, lang in plan.not_applicable
        ],
        "encoders": [_encoder(plan, encoder, done) for encoder in plan.encoders],
        "cells": len(cells),
        "done": len(done),
        "gigaflop": sum(_gigaflop(plan, encoder) for encoder in plan.encoders),
        "detectable": [row for planned in plan.tasks for row in _detectable(planned)],
    }


def _benchmark(planned: PlannedTask) -> dict[str, Any]:
    task = planned.task
    return {
        "name": task.name,
        "queries": len(task.queries),
        "passages": len(task.corpus),
        "languages": list(task.languages),
        "groups": len(set(task.queries.groups)),
        "group_kind": task.group_kind,
        "settings": list(task.settings),
    }


def _noisy_conditions(plan: Plan, planned: PlannedTask) -> int:
    return sum(condition not in (CLEAN, FLOOR) for condition in plan.conditions(planned))


def _encoder(plan: Plan, encoder: PlannedEncoder, done: set[str]) -> dict[str, Any]:
    cells = [
        plan.cell(planned, encoder, condition).key for planned in plan.tasks for condition in plan.conditions(planned)
    ]
    texts = sum(
        len(planned.task.corpus) + len(planned.task.queries) * (1 + _noisy_conditions(plan, planned))
        for planned in plan.tasks
    )
    row: dict[str, Any] = {"name": encoder.spec, "cells": len(cells), "done": sum(key in done for key in cells)}
    if not encoder.dense:
        return {**row, "texts": 0, "per_second": "it scores words and makes no vectors"}
    rate = _measured_rate(plan, encoder)
    return {
        **row,
        "texts": texts,
        "per_second": f"{rate:,.0f} texts/s measured on one core: at most {_duration(texts / rate)}",
    }


def _measured_rate(plan: Plan, encoder: PlannedEncoder) -> float:
    """Encode a few queries and return texts per second (the second of two passes, so that loading does not count)."""
    import time

    from robustir.executors import single_threaded

    queries = plan.tasks[0].task.queries
    rows = np.linspace(0, len(queries) - 1, min(256, len(queries))).astype(int)
    sample = queries.select(rows)
    with single_threaded():
        encoder.scorer.encode(sample.texts[:8], role="query", langs=sample.langs[:8])
        begin = time.perf_counter()
        encoder.scorer.encode(sample.texts, role="query", langs=sample.langs)
    return len(sample) / max(time.perf_counter() - begin, 1e-6)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    return f"{math.ceil(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _gigaflop(plan: Plan, encoder: PlannedEncoder) -> float:
    """Return the size of the score products, assuming 384 dimensions where an encoder does not say."""
    if not encoder.dense:
        return 0.0
    dim = getattr(encoder.scorer, "dim", 384)
    return sum(
        2e-9 * dim * len(planned.task.queries) * len(planned.task.corpus) * (2 + _noisy_conditions(plan, planned))
        for planned in plan.tasks
    )


def _detectable(planned: PlannedTask) -> list[dict[str, Any]]:
    queries = planned.task.queries
    groups = len(set(queries.groups))
    sources = len(set(queries.source_ids))
    effect = 1.0 + (sources / groups - 1.0) * _ASSUMED_CORRELATION
    return [
        {
            "benchmark": planned.task.name,
            "setting": setting,
            "difference": float(
                minimum_detectable_difference(_ASSUMED_SD, sources, design_effect=effect, groups=groups)
            ),
            "sd": _ASSUMED_SD,
            "design_effect": effect,
            "groups": groups,
        }
        for setting in planned.task.settings
    ]
