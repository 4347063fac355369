from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.tiny_pairs import write_data


@pytest.fixture(scope="module")
def pairs_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of tiny pairs."""
    return write_data(tmp_path_factory.mktemp("data"))
