"""Fixtures that several test modules share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data; skips where it is missing."""
    path = Path(os.environ.get("ROBUSTIR_DATA") or ROOT.parent / "shared" / "data")
    if not path.is_dir():
        pytest.skip(f"no real data at {path}; set ROBUSTIR_DATA")
    return path


@pytest.fixture(autouse=True)
def _own_data_folder() -> Iterator[None]:
    """What ``--data`` makes known to worker processes ($ROBUSTIR_DATA) ends with the test."""
    before = os.environ.get("ROBUSTIR_DATA")
    yield
    os.environ.pop("ROBUSTIR_DATA", None)
    if before is not None:
        os.environ["ROBUSTIR_DATA"] = before


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or fills the user's store of vectors."""
    monkeypatch.setenv("ROBUSTIR_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def one_thread() -> Iterator[None]:
    """torch computes with one thread, as in every process of a run."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
