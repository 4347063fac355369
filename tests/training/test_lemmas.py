"""Lemmas and what is taken off words before they are looked up."""

from __future__ import annotations

import sys

import pytest

from robustir.errors import MissingExtraError
from robustir.resources.lexicons.lemmas import Lemmas, _arabic_lemma, bare_arabic, single_accent, to_simplified


def test_marks_that_no_dictionary_lists() -> None:
    assert bare_arabic("كِتَابٌ") == "كتاب"
    assert bare_arabic("كتـــاب") == "كتاب"
    assert single_accent("όνομά") == "όνομα"
    assert single_accent("σύζυγός") == "σύζυγος"
    assert single_accent("ΐδιος") == "ΐδιος"
    assert single_accent("σπίτι") == "σπίτι"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("كتاب", "كتاب"),
        ("وكتاب", "كتاب"),
        ("بالكتاب", "كتاب"),
        ("كتابهم", "كتاب"),
        ("وكتابها", "كتاب"),
        ("كتب", "كتاب"),
        ("وكتبهم", "كتاب"),
        ("غريب", "غريب"),
        ("به", "به"),
    ],
)
def test_arabic_clitics(word: str, expected: str) -> None:
    known = {"كتاب": "كتاب", "كتب": "كتاب"}
    assert _arabic_lemma(word, lambda form: known.get(form, form), known.__contains__) == expected


def test_languages_without_inflection_need_nothing() -> None:
    assert Lemmas("th")("บ้าน") == "บ้าน"
    assert Lemmas("vi")("Nhà") == "nhà"


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "simplemma", None)
    monkeypatch.setitem(sys.modules, "opencc", None)
    for call in (lambda: Lemmas("ru"), to_simplified):
        with pytest.raises(MissingExtraError, match=r"pip install 'robustir\[lexicon\]'"):
            call()


@pytest.mark.parametrize(
    ("lang", "word", "expected"),
    [
        ("ru", "книгу", "книга"),
        ("de", "Häuser", "haus"),
        ("tr", "Londra'da", "londra"),
        ("tr", "gözlerini", "göz"),
        ("en", "children", "child"),
        ("hi", "किताबें", "किताब"),
        ("ar", "البيت", "بيت"),
        ("el", "όνομά", "όνομα"),
    ],
)
def test_lemmas(lang: str, word: str, expected: str) -> None:
    pytest.importorskip("simplemma", reason="the extra lexicon is not installed")
    assert Lemmas(lang)(word) == expected


def test_simplified_characters() -> None:
    pytest.importorskip("opencc", reason="the extra lexicon is not installed")
    assert to_simplified()("遠東電影") == "远东电影"
