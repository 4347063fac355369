"""The mini collection is a serious little test collection: parallel, in the right scripts, without leaks or duplicates."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from robustir.benchmarks.mini import Mini
from robustir.text.words import words

SCRIPTS = {"ar": "ARABIC", "el": "GREEK", "hi": "DEVANAGARI", "ru": "CYRILLIC", "th": "THAI", "zh": "CJK"}


def rows(root: Path, lang: str) -> list[dict[str, str]]:
    return [
        json.loads(line)
        for line in (root / "benchmarks" / "mini" / f"{lang}.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def test_size_and_parallels() -> None:
    task = Mini().load(None)
    assert len(set(task.queries.source_ids)) == 100
    assert len(set(task.queries.groups)) == 25
    assert Counter(task.queries.langs) == dict.fromkeys(Mini.languages, 100)
    assert Counter(task.corpus.langs) == dict.fromkeys(Mini.languages, 100)
    # Each of the 100 questions has exactly one relevant passage per language.
    per_query = Counter(task.qrels.query.tolist())
    assert set(per_query.values()) == {11}
    assert len(task.qrels) == 1100 * 11


@pytest.mark.parametrize("lang", Mini.languages)
def test_one_language(root: Path, lang: str) -> None:
    mine, english = rows(root, lang), rows(root, "en")
    assert [(row["id"], row["topic"]) for row in mine] == [(row["id"], row["topic"]) for row in english]
    assert [list(row) for row in mine] == [["id", "topic", "question", "passage", "answer"]] * 100
    for field in ("question", "passage"):
        assert len({row[field] for row in mine}) == 100
        assert all(row[field] == row[field].strip() == unicodedata.normalize("NFC", row[field]) for row in mine)
    for row in mine:
        assert row["answer"] in row["passage"], row["id"]
        assert row["answer"].casefold() not in row["question"].casefold(), row["id"]
        assert "\n" not in row["question"] + row["passage"]
    if lang != "en":
        assert not {row["question"] for row in mine} & {row["question"] for row in english}


@pytest.mark.parametrize("lang", Mini.languages)
def test_script(root: Path, lang: str) -> None:
    letters = [char for row in rows(root, lang) for char in row["question"] + row["passage"] if char.isalpha()]
    wanted = SCRIPTS.get(lang, "LATIN")
    share = sum(wanted in unicodedata.name(char, "") for char in letters) / len(letters)
    assert share > 0.97, share


@pytest.mark.parametrize("lang", Mini.languages)
def test_questions_are_not_keyword_matches(root: Path, lang: str) -> None:
    """A question and its passage share few word types beside those that are frequent in the collection."""
    mine = rows(root, lang)
    questions = [
        {word.casefold() for word in words(row["question"], lang) if any(map(str.isalpha, word))} for row in mine
    ]
    passages = [
        {word.casefold() for word in words(row["passage"], lang) if any(map(str.isalpha, word))} for row in mine
    ]
    frequency = Counter(word for passage in passages for word in passage)
    shared = [
        len({word for word in question & passage if frequency[word] <= 10})
        for question, passage in zip(questions, passages, strict=True)
    ]
    assert sum(shared) / len(shared) < 2.5, sum(shared) / len(shared)


def test_ids_do_not_leak() -> None:
    task = Mini().load(None)
    assert all(name[3] == "q" and name[4:].isdigit() for name in task.queries.ids)
    assert all(name[3] == "p" and name[4:].isdigit() for name in task.corpus.ids)
