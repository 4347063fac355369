"""Examples: which queries are shown, and where the right passage and the one that overtook it were."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from robustir.analysis.examples import example_rows, keep_passages, with_passages
from robustir.analysis.findings import TABLES, empty_table
from robustir.analysis.shown import shown_severity
from robustir.evidence.gather import benchmarks
from robustir.rundir.directory import RunDirectory
from tests.tiny import run_cells, suite_of

PASSAGES = {
    "en": {"e1": "aaaa", "e2": "ccc", "e3": "cc", "e4": "z"},
    "de": {"d1": "aaaaa", "d2": "cccc", "d3": "ccc", "d4": "z"},
}
QUERIES = {"q1-en": "aab", "q1-de": "aa", "q2-en": "z", "q2-de": "za"}
RELEVANT = {"q1-en": "e1", "q1-de": "d1", "q2-en": "e4", "q2-de": "d4"}


def make_run(folder: Path, *, keep_top: int | None) -> tuple[RunDirectory, Path]:
    data = folder / "data"
    (data / "qrels").mkdir(parents=True)
    corpus = [{"_id": name, "lang": lang, "text": text} for lang, own in PASSAGES.items() for name, text in own.items()]
    queries = [
        {"_id": name, "lang": name[-2:], "text": text, "source_id": name[:2], "group": name[:2]}
        for name, text in QUERIES.items()
    ]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (data / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    lines = "".join(f"{query}\t{passage}\t1\n" for query, passage in RELEVANT.items())
    (data / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + lines, encoding="utf-8")
    suite = suite_of(data, perturbations=("tests.tiny:Swap",), severities=(0.1, 0.2, 0.5))
    _, run, _ = run_cells(suite, folder / "run", keep_top=keep_top)
    return run, data


def rows_of(run: RunDirectory) -> dict[str, dict[str, object]]:
    (stored,) = benchmarks(run)
    judged = {(stored.name, stored.task.settings[0], encoder) for encoder in stored.encoders}
    return {str(row["query_id"]): row for row in example_rows(stored, "AP", judged)}


def test_the_shown_severity_is_the_largest_up_to_three_tenths() -> None:
    assert shown_severity([0.5, 0.1, 0.3000000000001, 0.2]) == 0.3000000000001
    assert shown_severity([0.9, 0.5]) == 0.5
    assert np.isnan(shown_severity([]))


@pytest.mark.parametrize("keep_top", [4, None])  # None: the lists that every run keeps
def test_the_right_passage_falls_behind_the_one_with_the_new_letters(tmp_path: Path, keep_top: int | None) -> None:
    run, _ = make_run(tmp_path, keep_top=keep_top)
    rows = rows_of(run)
    # "aab" becomes "ccb": aaaa scores 0, ccc 6 and cc 4; z scores 0 too, and e4 is the greater id.
    english = rows["q1-en"]
    assert (english["kind"], english["severity"]) == ("worst", 0.2)
    assert (english["clean_rank"], english["noisy_rank"]) == (1.0, 4.0)
    assert (english["right_id"], english["ahead_id"], english["ahead_lang"]) == ("e1", "e2", "en")
    assert (english["clean"], english["noisy"]) == (1.0, 0.25)
    assert english["english_text"] == ""
    german = rows["q1-de"]
    assert (german["english_text"], german["ahead_id"]) == ("aab", "d2")
    # "za" becomes "zc": d4 scored 1 behind aaaaa's 5, and scores 1 behind cccc and ccc.
    assert (rows["q2-de"]["clean_rank"], rows["q2-de"]["noisy_rank"]) == (2.0, 3.0)
    assert rows["q2-de"]["ahead_id"] == "d2"
    assert "q2-en" not in rows  # unchanged
    assert set(english) == set(TABLES["examples"])


def test_without_kept_rankings_nothing_is_said_to_be_ahead(tmp_path: Path) -> None:
    run, _ = make_run(tmp_path, keep_top=0)
    rows = rows_of(run)
    assert (rows["q1-en"]["noisy_rank"], rows["q1-en"]["ahead_id"]) == (4.0, "")


def test_the_typical_query_is_the_median_of_the_changed_ones(tmp_path: Path) -> None:
    import robustir.analysis.examples as module

    drop, dose = np.array([0.9, 0.0, 0.3, 0.5, 0.3]), np.array([0.1, 0.0, 0.2, 0.1, 0.1])
    changed = np.array([True, False, True, True, True])
    # Drops of changed queries: .3 (dose .1), .3 (dose .2), .5, .9; the lower middle is .3 with two of them.
    assert module._median(drop, dose, changed) == 4
    assert module._median(drop, dose, np.zeros(5, dtype=np.bool_)) is None


def test_passages_are_kept_with_the_run_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pandas as pd

    run, _ = make_run(tmp_path, keep_top=4)
    entries = run.read_manifest().benchmarks
    table = pd.DataFrame(list(rows_of(run).values()), columns=list(TABLES["examples"]))
    table = table.astype(empty_table("examples").dtypes.to_dict())
    assert set(with_passages(run, entries, table)["right_text"]) == {""}  # a run without texts
    from robustir.types import Corpus

    ids = tuple(name for own in PASSAGES.values() for name in own)
    texts = tuple(text for own in PASSAGES.values() for text in own.values())
    corpus = Corpus(ids, texts, tuple(lang for lang, own in PASSAGES.items() for _ in own))
    keep_passages(run, entries[0], table, corpus)
    told = with_passages(run, entries, table).set_index("query_id")
    assert (told.loc["q1-en", "right_text"], told.loc["q1-en", "ahead_text"]) == ("aaaa", "ccc")
    path = run.shown_path(entries[0].queries_key)
    before = path.stat().st_mtime_ns
    keep_passages(run, entries[0], table, corpus)
    assert path.stat().st_mtime_ns == before  # nothing new: the file stays
    assert run.read_table(path)["_id"].to_pylist() == ["d1", "d2", "d4", "e1", "e2"]  # these alone
