"""The section on equivalence, from a run whose suite sets margins."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import robustir


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("equivalence") / "run"
    suite = {
        "name": "margins",
        "benchmarks": ["mini"],
        "languages": ["en", "de"],
        "encoders": ["bm25", "hashing"],
        "perturbations": ["casing", "typos"],
        "severities": [0.9],
        "draws": 1,
        "settings": ["mono"],
        "measures": ["nDCG@10"],
        "equivalence": {"absolute": 2.0, "relative": 0.05, "reason": "our users page on"},
    }
    robustir.run(suite, folder, formats=("html", "csv"))
    return folder


def test_the_report_prints_what_the_table_says(run: Path) -> None:
    found = pd.read_csv(run / "findings" / "equivalence.csv")
    assert set(found["margin"]) == {0.02}
    assert set(found["family"]) <= {"equivalence", "equal losses", "nothing changed"}
    page = (run / "report.html").read_text(encoding="utf-8")
    section = re.split(r"<section", page.partition('id="equivalence"')[2])[0]
    assert "our users page on" in section
    assert "margins of 2 points" in section
    for verdict in found["verdict"].unique():
        assert verdict in section
    assert "different" in set(found["verdict"])  # typos cost both encoders far more than two points


def test_margins_belong_to_the_plan(run: Path) -> None:
    manifest = robustir.RunDirectory.open(run).read_manifest()
    suite = manifest.suite.model_dump() | {
        "equivalence": {"absolute": 5.0, "relative": 0.2, "reason": "after the fact"}
    }
    with pytest.raises(robustir.RunError, match="margins of equivalence differ"):
        robustir.run(suite, run)
