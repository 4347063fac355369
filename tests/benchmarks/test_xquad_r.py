"""XQuAD-R against the counts of its data catalogue and LAReQA's protocol."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from robustir.benchmarks.xquad_r import XQuADR
from robustir.errors import DataError, NotApplicableError, SpecError

LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
CANDIDATES = (1222, 1276, 1234, 1180, 1215, 1244, 1219, 852, 1167, 1209, 1196)


@pytest.mark.data
def test_counts(data: Path) -> None:
    task = XQuADR().load(data)
    assert Counter(task.queries.langs) == dict.fromkeys(LANGUAGES, 1190)
    assert Counter(task.corpus.langs) == dict(zip(LANGUAGES, CANDIDATES, strict=True))
    assert len(task.corpus) == 13_014
    assert len(set(task.queries.source_ids)) == 1190
    assert len(set(task.queries.groups)) == 48
    # Every question has exactly one relevant sentence per language.
    assert len(task.qrels) == 13_090 * 11
    assert set(task.qrels.gain.tolist()) == {1}


@pytest.mark.data
def test_the_relevant_sentence_holds_the_answer(data: Path) -> None:
    task = XQuADR().load(data, ["en"])
    answers = {}
    for article in json.loads((data / "xquad-r" / "en.json").read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                answers[f"en-{question['id']}"] = question["answers"][0]["text"]
    missing = 0
    for query, passage in zip(task.qrels.query.tolist(), task.qrels.passage.tolist(), strict=True):
        # An answer may run over the end of its first sentence, so its first word is looked for.
        missing += answers[task.queries.ids[query]].split()[0] not in task.corpus.texts[passage]
    assert missing == 0


@pytest.mark.data
def test_languages_and_context(data: Path) -> None:
    task = XQuADR(passage="sentence-in-context").load(data, ["zh", "de"])
    assert task.languages == ("de", "zh")
    sentence, _, context = task.corpus.texts[0].partition("\t")
    assert sentence in context
    with pytest.raises(NotApplicableError, match="has no fr; its languages are: ar, de"):
        XQuADR().load(data, ["fr"])


def test_bad_input(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="one of sentence, sentence-in-context"):
        XQuADR(passage="paragraph")
    with pytest.raises(DataError, match="--data"):
        XQuADR().load(None)
    with pytest.raises(DataError, match=r"xquad-r does not exist"):
        XQuADR().load(tmp_path)
    folder = tmp_path / "xquad-r"
    folder.mkdir()
    with pytest.raises(DataError, match=r"en\.json is missing"):
        XQuADR().load(tmp_path, ["en"])
    (folder / "en.json").write_text('{"data": [\n{"title": ]}', encoding="utf-8")
    with pytest.raises(DataError, match=r"en\.json:2: malformed JSON"):
        XQuADR().load(tmp_path, ["en"])
    paragraph = {
        "context": "One. Two.",
        "sentences": ["One.", "Two."],
        "sentence_breaks": [[0, 4], [5, 9]],
        "qas": [{"id": "q", "question": "?", "answers": [{"answer_start": 4, "text": "x"}]}],
    }
    (folder / "en.json").write_text(json.dumps({"data": [{"title": "t", "paragraphs": [paragraph]}]}), encoding="utf-8")
    with pytest.raises(DataError, match="question q starts at 4, outside every sentence"):
        XQuADR().load(tmp_path, ["en"])
    del paragraph["sentence_breaks"]
    (folder / "en.json").write_text(json.dumps({"data": [{"title": "t", "paragraphs": [paragraph]}]}), encoding="utf-8")
    with pytest.raises(DataError, match="sentence breaks"):
        XQuADR().load(tmp_path, ["en"])
