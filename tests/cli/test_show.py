"""The results in the terminal: after a run, and by ``robustir show``."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from robustir.cli import main
from robustir.cli.terminal import shorten
from tests.processes import ROOT
from tests.reports.factory import Factory
from tests.terminals import in_terminal

SMALL = ("quickstart", "--languages", "en,th", "--severities", "0.3", "--draws", "1", "--jobs", "1", "--format", "csv")
TYPOS = "typos(dose='cer:0.1')"  # as the suite has them
ENCODERS = ("--encoder", "hashing", "--encoder", "bm25")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    run = tmp_path_factory.mktemp("runs") / "small"
    with pytest.raises(SystemExit) as leave:
        main(["run", *SMALL, *ENCODERS, "-o", str(run)])
    assert leave.value.code == 0
    return run


def contrast(run: Path, **where: str) -> dict[str, str]:
    with (run / "findings" / "contrasts.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["query_lang"] == "all"]
    return next(row for row in rows if all(row[name] == value for name, value in where.items()))


def test_a_run_ends_with_the_table_that_show_prints(small: Path, invoke) -> None:
    again = invoke("run", *SMALL, *ENCODERS, "-o", small)
    shown = invoke("show", small)
    assert (again.code, shown.code) == (0, 0)
    assert again.out.startswith(shown.out)
    assert "8 of 8 cells (8 done before)" in again.out
    assert "cells: 8, of which 0 failed" in shown.out


def test_the_table_holds_the_findings_numbers_and_is_plain_in_a_pipe(small: Path, invoke) -> None:
    shown = invoke("show", small, "--setting", "mono").out
    wanted = contrast(small, encoder="hashing", setting="mono", perturbation=TYPOS, measure="AP")
    row = next(line for line in shown.splitlines() if line.startswith("a  hashing"))
    clean, noisy, kept = re.findall(r"[\d.]+", row)[:3]
    assert clean == f"{100 * float(wanted['clean']):.1f}"
    assert noisy == f"{100 * float(wanted['noisy']):.1f}"
    assert kept == f"{100 * float(wanted['retention']):.0f}"
    assert "mini, mono: mAP in points" in shown
    assert "cross:" not in shown
    assert "\x1b" not in shown
    assert not re.search(r"[─-╿]", shown)  # no lines of boxes
    assert all(line == line.rstrip() for line in shown.splitlines())


def test_json_and_another_measure(small: Path, invoke) -> None:
    found = json.loads(invoke("show", small, "--json", "--measure", "nDCG@10", "--setting", "multi").out)
    assert found["run"] == str(small)
    assert {row["measure"] for row in found["results"]} == {"nDCG@10"}
    wanted = contrast(small, encoder="bm25", setting="multi", perturbation=TYPOS, measure="nDCG@10")
    row = next(row for row in found["results"] if row["name"] == "bm25")
    assert row["noises"][0]["noisy"] == pytest.approx(float(wanted["noisy"]))
    refused = invoke("show", small, "--measure", "R@7")
    assert refused.code == 2
    assert "it has: AP" in refused.err
    assert "robustir scores" in refused.err


def test_the_json_of_run_and_report(small: Path, tmp_path: Path, invoke) -> None:
    run = json.loads(invoke("run", *SMALL, *ENCODERS, "-o", small, "--json").out)
    assert run["counts"]["cells"] == 8
    assert run["reports"] == {"csv": str(small / "findings")}
    assert {row["name"] for row in run["results"]} == {"hashing", "bm25"}
    rows = json.loads(invoke("report", small, "--format", "html,csv", "-o", tmp_path, "--json").out)
    assert [row["name"] for row in rows] == ["html", "csv"]
    assert all(Path(row["path"]).exists() for row in rows)


def test_a_run_without_findings_says_what_to_do(small: Path, tmp_path: Path, invoke) -> None:
    (tmp_path / "manifest.json").write_bytes((small / "manifest.json").read_bytes())
    refused = invoke("show", tmp_path)
    assert refused.code == 2
    assert f"robustir resume {tmp_path}" in refused.err


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_every_line_fits_the_terminal(columns: int) -> None:
    """Long names of encoders and noises are shortened or explained below; noises that do not fit get a table of their own."""
    code = f"""
from robustir.cli.result_table import show_overview
from robustir.reports.overview import overview
from robustir.reports.study import Study
from tests.reports.factory import Factory
findings = Factory(encoders={LONG_ENCODERS!r}, perturbations={LONG_NOISES!r}).findings()
show_overview(overview(Study.read(findings, findings.manifest)))
"""
    screen = in_terminal(columns=columns, code=code)
    assert screen.code == 0, screen.plain
    assert "\x1b[1m" in screen.seen  # a terminal gets its bold heads
    legend = [f"] {name}" for name in LONG_NOISES if len(name) > 18]
    for line in screen.lines:
        assert len(line) <= columns or any(line.endswith(name) for name in legend), line
    assert all(name in screen.plain for name in LONG_NOISES)
    narrow = screen.plain.count("encoder  ")
    assert narrow == {60: 12, 80: 6, 120: 3}[columns]


LONG_ENCODERS = ("transformer('/very/long/path/to/a/model/of/mine')", "hashing", "bm25")
LONG_NOISES = ("typos", "code-switch(embedded_lang='en', seed=3)", "ocr", "adversarial(against='hashing', beam=4)")


def test_names_keep_their_beginning_and_their_end() -> None:
    assert shorten("abc", 3) == "abc"
    assert shorten("abcdefgh", 5) == "ab…gh"
    assert len(shorten(LONG_ENCODERS[0], 30)) == 30


def test_the_factory_has_long_names() -> None:
    assert len(Factory(encoders=LONG_ENCODERS).findings().scores)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_reader_of_scores_may_leave(small: Path, form: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "robustir", "scores", str(small), "--format", form]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, cwd=ROOT, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
