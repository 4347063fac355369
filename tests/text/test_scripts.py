"""Facts about languages."""

from __future__ import annotations

import unicodedata

import pytest

from robustir.text.scripts import LANGUAGES, has_spaces, is_right_to_left, language, unit_name
from tests.strategies import SENTENCES

_NAMES = {
    "Arab": "ARABIC",
    "Latn": "LATIN",
    "Grek": "GREEK",
    "Deva": "DEVANAGARI",
    "Cyrl": "CYRILLIC",
    "Thai": "THAI",
    "Hans": "CJK",
}


def test_the_eleven_languages() -> None:
    assert LANGUAGES == ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
    assert [code for code in LANGUAGES if not has_spaces(code)] == ["th", "zh"]
    assert [code for code in LANGUAGES if is_right_to_left(code)] == ["ar"]
    assert language("el").name == "Greek"
    assert language("vi").native == "Tiếng Việt"


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_script_is_the_one_of_a_sentence(code: str) -> None:
    letters = [char for char in SENTENCES[code] if char.isalpha()]
    assert all(unicodedata.name(char).startswith(_NAMES[language(code).script]) for char in letters)


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_direction_is_that_of_the_native_name(code: str) -> None:
    assert is_right_to_left(code) == (unicodedata.bidirectional(language(code).native[0]) in ("R", "AL"))


def test_an_unknown_language_has_defaults() -> None:
    assert language("xx").name == "xx"
    assert has_spaces("xx")
    assert not is_right_to_left("xx")
    assert (unit_name("xx"), unit_name("zh")) == ("word", "character")
