"""Workers end with the process that started them, whatever ended it, and nothing that was finished is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.processes import ROOT, hearing
from tests.tiny import write_beir

SUITE = """name = "slow"
benchmarks = ["{task}"]
encoders = ["tests.tiny:Letters", "bm25", "hashing"]
perturbations = ["typos", "shuffle-words"]
severities = [0.1, 0.3, 0.5, 0.7, 1.0]
draws = 40
"""


def started(folder: Path) -> subprocess.Popen[bytes]:
    """A run with two workers, which have begun to work."""
    task = write_beir(folder / "task")
    (folder / "suite.toml").write_text(SUITE.format(task=task), encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    words = [
        sys.executable,
        "-m",
        "robustir",
        "run",
        "suite.toml",
        "--code",
        "--jobs",
        "2",
        "--format",
        "csv",
        "-o",
        "run",
    ]
    process = subprocess.Popen(
        words, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not any((folder / "run" / "queries").glob("*.parquet")) or len(workers(process)) < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def workers(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    found = psutil.Process(process.pid).children(recursive=True)
    return [child for child in found if "spawn_main" in " ".join(child.cmdline())]


@pytest.mark.parametrize(
    ("number", "code"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130), ("SIGKILL", -9)], ids=str
)
def test_workers_end_with_their_parent(tmp_path: Path, number: str, code: int) -> None:
    with hearing(signal.SIGTERM, signal.SIGHUP):
        process = started(tmp_path)
        children = workers(process)
        process.send_signal(getattr(signal, number))
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    if code > 0:
        why = "interrupted" if number == "SIGINT" else f"ended by {number}"
        assert errors.decode() == f"robustir: {why}; finished work is kept, run the same command again to continue\n"
