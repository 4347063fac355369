"""Scores as MTEB's result files: where they are, what they hold, and whether mteb reads them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from robustir import reports
from robustir.reports.mteb_results import mteb_results
from tests.reports.factory import LANGUAGES, SEVERITIES, Factory


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mteb")
    findings = Factory().findings()
    assert reports.write_reports(findings, findings.manifest, folder, ["mteb"]) == []
    assert reports.report_files(folder, ["mteb"]) == {"mteb": folder / "mteb"}
    return folder / "mteb"


def test_a_file_per_encoder_benchmark_and_setting_has_a_split_per_condition(written: Path) -> None:
    files = sorted(written.rglob("*.json"))
    tasks = {path.stem for path in files} - {"model_meta"}
    assert tasks == {"mini-mono", "mini-cross", "mini-multi"}
    assert len(files) == 4 * (3 + 1)  # encoders; settings, and what the model is
    (place,) = (written / "bm25").iterdir()
    result = json.loads((place / "mini-mono.json").read_text(encoding="utf-8"))
    assert result["task_name"] == "mini-mono"
    splits = ["clean", *(f"{noise}-{level}" for noise in ("typos", "shuffle-words") for level in SEVERITIES)]
    assert list(result["scores"]) == splits
    factory = Factory()
    german = next(one for one in result["scores"]["typos-0.3"] if one["hf_subset"] == "de")
    noisy, clean = factory.noisy("bm25", "typos", "mono", 0.3, "de"), factory.clean("bm25", "mono", "de")
    assert german["languages"] == ["deu-Latn"]
    assert german["main_score"] == german["map"] == pytest.approx(noisy)
    assert (german["change"], german["retention"]) == pytest.approx((noisy - clean, noisy / clean))
    assert german["change_low"] < german["change"] < german["change_high"]
    assert len(result["scores"]["clean"]) == len(LANGUAGES)  # no mean over them: MTEB takes it itself
    first = result["scores"]["clean"][0]
    assert first["ndcg_at_10"] == pytest.approx(min(1.0, 1.08 * first["map"]))


def test_a_pair_of_languages_is_a_subset_of_its_own(written: Path) -> None:
    (place,) = (written / "bm25").iterdir()
    cross = json.loads((place / "mini-cross.json").read_text(encoding="utf-8"))["scores"]["clean"]
    assert len(cross) == 11 * 10
    pair = next(one for one in cross if one["hf_subset"] == "ar-zh")
    assert pair["languages"] == ["ara-Arab", "zho-Hans"]


def test_a_score_that_is_missing_is_left_out() -> None:
    findings = Factory().findings()
    scores: Any = findings.scores.assign(clean=findings.scores["clean"].where(findings.scores["query_lang"] != "de"))
    assert findings.manifest is not None
    found = mteb_results(replace(findings, scores=scores), findings.manifest)
    subsets = {one["hf_subset"] for one in found["bm25", "mini-mono"]["scores"]["clean"]}
    assert subsets == set(LANGUAGES) - {"de"}
    assert json.dumps(found["bm25", "mini-mono"], allow_nan=False)


@pytest.mark.comparison
def test_mteb_reads_the_files_and_takes_the_same_mean(written: Path) -> None:
    mteb: Any = pytest.importorskip("mteb", reason="needs the extra mteb")
    try:
        from mteb.results import TaskResult  # pyright: ignore[reportMissingImports]
    except ImportError:
        from mteb.load_results.task_results import TaskResult  # pyright: ignore[reportMissingImports]
    (place,) = (written / "hashing").iterdir()
    result: Any = TaskResult.from_disk(place / "mini-mono.json")
    factory = Factory()
    wanted = sum(factory.noisy("hashing", "typos", "mono", 0.5, lang) for lang in LANGUAGES) / len(LANGUAGES)
    assert result.get_score(splits=["typos-0.5"]) == pytest.approx(wanted), mteb.__version__
    assert set(result.languages) >= {"deu", "zho", "ara"}
