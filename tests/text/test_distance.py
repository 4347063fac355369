"""The realised dose against hand-worked values and a plain dynamic programme."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.errors import DataError
from robustir.languages import has_spaces
from robustir.text.distance import realised_dose
from tests.strategies import languages, texts
from tests.text.test_words import units


def levenshtein(one: Sequence[object], other: Sequence[object]) -> int:
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, start=1):
        above, row[0] = row[0], i
        for j, right in enumerate(other, start=1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (left != right))
    return row[-1]


@pytest.mark.parametrize(
    ("clean", "noisy", "lang", "word_rate", "character_rate"),
    [
        ("where is the nile", "wehre is the nile", "en", 1 / 4, 2 / 17),  # a transposition costs two
        ("where is the nile", "where is the", "en", 1 / 4, 5 / 17),
        ("a b", "b a", "en", 2 / 2, 2 / 3),
        ("Wer, was?", "Wer was", "de", 0.0, 2 / 9),  # punctuation is no unit
        ("谁设计的", "谁射计的", "zh", 1 / 4, 1 / 4),
        ("ที่นี่", "ทีนี่", "th", 1 / 2, 1 / 6),  # two clusters, six code points
        ("same", "same", "en", 0.0, 0.0),
        ("", "", "en", 0.0, 0.0),
        ("", "abc", "en", 0.0, 0.0),
        ("?!", "?", "en", 0.0, 1 / 2),
        ("a", "a b c d", "en", 3.0, 6.0),
    ],
)
def test_hand_worked(clean: str, noisy: str, lang: str, word_rate: float, character_rate: float) -> None:
    dose = realised_dose([clean], [noisy], [lang])
    assert dose.word_edit_rate.tolist() == [word_rate]
    assert dose.char_error_rate.tolist() == [character_rate]


@given(st.lists(st.tuples(texts, texts, languages), max_size=6))
@settings(max_examples=150, deadline=None)
def test_a_plain_dynamic_programme_agrees(rows: list[tuple[str, str, str]]) -> None:
    clean, noisy, langs = zip(*rows, strict=True) if rows else ((), (), ())
    dose = realised_dose(clean, noisy, langs)
    for row, (before, after, lang) in enumerate(rows):
        characters = levenshtein(before, after) / len(before) if before else 0.0
        known = units(before, spaced=has_spaces(lang))
        edited = levenshtein(known, units(after, spaced=has_spaces(lang))) / len(known) if known else 0.0
        assert dose.char_error_rate[row] == characters
        assert dose.word_edit_rate[row] == edited


def test_many_texts_are_cut_into_chunks() -> None:
    clean = [f"question number {number} of the set" for number in range(5000)]
    noisy = [text.replace("set", "sets") if number % 2 else text for number, text in enumerate(clean)]
    dose = realised_dose(clean, noisy, ["en", "th"] * 2500)
    assert dose.word_edit_rate[1] == 1 / len(units(clean[1], spaced=False))
    assert dose.char_error_rate[::2].sum() == 0
    assert (dose.char_error_rate[1::2] > 0).all()


def test_columns_must_be_aligned() -> None:
    with pytest.raises(DataError, match="2 clean texts, 1 noisy texts and 2 languages"):
        realised_dose(["a", "b"], ["a"], ["en", "en"])
