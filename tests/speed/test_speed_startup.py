"""Start-up: ``robustir --help`` and ``import robustir`` load no heavy library and stay under 0.3 s of CPU time."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "transformers", "matplotlib", "pandas", "scipy", "pyarrow", "faiss", "numpy", "pydantic", "rich")
COMMANDS = {
    "import robustir": "import robustir",
    "robustir --help": "import sys; from robustir.cli import main; main(['--help'])",
    "python alone": "pass",
}


@pytest.mark.parametrize("code", list(COMMANDS.values())[:2], ids=list(COMMANDS)[:2])
def test_no_heavy_library_is_loaded(code: str) -> None:
    script = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint('loaded', sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "loaded []"


@pytest.mark.speed
@pytest.mark.parametrize("name", COMMANDS)
def test_cpu_time(benchmark: BenchmarkFixture, name: str) -> None:
    def start() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", COMMANDS[name]], stdout=subprocess.PIPE, check=True, cwd=ROOT)
        assert done.stdout.startswith(b"Usage: ") == (name == "robustir --help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    seconds = sorted(start() for _ in range(5))[2]
    benchmark.extra_info["cpu_seconds"] = round(seconds, 3)
    benchmark.pedantic(start, rounds=3)
    print(f"\n{name}: {seconds:.3f} s of CPU time (aim: under 0.3)")
