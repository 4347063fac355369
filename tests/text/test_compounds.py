"""Vietnamese words of several syllables, worked out by hand."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from robustir.text.blocks import Block
from robustir.text.compounds import block_whole_words
from robustir.text.words import words
from tests.strategies import languages, texts


def whole(text: str, lang: str = "vi") -> list[str]:
    starts, stops = block_whole_words(Block.join([text]), lang)
    return [text[start:stop] for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Không gian của con người", ["Không gian", "của", "con người"]),
        ("vi sinh vật học là gì", ["vi sinh vật học", "là", "gì"]),  # the longest one, not sinh vật
        ("có bao nhiêu vận động viên?", ["có", "bao nhiêu", "vận động viên"]),
        ("không, gian", ["không", "gian"]),
        ("không  gian", ["không", "gian"]),
        ("không", ["không"]),
        ("", []),
    ],
)
def test_syllables_of_one_word_are_together(text: str, expected: list[str]) -> None:
    assert whole(text) == expected


@given(texts, languages)
@settings(max_examples=100, deadline=None)
def test_other_languages_have_the_words_that_they_had(text: str, lang: str) -> None:
    text = re.sub(r"(?<=\d)[.,:\u066b\u066c](?=\d)", "-", text)  # but for numbers with marks
    if lang != "vi":
        assert whole(text, lang) == words(text, lang)
    assert " ".join(whole(text)).split() == " ".join(words(text, "vi")).split()


@pytest.mark.parametrize("lang", ["ar", "de", "en", "vi", "zh"])
def test_a_number_with_marks_is_one_word(lang: str) -> None:
    assert whole("3.5, 192.168.1.1 12:30. 1,997 - 5 . 6 7,", lang) == [
        "3.5", "192.168.1.1", "12:30", "1,997", "5", "6", "7",
    ]  # fmt: skip


def test_a_word_does_not_reach_over_the_end_of_a_text() -> None:
    starts, _ = block_whole_words(Block.join(["không", "gian"]), "vi")
    assert starts.tolist() == [0, 6]
