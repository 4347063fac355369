"""What the command line says and leaves behind when something fails, is refused or interrupted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

import robustir
from robustir.rundir.directory import RunDirectory
from robustir.types import Ranks
from tests.cli.conftest import Invoke, confirming
from tests.tiny import PASSAGES, write_beir


@pytest.fixture
def invoke(invoke: Invoke) -> Invoke:
    """Call the command line; the suites here name plugins of the tests."""
    return confirming(invoke)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The tiny bilingual task."""
    return write_beir(tmp_path / "task")


def suite_file(tmp_path: Path, folder: Path, perturbation: str) -> Path:
    """Write a suite of the tiny task, two encoders and one perturbation."""
    path = tmp_path / "suite.toml"
    path.write_text(
        f'name = "tiny"\nbenchmarks = ["{folder}"]\nencoders = ["tests.tiny:Letters", "bm25"]\ndraws = 1\n'
        f'perturbations = ["{perturbation}"]\nseverities = [0.5, 1.0]\nmeasures = ["AP"]\n'
        "[statistics]\nflips = 99\nresamples = 99\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(
    ("fault", "message"), [("raise", "raised KeyError on query 'q1'"), ("none", "NoneType"), ("empty", "'q1'.*empty")]
)
def test_a_failing_perturbation_is_named_for_every_encoder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke, fault: str, message: str
) -> None:
    arguments = (
        *("run", suite_file(tmp_path, folder, "tests.tiny:Faulty"), "--jobs", "1"),
        *("-o", tmp_path / "run", "--format", "csv"),
    )
    monkeypatch.setenv("TINY_NOISE", fault)
    result = invoke(*arguments)
    assert result.code == 3, result.err
    lines = [line for line in result.err.splitlines() if "failed:" in line]
    assert len(lines) == 2
    assert "bm25 / tests.tiny:Faulty at 1, draw 0" in lines[1]
    assert all(re.search(message, line) for line in lines)
    assert "6 of 8 cells" in result.out
    validity = robustir.analyse(tmp_path / "run").validity
    assert set(validity[validity["severity"] == 1.0]["note"]) == {"failed"}
    monkeypatch.delenv("TINY_NOISE")
    resumed = invoke("resume", tmp_path / "run", "--jobs", "1", "--format", "csv")
    assert resumed.code == 0, resumed.err
    assert "8 of 8 cells (6 done before)" in resumed.out


def test_all_cells_failing_is_exit_3_and_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke) -> None:
    loud = write_beir(tmp_path / "task", [(key, lang, text + "!") for key, lang, text in PASSAGES])
    monkeypatch.setenv("TINY_FAULT", "raise")
    suite = suite_file(tmp_path, loud, "tests.tiny:OnlyA")
    result = invoke("run", suite, "--encoder", "tests.tiny:Letters", "-o", tmp_path / "run", "--format", "html", "-j1")
    assert result.code == 3, result.err
    assert "0 of 4 cells" in result.out
    assert "no report was written" in result.err
    assert "cannot read this text" in result.err
    assert "report " not in result.out
    gate = invoke("report", tmp_path / "run", "--format", "csv", "--fail-if", "delta < -0.1")
    assert gate.code == 2  # nothing was measured: the gate must not open
    assert "no score to judge it by" in gate.err


def test_another_plan_changes_nothing(folder: Path, tmp_path: Path, invoke) -> None:
    suite = suite_file(tmp_path, folder, "tests.tiny:OnlyA")
    run = tmp_path / "run"
    assert invoke("run", suite, "-o", run, "--format", "csv", "-j1").code == 0
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in run.rglob("*") if path.is_file()}
    refused = invoke("run", suite, "--seed", "5", "-o", run, "--format", "csv", "-j1")
    assert refused.code == 2
    assert "holds another plan" in refused.err
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in run.rglob("*") if path.is_file()}
    assert after == before


def test_an_output_folder_that_cannot_be_made(folder: Path, tmp_path: Path, invoke) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    suite = suite_file(tmp_path, folder, "tests.tiny:OnlyA")
    for out in (tmp_path / "file", tmp_path / "file" / "run", Path("/proc/robustir")):
        result = invoke("run", suite, "-o", out, "--format", "csv", "-j1")
        assert result.code == 2, result.err
        assert str(out) in result.err
        assert "Traceback" not in result.err
    assert (tmp_path / "file").read_text(encoding="utf-8") == "x"


def test_an_interrupt_leaves_a_run_to_resume(
    folder: Path, tmp_path: Path, invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = suite_file(tmp_path, folder, "tests.tiny:OnlyA")
    written: list[str] = []
    write_ranks = RunDirectory.write_ranks

    def interrupted(self: RunDirectory, key: str, ranks: Ranks, facts: Mapping[str, str] | None = None) -> None:
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(key)
        write_ranks(self, key, ranks, facts)

    monkeypatch.setattr(RunDirectory, "write_ranks", interrupted)
    stopped = invoke("run", suite, "-o", tmp_path / "run", "--format", "csv", "-j1")
    assert stopped.code == 130
    assert "interrupted" in stopped.err
    assert json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))["status"] == "running"
    assert sorted(path.stem for path in (tmp_path / "run" / "ranks").iterdir()) == sorted(written)
    assert not RunDirectory(tmp_path / "run").work_path.exists()
    monkeypatch.setattr(RunDirectory, "write_ranks", write_ranks)
    resumed = invoke("resume", tmp_path / "run", "--format", "csv", "-j1")
    assert resumed.code == 0
    assert "(3 done before)" in resumed.out


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_noise_that_raises_on_one_query_is_reported_with_its_own_error(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke, jobs: str
) -> None:
    path = suite_file(tmp_path, folder, "tests.tiny:Faulty")
    path.write_text(path.read_text(encoding="utf-8").replace("[0.5, 1.0]", "[1.0]"), encoding="utf-8")
    monkeypatch.setenv("TINY_NOISE", "raise")
    run = tmp_path / "run"
    first = invoke("run", path, "-o", run, "--jobs", jobs, "--format", "html,latex")
    assert first.code == 3, first.err
    assert "faulty raised KeyError on query 'q1'" in first.err
    assert f"robustir --debug resume {run}" in first.err
    assert "Traceback" not in first.err
    again = invoke("report", run, "--format", "html")
    assert again.code == 0, again.err
    html = (run / "report.html").read_text(encoding="utf-8")
    assert "No query was scored under noise, so nothing is said about robustness." in html
    assert "2 cells failed." in html
    assert "faulty raised KeyError on query" in html
    for entry in json.loads((run / "manifest.json").read_text(encoding="utf-8"))["failed"]:
        # The plugin's own line, the error it raised, and what it became.
        assert "raise KeyError(text)" in entry["traceback"]
        assert "tiny.py" in entry["traceback"]
        assert entry["traceback"].rstrip().endswith("faulty raised KeyError on query 'q1' ('a'): 'a'")
    debugged = invoke("--debug", "resume", run, "--jobs", jobs, "--format", "html")
    assert debugged.code == 3
    assert debugged.err.count("raise KeyError(text)") == 1  # two cells, one cause
    assert "tracebacks are in" not in debugged.err


def test_debug_shows_where_a_refusal_came_from(invoke) -> None:
    plain, debugged = (invoke(*flags, "describe", "no-such-noise") for flags in ((), ("--debug",)))
    assert plain.code == debugged.code == 2
    assert "Traceback" not in plain.err
    assert "Traceback" in debugged.err
    assert debugged.err.endswith(plain.err)


def test_a_failed_encoding_keeps_its_traceback(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke
) -> None:
    monkeypatch.setenv("TINY_FAULT", "raise")
    loud = write_beir(tmp_path / "loud", [(key, lang, text + "!") for key, lang, text in PASSAGES])
    suite = suite_file(tmp_path, loud, "tests.tiny:OnlyA")
    for jobs in ("1", "2"):
        run = tmp_path / f"run{jobs}"
        arguments = ("--encoder", "tests.tiny:Letters", "-o", run, "--format", "csv", "--jobs", jobs)
        assert invoke("run", suite, *arguments).code == 3
        failed = json.loads((run / "manifest.json").read_text(encoding="utf-8"))["failed"]
        assert failed
        assert all("break_here" in entry["traceback"] for entry in failed)
