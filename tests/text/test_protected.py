"""Which words noise leaves alone."""

from __future__ import annotations

import pytest

from robustir.text.protected import protected_words


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
