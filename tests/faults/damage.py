"""Damage of finished runs and of stored vectors: each is noticed, and a run made whole again is as before."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final

from robustir.errors import RunError
from robustir.planning.plan import make_plan
from robustir.planning.suite import load_suite
from robustir.rundir.directory import RunDirectory
from robustir.running.orchestration import execute_plan
from robustir.running.summary import RunOptions
from tests.faults.stage import Ledger, Stage, content, ended

__all__ = ["damage_files", "fill_disks", "refuse_rights", "run_two"]

_KINDS: Final = ("queries", "ranks", "rankings", "passages", "relevant", "shown", "manifest.json", "vectors")
_SMALLEST, _LARGEST = 40, 700  # KiB of a full disk; the run needs more than the smallest


def _flipped(sound: bytes, chance: Random) -> bytes:
    changed = bytearray(sound)
    changed[chance.randrange(len(sound))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(sound: bytes, chance: Random) -> bytes:
    return sound[: chance.randrange(len(sound))]


def _garbled(sound: bytes, chance: Random) -> bytes:
    begin = chance.randrange(len(sound))
    return sound[:begin] + chance.randbytes(min(512, len(sound) - begin)) + sound[begin + 512 :]


_WAYS: Final[dict[str, Callable[[bytes, Random], bytes]]] = {"bit": _flipped, "cut": _cut, "block": _garbled}


def damage_files(
    stage: Stage, each: int, chance: Random, ledger: Ledger, *, timely: Callable[[], bool] = lambda: True
) -> None:
    """Damage a file of every kind in every way, ``each`` times, and let the run go on in this process."""
    run, cache, whole = (stage.folder / name for name in ("damaged", "cache-damaged", "cache-of-whole"))
    shutil.copytree(stage.whole, run)
    shutil.copytree(whole, cache)
    plan = make_plan(load_suite(str(stage.suite)))
    for _ in range(each):
        for kind in _KINDS:
            for way, damage in _WAYS.items():
                if not timely():
                    return
                path = chance.choice(list(_files(run, cache, kind)))
                sound = path.read_bytes()
                changed = damage(sound, chance)
                if changed == sound:
                    continue
                path.write_bytes(changed)
                if kind == "vectors":  # only what is encoded again is read
                    shutil.rmtree(run)
                told = f"{way} of {path}"
                try:
                    _, notes = execute_plan(
                        plan, RunDirectory(run), RunOptions(jobs=1, cache=cache / "embeddings"), formats=()
                    )
                    came = "made again" if any("damaged" in note for note in notes) else "nothing changed"
                except RunError as error:
                    came = "refused, with what to do"
                    ledger.expect(kind == "manifest.json" and str(path) in str(error), f"{told}: {error}")
                    path.write_bytes(sound)
                if came == "nothing changed" and kind != "manifest.json":
                    ledger.wrong.append(f"{told}: nobody noticed")
                ledger.expect(content(run) == stage.content, f"{told}: the run differs")
                ledger.note(f"{'vectors' if kind == 'vectors' else kind}: {way}", came)
    shutil.rmtree(run)
    shutil.rmtree(cache)


def _files(run: Path, cache: Path, kind: str) -> Iterator[Path]:
    if kind == "vectors":
        yield from sorted(cache.rglob("*.vectors"))
    elif kind == "manifest.json":
        yield run / kind
    else:
        yield from sorted((run / kind).glob("*.parquet"))


def fill_disks(
    stage: Stage, times: int, chance: Random, ledger: Ledger, *, timely: Callable[[], bool] = lambda: True
) -> None:
    """Run on disks that become full, then give them room; needs the right to mount."""
    disk = stage.folder / "disk"
    disk.mkdir(exist_ok=True)
    for turn in range(times):
        if not timely():
            return
        size = chance.randrange(_SMALLEST, _LARGEST)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(disk)], check=False, capture_output=True
        )
        if mounted.returncode:
            ledger.note("full disk", "not tried: needs the right to mount")
            return
        try:
            on_disk = chance.choice(("run", "cache", "both"))
            run = disk / "run" if on_disk != "cache" else stage.folder / f"run-of-disk-{turn}"
            cache = disk / "cache" if on_disk != "run" else stage.folder / f"cache-of-disk-{turn}"
            done = ended(stage.start(run, cache))
            told = f"disk of {size} KiB for {on_disk}"
            ledger.expect(
                done.returncode in {0, 2} and "Traceback" not in done.stderr, f"{told}: {done.stderr[-1_500:]}"
            )
            full = "disk is full" in done.stderr or "No space left" in done.stderr
            ledger.expect(done.returncode == 0 or full, f"{told}: {done.stderr[-1_500:]}")
            ledger.note(f"full disk ({on_disk})", f"exit code {done.returncode}")
            subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
            stage.finish(run, cache, ledger, told)
        finally:
            subprocess.run(["umount", str(disk)], check=True)


def refuse_rights(stage: Stage, times: int, chance: Random, ledger: Ledger) -> None:
    """Run as somebody who may not write the run or the cache, or not read the data or a file; then as somebody who may."""
    if os.geteuid() or not shutil.which("setpriv"):
        ledger.note("no right", "not tried: needs root and setpriv")
        return
    for turn in range(times):
        what = ("run", "cache", "data", "files of the run")[turn % 4]
        run, cache = stage.folder / f"shut-{turn}" / "run", stage.folder / f"shut-cache-{turn}"
        for path in (run, cache):
            path.mkdir(parents=True)
        shut = {"run": run, "cache": cache, "data": stage.folder / "task", "files of the run": run}[what]
        if what == "files of the run":
            shutil.copytree(stage.whole, run, dirs_exist_ok=True)
            shut = chance.choice(sorted(run.rglob("*.parquet")))
        shut.chmod(0o000 if what in {"data", "files of the run"} else 0o555)
        done = ended(stage.start(run, cache, rights=False))
        told = f"no right to the {what}"
        ledger.expect(done.returncode == 2, f"{told}: exit code {done.returncode}: {done.stderr[-1_500:]}")
        ledger.expect("Traceback" not in done.stderr, f"{told}: {done.stderr[-1_500:]}")
        ledger.note(told, f"exit code {done.returncode}")
        shut.chmod(0o644 if shut.is_file() else 0o755)
        stage.finish(run, cache, ledger, told)


def run_two(stage: Stage, times: int, chance: Random, ledger: Ledger) -> None:
    """Start two processes on one run, and two runs on one cache."""
    for turn in range(times):
        run, cache = stage.folder / f"two-{turn}", stage.folder / f"cache-two-{turn}"
        both = [ended(process) for process in [stage.start(run, cache) for _ in range(2)]]
        codes = sorted(done.returncode for done in both)
        ledger.expect(codes in ([0, 2], [0, 0]), f"two on one run: {codes}: {[done.stderr[-700:] for done in both]}")
        ledger.note("two processes on one run", f"exit codes {codes}")
        stage.finish(run, cache, ledger, "two on one run")
        runs = [stage.folder / f"two-{turn}-{name}" for name in "ab"]
        both = [ended(process) for process in [stage.start(each, cache) for each in runs]]
        codes = sorted(done.returncode for done in both)
        ledger.expect(codes == [0, 0], f"two on one cache: {codes}: {[done.stderr[-700:] for done in both]}")
        ledger.note("two processes on one cache", f"exit codes {codes}")
        for each in runs:
            ledger.expect(content(each) == stage.content, "two on one cache: a run differs")
            shutil.rmtree(each)
        shutil.rmtree(cache, ignore_errors=True)
