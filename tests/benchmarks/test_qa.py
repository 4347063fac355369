"""MLQA-R, MIRACL, NoiseQA and ir_datasets on small files of their true layout, and NoiseQA on the real data."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from robustir.benchmarks.ir_datasets import IrDatasets
from robustir.benchmarks.miracl import Miracl
from robustir.benchmarks.mlqa_r import MLQAR
from robustir.benchmarks.noiseqa import NoiseQA
from robustir.benchmarks.xquad_r import XQuADR
from robustir.errors import DataError, MissingExtraError, NotApplicableError, SpecError


def squad(title: str, sentences: list[str], questions: list[tuple[str, str, int]]) -> dict[str, Any]:
    context, breaks = " ".join(sentences), []
    for sentence in sentences:
        start = breaks[-1][1] + 1 if breaks else 0
        breaks.append([start, start + len(sentence)])
    qas = [
        {"id": name, "question": text, "answers": [{"answer_start": breaks[place][0], "text": "x"}]}
        for name, text, place in questions
    ]
    return {
        "title": title,
        "paragraphs": [{"context": context, "sentences": sentences, "sentence_breaks": breaks, "qas": qas}],
    }


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_mlqa_r(tmp_path: Path) -> None:
    english = squad("Nile", ["A river.", "It floods."], [("q1", "What?", 0), ("q2", "When?", 1)])
    write_json(tmp_path / "mlqa-r" / "en.json", {"data": [english]})
    write_json(tmp_path / "mlqa-r" / "de.json", {"data": [squad("Nil", ["Ein Fluss.", "Lang."], [("q1", "Was?", 0)])]})
    write_json(tmp_path / "mlqa-r" / "es.json", {"data": [squad("Río Nilo", ["Sube."], [("q2", "¿Cuándo?", 0)])]})
    task = MLQAR().load(tmp_path, ["de", "en", "es"])
    assert task.queries.ids == ("de-q1", "en-q1", "en-q2", "es-q2")
    assert set(task.queries.groups) == {"Nile"}
    found = {
        (task.queries.ids[q], task.corpus.texts[p]) for q, p in zip(task.qrels.query, task.qrels.passage, strict=True)
    }
    assert found == {
        ("de-q1", "Ein Fluss."), ("de-q1", "A river."), ("en-q1", "Ein Fluss."), ("en-q1", "A river."),
        ("en-q2", "It floods."), ("en-q2", "Sube."), ("es-q2", "It floods."), ("es-q2", "Sube."),
    }  # fmt: skip
    assert MLQAR().load(tmp_path, ["de"]).queries.groups == ("Nile",)  # the English title, whatever is asked for
    assert len(MLQAR().files()) == 7
    with pytest.raises(NotApplicableError, match="mlqa-r has no th"):
        MLQAR().load(tmp_path, ["th"])


def miracl(root: Path, lang: str = "sw") -> Path:
    folder, corpus = root / "miracl" / f"miracl-v1.0-{lang}", root / "miracl" / f"miracl-corpus-v1.0-{lang}"
    for part in (folder / "topics", folder / "qrels", corpus):
        part.mkdir(parents=True)
    name = f"miracl-v1.0-{lang}-dev.tsv"
    (folder / "topics" / f"topics.{name}").write_text("1\tMto gani?\n2\tLini?\n3\tHapana\n", encoding="utf-8")
    (folder / "qrels" / f"qrels.{name}").write_text(
        "1\tQ0\t10#0\t1\n1\tQ0\t10#1\t0\n2\tQ0\t20#0\t1\n2\tQ0\t10#1\t1\n3\tQ0\t10#0\t0\n"
    )
    documents = [
        ("10#0", "Nile", "Mto."),
        ("10#1", "Nile", "Mrefu."),
        ("20#0", "Mvua", "Machi."),
        ("30#0", "X", "Kitu."),
    ]
    for number, part in enumerate((documents[:2], documents[2:])):
        with gzip.open(corpus / f"docs-{number}.jsonl.gz", "wt", encoding="utf-8") as out:
            out.writelines(
                json.dumps({"docid": name, "title": title, "text": text}) + "\n" for name, title, text in part
            )
    return root


def test_miracl(tmp_path: Path) -> None:
    task = Miracl().load(miracl(tmp_path))
    assert (task.name, task.settings) == ("miracl", ("mono",))
    assert task.queries.ids == ("sw-1", "sw-2", "sw-3")  # topic 3 has nothing relevant and scores 0
    assert task.queries.groups == ("sw-10", "sw-20", "sw-3")
    assert Miracl(no_relevant="skip").load(tmp_path).queries.ids == ("sw-1", "sw-2")
    assert task.corpus.texts == ("Nile Mto.", "Nile Mrefu.", "Mvua Machi.", "X Kitu.")
    assert list(zip(task.qrels.query, task.qrels.passage, strict=True)) == [(0, 0), (1, 1), (1, 2), (2, 0)]
    judged = Miracl(pool="judged").load(tmp_path)
    assert (judged.name, judged.corpus.ids) == ("miracl-judged", ("sw-10#0", "sw-10#1", "sw-20#0"))
    with pytest.raises(NotApplicableError, match="miracl has no te; its languages are: sw"):
        Miracl().load(tmp_path, ["te"])
    for wrong in ({"split": "test"}, {"pool": "half"}):
        with pytest.raises(SpecError, match="must be one of"):
            Miracl(**wrong)


def test_miracl_mistakes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"miracl does not exist"):
        Miracl().load(tmp_path)
    root = miracl(tmp_path)
    corpus = root / "miracl" / "miracl-corpus-v1.0-sw"
    whole = (corpus / "docs-1.jsonl.gz").read_bytes()
    (corpus / "docs-1.jsonl.gz").write_bytes(whole[:-12])
    with pytest.raises(DataError, match=r"docs-1.jsonl.gz cannot be unpacked"):
        Miracl().load(root)
    (corpus / "docs-1.jsonl.gz").unlink()
    with pytest.raises(DataError, match=r"dev\.tsv:3: the passage id 'sw-20#0' .*\(a docs-"):
        Miracl().load(root)
    assert Miracl(missing="never-found").load(root).counts["missing_passages"] == 1
    (corpus / "docs-0.jsonl.gz").unlink()
    with pytest.raises(DataError, match=r"holds no docs-\*.jsonl.gz"):
        Miracl().load(root)
    topics = root / "miracl" / "miracl-v1.0-sw" / "topics" / "topics.miracl-v1.0-sw-dev.tsv"
    topics.write_text("1 Mto gani?\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"dev.tsv:1: the form is  id <tab> question"):
        Miracl().load(root)


def test_noiseqa_on_small_files(tmp_path: Path) -> None:
    write_json(
        tmp_path / "xquad-r" / "en.json",
        {"data": [squad("Nile", ["A river."], [("q1", "What?", 0), ("q2", "Who?", 0)])]},
    )
    (tmp_path / "noiseqa" / "natural").mkdir(parents=True)
    path = tmp_path / "noiseqa" / "natural" / "xquad-asr-natural.jsonl"
    path.write_text('{"_id": "q2", "text": "hoo"}\n{"_id": "q1", "text": "watt"}\n', encoding="utf-8")
    task = NoiseQA(noise="asr").load(tmp_path)
    assert (task.name, task.queries.texts, task.queries.groups) == (
        "noiseqa-asr-natural",
        ("watt", "hoo"),
        ("Nile", "Nile"),
    )
    path.write_text('{"_id": "q2", "text": "hoo"}\n', encoding="utf-8")
    with pytest.raises(DataError, match="lacks 1 of XQuAD's questions, such as q1"):
        NoiseQA(noise="asr").load(tmp_path)
    with pytest.raises(SpecError, match="noise must be one of keyboard, asr, translation"):
        NoiseQA(noise="ocr")


@pytest.mark.data
def test_noiseqa(data: Path) -> None:
    clean = XQuADR().load(data, ["en"])
    for noise in ("keyboard", "asr", "translation"):
        for kind in ("natural", "synthetic"):
            task = NoiseQA(noise=noise, kind=kind).load(data)
            assert task.queries.ids == clean.queries.ids
            changed = sum(a != b for a, b in zip(task.queries.texts, clean.queries.texts, strict=True))
            assert changed > 0.4 * 1190, (noise, kind)
    # Against NoiseQA's own clean questions.
    lines = (data / "noiseqa/natural/xquad-context-en-question-en.jsonl").read_text(encoding="utf-8").splitlines()
    own = {row["_id"]: row["text"] for row in map(json.loads, lines)}
    keyboard = NoiseQA().load(data).queries
    same = sum(own[name] == text for name, text in zip(keyboard.source_ids, keyboard.texts, strict=True))
    assert same == 576  # 48.4%: typists made no error, or mended it


class FakeCollection:
    def __init__(self, **parts: Any) -> None:
        self.parts = parts

    def __getattr__(self, name: str) -> Any:
        part = name.removeprefix("has_").removesuffix("_iter").removesuffix("_lang")
        if name.startswith("has_"):
            return lambda: part in self.parts
        if name.endswith("_lang"):
            return lambda: "de"
        return lambda: iter(self.parts[part])


def test_ir_datasets(monkeypatch: pytest.MonkeyPatch) -> None:
    def document(name: str, text: str) -> SimpleNamespace:
        return SimpleNamespace(doc_id=name, query_id=name, default_text=lambda: text)

    def judgement(query: str, doc: str, relevance: int) -> SimpleNamespace:
        return SimpleNamespace(query_id=query, doc_id=doc, relevance=relevance)

    whole = FakeCollection(
        docs=[document("d1", "Ein Fluss."), document("d2", "Ein Berg.")],
        queries=[document("1", "Fluss?"), document("2", "unbewertet")],
        qrels=[judgement("1", "d1", 2), judgement("1", "d2", 0), judgement("2", "d2", -1), judgement("9", "d1", 1)],
    )
    module = ModuleType("ir_datasets")
    catalogue = {"own/small/test": whole, "own/small": FakeCollection(docs=[], queries=[])}
    monkeypatch.setattr(module, "load", catalogue.__getitem__, raising=False)
    monkeypatch.setitem(sys.modules, "ir_datasets", module)
    task = IrDatasets("own/small/test").load(None)
    assert (task.name, task.queries.ids, task.queries.langs, task.settings) == (
        "own-small-test",
        ("1", "2"),
        ("de", "de"),
        ("mono",),
    )
    assert list(zip(task.qrels.query, task.qrels.passage, task.qrels.gain, strict=True)) == [(0, 0, 2), (1, 1, 0)]
    assert task.counts == {"judgements": 4, "unknown_queries": 1, "queries_without_relevant": 1}
    with pytest.raises(DataError, match="own/small/test, judgement 4: the query id '9' is not among the queries"):
        IrDatasets("own/small/test", missing="strict").load(None)
    assert IrDatasets("own/small/test", lang="en").load(None).languages == ("en",)
    with pytest.raises(NotApplicableError, match="own/small has no qrels"):
        IrDatasets("own/small").load(None)
    with pytest.raises(DataError, match="'nothing' is not a collection of ir_datasets"):
        IrDatasets("nothing").load(None)
    monkeypatch.setitem(sys.modules, "ir_datasets", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'robustir\[ir-datasets\]'"):
        IrDatasets("own/small/test").load(None)
