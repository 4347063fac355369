"""A language is one language however data, options and suites spell it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from robustir.benchmarks.beir import Beir
from robustir.benchmarks.mini import Mini
from robustir.benchmarks.ntrex import Ntrex
from robustir.benchmarks.tatoeba import Tatoeba
from robustir.encoders.bm25 import BM25
from robustir.errors import DataError, NotApplicableError, SpecError
from robustir.noise.applying import perturb
from robustir.planning.plan import make_plan
from robustir.planning.suite import validate_suite
from robustir.types import QuerySet, Task


def folder_of(task: Task, path: Path, lang: str | None) -> Path:
    """Write a task as a BEIR folder; lang: what every record says its language is, None: nothing."""
    (path / "qrels").mkdir(parents=True)
    label = {} if lang is None else {"lang": lang}
    for name, rows in (("corpus", task.corpus), ("queries", task.queries)):
        lines = [{"_id": one, "text": text, **label} for one, text in zip(rows.ids, rows.texts, strict=True)]
        (path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    judged = [
        f"{task.queries.ids[query]}\t{task.corpus.ids[passage]}\t{gain}"
        for query, passage, gain in zip(task.qrels.query, task.qrels.passage, task.qrels.gain, strict=True)
    ]
    (path / "qrels" / "test.tsv").write_text(
        "\n".join(["query-id\tcorpus-id\tscore", *judged]) + "\n", encoding="utf-8"
    )
    return path


@pytest.fixture(scope="module")
def chinese() -> Task:
    return Mini().load(None, ["zh"])


@pytest.mark.parametrize("lang", ["zho", "cmn", "zh-CN", "zh_Hans", "ZH", "zh "])
def test_chinese_by_any_code_has_the_scores_and_the_noise_of_zh(chinese: Task, tmp_path: Path, lang: str) -> None:
    plain = Beir(str(folder_of(chinese, tmp_path / "plain" / "mine", None)), lang="zh").load(None)
    task = Beir(str(folder_of(chinese, tmp_path / "labelled" / "mine", lang))).load(None, ["chi"])
    assert task.digest() == plain.digest()
    assert task.queries.written == {"zh": (lang,)}
    scores = []
    for one in (plain, task):
        scorer = BM25()
        scorer.index(one.corpus)
        scores.append(np.concatenate([block.copy() for block in scorer.blocks(one.queries)]))
    np.testing.assert_array_equal(*scores)
    assert (scores[0].argmax(axis=1) == np.arange(len(plain.queries))).mean() > 0.3
    noisy = perturb(task.queries, "typos", severity=0.3)
    assert noisy.texts == perturb(plain.queries, "typos", severity=0.3).texts
    assert noisy.texts != task.queries.texts


def test_traditional_characters_are_a_language_of_their_own(chinese: Task) -> None:
    queries = chinese.queries.with_texts(chinese.queries.texts)
    traditional = QuerySet(queries.ids, queries.texts, ("zh-TW",) * len(queries), queries.ids, queries.ids)
    with pytest.raises(NotApplicableError, match="zh-Hant"):  # the keyboard of zh writes simplified characters
        perturb(traditional, "keyboard", severity=0.3)


def test_languages_asked_for_by_any_code(tmp_path: Path) -> None:
    assert Mini().load(None, ["ger", "zh-CN"]).languages == ("de", "zh")
    suite = {"name": "x", "benchmarks": ["mini"], "encoders": ["hashing"], "languages": ["deu", "zh-Hans"]}
    assert validate_suite(suite, "x").languages == ("de", "zh")
    with pytest.raises(SpecError, match="'de' occurs twice"):
        validate_suite(suite | {"languages": ["deu", "de"]}, "x")
    with pytest.raises(NotApplicableError, match="tatoeba has no zh-Hant"):
        Tatoeba().load(_tatoeba(tmp_path), ["zh-TW"])
    assert set(Tatoeba().load(tmp_path, ["deu"]).queries.langs) == {"de", "en"}


def _tatoeba(data: Path) -> Path:
    (data / "tatoeba-v1").mkdir(parents=True)
    for side, text in (("deu", "Guten Morgen"), ("eng", "Good morning")):
        (data / "tatoeba-v1" / f"tatoeba.deu-eng.{side}").write_text(f"{text}\n", encoding="utf-8")
    return data


def test_files_are_named_by_any_code(tmp_path: Path) -> None:
    (tmp_path / "ntrex").mkdir()
    for name in ("eng", "zho_Hans", "zho_Hant"):
        (tmp_path / "ntrex" / f"{name}.txt").write_text("one\ntwo\n", encoding="utf-8")
    (tmp_path / "ntrex" / "DOCUMENT_IDS.tsv").write_text("a\nb\n", encoding="utf-8")
    assert set(Ntrex(pivot="ENG").load(tmp_path).queries.langs) == {"en", "zh", "zh-Hant"}
    (tmp_path / "ntrex" / "zh.txt").write_text("one\ntwo\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"zh\.txt and zho_Hans\.txt are both zh; keep one of them"):
        Ntrex().load(tmp_path)


def test_a_plan_tells_what_is_odd(chinese: Task, tmp_path: Path) -> None:
    folder = folder_of(chinese, tmp_path / "mine", "en")
    suite = validate_suite({"name": "x", "benchmarks": [f"beir('{folder}')"], "encoders": ["hashing"]}, "x")
    (planned,) = make_plan(suite).tasks
    assert [note.partition(" letters")[0] for note in planned.label_notes] == [
        "queries labelled 'en' are mostly in Chinese", "passages labelled 'en' are mostly in Chinese",
    ]  # fmt: skip
