"""An unfinished run never passes for a whole one: it is refused, or its results say that they are partial."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import robustir
from robustir.errors import RunError
from robustir.planning.plan import make_plan
from robustir.rundir.completeness import PARTIAL, missing_cells, whole_manifest
from robustir.rundir.directory import RunDirectory
from robustir.running.orchestration import execute_plan
from tests.tiny import suite_of, write_beir


@pytest.fixture
def unfinished(tmp_path: Path) -> Path:
    """A run that was killed when two of three draws of a noise were there."""
    suite = suite_of(write_beir(tmp_path / "task"), perturbations=("tests.tiny:OnlyA",), severities=(1.0,), draws=3)
    run = RunDirectory(tmp_path / "run")
    execute_plan(make_plan(suite), run, formats=())
    manifest = run.read_manifest()
    cell = next(cell for cell in manifest.cells if cell.draw == 2)
    for path in (run.ranks_path(cell.key), run.rankings_path(cell.key)):
        path.unlink(missing_ok=True)
    return run.path


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "RUN", "--format", "csv"),
        ("report", "RUN", "--format", "csv", "--fail-if", "retention < 0.1"),
        ("scores", "RUN", "--format", "csv"),
        ("compare", "RUN", "RUN"),
        ("show", "RUN"),
    ],
    ids=" ".join,
)
def test_every_command_refuses_it_and_names_resume(unfinished: Path, arguments: tuple[str, ...], invoke) -> None:
    result = invoke(*(unfinished if word == "RUN" else word for word in arguments))
    assert result.code == 2
    assert "is unfinished: 1 of its 5 cells are not there yet, first task / tests.tiny:Letters" in result.err
    assert f"robustir resume {unfinished}" in result.err
    assert not result.out


def test_what_is_missing_is_named(unfinished: Path) -> None:
    run = RunDirectory(unfinished)
    (lost,) = missing_cells(run, run.read_manifest())
    assert (lost.severity, lost.draw) == (1.0, 2)
    with pytest.raises(RunError, match="is unfinished"):
        robustir.analyse(unfinished)
    manifest = whole_manifest(RunDirectory(unfinished, partial=True))
    assert manifest.status == PARTIAL
    assert [entry.cell for entry in manifest.failed] == [lost.shown]


def test_a_partial_report_says_so_with_the_draws_that_are_there(unfinished: Path, tmp_path: Path, invoke) -> None:
    result = invoke("report", unfinished, "--partial", "--format", "html", "-o", tmp_path / "out")
    assert result.code == 0, result.err
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Partial: the run is unfinished. 4 of 5 cells are there, with 2 of 3 draws" in text
    assert "failed and is missing from the means" not in text
    findings = robustir.analyse(unfinished, partial=True)
    assert findings.manifest is not None
    assert findings.manifest.status == PARTIAL


def test_scores_of_a_partial_run_are_those_that_are_there(unfinished: Path, invoke) -> None:
    result = invoke("scores", unfinished, "--partial", "--format", "csv", "--measure", "AP")
    assert result.code == 0
    rows = list(csv.DictReader(result.out.splitlines()))
    assert {row["draw"] for row in rows} == {"0", "1"}
