"""What a plan would cost and could detect, before anything runs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from robustir.analysis.claims import ALPHA
from robustir.analysis.families import EQUAL_LOSSES, EQUIVALENCE, OF_EQUIVALENCE
from robustir.cli.detectable import detectable
from robustir.errors import InputError
from robustir.planning.conditions import CLEAN, FLOOR, Condition
from robustir.planning.plan import Plan, PlannedEncoder, PlannedTask
from robustir.protocol import correction_of
from robustir.ranking.pools import pool_products
from robustir.rundir.directory import RunDirectory
from robustir.running.index_jobs import SAMPLE
from robustir.running.keeping import keeping
from robustir.stats import reachable_p

__all__ = ["estimate", "refuse_hopeless"]


def estimate(plan: Plan, run: RunDirectory) -> dict[str, Any]:
    """Return rows for ``robustir plan``: benchmarks, perturbations, encoders with counts, and detectable differences."""
    cells = list(plan.cells())
    done = {cell.key for cell in cells if run.ranks_path(cell.key).exists()}
    families = _families(plan)
    return {
        "name": plan.suite.name,
        "run": str(run.path),
        "benchmarks": [_benchmark(planned) for planned in plan.tasks],
        "perturbations": [
            {"name": noise.name, "severities": list(noise.severities), "draws": noise.draws} for noise in plan.noises
        ],
        "not_applicable": [
            {
                "benchmark": benchmark,
                "name": plan.noise(Condition(spec)).name,
                "language": lang,
                "reason": plan.refusal(spec, lang),
            }
            for benchmark, spec, lang in plan.not_applicable
        ],
        "encoders": [_encoder(plan, encoder, done) for encoder in plan.encoders],
        "cells": len(cells),
        "done": len(done),
        "index": _index(plan),
        "gigaflop": sum(_gigaflop(plan, encoder) for encoder in plan.encoders),
        "statistics": _statistics(plan),
        "kept_rankings": asdict(keeping(plan, None)),
        "families": families,
        "detectable": list(detectable(plan, run, families)),
    }


def _statistics(plan: Plan) -> dict[str, Any]:
    """Return the suite's statistics, with the correction that they lead to."""
    chosen = plan.suite.statistics
    correction = correction_of(chosen.test, chosen.correction, declared=not plan.suite.exploratory)
    return {**chosen.model_dump(), "correction": correction}


def _families(plan: Plan) -> list[dict[str, Any]]:
    """Return the declared families: how many hypotheses each holds, and the smallest adjusted p that they can reach.

    That is the one over the benchmark with the most groups; 0 for the t-test, which can reach any.
    """
    if plan.suite.exploratory:
        return []
    names = list(dict.fromkeys(encoder.strategy or encoder.name for encoder in plan.encoders))
    of_strategy = Counter(encoder.strategy for encoder in plan.encoders if encoder.strategy)
    strategies = {name for name, seeds in of_strategy.items() if seeds > 1}  # one seed is compared as an encoder
    noises = [noise for noise in plan.noises if not noise.exploratory and not noise.treatment.attacked]
    settings = sum(len(planned.task.settings) for planned in plan.tasks)
    pairs = sum(not {a, b} <= strategies for a, b in combinations(names, 2))
    sizes = {
        "comparisons": pairs * len(noises) * settings,
        "contrasts": len(names) * sum(len(noise.severities) for noise in noises) * settings,
    }
    if plan.suite.equivalence is not None:
        sizes[EQUIVALENCE] = len(names) * len(noises) * settings
        sizes[EQUAL_LOSSES] = sizes["comparisons"]
    groups = max(len(set(planned.task.queries.groups)) for planned in plan.tasks)
    correction = _statistics(plan)["correction"]
    return [_family(plan, name, size, groups, correction) for name, size in sizes.items() if size]


def _family(plan: Plan, name: str, size: int, groups: int, correction: str) -> dict[str, Any]:
    """Return a family: its size, the number of tests that are adjusted together, and the smallest adjusted p."""
    tests = 2 * size if name == "comparisons" else size  # both scales are one family
    row = {"name": name, "hypotheses": size, "tests": tests, "groups": groups}
    if name in OF_EQUIVALENCE:
        return {**row, "correction": "holm", "smallest_p": 0.0}
    smallest = _smallest(plan, groups)
    return {
        **row,
        "correction": correction,
        "smallest_p": min(1.0, smallest * tests) if correction == "holm" else smallest,
    }


def _smallest(plan: Plan, groups: int) -> float:
    """Return the smallest p of a single test, 0 for the t-test, which has none."""
    chosen = plan.suite.statistics
    found = reachable_p(chosen.test, groups, flips=chosen.flips, resamples=chosen.resamples)
    if chosen.test == "flips" and len(plan.tasks) > 1:
        return max(found, 1 / (chosen.flips + 1))
    return 0.0 if math.isnan(found) else found


def refuse_hopeless(plan: Plan, families: Sequence[Mapping[str, Any]]) -> None:
    """Raise InputError if hypotheses are declared and none of them could be rejected, whatever the scores."""
    tested = [family for family in families if family["name"] not in OF_EQUIVALENCE]
    if any(family["smallest_p"] < ALPHA for family in tested) or not tested:
        return
    groups, smallest, chosen = tested[0]["groups"], tested[0]["smallest_p"], plan.suite.statistics
    tests = {
        "flips": f"{chosen.flips} flips",
        "bootstrap": f"{chosen.resamples} resamples",
        "wilcoxon": "signed ranks",
        "t": "t-tests",
    }
    more = {"flips": "more flips ([statistics] flips in the suite), ", "bootstrap": "more resamples, "}.get(
        chosen.test, ""
    )
    raise InputError(
        f"no hypothesis of this plan could be rejected: with {tests[chosen.test]} over {groups} "
        f"group{'s' if groups > 1 else ''} of queries the smallest p is {smallest:.2g}, and a claim needs one below "
        f"{ALPHA:g}; take {more}queries of more groups, or declare nothing "
        "(exploratory = true in the suite)"
    )


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
        "settings_note": task.settings_note,
        "judgements": dict(task.counts),
        "notes": list(task.notes),
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
    row: dict[str, Any] = {
        "name": encoder.name,
        "spec": encoder.spec,
        "cells": len(cells),
        "done": sum(key in done for key in cells),
    }
    if encoder.recorded:
        return {**row, "texts": 0, "per_second": "its rankings are read from files"}
    if not encoder.dense:
        return {**row, "texts": 0, "per_second": "it matches words and makes no vectors"}
    rate = _measured_rate(plan, encoder)
    return {
        **row,
        "texts": texts,
        "per_second": f"{rate:,.0f} texts/s measured on one core: at most {_duration(texts / rate)}",
    }


def _measured_rate(plan: Plan, encoder: PlannedEncoder) -> float:
    """Encode a few queries and return texts per second, in a second pass, so that loading does not count."""
    import time

    from robustir.running.executors import single_threaded

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


def _index(plan: Plan) -> dict[str, Any]:
    """Return the index of the plan, about how many bytes it takes with the run, and the share of passages that a query meets."""
    kind, passages = plan.index, max(len(planned.task.corpus) for planned in plan.tasks)
    dense = [encoder for encoder in plan.encoders if encoder.dense]
    size = 0 if kind.exact else sum(kind.bytes_per_passage(_dimensions(encoder)) for encoder in dense)
    total = size * sum(len(planned.task.corpus) for planned in plan.tasks)
    return {"spec": str(kind), "bytes": total, "scored_share": kind.scored_share(passages), "depth": kind.depth}


def _dimensions(encoder: PlannedEncoder) -> int:
    """Return the width of an encoder's vectors, 384 if it does not say."""
    return int(getattr(encoder.scorer, "dim", 384))


def _gigaflop(plan: Plan, encoder: PlannedEncoder) -> float:
    """Return the size of the score products; with an index, of those that it makes, and of the samples for its recall."""
    if not encoder.dense:
        return 0.0
    total = 0.0
    for planned in plan.tasks:
        products, queries = float(pool_products(planned.task)), max(1, len(planned.task.queries))
        if not plan.index.exact:
            products *= plan.index.scored_share(len(planned.task.corpus)) + min(1.0, SAMPLE / queries)
        total += 2e-9 * _dimensions(encoder) * products * (2 + _noisy_conditions(plan, planned))
    return total
