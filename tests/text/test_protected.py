"""Which words noise leaves alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from robustir.text.protected import form_bits, protected_rows, protected_words
from tests.strategies import NASTY, SENTENCES, languages


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("Where did Napoleon live in 1812", "en", "Napoleon 1812"),
        ("what is the NATO budget a B-52 eBay", "en", "NATO a B-52 eBay"),
        ("Wo steht die Brücke der NATO", "de", "NATO"),
        ("WHERE IS THE BRIDGE", "en", ""),
        ("The Old Bridge Of London", "en", ""),
        ("где живёт Иван и IBM", "ru", "Иван и IBM"),
        ("see www.example.com or me@example.org", "en", "www.example.com me@example.org"),
        ("गाँव में Windows", "hi", "Windows"),
        ("桥 1997", "zh", "1997"),
        ("", "en", ""),
    ],
)
def test_protected(text: str, lang: str, expected: str) -> None:
    words = text.split()
    flags = protected_words(words, lang)
    assert [word for word, flag in zip(words, flags, strict=True) if flag] == expected.split()


forms = st.one_of(
    st.sampled_from([word for text in (*SENTENCES.values(), *NASTY) for word in text.split()]),
    st.sampled_from(
        [
            "NATO",
            "eBay",
            "IBM",
            "B-52",
            "USAs",
            "www.example.com",
            "me@example.org",
            "The",
            "Old",
            "Bridge",
            "x",
            "Я",
            "1812",
            "ǅ",
            "Ⓐ",
        ]
    ),
    st.text("aAbBñÑ1.-", min_size=1, max_size=4),
)


@given(st.lists(st.lists(forms, max_size=7), max_size=5), languages)
def test_many_texts_at_once_are_judged_as_each_by_the_rules_as_written(texts: list[list[str]], lang: str) -> None:
    rows = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    bits = np.array([form_bits(word, lang) for text in texts for word in text], dtype=np.int64)
    expected = [flag for text in texts for flag in plainly(text, lang)]
    assert protected_rows(bits, rows, lang).tolist() == expected
    assert [flag for text in texts for flag in protected_words(text, lang)] == expected


def plainly(words: Sequence[str], lang: str) -> list[bool]:
    """The rules word by word, as they are told in the docstring."""
    cased = [word for word in words if regex.search(r"[\p{Lu}\p{Ll}]", word)]
    titled = [word for word in words if word[0].isupper()]
    shouted = len(cased) > 1 and not any(letter.islower() for word in words for letter in word)
    headline = len(cased) > 3 and len(titled) > 0.8 * len(cased)
    found = []
    for place, word in enumerate(words):
        number = bool(regex.search(r"\p{N}", word))
        address = bool(
            regex.match(r"https?:|www\.|\S+@\S+\.\S+|\S+\.(com|org|net|edu|gov|io|de|es|ru)\b", word, regex.IGNORECASE)
        )
        foreign = lang in {"ar", "el", "hi", "ru", "th", "zh"} and bool(regex.search(r"\p{Latin}", word))
        letter = lang not in {"hi", "th", "zh"} and bool(regex.match(r"\p{L}\p{M}*$", word))
        capitals = len(regex.findall(r"\p{Lu}", word)) > 1 and bool(regex.match(r"[\p{Lu}\p{N}.&-]+s?$", word))
        inner = bool(regex.search(r"\p{Ll}\p{Lu}", word))
        name = lang != "de" and not headline and place > 0 and word[0].isupper()
        found.append(number or address or foreign or letter or (not shouted and (capitals or inner or name)))
    return found
