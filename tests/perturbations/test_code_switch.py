"""The laws of code-switching."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.errors import NotApplicableError, SpecError
from robustir.perturbations.code_switch import CodeSwitch
from robustir.perturbations.tables.lexicons import fold, load_lexicon
from robustir.perturbations.tables.switches import switches
from robustir.perturbations.typing.keyboards import read_data
from robustir.seeds import Stream, derive_key
from tests.strategies import LANGUAGES, SENTENCES, keys, languages, severities, texts

batches = st.lists(st.tuples(texts, languages.filter(lambda lang: lang != "es"), keys), max_size=4)
LINE = "water bread house day night book river"
ORDERS = ("random", "content-first")


def one(text: str, lang: str, key: bytes, severity: float = 1.0, into: str = "es", order: str = "random") -> str:
    return CodeSwitch(into, order)(text, lang=lang, severity=severity, rng=Stream(key))


@given(batches, severities, st.sampled_from(ORDERS), st.sampled_from([1, 3]))
@settings(max_examples=30, deadline=None)
def test_a_batch_equals_its_texts_one_by_one(
    batch: list[tuple[str, str, bytes]], severity: float, order: str, choices: int
) -> None:
    made = CodeSwitch("es", order, choices)
    many, langs, many_keys = zip(*batch, strict=True) if batch else ((), (), ())
    together = made.apply_batch(many, langs=langs, severity=severity, keys=many_keys)
    alone = [made(text, lang=lang, severity=severity, rng=Stream(key)) for text, lang, key in batch]
    assert together == alone
    assert made.apply_batch(many, langs=langs, severity=0, keys=many_keys) == list(many)


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if lang != "es"])
def test_something_changes_in_every_language(lang: str) -> None:
    assert one(SENTENCES[lang], lang, derive_key("all", lang)) != SENTENCES[lang]


@pytest.mark.parametrize("order", ORDERS)
def test_severities_nest(order: str) -> None:
    for number in range(50):
        key = derive_key("nest", number)
        levels = [one(LINE, "en", key, severity, order=order).split() for severity in (0, 0.2, 0.5, 1)]
        for forms in zip(*levels, strict=True):
            moved = [form != forms[0] for form in forms]
            assert moved == sorted(moved)
            assert len(set(forms)) <= 2


@pytest.mark.parametrize("order", ORDERS)
def test_severity_is_the_expected_share(order: str) -> None:
    draws, words = 2000, LINE.split()
    many_keys = [derive_key("share", number) for number in range(draws)]
    noisy = CodeSwitch("es", order).apply_batch([LINE] * draws, langs=["en"] * draws, severity=0.3, keys=many_keys)
    changed = sum(before != after for text in noisy for before, after in zip(words, text.split(), strict=True))
    assert abs(changed / (draws * len(words)) - 0.3) < 4.5 * math.sqrt(0.21 / (draws * len(words)))


def test_content_words_go_first() -> None:
    for number in range(30):
        noisy = one("the water and the bread", "en", derive_key("first", number), 0.67, order="content-first").split()
        assert [noisy[0], noisy[3]] == ["the", "the"]
        assert (noisy[1], noisy[4]) == ("agua", "pan")


@pytest.mark.parametrize(
    ("text", "lang", "into", "expected"),
    [
        ("what does the city not have", "en", "es", "what does the ciudad not have"),  # the frame of the sentence stays
        ("who is it and why", "en", "ru", "кто is it и why"),  # listed question words begin a text
        ("the city who", "en", "ru", "the город who"),
        ("equality inequality", "en", "es", "igualdad inequality"),
        ("không gian", "vi", "en", "space"),
        ("con người và thành phố", "vi", "en", "human and city"),
        ("es no tiene agua", "es", "en", "es no tiene water"),
        ("the last fossils", "en", "vi", "the cuối cùng hóa thạch"),  # not last year
        ("bất tuân", "vi", "en", "bất tuân"),  # halves of a word
        ("thánh ca", "vi", "es", "thánh ca"),
        ("los primos", "es", "en", "los primos"),  # cousins, or prime numbers
    ],
)
def test_words_keep_their_meaning_and_the_sentence_its_frame(text: str, lang: str, into: str, expected: str) -> None:
    assert one(text, lang, derive_key("x"), into=into) == expected


@pytest.mark.parametrize("pair", ["vi-en", "en-vi", "es-en", "en-es"])
def test_corrections_change_what_would_be_switched(pair: str) -> None:
    lang, into = pair.split("-")
    lexicon = load_lexicon(lang, into)
    for word, other in read_data("code_switch", "corrections.json")["pairs"][pair].items():
        assert word == fold(word, lang) != fold(other, into)
        assert [switched for switched, _ in switches(word, lang, into)] == ([other] if other else [])
        assert lexicon.translations(word)[0][0] != other


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_negation_comes_or_goes(lang: str) -> None:
    negations = {"en": "not no", "de": "nicht kein", "es": "no sin", "ru": "не ни", "zh": "不 没有", "vi": "không"}
    for into in [other for other in LANGUAGES if other != lang]:
        for word in negations.get(lang, "").split():
            assert switches(word, lang, into) == ()
    for word in ("does", "did", "is", "the", "of", "has"):
        assert switches(word, "en", "es") == ()


def test_names_and_numbers_stay_and_the_capital_moves() -> None:
    noisy = one("Water was cold near London in 1812", "en", derive_key("x"))
    assert noisy.startswith("Agua ")
    assert " London " in noisy
    assert noisy.endswith(" 1812")


def test_spaces_set_a_script_without_them_apart() -> None:
    noisy = one("水面包", "zh", derive_key("x"), into="en")
    assert "water bread" in noisy


def test_wrong_arguments() -> None:
    with pytest.raises(SpecError, match="into is one of"):
        CodeSwitch("sw")
    with pytest.raises(SpecError, match="order is one of"):
        CodeSwitch("de", "last")
    with pytest.raises(SpecError, match="1 or more"):
        CodeSwitch("de", choices=0)
    made = CodeSwitch("de")
    assert made.embedded_lang == "de"
    with pytest.raises(NotApplicableError, match="does not know de"):
        made("Wasser", lang="de", severity=1, rng=Stream(derive_key("x")))


def test_coverage_counts_eligible_words() -> None:
    assert CodeSwitch("es").coverage(["water 1812 qqqq bread", "", "1812"], "en").tolist() == [0.5, 0, 0]
