"""The examples of the guides, run as a reader would: from a folder of their own, through the command line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


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
