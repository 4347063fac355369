"""Texts that do not look like their label are told; those that do, of every benchmark, are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustir.languages import language
from robustir.plugins.registry import create
from robustir.text.labels import label_notes, merged_notes
from robustir.types import Task
from tests.strategies import SENTENCES

CHINESE = "这座城市里横跨河流的古桥是谁设计的，什么时候建成？"


@pytest.mark.parametrize("lang", SENTENCES)
def test_a_right_label_is_not_doubted(lang: str) -> None:
    assert label_notes([SENTENCES[lang]] * 3, [lang] * 3, "queries") == []


def test_an_unknown_code_of_text_without_spaces_is_told() -> None:
    (note,) = label_notes([CHINESE, SENTENCES["th"]], ["chinese-simplified", "chinese-simplified"], "queries")
    assert note.startswith("queries labelled 'chinese-simplified' are written without spaces")
    assert label_notes([SENTENCES["en"]], ["xx"], "queries") == []  # words are found all the same


def test_another_script_than_the_language_s_is_told() -> None:
    (note,) = label_notes([CHINESE, CHINESE, "who designed the old bridge?"], ["en"] * 3, "passages")
    assert note.startswith("passages labelled 'en' are mostly in Chinese letters, and English is written in others")
    (note,) = label_notes(["is sheher ka purana pul kisne banaya"], ["hi"], "queries")
    assert "queries labelled 'hi' are mostly in Latin letters, and Hindi is written in others" in note
    assert label_notes(["is sheher ka purana pul kisne banaya"], ["hi-Latn"], "queries") == []
    assert label_notes(["ovaj stari most preko reke u gradu"], ["sr"], "queries") == []  # written in both


def test_few_letters_say_nothing() -> None:
    assert label_notes(["42 + 17 = ?", "OK"], ["zh", "zh"], "queries") == []


def test_codes_that_count_as_one_are_told() -> None:
    assert merged_notes({"zh": ("cmn", "zh-CN"), "de": ("ger",)}) == ["the codes cmn, zh-CN count as one language, zh"]


@pytest.mark.data
@pytest.mark.parametrize("name", ["mini", "xquad-r", "tatoeba", "ntrex", "flores", "wmt"])
def test_every_language_of_a_benchmark_is_known_and_looks_like_it(data: Path, name: str) -> None:
    task: Task = create("benchmark", name).load(data, None)
    for texts, langs in ((task.queries.texts, task.queries.langs), (task.corpus.texts, task.corpus.langs)):
        assert label_notes(texts, langs, "texts") == []
    for lang in {*task.queries.langs, *task.corpus.langs}:
        assert language(lang).name != lang
        assert language(lang).script != "Zyyy"


@pytest.mark.data
def test_dialects_and_scripts_of_flores_look_like_their_labels(data: Path) -> None:
    paths = sorted((data / "natural" / "flores-variants").glob("*.txt"))
    assert len(paths) == 11
    for path in paths:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert label_notes(lines, [language(path.stem).code] * len(lines), "texts") == [], path
