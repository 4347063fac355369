"""Ray actors give the bytes that worker processes give, and what a dead actor or machine left undone is done again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from robustir.errors import MissingExtraError, RunError
from robustir.planning.plan import Plan, make_plan
from robustir.planning.suite import load_suite
from robustir.rundir.directory import RunDirectory
from robustir.running.orchestration import execute_plan
from robustir.running.ray_executor import RayExecutor
from robustir.running.recording import new_manifest
from robustir.running.runner import execute
from robustir.running.summary import RunOptions, RunSummary
from tests.processes import digests

NO_RAY = "the extra cluster is not installed"
CELLS = ("queries", "passages", "relevant", "ranks")
PARTS = (*CELLS, "rankings", "findings")


@pytest.fixture
def plan() -> Plan:
    suite = load_suite("quickstart").replaced(
        languages=("en",), severities=(0.3,), draws=1, encoders=("hashing", "bm25")
    )
    return make_plan(suite)


@pytest.fixture
def ray() -> Iterator[Any]:
    """Ray, with no cluster left behind."""
    found = pytest.importorskip("ray", reason=NO_RAY)
    yield found
    found.shutdown()


def run_cells(plan: Plan, path: Path, options: RunOptions, progress: Any = None) -> RunSummary:
    """Make the cells alone, without findings."""
    run = RunDirectory(path)
    with run.locked():
        run.write_manifest(new_manifest(plan))
        return execute(plan, run, options, progress)


class Killing:
    """Progress that removes a machine from a cluster in the middle of a stage: after so many of its steps."""

    def __init__(self, stage: str, steps: int, kill: Any) -> None:
        self.killed, self._stage, self._steps, self._kill = False, stage, steps, kill
        self._here = False

    def stage(self, name: str, total: int, unit: str = "") -> None:
        self._here = name.startswith(self._stage)

    def step(self, amount: int = 1) -> None:
        if self._here and not self.killed:
            self._steps -= 1
            if self._steps == 0:
                self.killed = True
                self._kill()


@pytest.mark.slow
def test_same_bytes_as_the_local_executor(plan: Plan, tmp_path: Path, ray: Any) -> None:
    for executor in ("local", "ray"):
        options = RunOptions(jobs=2, executor=executor, cache=tmp_path / f"cache-{executor}")
        summary, _ = execute_plan(plan, RunDirectory(tmp_path / executor), options, formats=("csv",))
        assert not summary.failures
    assert not ray.is_initialized()  # a cluster that the run started ends with it
    local = digests(tmp_path / "local", PARTS)
    assert len(local) > 10
    assert digests(tmp_path / "ray", PARTS) == local


@pytest.mark.slow
def test_a_machine_that_dies_in_the_middle_costs_nothing(
    tmp_path: Path, ray: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of three workers are on the machine that goes; what they had in hand runs again on the one that is left."""
    suite = load_suite("quickstart").replaced(
        languages=("en",), severities=(0.2, 0.4, 0.6), draws=3, encoders=("hashing", "bm25")
    )
    plan = make_plan(suite)
    cluster_utils = pytest.importorskip("ray.cluster_utils", reason=NO_RAY)
    run_cells(plan, tmp_path / "local", RunOptions(jobs=1, cache=tmp_path / "cache", keep_top=0))
    used: list[RayExecutor[Any]] = []

    class Remembered(RayExecutor[Any]):
        def __enter__(self) -> RayExecutor[Any]:
            used.append(self)
            return super().__enter__()

    monkeypatch.setattr("robustir.running.ray_executor.RayExecutor", Remembered)
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        doomed = cluster.add_node(num_cpus=2)
        cluster.wait_for_nodes()
        killing = Killing("rank with", 1, lambda: cluster.remove_node(doomed, allow_graceful=False))
        options = RunOptions(
            jobs=3, executor="ray", ray_address=cluster.address, cache=tmp_path / "ray-cache", keep_top=0
        )
        summary = run_cells(plan, tmp_path / "ray", options, killing)
        assert killing.killed
        assert not summary.failures
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert used[0].lost == 2
    local = digests(tmp_path / "local", CELLS)
    assert len(local) > 2 * 2 * 5
    assert digests(tmp_path / "ray", CELLS) == local


def _context(folder: Path) -> Path:
    return folder


def _die_once(folder: Path, job: int) -> int:
    """End the process at the first try of job 3."""
    if job == 3:
        try:
            (folder / "tried").touch(exist_ok=False)
        except FileExistsError:
            return job
        os._exit(1)
    return job


def _die(_folder: Path, _job: int) -> int:
    os._exit(1)


@pytest.mark.slow
def test_a_job_whose_worker_dies_runs_again(tmp_path: Path, ray: Any) -> None:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    with RayExecutor(2, _context, tmp_path, tmp_path) as executor:
        assert sorted(outcome.value for outcome in executor.map(_die_once, range(8))) == [*range(8)]
        assert executor.again == 1
        with pytest.raises(RunError, match="died 3 times at the same job"):
            list(executor.map(_die, [0]))
    assert ray.is_initialized()  # not ours to end


@pytest.mark.slow
def test_more_workers_than_the_cluster_has_room_for(tmp_path: Path, ray: Any) -> None:
    """Workers that never start hold no job."""
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    with RayExecutor(3, _context, tmp_path, tmp_path) as executor:
        assert sorted(outcome.value for outcome in executor.map(_die_once, [1, 2, 4, 5])) == [1, 2, 4, 5]


def test_without_ray_the_extra_is_named(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'robustir\[cluster\]'"):
        execute_plan(plan, RunDirectory(tmp_path / "run"), RunOptions(jobs=2, executor="ray"), formats=("csv",))
