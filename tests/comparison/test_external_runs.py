"""A search engine that robustir does not know, from exported queries to a report; pytrec_eval reads the same files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytrec_eval

pytestmark = pytest.mark.comparison

OPTIONS = (
    "--languages",
    "en,de,zh",
    "--perturbation",
    "typos",
    "--severities",
    "0.3,0.6",
    "--draws",
    "2",
    "--seed",
    "5",
)
MEASURES = {
    "AP": "map",
    "RR": "recip_rank",
    "nDCG@10": "ndcg_cut_10",
    "R@10": "recall_10",
    "P@10": "P_10",
    "Hit@1": "success_1",
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Queries exported, and ranked by scikit-learn's TF-IDF to a depth of 15; scores are rounded, so that many are level."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    from robustir.cli import main

    out = tmp_path_factory.mktemp("export")
    with pytest.raises(SystemExit) as leave:
        main(["export", "queries", "quickstart", *OPTIONS, "-o", str(out)])
    assert leave.value.code == 0
    ids, texts = zip(
        *(line.split("\t") for line in (out / "mini/corpus.tsv").read_text("utf-8").splitlines()), strict=True
    )
    engine = TfidfVectorizer()
    passages = engine.fit_transform(texts)
    for file in sorted((out / "mini" / "queries").glob("*.tsv")):
        names, asked = zip(*(line.split("\t") for line in file.read_text("utf-8").splitlines()), strict=True)
        scores = (engine.transform(asked) @ passages.T).toarray().round(1)
        lines = [
            f"{name} Q0 {ids[row]} {place + 1} {scores[query, row]} tfidf\n"
            for query, name in enumerate(names)
            for place, row in enumerate(np.argsort(-scores[query], kind="stable")[:15])
            if scores[query, row] > 0
        ]
        (out / "mini" / "runs" / f"{file.stem}.txt").write_text("".join(lines), encoding="utf-8")
    return out


def read_trec(path: Path, value: Callable[[str], Any], column: int) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = line.split()
        found.setdefault(cells[0], {})[cells[2]] = value(cells[column])
    return found


def expected(out: Path, row: dict[str, Any]) -> dict[tuple[str, str, str, str], float]:
    """Return {(setting, passage language, query, measure): value} of one query set by pytrec_eval."""
    judged, run = read_trec(out / "mini" / "qrels.txt", int, 3), read_trec(out / row["run"], float, 4)
    values = {}
    for lang in ("en", "de", "zh", ""):
        qrels = {
            query: {name: gain for name, gain in names.items() if name.startswith(lang)}
            for query, names in judged.items()
        }
        kept = {
            query: {name: score for name, score in names.items() if name.startswith(lang)}
            for query, names in run.items()
        }
        asked = {query: names for query, names in qrels.items() if names}
        # A query for which nothing was found gets a passage that nobody judged, so that it counts, as trec_eval -c has it.
        full = {query: kept.get(query) or {"*": 1.0} for query in asked}
        wanted = {"map", "recip_rank", "ndcg_cut.10", "recall.10", "P.10", "success.1"}
        for query, found in pytrec_eval.RelevanceEvaluator(asked, wanted).evaluate(full).items():
            setting = "multi" if not lang else "mono" if query.startswith(lang) else "cross"
            for ours, theirs in MEASURES.items():
                values[setting, lang or "all", query, ours] = found[theirs]
    return values


def test_an_engine_under_noise_is_scored_as_pytrec_eval_does(exported: Path, tmp_path: Path) -> None:
    from robustir.cli import main
    from robustir.evidence.per_query import score_tables
    from robustir.rundir.directory import RunDirectory

    with pytest.raises(SystemExit) as leave:
        main(["run", "quickstart", *OPTIONS, "--encoder", f"trec-run('{exported}/mini/runs/*.txt')", "--encoder", "bm25",
              "-o", str(tmp_path / "run"), "--jobs", "1"])  # fmt: skip
    assert leave.value.code == 0
    index = json.loads((exported / "index.json").read_text())["query_sets"]
    assert len(index) == 1 + 2 * 2
    right = {(row["severity"], row["draw"]): expected(exported, row) for row in index}
    compared = 0
    run = RunDirectory.open(tmp_path / "run")
    encoder = next(row.name for row in run.read_manifest().encoders if row.name != "bm25")
    for table in score_tables(run, measures=tuple(MEASURES), encoder=encoder):
        for row in table.to_pylist():
            values = right[row["severity"], row["draw"]]
            value = values[row["setting"], row["passage_lang"], row["query_id"], row["measure"]]
            assert row["value"] == pytest.approx(value, abs=1e-9)
            compared += 1
    assert compared == sum(map(len, right.values())) > 10_000
    contrasts = list(csv.DictReader(io.StringIO((tmp_path / "run/findings/contrasts.csv").read_text(encoding="utf-8"))))
    rows = [
        row for row in contrasts if row["encoder"] == encoder and (row["setting"], row["measure"]) == ("mono", "AP")
    ]
    assert rows
    assert all(float(row["delta"]) < 0 for row in rows if row["query_lang"] == "all")
    assert (tmp_path / "run" / "report.html").stat().st_size > 10_000
