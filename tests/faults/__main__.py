"""``python -m tests.faults``: kill, damage, starve and crowd a small run, and print what came of each.

After every fault the run goes on to its end, and its files are compared, byte for byte, with those of an undisturbed run.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from tests.faults.damage import damage_files, fill_disks, refuse_rights, run_two
from tests.faults.kills import kill_often
from tests.faults.stage import Ledger, Stage
from tests.processes import hearing


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the log; return 1 if anything was lost, changed, or told by a traceback."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--damage", type=int, default=10, help="files of each kind, in each of three ways")
    parser.add_argument("--disks", type=int, default=20, help="disks that become full (needs the right to mount)")
    parser.add_argument("--rights", type=int, default=8, help="folders and files without rights (needs root)")
    parser.add_argument("--pairs", type=int, default=5, help="two processes on one run, and on one cache")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin nothing after that time")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    begun, chance, ledger = time.monotonic(), Random(options.seed), Ledger()

    def timely() -> bool:
        print(f"{time.monotonic() - begun:8.0f} s  {ledger.counts.total():,} faults", file=sys.stderr, flush=True)
        return time.monotonic() < begun + 60 * options.minutes

    folder = Path(tempfile.mkdtemp(prefix="robustir-faults-"))
    try:
        with hearing(signal.SIGTERM, signal.SIGHUP):
            stage = Stage(folder)
            print(f"undisturbed: {len(stage.content)} files, {stage.seconds:.1f} s", file=sys.stderr, flush=True)
            run_two(stage, options.pairs, chance, ledger)
            refuse_rights(stage, options.rights, chance, ledger)
            fill_disks(stage, options.disks, chance, ledger, timely=timely)
            damage_files(stage, options.damage, chance, ledger, timely=timely)
            kill_often(stage, options.kills, chance, ledger, timely=timely)
    finally:
        print(ledger.table())
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if ledger.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
