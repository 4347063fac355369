"""Settings in several processes: the same findings, whatever becomes of the processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from robustir.analysis import Findings, shares
from robustir.analysis.of_run import analyse_run
from robustir.rundir.directory import RunDirectory
from robustir.stats import threads
from tests.processes import ROOT
from tests.speed.synthetic_run import synthetic_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    return synthetic_run(tmp_path_factory.mktemp("shares") / "run", encoders=2, noises=1, draws=1)


@pytest.fixture(scope="module")
def alone(run: RunDirectory) -> Findings:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "cores", lambda: 1)
        return analyse_run(run)


def _same(one: Findings, other: Findings) -> bool:
    frames = zip(one.tables().items(), other.tables().items(), strict=True)
    return all(name == again and left.equals(right) for (name, left), (again, right) in frames)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What another process brought, for each that was started."""
    found: list[object] = []
    parts = shares._Worker.parts

    def kept(worker: shares._Worker) -> object:
        found.append(parts(worker))
        return found[-1]

    monkeypatch.setattr(shares._Worker, "parts", kept)
    monkeypatch.setattr(shares, "_WORTH", 0)
    return found


@pytest.mark.parametrize("cores", [2, 4])
def test_findings_do_not_depend_on_the_number_of_processes(
    run: RunDirectory, alone: Findings, started: list[object], cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "cores", lambda: cores)
    assert _same(analyse_run(run), alone)
    assert len(started) == min(cores, 3) - 1
    assert all(started)


def test_what_a_process_does_not_bring_is_done_here(
    run: RunDirectory, alone: Findings, started: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 2)
    monkeypatch.setattr(shares, "_SERVE", "import sys; sys.stdin.buffer.read(1); sys.exit(3)")
    assert _same(analyse_run(run), alone)
    assert started == [None]


def test_a_small_run_starts_no_process(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 4)
    monkeypatch.setattr(shares, "_Worker", None)
    assert len(analyse_run(run).contrasts)


_SLOW = """
import sys, time
import robustir.analysis.shares as shares, robustir.stats.threads as threads
from robustir.analysis.of_run import analyse_run
from robustir.rundir.directory import RunDirectory
shares._WORTH, threads.cores = 0, lambda: 2
def waiting(stored):
    print("waiting", flush=True)
    time.sleep(60)
shares.query_doses = waiting
analyse_run(RunDirectory(sys.argv[1]))
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to list children")
def test_a_process_ends_with_the_one_that_started_it(run: RunDirectory) -> None:
    parent = subprocess.Popen([sys.executable, "-c", _SLOW, run.path], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"waiting\n"
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
    assert len(children) == 1
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    for _ in range(600):
        if not Path(f"/proc/{children[0]}").exists():
            return
        time.sleep(0.1)
    pytest.fail("the process is still there a minute later")
