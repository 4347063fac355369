"""How commands end: interrupts at any moment, readers that leave, disks that are full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import robustir
from robustir.cli.leaving import INTERRUPTED
from tests.processes import hearing
from tests.tiny import write_beir

ROBUSTIR = (sys.executable, "-m", "robustir")
PACKAGE = Path(robustir.__file__).parent


@pytest.fixture(autouse=True)
def _hear_interrupts():
    with hearing():
        yield


def start(*arguments: object, cwd: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        [*ROBUSTIR, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=environment,
        start_new_session=True,  # as a terminal does, the whole group gets the interrupt
    )


def seconds_to_start() -> float:
    """About how long Python takes until it runs anything of ours: nothing of ours can hear an interrupt before."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import robustir"], check=True)
    return time.perf_counter() - begin


@pytest.mark.parametrize(
    ("arguments", "step"),
    [
        (("describe", "typos"), 0.12),
        (("doctor",), 0.25),
        (("run", "TASK", "--jobs", "2", "--format", "html"), 0.4),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_an_interrupt_at_any_moment_is_one_line_and_130(
    arguments: tuple[str, ...], step: float, tmp_path: Path
) -> None:
    folder = write_beir(tmp_path / "task")
    suite = tmp_path / "suite.toml"
    suite.write_text(
        f'name = "tiny"\nbenchmarks = ["{folder}"]\nencoders = ["hashing", "bm25"]\nperturbations = ["shuffle-words"]\n'
        "severities = [0.5]\ndraws = 1\n",
        encoding="utf-8",
    )
    bare = seconds_to_start()
    stopped = 0
    for attempt in range(6):
        process = start(*(suite if word == "TASK" else word for word in arguments), cwd=tmp_path)
        time.sleep(1.5 * bare + step * attempt)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=120)
        if process.returncode == 0:  # it was done before
            continue
        if INTERRUPTED not in errors.decode() and str(PACKAGE) not in errors.decode():  # Python ran nothing of ours yet
            continue
        stopped += 1
        assert (process.returncode, errors.decode()) == (130, f"robustir: {INTERRUPTED}\n")
    assert stopped >= 2


def test_a_job_in_the_background_stays_deaf(tmp_path: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for  command &
    process = start("list", "measures", cwd=tmp_path)
    for _ in range(5):
        time.sleep(0.05)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, b"")
    assert b"nDCG@10" in output


def after_first_line(*arguments: object, cwd: Path, given: bytes = b"") -> tuple[int, bytes]:
    """What ``robustir ARGUMENTS | head -n 1`` leaves: the exit code and what is on stderr."""
    source = cwd / "given"
    source.write_bytes(given)
    with source.open("rb") as stdin:
        process = subprocess.Popen(
            [*ROBUSTIR, *map(str, arguments)],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert process.stdout is not None
        assert process.stderr is not None
        os.read(process.stdout.fileno(), 1)
        process.stdout.close()
        errors = process.stderr.read()
        process.stderr.close()
        return process.wait(timeout=60), errors


def test_a_reader_that_leaves_ends_a_command_quietly(tmp_path: Path) -> None:
    many = b"where is the nile\n" * 50_000
    code, errors = after_first_line("perturb", "typos", "--lang", "en", "--severity", "0.2", cwd=tmp_path, given=many)
    assert (code, errors) == (141, b"")


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "perturbations"),
        ("list", "encoders", "--json"),
        ("describe", "typos"),
        ("doctor",),
        ("--help",),
        ("run", "--help"),
        ("plan", "quickstart", "--languages", "en", "--encoder", "bm25"),
    ],
    ids=" ".join,
)
def test_a_reader_that_never_reads_ends_every_printing_command_quietly(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*ROBUSTIR, *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is always full")
def test_output_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*ROBUSTIR, "list", "measures"], stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == b"robustir: the output cannot be written: No space left on device\n"
