"""Look-alikes, worked out by hand per language."""

from __future__ import annotations

from unicodedata import name, normalize

import pytest

from robustir.errors import NotApplicableError, SpecError
from robustir.perturbations.homoglyph import Homoglyph, homoglyphs
from robustir.perturbations.tables.joined_forms import joined_forms
from robustir.perturbations.tables.substitutions import read_table
from robustir.seeds import derive_key, derive_keys
from robustir.text.blocks import Block
from tests.strategies import LANGUAGES, SENTENCES


@pytest.mark.parametrize(
    ("lang", "character", "alike"),
    [
        ("en", "a", "\u0430"),
        ("de", "ö", "\u04e7"),
        ("es", "á", "\u0430\u0301"),
        ("tr", "ç", "\u0441\u0327"),
        ("vi", "ô", "\u043e\u0302"),
        ("ru", "р", "p"),
        ("el", "ο", "o"),
        ("ar", "\u0649", "\u06cc"),
        ("ar", "ك", "\u06a9"),
        ("hi", "आ", "\u0905\u093e"),
        ("th", "แ", "\u0e40\u0e40"),
        ("zh", "的", "旳"),
        ("zh", "口", "ロ"),
    ],
)
def test_a_character_has_its_look_alikes(lang: str, character: str, alike: str) -> None:
    assert alike in homoglyphs(character, lang)
    keys = [derive_key("alike", number) for number in range(200)]
    found = set(Homoglyph().apply_batch([character] * 200, langs=[lang] * 200, severity=1, keys=keys))
    assert found == set(homoglyphs(character, lang))


def _noisy(made: Homoglyph, lang: str, severity: float = 1.0) -> list[tuple[str, str]]:
    texts = [SENTENCES[lang]] * 50
    keys = derive_keys(("alike",), [lang] * 50, [str(number) for number in range(50)], 0)
    return list(zip(texts, made.apply_batch(texts, langs=[lang] * 50, severity=severity, keys=keys), strict=True))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_tokenizer_that_applies_nfkc_sees_every_edit(lang: str) -> None:
    changed = [(clean, noisy) for clean, noisy in _noisy(Homoglyph(), lang) if noisy != clean]
    assert changed
    assert all(normalize("NFKC", noisy) != normalize("NFKC", clean) for clean, noisy in changed)


@pytest.mark.parametrize("lang", sorted(Homoglyph(compatibility=True).languages or ()))
def test_nfkc_undoes_every_compatibility_form(lang: str) -> None:
    made = Homoglyph(compatibility=True)
    assert all(normalize("NFKC", noisy) == normalize("NFKC", clean) for clean, noisy in _noisy(made, lang))


@pytest.mark.parametrize(
    ("lang", "character", "alike"),
    [("en", "a", "\uff41"), ("zh", "北", "\uf963"), ("zh", "人", "\u2f08"), ("th", "ำ", "ํา"), ("el", "μ", "µ")],
)
def test_compatibility_forms_are_kept_apart(lang: str, character: str, alike: str) -> None:
    assert alike in homoglyphs(character, lang, compatibility=True)
    assert alike not in homoglyphs(character, lang)


def test_languages_without_compatibility_forms_are_not_claimed() -> None:
    assert Homoglyph(compatibility=True).languages == frozenset(("ar", "de", "el", "en", "es", "tr", "vi", "zh"))
    assert Homoglyph().languages == frozenset(LANGUAGES)
    with pytest.raises(SpecError, match="true or false"):
        Homoglyph(compatibility="yes")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("word", "forms"),
    [
        ("\u0628\u064a\u062a", "INITIAL MEDIAL FINAL"),  # beh yeh teh, all joined
        ("\u062f\u0627\u0631", "ISOLATED ISOLATED ISOLATED"),  # dal alef reh: none joins to the next
        ("\u0628\u064e\u064a", "INITIAL - FINAL"),  # a vowel sign does not come between two letters
        ("\u0641\u064a \u064a", "INITIAL FINAL - ISOLATED"),
    ],
)
def test_arabic_letters_have_the_form_that_joining_gives_them(word: str, forms: str) -> None:
    seen = "".join(map(chr, joined_forms(Block.join([word]))))[:-1]
    for before, after, form in zip(word, seen, forms.split(), strict=True):
        assert after == before if form == "-" else name(after).endswith(f"{form} FORM")
        assert normalize("NFKC", after) == before


def test_joined_arabic_letters_keep_their_look() -> None:
    keys = [derive_key("joined", number) for number in range(100)]

    def made(word: str, **settings: bool) -> set[str]:
        return set(Homoglyph(**settings).apply_batch([word] * 100, langs=["ar"] * 100, severity=1, keys=keys))

    # Yeh has two dots where Farsi yeh has them too (not at the end of a word); alef maksura has none, as Farsi yeh there.
    assert made("\u0628\u064a\u062a") == {"\u0628\u06cc\u062a"}
    assert made("\u0641\u064a") == {"\u0641\u064a"}
    assert made("\u0639\u0644\u0649") == {"\u0639\u0644\u06cc"}
    assert made("\u0628\u064a", compatibility=True) == {"\ufe91\u064a", "\u0628\ufef2"}  # initial beh, final yeh


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_sign_is_put_on_a_letter_of_another_script(lang: str) -> None:
    """It would be shown on a dotted circle."""
    for old, instead in read_table("homoglyph", lang, "confusions").items():
        for new in instead:
            if name(old[0]).split()[0] in {"DEVANAGARI", "THAI"} and not old[0].isalnum():
                assert {name(sign).split()[0] for sign in new} == {name(old[0]).split()[0]}, (old, new)


def test_what_has_no_look_alike_stays() -> None:
    assert homoglyphs("!", "en") == ()
    assert Homoglyph().apply_batch(["我"], langs=["zh"], severity=1, keys=[derive_key("x")]) == ["我"]


def test_a_language_without_a_table_is_refused() -> None:
    with pytest.raises(NotApplicableError, match="ar, de, el"):
        homoglyphs("a", "ko")
