"""run, plan, resume, report and scores on a small suite, end to end."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from robustir.cli import main
from tests.processes import digests
from tests.tiny import QUERIES, write_beir

SMALL = (
    "quickstart",
    "--languages",
    "en,th",
    "--severities",
    "0.2,0.6",
    "--draws",
    "2",
    "--encoder",
    "hashing",
    "--encoder",
    "bm25",
    "--jobs",
    "1",
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the small suite."""
    run = tmp_path_factory.mktemp("runs") / "small"
    with pytest.raises(SystemExit) as leave:
        main(["run", *SMALL, "-o", str(run)])
    assert leave.value.code == 0
    return run


def test_the_run_directory(small: Path) -> None:
    manifest = json.loads((small / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["status"] == "complete"
    # 2 encoders x (clean, floor, 2 perturbations x 2 severities x 2 draws)
    assert manifest["counts"]["cells"] == 2 * (2 + 2 * 2 * 2) == len(list((small / "ranks").iterdir()))
    assert manifest["benchmarks"][0]["queries_per_language"] == {"en": 100, "th": 100}
    for name in ("scores", "contrasts", "curves", "areas", "comparisons", "bias", "validity", "examples"):
        assert (small / "findings" / f"{name}.csv").stat().st_size > 0
    assert (small / "report.html").read_text(encoding="utf-8").lstrip().startswith("<!DOCTYPE html>")
    assert (small / "report.pdf").read_bytes().startswith(b"%PDF")
    table = pq.ParquetFile(next((small / "ranks").iterdir()))
    assert table.num_row_groups == 1
    assert set(table.schema_arrow.metadata or ()) <= {b"same_input"}
    assert all(str(field.type).startswith("uint") for field in table.schema_arrow)
    assert not (small / ".robustir-work").exists()


def test_the_same_plan_is_complete_and_another_is_refused(small: Path, invoke) -> None:
    before = digests(small)
    again = invoke("run", *SMALL, "-o", small)
    assert again.code == 0
    assert "(20 done before)" in again.out
    assert digests(small) == before
    other = invoke("run", *SMALL, "--seed", "9", "-o", small)
    assert other.code == 2
    assert "holds another plan" in other.err
    assert digests(small) == before


def test_resume_computes_what_is_missing_and_only_that(small: Path, invoke) -> None:
    before = digests(small)
    removed = sorted((small / "ranks").iterdir())[::3] + sorted((small / "queries").iterdir())[:2]
    for path in removed:
        path.unlink()
    resumed = invoke("resume", small, "--jobs", "1", "--format", "html")
    assert resumed.code == 0, resumed.err
    assert f"({20 - len(sorted((small / 'ranks').iterdir())[::3])} done before)" in resumed.out
    assert digests(small) == before


def test_plan(small: Path, invoke) -> None:
    shown = invoke("plan", *SMALL[:-2], "-o", small)
    assert shown.code == 0, shown.err
    assert "20, of which 20 are done" in shown.out
    assert "80% power" in shown.out
    rows = json.loads(invoke("plan", *SMALL[:-2], "-o", small, "--json").out)
    assert rows["cells"] == 20
    assert [row["name"] for row in rows["encoders"]] == ["hashing", "bm25"]


def test_scores_csv(small: Path, invoke) -> None:
    shown = invoke("scores", small, "--format", "csv", "--measure", "AP", "--setting", "mono")
    rows = list(csv.DictReader(io.StringIO(shown.out)))
    wanted = [
        "benchmark",
        "setting",
        "query_lang",
        "passage_lang",
        "encoder",
        "perturbation",
        "severity",
        "draw",
        "query_id",
        "measure",
        "value",
        "source_id",
        "group",
    ]
    assert list(rows[0])[: len(wanted)] == wanted
    # Clean is one row per query, setting and encoder; each noisy cell adds one.
    clean = [row for row in rows if row["perturbation"] == ""]
    assert len(clean) == 2 * 200
    assert {row["severity"] for row in clean} == {"0"}
    assert len(rows) == 2 * 200 * (1 + 8)
    assert all(0.0 <= float(row["value"]) <= 1.0 for row in rows)
    cross = list(
        csv.DictReader(
            io.StringIO(
                invoke(
                    "scores", small, "--format", "csv", "--measure", "AP", "--setting", "cross", "--encoder", "bm25"
                ).out
            )
        )
    )
    assert {(row["query_lang"], row["passage_lang"]) for row in cross} == {("en", "th"), ("th", "en")}
    multi = list(
        csv.DictReader(
            io.StringIO(
                invoke(
                    "scores", small, "--format", "csv", "--measure", "RR", "--setting", "multi", "--encoder", "bm25"
                ).out
            )
        )
    )
    assert {row["passage_lang"] for row in multi} == {"all"}
    # The scores table and the findings say the same: the clean macro average over languages.
    scores = list(csv.DictReader((small / "findings" / "scores.csv").open(encoding="utf-8")))
    found = next(
        row
        for row in scores
        if (row["setting"], row["query_lang"], row["encoder"], row["measure"]) == ("mono", "all", "bm25", "AP")
    )
    values = [float(row["value"]) for row in clean if row["encoder"] == "bm25"]
    assert float(found["clean"]) == pytest.approx(sum(values) / len(values), abs=1e-9)


def test_report_again_gives_the_same_bytes(small: Path, tmp_path: Path, invoke) -> None:
    assert invoke("report", small, "--format", "html,pdf,latex,csv", "-o", tmp_path / "a").code == 0
    assert invoke("report", small, "--format", "html,pdf,latex,csv", "-o", tmp_path / "b").code == 0
    first = {path.name: path.read_bytes() for path in (tmp_path / "a").rglob("*") if path.is_file()}
    second = {path.name: path.read_bytes() for path in (tmp_path / "b").rglob("*") if path.is_file()}
    assert {"report.html", "report.pdf", "report.tex"} <= first.keys()
    assert first == second


def test_fail_if(small: Path, invoke) -> None:
    assert invoke("report", small, "--format", "csv", "--fail-if", "delta < -0.99").code == 0
    violated = invoke("report", small, "--format", "csv", "--fail-if", "delta < -0.01")
    assert violated.code == 4
    assert "delta < -0.01: violated, of " in violated.err
    assert invoke("report", small, "--format", "csv", "--fail-if", "magic < 1").code == 2


def test_trec_export(tmp_path: Path, invoke) -> None:
    run = tmp_path / "top"
    done = invoke("run", *SMALL, "-o", run, "--keep-top", "5", "--format", "csv")
    assert done.code == 0, done.err
    lines = invoke(
        "scores",
        run,
        "--format",
        "trec",
        "--encoder",
        "hashing",
        "--setting",
        "mono",
        "--perturbation",
        "typos",
        "--severity",
        "0.6",
        "--draw",
        "1",
    ).out.splitlines()
    assert len(lines) == 200 * 5
    query, q0, passage, rank, score, tag = lines[0].split(" ")
    assert (query[:2], q0, passage[:2], rank) == ("en", "Q0", "en", "1")
    assert float(score) >= float(lines[1].split(" ")[4])
    assert tag == "hashing|typos(dose='cer:0.1')|0.6|1"
    assert invoke("scores", run, "--format", "trec", "--setting", "mono").code == 2  # two encoders: choose one


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "nosuch"), "'nosuch' is not a suite"),
        (("run", "quickstart", "--encoder", "hashin"), "did you mean hashing"),
        (("run", "quickstart", "--encoder", "hashing(dims=3)"), "its parameters are"),
        (("run", "quickstart", "--perturbation", "typo"), "did you mean typos"),
        (("run", "quickstart", "--languages", "en,fr"), "has no fr"),
        (("run", "quickstart", "--severities", "much"), "not a list of numbers"),
        (("run", "quickstart", "--severities", "2"), "severities"),
        (("run", "xquad-r", "--data", "/nowhere"), "the data folder /nowhere does not exist"),
        (("run", "quickstart", "--benchmark", "./nowhere"), "the folder nowhere does not exist"),
        (("run", "quickstart", "--format", "doc"), "the formats are"),
        (("resume", "nowhere"), "not a run directory"),
        (("report", "nowhere"), "not a run directory"),
        (("scores", "nowhere", "--format", "csv"), "not a run directory"),
        (("encode", "bm25", "-o", "x.npy"), "makes no vectors"),
        (("describe", "nothing"), "'nothing' is not known"),
        (("perturb", "typos", "--lang", "xx", "--severity", "0.3"), "does not know xx|works in"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(
    arguments: tuple[str, ...], message: str, invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import re
    import sys

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO("where is the nile\n"))
    result = invoke(*arguments)
    assert result.code == 2, result.err
    assert re.search(message, result.err), result.err
    assert "Traceback" not in result.err
    assert list(tmp_path.iterdir()) == []


def test_recorded_noise_is_found_in_the_data_folder_of_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBUSTIR_DATA", "")  # restored afterwards, whatever the command sets
    rows = [{"_id": name, "lang": lang, "text": text + "c"} for name, lang, text in QUERIES]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "noisy.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    task = write_beir(tmp_path / "task")
    where = ["-o", str(tmp_path / "run"), "--data", str(tmp_path / "data"), "--benchmark", str(task), "--jobs", "1"]
    noise = ["--perturbation", "recorded(file='noisy.jsonl')", "--severities", "1", "--draws", "1"]
    with pytest.raises(SystemExit) as leave:
        main(["run", "quickstart", *where, *noise, "--encoder", "hashing"])
    assert leave.value.code == 0


def test_test_correction_and_interval_are_options_of_a_report(small: Path, tmp_path: Path, invoke) -> None:
    import pandas as pd

    found = {}
    for name, options in {
        "declared": (),
        "t": ("--test", "t"),
        "holm": ("--correction", "holm"),
        "bca": ("--interval", "bca"),
    }.items():
        assert invoke("report", small, "--format", "html,csv", "-o", tmp_path / name, *options).code == 0
        found[name] = pd.read_csv(tmp_path / name / "findings" / "contrasts.csv")
    said = {name: (tmp_path / name / "report.html").read_text(encoding="utf-8") for name in found}
    assert found["t"]["p"].tolist() != found["declared"]["p"].tolist()
    assert found["holm"]["p_adjusted"].tolist() != found["declared"]["p_adjusted"].tolist()
    assert found["bca"]["ci_low"].tolist() != found["declared"]["ci_low"].tolist()
    assert "Changed after the run" not in said["declared"]
    assert "the test is t; the run declared flips" in said["t"]
    assert "paired t-test by groups" in said["t"]
    assert "Holm over each declared family" in said["holm"]
    assert "BCa bootstrap" in said["bca"]
    refused = invoke("report", small, "--format", "csv", "-o", tmp_path, "--test", "wilcoxon", "--correction", "max-t")
    assert refused.code == 2
    assert "use correction = 'holm'" in refused.err


def test_a_run_takes_the_statistics_of_its_suite_and_options(tmp_path: Path, monkeypatch, invoke) -> None:
    suite = tmp_path / "small.toml"
    suite.write_text(
        'name = "small"\nbenchmarks = ["mini"]\nlanguages = ["en", "de"]\nencoders = ["bm25"]\n'
        'perturbations = ["typos"]\nseverities = [0.3]\ndraws = 1\nsettings = ["mono"]\n[statistics]\ntest = "wilcoxon"\n',
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    assert invoke("run", suite, "-o", "a", "--format", "csv", "-j", 1).code == 0
    assert '"test": "wilcoxon"' in (tmp_path / "a" / "manifest.json").read_text(encoding="utf-8")
    assert (
        invoke("run", suite, "-o", "b", "--format", "csv", "-j", 1, "--test", "t", "--interval", "percentile").code == 0
    )
    rows = pd.read_csv(tmp_path / "b" / "findings" / "contrasts.csv")
    assert set(zip(rows["test"], rows["correction"], rows["interval"], strict=True)) == {
        ("t", "holm", "percentile"),
        ("t", "bh", "percentile"),  # of the rows that nobody declared
    }
    refused = invoke("run", suite, "-o", "c", "--correction", "max-t", "-j", 1)
    assert refused.code == 2
    assert "use correction = 'holm'" in refused.err
