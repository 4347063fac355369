"""Judgements of every awkward kind through the command line: values, and what plan, run, manifest and report say."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from robustir.benchmarks.beir import Beir
from tests.cli.conftest import Invoke

TEXTS = [
    "the nile is a river in africa",
    "school uniforms are good",
    "school uniforms are bad for children",
    "rivers flow to the sea",
    "the alps are mountains",
    "mountain rivers in the alps",
]


@pytest.fixture
def arguments(tmp_path: Path) -> Path:
    """A collection whose queries are its passages, as ArguAna's."""
    folder = tmp_path / "arguments"
    (folder / "qrels").mkdir(parents=True)
    lines = "".join(json.dumps({"_id": str(row), "title": None, "text": text}) + "\n" for row, text in enumerate(TEXTS))
    (folder / "corpus.jsonl").write_text(lines)
    (folder / "queries.jsonl").write_text(lines)
    judged = ["1 2 1", "2 1 2", "4 0 0", "5 lost 1", "5 4 1", "nobody 3 1", "1 2 1"]
    (folder / "qrels" / "dev.tsv").write_text("qid docid rel\n" + "\n".join(judged) + "\n")
    return folder


def test_a_run_counts_says_and_scores_them(arguments: Path, tmp_path: Path, invoke: Invoke) -> None:
    spec = f"beir('{arguments}', exclude_identical_ids=True)"
    suite = ["quickstart", "--benchmark", spec, "--encoder", "bm25", "--perturbation", "shuffle-words", "--draws", "1"]
    suite += ["--severities", "1"]
    out = tmp_path / "run"
    planned = invoke("plan", *suite, "-o", out)
    result = invoke("run", *suite, "-o", out, "--keep-top", "6", "--format", "html")
    assert (planned.code, result.code) == (2, 0)  # so few queries can show nothing, but can be scored
    assert "no hypothesis of this plan could be rejected" in planned.err
    entry = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["benchmarks"][0]
    assert entry["judgements"] == {
        "judgements": 7,
        "repeated": 1,
        "unknown_queries": 1,
        "missing_passages": 1,
        "queries_missing_passages": 1,
        "queries_unjudged": 2,
        "queries_without_relevant": 1,
        "identical_ids": 4,
    }
    html = (out / "report.html").read_text(encoding="utf-8")
    for part in (
        "the judgements are qrels/dev.tsv, the only split",
        "1 relevant passage of 1 query is not in the corpus and counts as never found",
        "1 query has no relevant passage and scores 0",
        "1 judgement names a query that is not there and was left out",
        "1 judgement repeats another and was read once",
        "4 queries have the id of a passage, which is not a candidate of that query",
    ):
        assert part in planned.out
        assert part in result.err
        assert part in html
    scores = list(
        csv.DictReader(
            invoke("scores", out, "--format", "csv", "--measure", "AP", "--measure", "P(rel=2)@1").out.splitlines()
        )
    )
    clean = {(row["query_id"], row["measure"]): float(row["value"]) for row in scores if not row["perturbation"]}
    # Without itself a query's passage is first; half of what 5 looks for is not there.
    assert clean == {
        ("1", "AP"): 1, ("2", "AP"): 1, ("4", "AP"): 0, ("5", "AP"): 0.5,
        ("1", "P(rel=2)@1"): 0, ("2", "P(rel=2)@1"): 1, ("4", "P(rel=2)@1"): 0, ("5", "P(rel=2)@1"): 0,
    }  # fmt: skip
    noisy = {(row["query_id"], row["measure"]): float(row["value"]) for row in scores if row["perturbation"]}
    assert noisy == clean  # the order of words is nothing to BM25
    lines = [line.split() for line in invoke("scores", out, "--format", "trec", "--setting", "mono").out.splitlines()]
    assert not any(line[0] == line[2] for line in lines)
    assert [line[3] for line in lines if line[0] == "1"] == ["1", "2"]  # what shares a word


def test_identical_ids_are_warned_about_and_strictness_is_an_option(arguments: Path, invoke: Invoke) -> None:
    rest = ["--encoder", "bm25", "--perturbation", "shuffle-words"]
    told = invoke("plan", "quickstart", "--benchmark", str(arguments), *rest).out
    assert "4 queries have the id of a passage (4 with its text too)" in told
    assert "exclude_identical_ids=True" in told
    quiet = invoke("plan", "quickstart", "--benchmark", f"beir('{arguments}', exclude_identical_ids=False)", *rest).out
    assert "the id of a passage" not in quiet
    skipped = invoke("plan", "quickstart", "--benchmark", f"beir('{arguments}', no_relevant='skip')", *rest).out
    assert "1 query has no relevant passage and was left out" in skipped
    strict = invoke("plan", "quickstart", "--benchmark", f"beir('{arguments}', missing='strict')", *rest)
    assert strict.code == 2
    assert "dev.tsv:5: the passage id 'lost' is not in the corpus" in strict.err
    wrong = invoke("plan", "quickstart", "--benchmark", f"beir('{arguments}', missing='maybe')", *rest)
    assert wrong.code == 2
    assert "missing must be one of 'never-found', 'strict', not 'maybe'" in wrong.err


def test_an_export_keeps_what_is_never_found_and_what_scores_0(arguments: Path, tmp_path: Path, invoke: Invoke) -> None:
    out = tmp_path / "out"
    done = invoke(
        "export", "queries", "quickstart", "--benchmark", str(arguments), "--perturbation", "shuffle-words", "-o", out
    )
    assert done.code == 0, done.err
    before, after = (Beir(str(folder)).load(None) for folder in (arguments, out / "arguments"))
    assert after.digest() == before.digest()
    assert after.counts["missing_passages"] == after.counts["queries_without_relevant"] == 1
