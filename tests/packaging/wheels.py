"""Building wheels, and running what is installed from them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
    )


def build(source: Path) -> Path:
    """Build a wheel with the setuptools of the environment of the tests."""
    command = (
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        source / "dist",
        ".",
    )
    done = run(*command, cwd=source)
    assert done.returncode == 0, done.stderr
    return next((source / "dist").glob("*.whl"))
