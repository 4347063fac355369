"""What `plan` says could be detected: from a run of the same queries, noise and measure, and of no others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from robustir.cli import main


def suite(folder: Path, **changes: Any) -> Path:
    content: dict[str, Any] = {
        "name": "pilot",
        "benchmarks": ["mini"],
        "languages": ["en", "de"],
        "encoders": ["hashing"],
        "perturbations": ["typos", "casing"],
        "severities": [0.2, 0.6],
        "draws": 2,
        "measures": ["AP", "nDCG@10"],
        **changes,
    }
    path = folder / "suite.toml"
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in content.items()]
    path.write_text("".join(lines) + "[statistics]\nflips = 99\nresamples = 199\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    folder = tmp_path_factory.mktemp("pilot")
    with pytest.raises(SystemExit) as leave:
        main(["run", str(suite(folder)), "-o", str(folder / "run"), "--jobs", "1", "--format", "csv"])
    assert leave.value.code == 0
    return folder / "run"


def bases(invoke: Any, path: Path, pilot: Path) -> list[dict[str, Any]]:
    done = invoke("plan", path, "-o", pilot, "--json")
    assert done.code == 0, done.err
    rows: list[dict[str, Any]] = json.loads(done.out)["detectable"]
    return rows


def test_a_run_of_the_same_plan_is_a_pilot(pilot: Path, tmp_path: Path, invoke: Any) -> None:
    rows = bases(invoke, suite(tmp_path), pilot)
    assert {row["family"] for row in rows} == {"contrasts"}  # one encoder: nothing to compare
    assert all(f"from the run in {pilot}: the median over the 4 conditions" in row["basis"] for row in rows)
    contrasts: Any = pd.read_csv(pilot / "findings" / "contrasts.csv", keep_default_na=False)
    for row in rows:
        here = contrasts[
            (contrasts["query_lang"] == "all")
            & (contrasts["measure"] == "AP")
            & (contrasts["setting"] == row["what"].partition(",")[0])
        ]
        groups = int(here["groups"].iloc[0])
        student = scipy_stats.t(groups - 1)
        error = np.median(here["ci_high"].astype(float) - here["ci_low"].astype(float)) / 2 / student.ppf(0.975)
        assert row["error"] == pytest.approx(error, rel=1e-6)
        settings = 3
        level = 1 - (1 - 0.05) ** (1 / (4 * settings))  # 4 conditions of one encoder, max-T
        for name, alpha in (("unadjusted", 0.05), ("difference", level)):
            critical = student.ppf(1 - alpha / 2)
            power = scipy_stats.nct(groups - 1, row[name] / error).sf(critical)
            assert power == pytest.approx(0.8, abs=1e-6)
        expected = scipy_stats.nct(groups - 1, row["unadjusted"] / error).sf(student.ppf(1 - level / 2))
        assert row["power"] == pytest.approx(expected, abs=1e-6)


def test_of_a_run_with_other_noise_too_only_the_shared_conditions_count(
    pilot: Path, tmp_path: Path, invoke: Any
) -> None:
    rows = bases(invoke, suite(tmp_path, perturbations=["typos", "ocr"], severities=[0.6]), pilot)
    assert all("the median over the condition that both have" in row["basis"] for row in rows)
    other_encoder = bases(invoke, suite(tmp_path, encoders=["bm25"]), pilot)
    assert all("from the run" in row["basis"] for row in other_encoder)


@pytest.mark.parametrize(
    "changes",
    [
        {"languages": ["en", "th"]},
        {"languages": ["en"]},
        {"perturbations": ["ocr"]},
        {"perturbations": ["typos(dose='cer:0.1')"]},
        {"severities": [0.3]},
        {"draws": 3},
        {"draws": 1},
        {"seed": 7},
        {"measures": ["R@10"]},
    ],
)
def test_a_run_of_other_queries_noise_or_measures_is_none(
    pilot: Path, tmp_path: Path, invoke: Any, changes: dict[str, Any]
) -> None:
    rows = bases(invoke, suite(tmp_path, **changes), pilot)
    assert rows
    assert all("assuming a standard deviation" in row["basis"] for row in rows)


def test_the_declared_family_is_counted_with_the_smallest_p_that_it_can_reach(tmp_path: Path, invoke: Any) -> None:
    path = suite(tmp_path, encoders=["hashing", "bm25", "random"])
    rows = json.loads(invoke("plan", path, "-o", tmp_path / "none", "--json").out)
    families = {row["name"]: row for row in rows["families"]}
    settings = sum(len(row["settings"]) for row in rows["benchmarks"])
    noises = rows["perturbations"]
    assert families["comparisons"]["hypotheses"] == 3 * len(noises) * settings
    severities = sum(len(row["severities"]) for row in noises)
    assert families["contrasts"]["hypotheses"] == 3 * severities * settings
    assert families["comparisons"]["smallest_p"] == pytest.approx(1 / 100)  # 99 flips
    shown = invoke("plan", path, "-o", tmp_path / "none").out
    assert f"{3 * len(noises) * settings} comparisons are declared" in shown


def test_a_family_that_cannot_reject_is_refused(tmp_path: Path, invoke: Any) -> None:
    """One query per language, so one group: no sign flip changes anything."""
    path = suite(tmp_path, limit=1)
    done = invoke("plan", path, "-o", tmp_path / "none")
    assert done.code == 2
    assert "contrasts are declared" in done.out  # after all that a plan says
    assert (
        "no hypothesis of this plan could be rejected: with 99 flips over 1 group of queries the smallest p is 1"
        in done.err
    )
    exploring = suite(tmp_path, limit=1, exploratory=True)
    assert json.loads(invoke("plan", exploring, "-o", tmp_path / "none", "--json").out)["families"] == []


def test_each_planned_comparison_has_the_error_of_the_pilot(tmp_path: Path, invoke: Any) -> None:
    path = suite(tmp_path, encoders=["hashing", "bm25"], settings=["mono"])
    assert invoke("run", path, "-o", tmp_path / "run", "--jobs", 1, "--format", "csv").code == 0
    rows = [row for row in bases(invoke, path, tmp_path / "run") if row["family"] == "comparisons"]
    assert {row["what"] for row in rows} <= {"mono, typos: hashing against bm25", "mono, casing: hashing against bm25"}
    found: Any = pd.read_csv(tmp_path / "run" / "findings" / "comparisons.csv", keep_default_na=False)
    here = found[(found["severity"] == "curve") & (found["measure"] == "AP") & (found["perturbation"] == "typos")].iloc[
        0
    ]
    half = (float(here["ci_high"]) - float(here["ci_low"])) / 2
    row = next(row for row in rows if "typos" in row["what"])
    assert row["error"] == pytest.approx(half / scipy_stats.t.ppf(0.975, int(here["groups"]) - 1))
    assert row["unadjusted"] < row["difference"]
    assert 0.05 < row["power"] < 0.8


def test_the_correction_and_the_test_decide_what_can_be_detected(tmp_path: Path, invoke: Any) -> None:
    def differences(**changes: Any) -> list[float]:
        path = suite(tmp_path, encoders=["hashing", "bm25"], **changes)
        return [row["difference"] for row in bases(invoke, path, tmp_path / "none") if row["family"] == "comparisons"]

    (most,) = differences()
    path = suite(tmp_path, encoders=["hashing", "bm25"])
    shown = json.loads(
        invoke("plan", path, "-o", tmp_path / "none", "--correction", "holm", "--test", "t", "--json").out
    )
    (by_rank,) = [row["difference"] for row in shown["detectable"] if row["family"] == "comparisons"]
    assert most < by_rank < 1.05 * most  # Bonferroni's first step is a little stricter than Sidak's
    ranks = json.loads(invoke("plan", path, "-o", tmp_path / "none", "--test", "wilcoxon", "--json").out)
    (signed,) = [row["difference"] for row in ranks["detectable"] if row["family"] == "comparisons"]
    assert signed == pytest.approx(by_rank * np.sqrt(np.pi / 3))
    (larger,) = differences(perturbations=["typos", "casing", "ocr", "punctuation"])
    assert larger > most
    # 99 flips cannot reach a p that Holm leaves below 0.05 in this family.
    few = json.loads(invoke("plan", path, "-o", tmp_path / "none", "--correction", "holm", "--json").out)
    assert {row["difference"] for row in few["detectable"] if row["family"] == "comparisons"} == {None}


def test_the_smallest_margin_that_could_be_shown(tmp_path: Path, invoke: Any) -> None:
    path = suite(tmp_path, encoders=["hashing", "bm25"], settings=["mono"])
    with path.open("a", encoding="utf-8") as stream:
        stream.write('[equivalence]\nabsolute = 30.0\nrelative = 0.05\nreason = "none"\n')
    rows = {row["family"]: row for row in bases(invoke, path, tmp_path / "none")}
    student = scipy_stats.t(rows["equivalence"]["groups"] - 1)
    for family, tests in (("equivalence", 2 * 2), ("equal losses", 2)):
        row = rows[family]
        expected = (student.ppf(1 - 0.05 / tests) + student.ppf(0.9)) * row["error"]
        assert row["margin"] == pytest.approx(expected)
        assert row["margin_power"] > 0.99
    shown = invoke("plan", path, "-o", tmp_path / "none").out
    assert "smallest margin" in shown
    assert "power at the suite's margin" in shown


def test_one_group_of_queries_allows_no_inference_and_a_plan_says_so(tmp_path: Path, invoke: Any) -> None:
    path = suite(tmp_path, encoders=["hashing", "bm25"], languages=["en"], exploratory=True)
    for name in ("none", "run"):
        if name == "run":
            assert (
                invoke("run", path, "--limit", "1", "-o", tmp_path / name, "--jobs", "1", "--format", "csv").code == 0
            )
        done = invoke("plan", path, "--limit", "1", "-o", tmp_path / name)
        assert done.code == 0, done.err
        assert "nan" not in done.out
        found = [line for line in done.out.splitlines() if line.startswith("detectable")]
        assert found
        assert all("nothing can be said: a single group of queries allows no inference" in line for line in found)
    rows = json.loads(invoke("plan", path, "--limit", "1", "-o", tmp_path / "run", "--json").out)["detectable"]
    assert {row["difference"] for row in rows} == {None}


def test_a_pilot_in_which_no_score_changed_predicts_nothing(tmp_path: Path, invoke: Any) -> None:
    path = suite(tmp_path, encoders=["hashing", "bm25"], perturbations=["casing"])  # both read lower-case letters
    assert invoke("run", path, "-o", tmp_path / "run", "--jobs", "1", "--format", "csv").code == 0
    rows = bases(invoke, path, tmp_path / "run")
    assert {row["family"] for row in rows} == {"comparisons", "contrasts"}
    assert {row["why"] for row in rows} == {"no score changed in the run, so it predicts nothing"}


def test_no_difference_beyond_what_scores_allow_is_promised(tmp_path: Path, invoke: Any) -> None:
    path = suite(tmp_path, encoders=["hashing", "bm25"], languages=["en"], exploratory=True)
    rows = json.loads(invoke("plan", path, "--limit", "2", "-o", tmp_path / "none", "--json").out)["detectable"]
    assert all(row["unadjusted"] is None or row["unadjusted"] <= 2 for row in rows)
    # A spread of 0.2 over two queries: t with one degree of freedom needs a difference above 1.
    assert {row["difference"] for row in rows} == {None}
    assert "nothing, not even in a single test" in invoke("plan", path, "--limit", "2", "-o", tmp_path / "none").out
