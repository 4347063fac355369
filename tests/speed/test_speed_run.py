"""Whole runs: the quickstart, and what a run on XQuAD-R costs beyond encoding and matrix products."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from robustir.encoders.adapters import adapt
from robustir.planning.plan import Plan, make_plan
from robustir.planning.suite import load_suite
from robustir.plugins.registry import create
from robustir.ranking.search import DenseScorer
from robustir.rundir.directory import RunDirectory
from robustir.running.executors import single_threaded
from robustir.running.orchestration import execute_plan
from robustir.running.summary import RunOptions

pytestmark = pytest.mark.speed


@pytest.mark.slow  # CI runs the quickstart already, in tests/test_api.py
def test_quickstart(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """The issue's shape: at least 3 encoders x 2 perturbations x 4 severities x 3 draws x 11 languages, under 90 s."""
    plan = make_plan(load_suite("quickstart"))
    assert len(plan.encoders) >= 3
    assert len(plan.noises) >= 2
    assert all(len(noise.severities) >= 4 and noise.draws >= 3 for noise in plan.noises)
    assert len(plan.tasks[0].task.languages) == 11

    begin = time.perf_counter()
    benchmark.pedantic(
        execute_plan, (plan, RunDirectory(tmp_path / "run"), RunOptions(jobs=2, cache=tmp_path / "cache")), rounds=1
    )
    print(f"\nquickstart: {time.perf_counter() - begin:.1f} s (aim: under 90)")


def bare_cost(plan: Plan) -> float:
    """Seconds of encoding and matrix products alone, one thread: every cell's changed queries against every passage."""
    from robustir.noise.applying import perturb
    from robustir.planning.conditions import CLEAN, FLOOR, shuffled_rows

    planned = plan.tasks[0]
    task = planned.task
    query_sets = []
    for condition in plan.conditions(planned):
        if condition == CLEAN:
            query_sets.append(task.queries)
        elif condition == FLOOR:
            partner = shuffled_rows(task.queries, plan.suite.seed)
            query_sets.append(task.queries.with_texts([task.queries.texts[row] for row in partner]))
        else:
            noisy = perturb(
                task.queries,
                plan.noise(condition).perturbation,
                severity=condition.severity,
                seed=plan.suite.seed,
                draw=condition.draw,
            )
            changed = np.flatnonzero(
                [clean != text for clean, text in zip(task.queries.texts, noisy.texts, strict=True)]
            )
            query_sets.append(noisy.select(changed))
    begin = time.perf_counter()
    for encoder in plan.encoders:
        scorer: Any = adapt(create("encoder", encoder.spec))
        if encoder.dense:
            dense = DenseScorer(scorer.encode(task.corpus.texts, role="passage", langs=task.corpus.langs))
            for queries in query_sets:
                for _ in dense.tensors(scorer.encode(queries.texts, role="query", langs=queries.langs)):
                    pass
        else:
            scorer.index(task.corpus)
            for queries in query_sets:
                for _ in scorer.sparse_blocks(queries):
                    pass
    return time.perf_counter() - begin


@pytest.mark.slow
@pytest.mark.data
def test_overhead_on_xquad_r(benchmark: BenchmarkFixture, data: Path, tmp_path: Path) -> None:
    """hashing and bm25, typos at 4 severities x 3 draws, one process: the share of the wall time beyond encoding and products."""
    plan = make_plan(load_suite("xquad-r"), data)
    with single_threaded():
        bare = bare_cost(plan)

    options = RunOptions(jobs=1, cache=tmp_path / "cache")
    begin = time.perf_counter()
    summary, _ = benchmark.pedantic(execute_plan, (plan, RunDirectory(tmp_path / "run"), options), rounds=1)
    wall = time.perf_counter() - begin
    assert not summary.failures
    assert 0.0 < bare < wall
    share = 1 - bare / wall
    stages = {stage: round(seconds, 2) for stage, seconds in summary.seconds.items()}
    benchmark.extra_info.update(share_beyond=round(share, 3), bare_seconds=round(bare, 2), stages=stages)
    print(
        f"\nXQuAD-R: {wall:.1f} s, of which {share:.1%} beyond encoding and matrix products ({bare:.1f} s; aim: under 20%); stages {stages}"
    )
