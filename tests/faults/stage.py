"""A small run, what it looks like undisturbed, and the processes that make it."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from tests.processes import ROOT, digests
from tests.tiny import write_beir

__all__ = ["Ledger", "Stage", "content", "ended", "until", "workers"]

_WITHOUT_RIGHTS: Final = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")  # root whom files may refuse
_PARTS: Final = ("queries", "ranks", "rankings", "passages", "relevant", "shown", "findings")
_PATIENCE: Final = 600.0  # seconds for one command
_SUITE: Final = """name = "tiny"
benchmarks = [{task}]
encoders = [{static}, "hashing(dim=64)", "bm25"]
perturbations = ["typos", "shuffle-words"]
severities = [0.5]
draws = 4
seed = 7
exploratory = true
[statistics]
resamples = 99
flips = 99
"""
_WORDS: Final = ("river", "longest", "castle", "mountain", "president", "of", "the", "in", "where", "bridge", "stone")


@dataclass
class Ledger:
    """What was done and what came of it, counted; what went wrong, in words."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def note(self, what: str, came_of_it: str) -> None:
        """Count one fault and what came of it."""
        self.counts[what, came_of_it] += 1

    def expect(self, truth: object, told: str) -> None:
        """Note as wrong what is not true."""
        if not truth:
            self.wrong.append(told)

    def table(self) -> str:
        """Return the counts, one line each."""
        lines = [f"{'fault':44}{'came of it':44}{'times':>8}"]
        lines += [f"{what:44}{came:44}{number:8,}" for (what, came), number in sorted(self.counts.items())]
        lines.append(f"{'all':88}{self.counts.total():8,}")
        return "\n".join([*lines, *(f"WRONG: {told}" for told in self.wrong)])


class Stage:
    """A folder with data, an encoder, a suite, and its undisturbed run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        task, static = folder / "task", folder / "static"
        _write_task(task)
        _write_static(static)
        self.suite = folder / "suite.toml"
        self.suite.write_text(
            _SUITE.format(task=json.dumps(str(task)), static=json.dumps(str(static))), encoding="utf-8"
        )
        self.whole = folder / "whole"
        begin = time.monotonic()
        done = ended(self.start(self.whole, folder / "cache-of-whole"))
        assert done.returncode == 0, done.stderr
        self.seconds = time.monotonic() - begin
        self.content = content(self.whole)

    def start(
        self, run: Path, cache: Path, *, words: tuple[str, ...] = (), rights: bool = True
    ) -> subprocess.Popen[str]:
        """Start the run in a folder, as the leader of a group of processes; without rights: as any user would."""
        command = [
            *(() if rights else _WITHOUT_RIGHTS),
            sys.executable,
            "-m",
            "robustir",
            *(words or ("run", str(self.suite), "-o", str(run))),
        ]
        return subprocess.Popen(
            [*command, "--code", "--jobs", "2", "--format", "csv"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "ROBUSTIR_CACHE": str(cache)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def finish(self, run: Path, cache: Path, ledger: Ledger, told: str) -> None:
        """Let the run in a folder come to its end, and compare it with the undisturbed one."""
        words = ("resume", str(run)) if (run / "manifest.json").is_file() else ()
        done = ended(self.start(run, cache, words=words))
        ledger.expect(done.returncode == 0, f"{told}: exit code {done.returncode}: {done.stderr[-1_500:]}")
        found = content(run)
        differ = sorted({*found.items()} ^ {*self.content.items()})
        ledger.expect(not differ, f"{told}: {len(differ)} files differ, the first {differ[:1]}")
        shutil.rmtree(run, ignore_errors=True)
        shutil.rmtree(cache, ignore_errors=True)


def workers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the worker processes of a run."""
    found = []
    with suppress(psutil.Error):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.Error):
                if "spawn_main" in " ".join(child.cmdline()):
                    found.append(child)
    return found


def ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Wait for a process; one that takes too long is killed, and its exit code says so."""
    try:
        out, error = process.communicate(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, error = process.communicate()
        error += f"\nmore than {_PATIENCE:g} seconds"
    return subprocess.CompletedProcess(process.args, process.returncode, out, error)


def content(run: Path) -> dict[str, str]:
    """Return the digests of all files of a run that must not depend on how it went."""
    return digests(run, [part for part in _PARTS if (run / part).is_dir()])


def _write_task(folder: Path) -> None:
    chance = random.Random(0)

    def text(number: int) -> str:
        return " ".join(chance.choices(_WORDS, k=6)) + f" {number}"

    passages = [(f"p{number}", "en", text(number)) for number in range(60)]
    queries = [(f"q{number}", "en", text(number)) for number in range(30)]
    write_beir(folder, passages, queries, [(f"q{number}", f"p{number}", 1) for number in range(30)])


def _write_static(folder: Path) -> None:
    import numpy as np
    from tokenizers import Tokenizer, models, pre_tokenizers

    from robustir.encoders.static_files import write_open

    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(("[UNK]", *_WORDS))}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    write_open(
        folder, np.random.default_rng(0).standard_normal((len(_WORDS) + 1, 8)).astype(np.float32), tokenizer.to_str()
    )


def until(true: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is true, and return whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
