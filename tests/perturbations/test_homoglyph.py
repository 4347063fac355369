"""Look-alikes, worked out by hand per language."""

from __future__ import annotations

import pytest

from robustir.errors import NotApplicableError
from robustir.perturbations.homoglyph import Homoglyph, homoglyphs
from robustir.seeds import derive_key


@pytest.mark.parametrize(
    ("lang", "character", "alike"),
    [
        ("en", "a", "\u0430"),
        ("en", "a", "\uff41"),
        ("de", "ö", "\u04e7"),
        ("es", "á", "\u0430\u0301"),
        ("tr", "ç", "\u0441\u0327"),
        ("vi", "ô", "\u043e\u0302"),
        ("ru", "р", "p"),
        ("el", "ο", "o"),
        ("ar", "ي", "\u06cc"),
        ("ar", "ك", "\u06a9"),
        ("hi", "आ", "\u0905\u093e"),
        ("th", "แ", "\u0e40\u0e40"),
        ("zh", "北", "\uf963"),
        ("zh", "人", "\u2f08"),
    ],
)
def test_a_character_has_its_look_alikes(lang: str, character: str, alike: str) -> None:
    assert alike in homoglyphs(character, lang)
    keys = [derive_key("alike", number) for number in range(200)]
    found = set(Homoglyph().apply_batch([character] * 200, langs=[lang] * 200, severity=1, keys=keys))
    assert found == set(homoglyphs(character, lang))


def test_what_has_no_look_alike_stays() -> None:
    assert homoglyphs("!", "en") == ()
    assert Homoglyph().apply_batch(["的"], langs=["zh"], severity=1, keys=[derive_key("x")]) == ["的"]


def test_a_language_without_a_table_is_refused() -> None:
    with pytest.raises(NotApplicableError, match="ar, de, el"):
        homoglyphs("a", "ko")
