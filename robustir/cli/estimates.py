"""What a plan would cost and could detect, before anything runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from robustir.analysis.claims import ALPHA
from robustir.errors import InputError, RunError
from robustir.planning.conditions import CLEAN, FLOOR, Condition
from robustir.planning.plan import Plan, PlannedEncoder, PlannedTask
from robustir.ranking.pools import pool_products
from robustir.rundir.directory import RunDirectory
from robustir.rundir.manifest import Manifest
from robustir.running.keeping import keeping
from robustir.stats.power import interval_half_width, minimum_detectable_difference
from robustir.stats.protocol import correction_of, reachable_p

__all__ = ["estimate", "refuse_hopeless"]

# Assumed without a pilot: the standard deviation of a query's noisy - clean difference in AP, for one language and for
# the mean over languages, and the correlation of questions of one group. BM25 on XQuAD-R under typos at 0.3 (mono) had
# 0.20, 0.09 and a design effect of 2.0 at 24.8 questions per article (docs/statistics.md).
_ASSUMED_SD = {"one language": 0.20, "mean over languages": 0.09}
_ASSUMED_CORRELATION = 0.042


def estimate(plan: Plan, run: RunDirectory) -> dict[str, Any]:
    """Return rows for ``robustir plan``: benchmarks, perturbations, encoders with counts, and detectable differences."""
    cells = list(plan.cells())
    done = {cell.key for cell in cells if run.ranks_path(cell.key).exists()}
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
        "gigaflop": sum(_gigaflop(plan, encoder) for encoder in plan.encoders),
        "statistics": _statistics(plan),
        "kept_rankings": asdict(keeping(plan, None)),
        "families": _families(plan),
        "detectable": list(_detectable(plan, run)),
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
    strategies = {encoder.strategy for encoder in plan.encoders if encoder.strategy}
    noises = [noise for noise in plan.noises if not noise.exploratory and not noise.treatment.attacked]
    settings = sum(len(planned.task.settings) for planned in plan.tasks)
    pairs = sum(not {a, b} <= strategies for a, b in combinations(names, 2))
    sizes = {
        "comparisons": pairs * len(noises) * settings,
        "contrasts": len(names) * sum(len(noise.severities) for noise in noises) * settings,
    }
    groups = max(len(set(planned.task.queries.groups)) for planned in plan.tasks)
    smallest = _smallest(plan, groups)
    by_rank = _statistics(plan)["correction"] == "holm"
    tests = {"comparisons": 2, "contrasts": 1}  # of each hypothesis: both scales are one family
    return [
        {
            "name": name,
            "hypotheses": size,
            "smallest_p": min(1.0, smallest * size * tests[name]) if by_rank else smallest,
            "groups": groups,
        }
        for name, size in sizes.items()
        if size
    ]


def _smallest(plan: Plan, groups: int) -> float:
    """Return the smallest p of a single test, 0 for the t-test, which has none."""
    chosen = plan.suite.statistics
    found = reachable_p(chosen.test, groups, flips=chosen.flips, resamples=chosen.resamples)
    if chosen.test == "flips" and len(plan.tasks) > 1:
        return max(found, 1 / (chosen.flips + 1))
    return 0.0 if math.isnan(found) else found


def refuse_hopeless(plan: Plan, families: Sequence[Mapping[str, Any]]) -> None:
    """Raise InputError if hypotheses are declared and none of them could be rejected, whatever the scores."""
    if any(family["smallest_p"] < ALPHA for family in families) or not families:
        return
    groups, smallest, chosen = families[0]["groups"], families[0]["smallest_p"], plan.suite.statistics
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


def _gigaflop(plan: Plan, encoder: PlannedEncoder) -> float:
    """Return the size of the score products, assuming 384 dimensions if an encoder does not say."""
    if not encoder.dense:
        return 0.0
    dim = getattr(encoder.scorer, "dim", 384)
    return sum(
        2e-9 * dim * pool_products(planned.task) * (2 + _noisy_conditions(plan, planned)) for planned in plan.tasks
    )


def _assumed(planned: PlannedTask) -> list[dict[str, Any]]:
    """Return detectable differences from assumed spreads."""
    queries = planned.task.queries
    groups, sources = len(set(queries.groups)), len(set(queries.source_ids))
    effect = 1.0 + (sources / groups - 1.0) * _ASSUMED_CORRELATION
    return [
        {
            "benchmark": planned.task.name,
            "what": what,
            "difference": float(minimum_detectable_difference(sd, sources, design_effect=effect, groups=groups)),
            "basis": f"{groups} groups, assuming a standard deviation of {sd:g} per query and a design effect of {effect:.2f}",
        }
        for what, sd in _ASSUMED_SD.items()
        if what == "one language" or len(planned.task.languages) > 1
    ]


def _detectable(plan: Plan, run: RunDirectory) -> Iterator[dict[str, Any]]:
    """Yield detectable differences of every benchmark: from a pilot run in the folder, or else from assumed spreads."""
    pilot = _Pilot.of(run)
    for planned in plan.tasks:
        yield from (pilot.rows(plan, planned) if pilot else []) or _assumed(planned)


@dataclass(frozen=True)
class _Pilot:
    """A finished run whose spread predicts what another run with the same queries, noise and measure can detect."""

    path: Path
    manifest: Manifest
    contrasts: Any

    @classmethod
    def of(cls, run: RunDirectory) -> _Pilot | None:
        """Return the run in a folder if it has findings."""
        from robustir.analysis import read_findings

        if not run.exists or not (run.path / "findings" / "contrasts.csv").exists():
            return None
        try:
            return cls(run.path, run.read_manifest(), read_findings(run.path / "findings").contrasts)
        except RunError:
            return None  # findings of another version do not help; the run itself will report what is wrong

    def rows(self, plan: Plan, planned: PlannedTask) -> list[dict[str, Any]]:
        """Return a row per setting, from the standard errors under the conditions that both runs share."""
        shared = self._shared(plan, planned)
        names = {
            entry.name for entry in self.manifest.benchmarks if entry.queries_key == plan.queries_key(planned, CLEAN)
        }
        contrasts = self.contrasts
        comparable = [
            row["benchmark"] in names
            and row["query_lang"] == "all"
            and row["measure"] == plan.suite.measures[0]
            and (row["perturbation"], row["severity"]) in shared
            for row in contrasts.to_dict("records")
        ]
        chosen = contrasts[np.array(comparable, dtype=np.bool_)]
        return [self._row(planned.task.name, setting, part) for setting, part in chosen.groupby("setting", sort=False)]

    def _shared(self, plan: Plan, planned: PlannedTask) -> set[tuple[str, float]]:
        """Return the pilot's (perturbation, severity) whose noisy queries equal the plan's in every draw."""
        planned_keys: dict[tuple[str, float], set[str]] = {}
        for condition in plan.conditions(planned):
            if condition not in (CLEAN, FLOOR):
                key = plan.queries_key(planned, condition)
                planned_keys.setdefault((condition.perturbation, condition.severity), set()).add(key)
        wanted = {frozenset(keys) for keys in planned_keys.values()}
        theirs: dict[tuple[str, float], set[str]] = {}
        for cell in self.manifest.cells:
            theirs.setdefault((cell.perturbation, cell.severity), set()).add(cell.queries_key)
        return {condition for condition, keys in theirs.items() if frozenset(keys) in wanted}

    def _row(self, benchmark: str, setting: str, contrasts: Any) -> dict[str, Any]:
        groups = int(contrasts["groups"].to_numpy()[0])
        half_width = float(np.median(contrasts["ci_high"].to_numpy() - contrasts["ci_low"].to_numpy())) / 2
        confidence = self.manifest.suite.statistics.confidence
        error = half_width / interval_half_width(1.0, 1, groups=groups, confidence=confidence)
        count = len(set(zip(contrasts["perturbation"], contrasts["severity"], strict=True)))
        conditions = "the condition" if count == 1 else f"the {count} conditions"
        return {
            "benchmark": benchmark,
            "what": f"{setting}, mean over languages",
            "difference": float(minimum_detectable_difference(error, 1, groups=groups)),
            "basis": f"{groups} groups, from the run in {self.path}: the median over {conditions} that both have",
        }
