"""Readings of three texts as edits, worked out by hand and by trying all edits."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.text.nesting import nests, pieces, taken_back


@pytest.mark.parametrize(
    ("lower", "higher", "nested"),
    [
        ("a big dog", "a big dog", True),
        ("a bgi dog", "a bgi dgo", True),
        ("a bgi dog", "a bgi dog", True),
        ("a bgi dog", "a bigg dog", False),  # another form
        ("a bgi dog", "a big dgo", False),  # undone
        ("a. big dog", "a. bigdog", True),
        ("dog big a", "dog big a", True),
        ("big dog", "a dog", True),  # what is only left out leaves nothing to read
    ],
)
def test_nests(lower: str, higher: str, nested: bool) -> None:
    assert nests(pieces("a big dog", "en", "word"), lower, higher) is nested


@pytest.mark.parametrize(
    ("lower", "higher", "back"),
    [
        ("big dog", "a dog", True),
        ("big dog", "dog", False),
        ("dog big a", "a big dog", False),
        ("a bgi dog", "a bgi", False),
    ],
)
def test_taken_back(lower: str, higher: str, back: bool) -> None:
    assert taken_back("a big dog", lower, higher, "en") is back


def test_pieces() -> None:
    assert pieces("a, big dog!", "en", "word") == ["a", ",", " ", "big", " ", "dog", "!"]
    assert pieces("ที่นี่", "th", "word") == ["ที่", "นี่"]
    assert pieces("e\u0301t", "en", "cluster") == ["e\u0301", "t"]
    assert pieces("e\u0301t", "en", "code point") == ["e", "\u0301", "t"]


def _tried(clean: str, lower: str, higher: str) -> bool:
    """Try every way of cutting both texts over the places and letters of ``clean``."""
    slots = [part for letter in clean for part in ("", letter)] + [""]

    def cuts(text: str, parts: int) -> list[tuple[str, ...]]:
        if parts == 1:
            return [(text,)]
        return [(text[:stop], *rest) for stop in range(len(text) + 1) for rest in cuts(text[stop:], parts - 1)]

    return any(
        all(low in (old, high) for old, low, high in zip(slots, lows, highs, strict=True))
        for lows, highs in product(cuts(lower, len(slots)), cuts(higher, len(slots)))
    )


@given(st.text("ab", max_size=3), st.text("abc", max_size=3), st.text("abc", max_size=3))
@settings(max_examples=60, deadline=None)
def test_the_search_equals_trying_all_edits(clean: str, lower: str, higher: str) -> None:
    assert nests(list(clean), lower, higher) is _tried(clean, lower, higher)


@given(st.lists(st.tuples(st.sampled_from(["a", "bc", " "]), st.text("abx", max_size=2), st.sampled_from([0, 1, 2]))))
@settings(max_examples=200, deadline=None)
def test_nested_edits_always_have_a_reading(edits: list[tuple[str, str, int]]) -> None:
    clean = [piece for piece, _, _ in edits]
    lower = "".join(new if level == 2 else piece for piece, new, level in edits)
    higher = "".join(new if level else piece for piece, new, level in edits)
    assert nests(clean, lower, higher)
