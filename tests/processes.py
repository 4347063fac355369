"""What several test modules ask of fresh processes and of finished runs."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def hearing(*signals: signal.Signals) -> Iterator[None]:
    """Let children hear signals: a shell's background job has SIGINT ignored, and so would have its children."""
    before = {one: signal.signal(one, signal.SIG_DFL) for one in signals if one != signal.SIGINT}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def outputs_under_hash_seeds(code: str) -> set[str]:
    """What ``python -c code`` prints under two values of PYTHONHASHSEED."""
    return {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }


def digests(
    run: Path, parts: Sequence[str] = ("queries", "passages", "relevant", "ranks", "findings")
) -> dict[str, str]:
    """SHA-256 of everything that must not depend on how a run went."""
    files = [path for part in parts for path in sorted((run / part).iterdir())]
    return {str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
