"""CPU time, time on the clock and memory of all findings at the size of XQuAD-R: 8 encoders, 10 noises, 4 severities, 3 draws, 3 settings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.speed.synthetic_run import synthetic_run

pytestmark = pytest.mark.speed

_ANALYSE = """
import json, os, resource, sys, threading, time
from pathlib import Path
from robustir.analysis.of_run import analyse_run
from robustir.rundir.directory import RunDirectory

most = 0

def together():  # shared pages count once: the memory of this process and its children
    me = os.getpid()
    children = Path(f"/proc/{me}/task/{me}/children").read_text().split()
    total = 0
    for process in (str(me), *children):
        try:
            rows = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has ended
            continue
        total += sum(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
    return total

def watch():
    global most
    while True:
        most = max(most, together())
        time.sleep(0.5)

threading.Thread(target=watch, daemon=True).start()
begin, clock = time.process_time(), time.perf_counter()
found = analyse_run(RunDirectory(sys.argv[1]))
other = resource.getrusage(resource.RUSAGE_CHILDREN)
spent = {"cpu": time.process_time() - begin + other.ru_utime + other.ru_stime, "clock": time.perf_counter() - clock}
print(json.dumps({**spent, "gib": most / 2**20, "groups": len(found.rank_groups)}))
"""


@pytest.mark.parametrize(("encoders", "noises"), [(2, 2), pytest.param(8, 10, marks=pytest.mark.slow)])
def test_all_findings(tmp_path: Path, encoders: int, noises: int) -> None:
    run = synthetic_run(tmp_path / "run", encoders=encoders, noises=noises)
    done = subprocess.run([sys.executable, "-c", _ANALYSE, run.path], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    spent = f"{found['cpu']:.0f} s of CPU, {found['clock']:.0f} s on the clock, {found['gib']:.1f} GiB"
    print(f"\n{encoders} encoders, {noises} noises: {spent}")
    assert found["gib"] < 4
    assert found["groups"] > 0
