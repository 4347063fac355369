"""The same bytes whatever the number of processes, the hash seed, the order of the suite's parts, or where a run was killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import digests, hearing

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
ARGUMENTS = (
    "run",
    "quickstart",
    "--languages",
    "en,zh",
    "--severities",
    "0.2,0.6",
    "--draws",
    "2",
    "--encoder",
    "hashing",
    "--encoder",
    "bm25",
    "--perturbation",
    "typos",
    "--perturbation",
    "shuffle-words",
    "--format",
    "csv",
)


@pytest.fixture(autouse=True)
def heard_interrupts() -> Iterator[None]:
    with hearing():
        yield


def start(*arguments: str, cwd: Path, hash_seed: str = "0", cache: str = "cache") -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT), "ROBUSTIR_CACHE": str(cwd / cache)}
    return subprocess.Popen(
        [sys.executable, "-m", "robustir", *arguments],
        cwd=cwd,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def finish(*arguments: str, cwd: Path, hash_seed: str = "0", cache: str = "cache") -> None:
    process = start(*arguments, cwd=cwd, hash_seed=hash_seed, cache=cache)
    _, errors = process.communicate()
    assert process.returncode == 0, errors.decode()


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("reference")
    finish(*ARGUMENTS, "--jobs", "1", "-o", "run", cwd=folder)
    return digests(folder / "run")


def test_two_processes_and_another_hash_seed(reference: dict[str, str], tmp_path: Path) -> None:
    finish(*ARGUMENTS, "--jobs", "2", "-o", "run", cwd=tmp_path, hash_seed="4711")
    assert digests(tmp_path / "run") == reference


def test_another_order_gives_the_same_queries_and_ranks(reference: dict[str, str], tmp_path: Path) -> None:
    other = {"hashing": "bm25", "bm25": "hashing", "typos": "shuffle-words", "shuffle-words": "typos"}
    swapped = [other.get(word, word) for word in ARGUMENTS]
    finish(*swapped, "--jobs", "2", "-o", "run", cwd=tmp_path)
    found = digests(tmp_path / "run")
    for name, digest in reference.items():
        if not name.startswith("findings"):
            assert found[name] == digest


def test_killed_at_random_and_resumed(reference: dict[str, str], tmp_path: Path) -> None:
    """SIGKILL at random points, three times, then resume: the bytes of a run that was never interrupted."""
    chance = random.Random(20240816)
    killed = 0
    for attempt in range(3):
        before = (
            len(list((tmp_path / "run" / "ranks").glob("*.parquet"))) if (tmp_path / "run" / "ranks").exists() else 0
        )
        process = start(*ARGUMENTS, "--jobs", "1", "-o", "run", cwd=tmp_path)
        # Wait until it wrote something new, then a little longer, so that every attempt dies at another place.
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            there = (
                len(list((tmp_path / "run" / "ranks").glob("*.parquet")))
                if (tmp_path / "run" / "ranks").exists()
                else 0
            )
            if there > before or (attempt == 0 and (tmp_path / "run" / "queries").exists()):
                break
            time.sleep(0.005)
        time.sleep(chance.random() * 0.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed += process.returncode == -signal.SIGKILL
    assert killed >= 2
    assert json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))["status"] == "running"
    finish("resume", "run", "--jobs", "2", "--format", "csv", cwd=tmp_path)
    assert digests(tmp_path / "run") == reference
    assert not list((tmp_path / "run").rglob("*.tmp"))


def test_interrupt_is_resumable(reference: dict[str, str], tmp_path: Path) -> None:
    process = start(*ARGUMENTS, "--jobs", "2", "-o", "run", cwd=tmp_path)
    deadline = time.monotonic() + 60
    while not (tmp_path / "run" / "ranks").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130, errors.decode()
    assert b"interrupted" in errors
    assert b"Traceback" not in errors
    finish("resume", "run", "--jobs", "1", "--format", "csv", cwd=tmp_path)
    assert digests(tmp_path / "run") == reference
