"""Kills of runs: every signal, to the parent, to one worker or to the whole group, at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from random import Random
from typing import Final

import psutil

from tests.faults.stage import Ledger, Stage, ended, until, workers

__all__ = ["kill_often"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
_TARGETS: Final = ("parent", "parent", "group", "worker")
_MOST: Final = 6  # kills of one run before it may finish
_SAID: Final = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGKILL: -9}


def kill_often(
    stage: Stage, kills: int, chance: Random, ledger: Ledger, *, timely: Callable[[], bool] = lambda: True
) -> int:
    """Kill runs until there were so many kills or no time is left; each run then finishes. Return the number of kills."""
    done = lap = 0
    while done < kills and timely():
        lap += 1
        run, cache = stage.folder / f"run-{lap}", stage.folder / f"cache-{lap}"
        for turn in range(min(chance.randint(1, _MOST), kills - done)):
            resumed = turn > 0 and chance.random() < 0.5 and (run / "manifest.json").is_file()
            process = stage.start(run, cache, words=("resume", str(run)) if resumed else ())
            done += _kill(process, stage.seconds, chance, ledger, f"lap {lap}, kill {turn + 1}")
        stage.finish(run, cache, ledger, f"lap {lap}")
        ledger.note("runs killed, then finished", "compared with the undisturbed one")
    return done


def _kill(process: subprocess.Popen[str], seconds: float, chance: Random, ledger: Ledger, told: str) -> int:
    """Kill one process after a random time; return how many kills there were: none if it was too fast."""
    number, target = chance.choice(_SIGNALS), chance.choice(_TARGETS)
    if target == "worker":
        until(lambda: process.poll() is not None or len(workers(process)) > 1, 4 * seconds + 60)
        time.sleep(chance.uniform(0, 0.3 * seconds))
    else:
        time.sleep(chance.uniform(0, seconds))
    children = workers(process)
    if process.poll() is not None or (target == "worker" and not children):
        done = ended(process)
        ledger.expect(done.returncode == 0, f"{told}: not killed, exit code {done.returncode}: {done.stderr[-1_500:]}")
        return 0
    if target == "worker":
        chance.choice(children).send_signal(number)
    elif target == "group":
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    done = ended(process)
    where = f"{told}, {number.name} to the {target}"
    ledger.note(f"{number.name} to the {target}", f"exit code {done.returncode}")
    _, alive = psutil.wait_procs(children, timeout=60)
    ledger.expect(not alive, f"{where}: {len(alive)} workers live on")
    for child in alive:
        child.kill()
    ledger.expect("Traceback" not in done.stderr, f"{where}: {done.stderr[-1_500:]}")
    # Before Python has a handler, a signal ends the process itself; a worker's end is told by the parent; it may be done.
    fair = {0, 2} if target == "worker" else {0, _SAID[number], -number}
    if target == "group":
        fair |= {2}  # the parent may hear of its workers first
    ledger.expect(done.returncode in fair, f"{where}: exit code {done.returncode}: {done.stderr[-1_500:]}")
    return 1
