"""The section on natural against synthetic noise, from a run that holds both."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import robustir
from robustir.benchmarks.mini import Mini


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Misread characters take the part of a recording that people made; the folder has it in the data folder's place."""
    folder = tmp_path_factory.mktemp("agreement")
    queries = Mini().load(None, ["en"]).queries
    noisy = robustir.perturb(queries, "ocr", severity=0.2, seed=4)
    rows = [{"_id": name, "text": text} for name, text in zip(noisy.ids, noisy.texts, strict=True)]
    recording = folder / "recording.jsonl"
    recording.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    suite = {
        "name": "natural",
        "benchmarks": ["mini"],
        "languages": ["en"],
        "encoders": ["bm25", "hashing"],
        "perturbations": [
            {"spec": f"recorded(file='{recording}')", "name": "as-read", "severities": [1.0]},
            {"spec": "typos", "imitates": ["as-read"], "severities": [0.1, 0.6]},
            {"spec": "casing", "severities": [0.5]},
        ],
        "draws": 1,
        "measures": ["nDCG@10"],
    }
    robustir.run(suite, folder / "run", formats=("html", "csv", "latex", "markdown"))
    return folder / "run"


def test_the_report_prints_what_the_table_says(run: Path) -> None:
    found: Any = pd.read_csv(run / "findings" / "agreement.csv")
    assert set(found["natural"]) == {"as-read"}
    assert set(found["synthetic"]) == {"typos"}  # nothing says that casing imitates anything
    assert set(found["encoder"]) == {"bm25", "hashing", "all"}
    page = (run / "report.html").read_text(encoding="utf-8")
    section = re.split(r"<section", page.partition('id="agreement"')[2])[0]
    assert "Natural against synthetic noise" in section
    assert "and 5 encoders that are not variants" in section
    for _, row in found.iterrows():
        assert row["synthetic_dose"] == pytest.approx(row["natural_dose"])
        assert f"{abs(100 * row['natural_delta']):.1f}" in section
        if pd.notna(row["ratio"]):
            assert f"{row['ratio']:.2f}" in section
    assert "as-read" in (run / "report.md").read_text(encoding="utf-8")


def test_the_natural_change_is_that_of_the_contrasts(run: Path) -> None:
    found: Any = pd.read_csv(run / "findings" / "agreement.csv").set_index("encoder")
    contrasts: Any = pd.read_csv(run / "findings" / "contrasts.csv")
    rows = contrasts[(contrasts["perturbation"] == "as-read") & (contrasts["query_lang"] == "all")]
    for row in rows.to_dict("records"):
        one = found.loc[row["encoder"]]
        assert one["natural_delta"] == pytest.approx(row["delta"])
        assert [one["natural_low"], one["natural_high"]] == pytest.approx([row["ci_low"], row["ci_high"]])


def test_runs_without_an_imitation_have_no_section(run: Path, tmp_path: Path) -> None:
    suite = robustir.RunDirectory.open(run).read_manifest().suite.model_dump()
    noises = [{**noise, "imitates": []} for noise in suite["perturbations"]]
    robustir.run(suite | {"perturbations": noises}, tmp_path / "run", formats=("html", "csv"))
    assert pd.read_csv(tmp_path / "run/findings/agreement.csv").empty
    assert 'id="agreement"' not in (tmp_path / "run/report.html").read_text(encoding="utf-8")
