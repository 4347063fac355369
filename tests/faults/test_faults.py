"""Faults of every kind, a few of each; ``python -m tests.faults`` (marker ``faults``) makes hundreds."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from random import Random

import pytest

from tests.faults.__main__ import main
from tests.faults.damage import damage_files, fill_disks, refuse_rights, run_two
from tests.faults.kills import kill_often
from tests.faults.stage import Ledger, Stage
from tests.processes import hearing


@pytest.mark.slow
def test_a_run_survives_faults_of_every_kind(tmp_path: Path) -> None:
    chance, ledger = Random(1), Ledger()
    with hearing(signal.SIGTERM, signal.SIGHUP):
        stage = Stage(tmp_path / "stage")
        assert kill_often(stage, 20, chance, ledger) >= 15
        damage_files(stage, 1, chance, ledger)
        run_two(stage, 1, chance, ledger)
        refuse_rights(stage, 4, chance, ledger)
        fill_disks(stage, 2, chance, ledger)
    assert ledger.wrong == []
    assert len(ledger.counts) > 20


@pytest.mark.faults
def test_faults_at_length() -> None:
    assert main(["--kills", os.environ.get("ROBUSTIR_KILLS", "500")]) == 0
