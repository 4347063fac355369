"""Some kills and a full disk; ``python -m tests.faults`` (marker ``faults``) makes hundreds, and damages every kind of file."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from random import Random

import pytest

from tests.faults.__main__ import main
from tests.faults.damage import fill_disks
from tests.faults.kills import kill_often
from tests.faults.stage import Ledger, Stage
from tests.processes import hearing


@pytest.mark.slow
def test_a_run_survives_kills_and_a_full_disk(tmp_path: Path) -> None:
    chance, ledger = Random(1), Ledger()
    with hearing(signal.SIGTERM, signal.SIGHUP):
        stage = Stage(tmp_path / "stage")
        assert kill_often(stage, 3, chance, ledger) >= 2
        fill_disks(stage, 1, chance, ledger)
    assert ledger.wrong == []
    assert ledger.counts.total() >= 3


@pytest.mark.faults
def test_faults_at_length() -> None:
    assert main(["--kills", os.environ.get("ROBUSTIR_KILLS", "500")]) == 0
