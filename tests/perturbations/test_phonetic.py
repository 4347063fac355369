"""Confusions by sound, worked by hand."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from robustir.disk.folders import data_folder
from robustir.errors import NotApplicableError
from robustir.perturbations.tables.confusions import confusions
from robustir.plugins.registry import create
from tests.perturbations.sounds import SPELLED, kept, questions, speaker
from tests.strategies import LANGUAGES

CASES = [
    ("en", "their", {"there", "they're"}),
    ("en", "Their", {"There", "They're"}),
    ("en", "knot", {"not"}),
    ("en", "zzz", set()),
    ("es", "y", set()),
    ("de", "das", {"dass"}),
    ("el", "του", set()),
    ("el", "τη", {"τι"}),
    ("ar", "مدينة", {"مدينه"}),
    ("hi", "कि", {"की"}),
    ("th", "คุณ", {"คุน"}),
    ("th", "ณ", set()),
]


@pytest.mark.parametrize(("lang", "word", "expected"), CASES)
def test_spellings(lang: str, word: str, expected: set[str]) -> None:
    assert expected <= set(confusions(lang)(word))
    if not expected:
        assert confusions(lang)(word) == ()


def test_chinese_takes_characters_of_the_same_syllable() -> None:
    assert set(confusions("zh")("他")) == {"她", "它"}
    assert "依据" in confusions("zh")("一句")  # the whole word
    assert "势界" in confusions("zh")("世界")  # one character, of the same tone


@pytest.mark.parametrize("lang", LANGUAGES)
def test_data_name_their_source(lang: str) -> None:
    data = json.loads(files("robustir.perturbations").joinpath("data", "phonetic", f"{lang}.json").read_text("utf-8"))
    assert data["source"]
    assert data["licence"]
    listed = [word for group in data["words"] for word in group]
    assert len(listed) == len(set(listed))
    assert not set(listed) & set(data["misspelled"])
    assert len(data["rules"]) == len(set(data["rules"]))


@pytest.mark.parametrize("lang", SPELLED)
def test_espeak_says_that_spellings_sound_the_same(lang: str) -> None:
    folder = data_folder()
    if folder is None or not (folder / "xquad-r").is_dir():
        pytest.skip("needs xquad-r in the data folder")
    heard = speaker()
    if heard is None:
        pytest.skip("needs espeak-ng:  apt-get install espeak-ng")
    share, same = kept(lang, questions(folder, lang), heard)
    assert share >= 0.1
    assert same >= 0.85


@pytest.mark.parametrize("lang", ["ar", "hi", "tr"])
def test_languages_without_such_spellings_are_refused(lang: str) -> None:
    with pytest.raises(NotApplicableError, match=f"phonetic does not know {lang}; it works in: de, el, en"):
        create("perturbation", "phonetic").apply_batch(["word"], langs=[lang], severity=1, keys=[b"k" * 16])


@pytest.mark.parametrize(
    ("lang", "word", "expected"),
    [
        ("en", "cells", {"sells"}),  # c before e is no k
        ("en", "Wrong", ("Rong",)),
        ("de", "Haus", ()),
        ("ru", "Нож", ("Нош",)),
        ("ru", "Дом", ()),
        ("de", "Ein", ()),  # nobody writes ain
        ("es", "artista", ()),  # nor hartista
        ("ru", "Город", ("Горот",)),
        ("es", "Hacer", {"Acer", "Haser"}),
        ("es", "gato", ()),  # g before a is no j
        ("vi", "Trưng", ("Chưng",)),
        ("vi", "Trong", ()),  # every writer knows it
        ("vi", "các", ()),  # k before a is the spelling of chats
        ("vi", "khi", ()),
        ("vi", "quy", ("qui",)),
        ("vi", "dịch", ()),  # giịch cannot be spelled
        ("vi", "Charles", ()),
        ("el", "ΗΠΑ", ()),
        ("el", "για", ()),  # a glide
        ("el", "με", ()),
        ("el", "έρχεται", {"έρχετε"}),
        ("th", "ที่", ()),  # ธี่ is written by nobody
        ("th", "ใหม่", ("ไหม่",)),
        ("th", "ไป", ()),
    ],
)
def test_rules_hold_in_their_context(lang: str, word: str, expected: tuple[str, ...] | set[str]) -> None:
    found = confusions(lang)(word)
    assert (set(found) if isinstance(expected, set) else found) == expected
