"""Ray actors give the bytes that worker processes give."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustir.errors import MissingExtraError
from robustir.planning.plan import Plan, make_plan
from robustir.planning.suite import load_suite
from robustir.rundir.directory import RunDirectory
from robustir.running.orchestration import execute_plan
from robustir.running.summary import RunOptions


@pytest.fixture
def plan() -> Plan:
    suite = load_suite("quickstart").replaced(
        languages=("en",), severities=(0.3,), draws=1, encoders=("hashing", "bm25")
    )
    return make_plan(suite)


@pytest.mark.slow
def test_same_bytes_as_the_local_executor(plan: Plan, tmp_path: Path) -> None:
    ray = pytest.importorskip("ray", reason="the extra cluster is not installed")
    for executor in ("local", "ray"):
        options = RunOptions(jobs=2, executor=executor, cache=tmp_path / f"cache-{executor}")
        summary, _ = execute_plan(plan, RunDirectory(tmp_path / executor), options, formats=("csv",))
        assert not summary.failures
    ray.shutdown()
    local = {
        path.relative_to(tmp_path / "local"): path.read_bytes() for path in (tmp_path / "local").rglob("*.parquet")
    }
    other = {path.relative_to(tmp_path / "ray"): path.read_bytes() for path in (tmp_path / "ray").rglob("*.parquet")}
    assert len(local) > 10
    assert local == other


def test_without_ray_the_extra_is_named(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'robustir\[cluster\]'"):
        execute_plan(plan, RunDirectory(tmp_path / "run"), RunOptions(jobs=2, executor="ray"), formats=("csv",))
