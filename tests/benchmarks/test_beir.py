"""BEIR folders: what is read, and what each mistake is told as."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from robustir.benchmarks.beir import Beir
from robustir.errors import DataError


def write(
    folder: Path, corpus: list[dict[str, Any]], queries: list[dict[str, Any]], qrels: Sequence[tuple[str, str, object]]
) -> Path:
    (folder / "qrels").mkdir(parents=True)
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    lines = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, row)) for row in qrels)]
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


CORPUS = [
    {"_id": "d1", "title": "Nile", "text": "A river."},
    {"_id": "d2", "text": "Ein Fluss.", "lang": "de"},
    {"_id": "d3", "text": "x"},
]
QUERIES = [
    {"_id": "q1", "text": "river?", "group": "g"},
    {"_id": "q2", "text": "Fluss?", "lang": "de", "source_id": "q1", "group": "g"},
    {"_id": "q3", "text": "unjudged"},
]


def test_columns(tmp_path: Path) -> None:
    task = Beir(
        str(
            write(
                tmp_path / "mine", CORPUS, QUERIES, [("q1", "d1", 2), ("q1", "d2", 1), ("q2", "d2", 1), ("q3", "d1", 0)]
            )
        )
    ).load(None)
    assert task.name == "mine"
    assert task.corpus.texts == ("Nile A river.", "Ein Fluss.", "x")
    assert task.corpus.langs == ("en", "de", "en")
    assert task.queries.ids == ("q1", "q2", "q3")  # q3 has no relevant passage and scores 0
    assert task.queries.source_ids == ("q1", "q1", "q3")
    assert task.queries.groups == ("g", "g", "q3")
    assert task.group_kind == "group"
    assert task.settings == ("mono", "cross", "multi")
    assert list(zip(task.qrels.query, task.qrels.passage, task.qrels.gain, strict=True)) == [
        (0, 0, 2),
        (0, 1, 1),
        (1, 1, 1),
        (2, 0, 0),
    ]


def test_translations_of_one_question_are_one_group_without_a_group(tmp_path: Path) -> None:
    """Else a run would count one question in eleven languages as eleven independent queries."""
    queries = [{key: row[key] for key in row if key != "group"} for row in QUERIES]
    judged = [("q1", "d1", 2), ("q2", "d2", 1), ("q3", "d1", 1)]
    task = Beir(str(write(tmp_path / "sources", CORPUS, queries, judged))).load(None)
    assert task.queries.groups == ("q1", "q1", "q3")
    assert task.group_kind == "question across languages"
    assert any("has no group" in note for note in task.notes)
    alone = [{key: row[key] for key in row if key != "source_id"} for row in queries]
    task = Beir(str(write(tmp_path / "alone", CORPUS, alone, judged))).load(None)
    assert (task.queries.groups, task.group_kind) == (("q1", "q2", "q3"), "query")
    assert any("translations of one question count as independent" in note for note in task.notes)
    english = [row for row in alone if row["_id"] != "q2"]
    task = Beir(str(write(tmp_path / "english", CORPUS, english, judged[::2]))).load(None)
    assert not any("independent" in note for note in task.notes)


def test_one_language_is_mono_alone(tmp_path: Path) -> None:
    folder = write(tmp_path / "mono", [CORPUS[0]], [QUERIES[0]], [("q1", "d1", 1)])
    assert Beir(str(folder), lang="en").load(None).settings == ("mono",)
    assert Beir("mono").load(tmp_path).queries.ids == ("q1",)  # a relative folder is looked for inside --data


@pytest.mark.parametrize(
    ("corpus", "queries", "qrels", "message"),
    [
        ([], QUERIES[:1], [("q1", "d1", 1)], r"corpus\.jsonl holds no passage"),
        (CORPUS, [], [], r"queries\.jsonl holds no query"),
        ([*CORPUS, CORPUS[0]], QUERIES, [("q1", "d1", 1)], r"corpus\.jsonl:4: the id 'd1' is already in line 1"),
        ([{"_id": "", "text": "x"}], QUERIES, [], r"corpus\.jsonl:1: the id is empty"),
        ([{"_id": "d1"}], QUERIES, [], r"corpus\.jsonl:1: the string 'text' is missing"),
        (CORPUS, QUERIES, [("q9", "d1", 1)], r"the judgements name no query of the collection"),
        (CORPUS, QUERIES, [("q1", "d9", 1)], r"no query has a relevant passage in the corpus"),
        (CORPUS, QUERIES, [], r"test\.tsv holds only a header and no judgement"),
        (CORPUS, QUERIES, [("q1", "d1", "0.5")], r"test\.tsv:2: the score '0\.5' is not a whole number"),
        (CORPUS, QUERIES, [("q1", "d1", "9" * 250)], r"test\.tsv:2: the score is above 1e\+200"),
        (CORPUS, QUERIES, [("q1", "d1", "high")], r"test\.tsv:2: the score 'high'"),
        (CORPUS, QUERIES, [("q1", "d1", "1\t2")], r"test\.tsv:2: 4 columns"),
        (
            CORPUS,
            QUERIES,
            [("q1", "d1", 1), ("q1", "d1", 2)],
            r"test\.tsv:3: query 'q1' and passage 'd1' are judged 2 here and 1 in .*test\.tsv:2; keep one",
        ),
        (CORPUS, QUERIES, [("q1", "d1", 0)], "no query has a relevant passage"),
        ([{"_id": "d1", "text": 5}], QUERIES, [("q1", "d1", 1)], r"corpus\.jsonl:1: 'text' holds a JSON int"),
        (
            [{"_id": "d1", "text": "x", "lang": ["en"]}],
            QUERIES,
            [("q1", "d1", 1)],
            r"corpus\.jsonl:1: 'lang' holds a JSON list",
        ),
    ],
)
def test_mistakes(
    tmp_path: Path,
    corpus: list[dict[str, Any]],
    queries: list[dict[str, Any]],
    qrels: Sequence[tuple[str, str, object]],
    message: str,
) -> None:
    with pytest.raises(DataError, match=message):
        Beir(str(write(tmp_path / "bad", corpus, queries, qrels))).load(None)


def test_bytes_that_are_not_utf8_and_json_are_named_by_line(tmp_path: Path) -> None:
    folder = write(tmp_path / "bad", CORPUS, QUERIES, [("q1", "d1", 1)])
    (folder / "corpus.jsonl").write_bytes(b'{"_id": "d1", "text": "x"}\n{"_id": "d2", "text": "\xff"}\n')
    with pytest.raises(DataError, match=r"corpus\.jsonl:2: byte \d+ is not UTF-8"):
        Beir(str(folder)).load(None)
    (folder / "corpus.jsonl").write_text('{"_id": "d1", "text": "x"}\n["d2"]\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"corpus\.jsonl:2: expected a JSON object, not a list"):
        Beir(str(folder)).load(None)
    with pytest.raises(DataError, match="does not exist"):
        Beir(str(tmp_path / "nowhere")).load(None)
