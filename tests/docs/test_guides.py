"""The examples of the guides, run as a reader would: from a folder of their own, through the command line."""

from __future__ import annotations

import csv
import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest
from click.testing import CliRunner

from robustir.reports import build
from robustir.reports.renderers.html import render_html
from robustir.reports.renderers.latex import render_latex
from robustir.reports.study import Study
from tests.reports.factory import Factory

FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in one language ("" for plain ones)."""
    return [text for found, text in FENCE.findall(page.read_text(encoding="utf-8")) if found == language]


def run_shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a block of commands; robustir is that of the environment of the tests."""
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-e", "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("page", ["write-a-perturbation.md", "extend/encoder.md", "extend/benchmark.md"])
def test_the_example_of_a_guide_passes_its_check_and_runs(root: Path, tmp_path: Path, page: str) -> None:
    path = root / "docs" / page
    (tmp_path / "my_module.py").write_text(blocks(path, "python")[0], encoding="utf-8")
    script = next(block for block in blocks(path, "") if "my_module" in block)
    done = run_shell(script, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.glob("runs/*/report.html")), done.stdout


@pytest.mark.slow
@pytest.mark.long
def test_every_command_of_the_tutorial_works(root: Path, tmp_path: Path) -> None:
    page = root / "docs" / "tutorial.md"
    done = run_shell("\n".join(blocks(page, "bash")), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all((tmp_path / name / "report.html").is_file() for name in ("first", "study", "garden-run"))
    assert (tmp_path / "scores.csv").read_text(encoding="utf-8").count("\n") > 100
    for number, block in enumerate(blocks(page, "python")):
        script = tmp_path / f"block_{number}.py"
        script.write_text(block, encoding="utf-8")
        done = run_shell(f"python {script.name}", tmp_path)
        assert done.returncode == 0, done.stderr
        assert "ci_low" in done.stdout


@pytest.mark.slow
def test_the_engine_of_the_page_on_external_runs_is_scored(root: Path, tmp_path: Path) -> None:
    page = root / "docs" / "external-runs.md"
    (tmp_path / "engine.py").write_text(blocks(page, "python")[0], encoding="utf-8")
    export, score = blocks(page, "bash")
    done = run_shell(f"{export}\npython engine.py\n{score}", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tfidf" in done.stdout
    assert (tmp_path / "scored" / "report.html").is_file()


def module(path: Path, source: str, name: str) -> ModuleType:
    """Import a module from source that a reader of a guide would write."""
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def changed_copy(root: Path, folder: Path, changes: dict[str, str]) -> Path:
    """Make ``folder/robustir`` of links to the checkout, with the files in ``changes`` written anew."""
    target = folder / "robustir"
    target.mkdir()
    rooms = {Path(name).parts[0] for name in changes if "/" in name}
    for entry in (root / "robustir").iterdir():
        if entry.name not in {*changes, *rooms, "__pycache__"}:
            (target / entry.name).symlink_to(entry.resolve())
    for room in rooms:
        (target / room).mkdir()
        for entry in (root / "robustir" / room).iterdir():
            if f"{room}/{entry.name}" not in changes and entry.name != "__pycache__":
                (target / room / entry.name).symlink_to(entry.resolve())
    for name, source in changes.items():
        (target / name).write_text(source, encoding="utf-8")
    return target


def with_entry(source: str, function: str, before: str, entry: str, table: str) -> str:
    """Put a function before a line, and an entry at the beginning of a table."""
    assert source.count(before) == source.count(table) == 1
    return source.replace(before, f"{function}\n\n{before}").replace(table, f"{table}{entry}")


@pytest.mark.slow
def test_the_measure_of_the_guide_is_two_functions_and_two_entries(root: Path, tmp_path: Path) -> None:
    value, definition, expected, listed = map(dedent, blocks(root / "docs" / "extend" / "measure.md", "python"))
    measures = (root / "robustir" / "measures.py").read_text(encoding="utf-8")
    ties = (root / "robustir" / "evidence" / "expected.py").read_text(encoding="utf-8")
    table = "_DEFINITIONS: dict[str, _Definition] = {\n"
    sums = "_EXPECTED: Mapping[str, Callable[[_Groups, int | None], Floats]] = {\n"
    definitions = "@dataclass(frozen=True, slots=True)\nclass _Definition:"
    changed_copy(
        root,
        tmp_path,
        {
            "measures.py": with_entry(measures, value, definitions, definition, table),
            "evidence/expected.py": with_entry(ties, expected, sums, listed, sums),
        },
    )
    command = (
        "python -m robustir run quickstart --languages en --encoder bm25 --perturbation typos --measure CG@10,Hit@10"
    )
    done = run_shell(f"export PYTHONPATH={tmp_path}; {command} --draws 1 --format csv -o run", tmp_path)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "run" / "findings" / "scores.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["query_lang"] == "en" and row["setting"] == "mono"]
    scores = {row["measure"]: (float(row["clean"]), float(row["floor"])) for row in rows}
    assert scores["CG@10"] == pytest.approx(scores["Hit@10"])  # one relevant passage of grade 1 per query


def test_the_section_of_the_guide_is_rendered(root: Path, tmp_path: Path) -> None:
    page = root / "docs" / "extend" / "report-section.md"
    worst = module(tmp_path / "worst.py", blocks(page, "python")[0], "section_of_the_guide")
    findings = Factory().findings()
    section = worst.worst_section(Study.read(findings, findings.manifest))
    document = replace(build(findings, findings.manifest), sections=(section,))
    assert [row[0].text for row in section.blocks[1].rows] == list(Factory().encoders)
    for rendered in (render_html(document), render_latex(document)):
        assert "Largest loss per encoder" in rendered


def test_the_command_of_the_guide_counts(root: Path, tmp_path: Path) -> None:
    page = root / "docs" / "extend" / "command.md"
    count = module(tmp_path / "count.py", blocks(page, "python")[0], "command_of_the_guide")
    done = CliRunner().invoke(count.command, ["mini"])
    assert (done.exit_code, done.output) == (0, "1100\n")
