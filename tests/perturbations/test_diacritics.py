"""Diacritics left out and confused, worked out by hand per language."""

from __future__ import annotations

from unicodedata import normalize

import pytest

from robustir.errors import NotApplicableError, SpecError
from robustir.perturbations.diacritics import Diacritics
from robustir.seeds import derive_key


def forms(text: str, lang: str, mode: str) -> set[str]:
    keys = [derive_key("marks", number) for number in range(300)]
    return set(Diacritics(mode).apply_batch([text] * 300, langs=[lang] * 300, severity=1, keys=keys))


STRIPPED = [
    ("ar", "بُنِيَ", {"بني"}),
    ("ar", "أإآ مدرسة", {"ااا مدرسه"}),
    ("de", "größer", {"groesser", "grosser"}),
    ("de", "Übung", {"Uebung", "Ubung"}),
    ("de", "Café", {"Cafe"}),
    ("ru", "за\u0301мок", {"замок"}),
    ("el", "γέφυρα προϊόν", {"γεφυρα προιον"}),
    ("es", "¿Qué año? pingüino", {"¿Que ano? pinguino"}),
    ("ar", "رئيس مسؤول على", {"رئيس مسؤول علي"}),  # ئ and ؤ are letters
    ("hi", "ज़िंदगी में", {"जिंदगी मे"}),  # not जिदगी: inside a word a nasal stays
    ("hi", "पाँच माँ", {"पांच मां", "पांच मा"}),
    ("ru", "ёлка йод", {"елка йод"}),  # й is a letter
    ("th", "น้ำที่", {"นำที"}),
    ("vi", "đường phố", {"duong pho"}),
]


@pytest.mark.parametrize(("lang", "text", "stripped"), STRIPPED)
def test_marks_are_left_out(lang: str, text: str, stripped: set[str]) -> None:
    assert forms(normalize("NFC", text), lang, "strip") == stripped
    decomposed = forms(normalize("NFD", text), lang, "strip")
    assert {normalize("NFC", form) for form in decomposed} == stripped


def test_turkish_letters_lose_their_marks() -> None:
    assert forms("Irmağın İçi", "tr", "strip") == {"Irmagin Ici"}


@pytest.mark.parametrize(
    ("lang", "text", "wrong"),
    [
        ("ar", "أ", {"إ", "آ"}),
        ("ar", "هائل", {"هاءل"}),  # no alef with hamza in the middle
        ("de", "ü", {"ú", "û", "ù"}),
        ("el", "έ", {"ὲ"}),
        ("es", "é", {"è", "ê"}),
        ("hi", "माँ", {"मां"}),
        ("th", "ที่", {"ที้", "ที๊", "ที๋"}),
        ("tr", "ı", {"i"}),
        ("vi", "á", {"à", "ả", "ã", "ạ"}),
        ("vi", "a\u0301", {"a\u0300", "a\u0309", "a\u0303", "a\u0323"}),
    ],
)
def test_marks_are_confused(lang: str, text: str, wrong: set[str]) -> None:
    assert forms(text, lang, "wrong") == wrong


def test_other_modes_and_languages_are_refused() -> None:
    with pytest.raises(SpecError, match="mode='strip'"):
        Diacritics("none")
    with pytest.raises(NotApplicableError, match="does not know en"):
        Diacritics().apply_batch(["a"], langs=["en"], severity=0, keys=[derive_key("x")])
    with pytest.raises(NotApplicableError, match="does not know ru"):  # ё and й have no other marks
        Diacritics("wrong").apply_batch(["ё"], langs=["ru"], severity=0, keys=[derive_key("x")])
