"""Folders as people have them: packed files, other headers and columns, other ids; and whatever bytes there are, one message."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from robustir.benchmarks.beir import Beir
from robustir.benchmarks.qrels_files import read_qrels
from robustir.disk.reading import read_lines
from robustir.errors import DataError
from robustir.types import Task

CORPUS = '{"_id": 1, "title": null, "text": "a river"}\n{"_id": 2, "title": "", "text": "a hill"}\n'
QUERIES = '{"_id": 7, "text": "river?"}\n{"_id": 8, "text": "hill?"}\n'
QRELS = "query-id\tcorpus-id\tscore\n7\t1\t1\n8\t2\t2\n"


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstd,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


def write(
    folder: Path,
    *,
    corpus: str = CORPUS,
    queries: str = QUERIES,
    qrels: str = QRELS,
    split: str = "test",
    packed: str = "",
) -> Path:
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    for name, text in (("corpus.jsonl", corpus), ("queries.jsonl", queries), (f"qrels/{split}.tsv", qrels)):
        (folder / f"{name}{packed}").write_bytes(PACKERS[packed](text.encode("utf-8", "surrogatepass")))
    return folder


def judged(task: Task) -> list[tuple[str, str, float]]:
    rows = zip(task.qrels.query, task.qrels.passage, task.qrels.gain.tolist(), strict=True)
    return [(task.queries.ids[query], task.corpus.ids[passage], gain) for query, passage, gain in rows]


EXPECTED = [("7", "1", 1.0), ("8", "2", 2.0)]


@pytest.mark.parametrize("packed", PACKERS)
def test_packed_files_integer_ids_and_null_titles(tmp_path: Path, packed: str) -> None:
    task = Beir(str(write(tmp_path / "c", packed=packed))).load(None)
    assert task.corpus.ids == ("1", "2")
    assert task.corpus.texts == ("a river", "a hill")
    assert judged(task) == EXPECTED
    assert task.notes == ()


@pytest.mark.parametrize("packed", [packed for packed in PACKERS if packed])
def test_packed_files_that_are_damaged(tmp_path: Path, packed: str) -> None:
    folder = write(tmp_path / "c", packed=packed)
    path = folder / f"corpus.jsonl{packed}"
    path.write_bytes(b"not packed at all")
    with pytest.raises(DataError, match=r"corpus\.jsonl\.\w+ cannot be unpacked"):
        Beir(str(folder)).load(None)


@pytest.mark.parametrize(
    "qrels",
    [
        "7\t1\t1\n8\t2\t2\n",
        "7 1 1\n8 2 2\n",
        "query_id\tdoc_id\trelevance\n7\t1\t1.0\n8\t2\t2.\n",
        "qid\tdocno\trel\r\n7\t1\t+1\r\n8\t2\t02\r\n",
        "qid,rest\tpid\tlabel\n7\t1\t1\n8\t2\t2\n",
        "score\tquery-id\tcorpus-id\n1\t7\t1\n2\t8\t2\n",
        "7 0 1 1\n8 0 2 2\n",
        "7\tQ0\t1\t1\n\n8\tQ0\t2\t2",
        "\ufeffquery-id iter doc-id score\n7 0 1 1\n8 0 2 2\n",
        "7\t1\t1\n8\t2\t2\n9\t2\t0\n",
    ],
)
def test_headers_columns_and_scores(tmp_path: Path, qrels: str) -> None:
    assert judged(Beir(str(write(tmp_path / "c", qrels=qrels))).load(None)) == EXPECTED


def test_the_only_split_is_read_with_a_note_and_several_are_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "c", split="dev")
    task = Beir(str(folder)).load(None)
    assert judged(task) == EXPECTED
    assert task.notes == ("the judgements are qrels/dev.tsv, the only split: test.tsv is missing",)
    assert Beir(str(folder), split="dev").load(None).notes == ()
    with pytest.raises(DataError, match=r"test\.tsv is missing; choose another split with split=: dev"):
        Beir(str(folder), split="test").load(None)
    (folder / "qrels" / "train.tsv.gz").write_bytes(gzip.compress(QRELS.encode()))
    with pytest.raises(DataError, match=r"with split=: dev, train"):
        Beir(str(folder)).load(None)
    assert judged(Beir(str(folder), split="train").load(None)) == EXPECTED
    none = write(tmp_path / "none")
    (none / "qrels" / "test.tsv").unlink()
    with pytest.raises(DataError, match=r"test\.tsv is missing; a BEIR folder holds qrels/SPLIT\.tsv"):
        Beir(str(none)).load(None)


@pytest.mark.parametrize(
    ("part", "text", "message"),
    [
        ("corpus", '{"_id": "a", "text": "x", "metadata": ' + "[" * 100_000 + "]" * 100_000 + "}\n", r"corpus\.jsonl:1: malformed JSON .nested too deeply"),
        ("corpus", '{"_id": ' + "9" * 5_000 + ', "text": "x"}\n', r"corpus\.jsonl:1: malformed JSON .a number is too long"),
        ("corpus", '{"_id": 1.5, "text": "x"}\n', r"corpus\.jsonl:1: '_id' holds a JSON float"),
        ("corpus", '{"_id": true, "text": "x"}\n', r"corpus\.jsonl:1: '_id' holds a JSON bool"),
        ("corpus", '{"_id": 1, "text": "x"}\n{"_id": "1", "text": "y"}\n', r"corpus\.jsonl:2: the id '1' is already in line 1"),
        ("queries", '{"_id": 1, "text": null}\n', r"queries\.jsonl:1: the string 'text' is missing"),
        ("queries", "\n \n", r"queries\.jsonl holds no query"),
        ("qrels", "", r"test\.tsv holds nothing and no judgement"),
        ("qrels", "query-id\tcorpus-id\tscore\n", r"test\.tsv holds only a header and no judgement"),
        ("qrels", "7\t1\t1\n7\t1\n", r"test\.tsv:2: 2 columns, but 3 before"),
        ("qrels", "7\n", r"test\.tsv:1: 1 columns"),
        ("qrels", "7\t1\tnan\n", r"test\.tsv:1: the score 'nan' is not a whole number"),
        ("qrels", "7\t1\t1e3\n", r"test\.tsv:1: the score '1e3' is not a whole number"),
    ],
)  # fmt: skip
def test_mistakes_are_one_message(tmp_path: Path, part: str, text: str, message: str) -> None:
    folder = write(tmp_path / "c")
    (folder / ("qrels/test.tsv" if part == "qrels" else f"{part}.jsonl")).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        Beir(str(folder)).load(None)


def test_lines_are_those_of_the_whole_text_wherever_a_part_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("robustir.disk.reading._PART", 3)
    path = tmp_path / "text"
    path.write_bytes("\ufeffeins\r\n\n zwei\u2028drei\nüü\n\tende".encode())
    assert list(read_lines(path)) == [(1, "eins"), (3, " zwei\u2028drei"), (4, "üü"), (5, "\tende")]
    path.write_bytes(b"ok\n\xff\n")
    with pytest.raises(DataError, match=r"text:2: byte 0 is not UTF-8"):
        list(read_lines(path))


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r"), min_size=1, max_size=6)
FIELDS = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=1)
RECORDS = st.lists(st.dictionaries(st.sampled_from(["_id", "text", "title", "lang"]), FIELDS), max_size=3)
TABLES = st.lists(
    st.lists(st.sampled_from(["7", "1", "8", "2", "qid", "score", "-1", "x", ""]), max_size=5), max_size=4
)
CONTENTS = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=40).map(str.encode),
    RECORDS.map(lambda rows: "\n".join(map(json.dumps, rows)).encode()),
    TABLES.map(lambda rows: "\n".join(map("\t".join, rows)).encode()),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELL, CELL, st.integers(-(2**80), 2**80)), min_size=1, max_size=6), st.booleans())
def test_judgements_are_read_as_they_were_written(tmp_path: Path, rows: list[tuple[str, str, int]], trec: bool) -> None:
    path = tmp_path / "qrels.tsv"
    middle = "\t0" if trec else ""
    header = "query-id\titer\tcorpus-id\tscore\n" if trec else "query-id\tcorpus-id\tscore\n"
    path.write_text(
        header + "".join(f"{query}{middle}\t{passage}\t{gain}\n" for query, passage, gain in rows),
        encoding="utf-8",
        newline="",
    )
    assert [row[:3] for row in read_qrels(path)] == rows
    assert [row.number for row in read_qrels(path)] == list(range(2, 2 + len(rows)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=st.sampled_from(["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"]), content=CONTENTS)
def test_whatever_a_file_holds_is_read_or_one_message(tmp_path: Path, part: str, content: bytes) -> None:
    folder = write(tmp_path / "c")
    (folder / part).write_bytes(content)
    try:
        task = Beir(str(folder)).load(None)
    except DataError as error:
        assert "\n" not in str(error)  # noqa: PT017 - both ends are fine
    else:
        assert len(task.queries) > 0
