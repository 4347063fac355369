"""Misread characters, worked out by hand per language."""

from __future__ import annotations

import pytest

from robustir.perturbations.ocr import Ocr
from robustir.seeds import derive_key


def readings(text: str, lang: str) -> set[str]:
    keys = [derive_key("read", number) for number in range(300)]
    return set(Ocr().apply_batch([text] * 300, langs=[lang] * 300, severity=1, keys=keys))


@pytest.mark.parametrize(
    ("lang", "word", "misread"),
    [
        ("en", "rn", "m"),
        ("en", "cl", "d"),
        ("en", "I", "l"),
        ("de", "ß", "B"),
        ("es", "ñ", "n"),
        ("tr", "ı", "i"),
        ("vi", "ế", "ê"),
        ("vi", "đ", "d"),
        ("el", "ν", "v"),
        ("el", "ρ", "p"),
        ("ru", "ш", "щ"),
        ("ru", "п", "л"),
        ("ru", "и", "н"),
        ("ar", "ب", "ت"),
        ("ar", "ج", "خ"),
        ("hi", "घ", "ध"),
        ("hi", "भ", "म"),
        ("hi", "ब", "व"),
        ("th", "ก", "ภ"),
        ("th", "ด", "ต"),
        ("zh", "未", "末"),
        ("zh", "己", "巳"),
        ("zh", "土", "士"),
    ],
)
def test_a_character_is_read_as_its_look_alike(lang: str, word: str, misread: str) -> None:
    found = readings(word, lang)
    assert word not in found
    if misread == "ê":  # another tone, or the letter without any mark
        assert found <= set("ềệểễe")
    else:
        assert misread in found


def test_one_place_of_a_word_is_misread() -> None:
    assert readings("rn!", "en") == {"m!", "nn!", "rh!", "rri!"}
