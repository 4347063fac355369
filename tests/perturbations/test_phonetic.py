"""Confusions by sound, worked by hand."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from robustir.perturbations.tables.confusions import confusions
from tests.strategies import LANGUAGES

CASES = [
    ("en", "their", {"there", "they're"}),
    ("en", "Their", {"There", "They're"}),
    ("en", "knot", {"not"}),
    ("en", "zzz", set()),
    ("es", "y", set()),
    ("de", "das", {"dass"}),
    ("el", "του", set()),
    ("el", "τη", {"τι", "τυ", "τει", "τοι"}),
    ("ar", "مدينة", {"مدينه"}),
    ("hi", "कि", {"की"}),
    ("th", "ณ", {"น"}),
]


@pytest.mark.parametrize(("lang", "word", "expected"), CASES)
def test_spellings(lang: str, word: str, expected: set[str]) -> None:
    assert expected <= set(confusions(lang)(word))
    if not expected:
        assert confusions(lang)(word) == ()


def test_chinese_takes_characters_of_the_same_syllable() -> None:
    assert {"她", "它"} & set(confusions("zh")("他"))


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if lang != "zh"])
def test_data_name_their_source(lang: str) -> None:
    data = json.loads(files("robustir.perturbations").joinpath("data", "phonetic", f"{lang}.json").read_text("utf-8"))
    assert data["source"]
    assert data["licence"]
    listed = [word for group in data["words"] for word in group]
    assert len(listed) == len(set(listed))
    assert len(data["rules"]) == len(set(data["rules"]))
