"""Case, by each language's own rules."""

from __future__ import annotations

import pytest

from robustir.errors import NotApplicableError, SpecError
from robustir.perturbations.casing import Casing
from robustir.seeds import Stream, derive_key

CASES = [
    ("lower", "tr", "IRMAK İzmir", "ırmak izmir"),
    ("upper", "tr", "ırmak için", "IRMAK İÇİN"),
    ("lower", "el", "ΟΔΟΣ ΣΟΦΟΣ", "οδος σοφος"),
    ("upper", "el", "πού πρωτεύουσα", "ΠΟΥ ΠΡΩΤΕΥΟΥΣΑ"),
    ("upper", "el", "άυλος Μάιος ρολόι", "ΑΫΛΟΣ ΜΑΪΟΣ ΡΟΛΟΪ"),
    ("upper", "el", "αϋπνία ή αυτή", "ΑΫΠΝΙΑ Ή ΑΥΤΗ"),
    ("lower", "el", "ΑΫΛΟΣ", "αϋλος"),
    ("lower", "en", "İstanbul", "istanbul"),
    ("lower", "tr", "İstanbul Isparta", "istanbul ısparta"),
    ("first", "es", "İzmir", "izmir"),
    ("upper", "de", "große Straße", "GROSSE STRASSE"),
    ("title", "en", "the BRIDGE isn't safe", "The Bridge Isn't Safe"),
    ("first", "ru", "Кто построил мост", "кто Построил Мост"),
    ("first", "de", "ßa Ufer", "ßa ufer"),
    ("lower", "vi", "Ở Đâu", "ở đâu"),
    ("upper", "es", "¿dónde está?", "¿DÓNDE ESTÁ?"),
]


@pytest.mark.parametrize(("mode", "lang", "clean", "expected"), CASES)
def test_every_word_at_severity_1(mode: str, lang: str, clean: str, expected: str) -> None:
    assert Casing(mode)(clean, lang=lang, severity=1, rng=Stream(derive_key("case"))) == expected


def test_random_turns_letters_and_leaves_no_word_as_it_was() -> None:
    for number in range(50):
        noisy = Casing("random")("old bridges stand", lang="en", severity=1, rng=Stream(derive_key("random", number)))
        assert noisy.lower() == "old bridges stand"
        assert all(word != word.lower() for word in noisy.split())


def test_a_small_sigma_at_the_end_is_final_whatever_is_turned() -> None:
    for number in range(50):
        noisy = Casing("random")("ΣΟΦΟΣ", lang="el", severity=1, rng=Stream(derive_key("sigma", number)))
        assert noisy[-1] in "Σς"
        assert noisy[0] in "Σσ"


def test_a_language_without_case_and_an_unknown_mode_are_refused() -> None:
    with pytest.raises(NotApplicableError, match="hi"):
        Casing()("नदी", lang="hi", severity=1, rng=Stream(derive_key("hi")))
    with pytest.raises(SpecError, match="modes are lower"):
        Casing("small")
