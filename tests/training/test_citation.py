"""The choice of forms, on cases worked out by hand."""

from __future__ import annotations

import pytest

from robustir.resources.lexicons.citation import choose_form, favoured_forms


def test_a_citation_form_wins_over_a_more_frequent_case() -> None:
    # книгу (3 links of 4): 3/4 * sqrt(99 + 1) = 7.5; книга: (1/4 + 2) * sqrt(24 + 1) = 11.25.
    links, frequency = {"книгу": 3.0, "книга": 1.0}, {"книгу": 99, "книга": 24}
    assert choose_form(links, {"книга"}, frequency) == "книга"
    assert choose_form(links, set(), frequency) == "книгу"


def test_a_citation_form_that_nobody_uses_loses() -> None:
    # 1 * sqrt(99 + 1) = 10 against 2 * sqrt(8 + 1) = 6 and, once it is used more, 2 * sqrt(25 + 1) = 10.2.
    links = {"жёсткий": 1.0}
    assert choose_form(links, {"жесток"}, {"жёсткий": 99, "жесток": 8}) == "жёсткий"
    assert choose_form(links, {"жесток"}, {"жёсткий": 99, "жесток": 25}) == "жесток"


def test_equal_forms_go_by_name() -> None:
    assert choose_form({"b": 1.0, "a": 1.0}, (), {}) == "a"
    assert choose_form({"a": 0.0, "b": 0.0}, (), {"b": 3}) == "a"


@pytest.mark.parametrize(
    ("lang", "lemma", "english", "english_lemma", "links", "forms", "expected"),
    [
        ("ru", "книга", "book", "book", {"книгу": 1.0}, ["книгу", "книга"], {"книга"}),
        ("ru", "книга", "books", "book", {"книги": 1.0}, ["книги", "книга"], set()),
        ("ru", "книга", "book", "book", {"книгу": 1.0}, ["книгу"], set()),
        ("tr", "şans", "chance", "chance", {"şansı": 2.0}, ["şans", "şansı"], {"şans"}),
        ("tr", "konuş", "speech", "speech", {"konuşması": 2.0, "konuştu": 1.0}, ["konuş", "konuşma"], {"konuşma"}),
        ("tr", "konuş", "speak", "speak", {"konuşması": 1.0, "konuştu": 2.0}, ["konuş", "konuşma"], {"konuş"}),
        ("tr", "kanıtla", "prove", "prove", {"kanıtlayabilir": 1.0}, ["kanıtlamak"], {"kanıtlamak"}),
        ("tr", "göz", "eyes", "eye", {"gözlerini": 1.0}, ["göz", "gözler", "gözlerini"], {"gözler"}),
        ("tr", "kapat", "closed", "close", {"kapattığı": 1.0}, ["kapat", "kapattı", "kapatmak"], {"kapattı"}),
        ("tr", "oku", "reading", "read", {"okumayı": 1.0}, ["okuyor", "okuma", "okumayı"], {"okuyor", "okuma"}),
    ],
)
def test_what_a_dictionary_would_list(
    lang: str,
    lemma: str,
    english: str,
    english_lemma: str,
    links: dict[str, float],
    forms: list[str],
    expected: set[str],
) -> None:
    assert favoured_forms(lemma, english, english_lemma, links, forms, lang) == expected
