"""The pytest plugin, in test suites of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.comparing.conftest import MakeRun
from tests.docs.test_guides import blocks, run_shell

MINE = {"mine": (0.1, 0.3)}


def outcomes(folder: Path, body: str, *arguments: str) -> tuple[dict[str, int], str]:
    """Run a test module in a process of its own: pytester forgets modules, which NumPy does not survive."""
    (folder / "test_module.py").write_text(textwrap.dedent(body), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_module.py", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    counts = re.findall(r"(\d+) (passed|failed|errors?)", done.stdout.splitlines()[-1])
    return {name: int(count) for count, name in counts}, done.stdout


def test_bounds_that_hold_and_that_do_not(tmp_path: Path, make_run: MakeRun) -> None:
    run = make_run(MINE).path
    found, shown = outcomes(
        tmp_path,
        f"""
        RUN = {str(run)!r}
        def test_kept(robustir_gate):
            (one,) = robustir_gate(RUN, "retention(mine, shuffle-words) >= 0.5")
            assert one.state == "holds"
        def test_lost(robustir_gate):
            robustir_gate(RUN, "score(mine, shuffle-words, 1) > 0.95")
        def test_in_between(robustir_gate):
            robustir_gate(RUN, "retention(mine, shuffle-words, 1) >= 0.85")
        def test_in_between_strictly(robustir_gate):
            robustir_gate(RUN, "retention(mine, shuffle-words, 1) >= 0.85", strict=True)
        """,
    )
    assert found == {"passed": 2, "failed": 2}
    assert "score(mine, shuffle-words, 1) > 0.95: violated: mine under shuffle-words at 1" in shown
    assert "retention(mine, shuffle-words, 1) >= 0.85: not proven" in shown


def test_strict_for_all(tmp_path: Path, make_run: MakeRun) -> None:
    body = f"""
        def test_in_between(robustir_gate):
            robustir_gate({str(make_run(MINE).path)!r}, "retention(mine, shuffle-words, 1) >= 0.85")
        """
    assert outcomes(tmp_path, body, "--robustir-strict")[0] == {"failed": 1}


def test_a_run_against_its_baseline(tmp_path: Path, make_run: MakeRun) -> None:
    base, worse = make_run(MINE).path, make_run({"mine": (0.1, 0.5)}).path
    found, shown = outcomes(
        tmp_path,
        f"""
        import pytest
        from robustir import SpecError
        def test_worse(robustir_gate):
            robustir_gate.compare({str(base)!r}, {str(worse)!r}, "loss(new, baseline) < 0.02")
        def test_same(robustir_gate):
            robustir_gate.compare({str(base)!r}, {str(base)!r}, "loss(new, baseline) < 0.02", strict=True)
        def test_refused(robustir_gate):
            for bounds in ((), ("magic < 1",)):
                with pytest.raises(SpecError):
                    robustir_gate({str(base)!r}, *bounds)
        """,
    )
    assert found == {"passed": 2, "failed": 1}
    assert "loss(new, baseline) < 0.02: violated" in shown


def test_the_plugin_costs_nothing_until_it_is_used() -> None:
    code = "import sys, robustir.pytest; print([m for m in ('numpy', 'pandas', 'torch', 'click') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_the_recipe_works(root: Path, tmp_path: Path) -> None:
    page = root / "docs" / "gate.md"
    done = run_shell("\n".join(blocks(page, "bash")), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "equivalent" in done.stdout or "not told" in done.stdout
    (tmp_path / "test_gate.py").write_text(blocks(page, "python")[0], encoding="utf-8")
    done = run_shell("python -m pytest -q test_gate.py", tmp_path)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
    again = run_shell("robustir compare runs/new --encoder bm25 --encoder mine", tmp_path)
    assert again.returncode == 0, again.stderr
