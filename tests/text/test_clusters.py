"""Grapheme clusters, on one text and on whole blocks."""

from __future__ import annotations

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.text.blocks import Block, ragged_arange
from robustir.text.clusters import cluster_starts, clusters
from tests.strategies import texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("abc", ["a", "b", "c"]),
        ("\r\na", ["\r\n", "a"]),
        ("e\u0301a", ["e\u0301", "a"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("น้ำ", ["น้ำ"]),
        ("क्षत्रिय", ["क्ष", "त्रि", "य"]),
        ("👩‍👩‍👧x", ["👩‍👩‍👧", "x"]),
        ("🇩🇪🇫🇷", ["🇩🇪", "🇫🇷"]),
        ("각\u1100\u1161", ["각", "\u1100\u1161"]),
    ],
)
def test_known_clusters(text: str, expected: list[str]) -> None:
    assert clusters(text) == expected


@given(st.lists(texts, max_size=6))
@settings(max_examples=200, deadline=None)
def test_a_block_has_the_clusters_of_its_texts(many: list[str]) -> None:
    block = Block.join(many)
    starts = cluster_starts(block)
    for row, text in enumerate(many):
        expected = [match.start() for match in regex.finditer(r"\X", text)]
        inside = starts[block.offsets[row] : block.offsets[row + 1] - 1]
        assert np.flatnonzero(inside).tolist() == expected
        assert "".join(clusters(text)) == text


@given(
    st.lists(
        st.text("a \n\r\tक्\u093c\u0903\u200d\u200c👩🇩\u0600\u110b\u1161ำ\u0301\u00a0\u3000", max_size=12), max_size=4
    )
)
@settings(max_examples=400, deadline=None)
def test_pieces_between_spaces_are_read_as_in_their_text(many: list[str]) -> None:
    block = Block.join(many)
    expected = np.zeros(len(block.codes), dtype=bool)
    expected[[match.start() for match in regex.finditer(r"\X", block.text)]] = True
    assert np.array_equal(cluster_starts(block), expected)


@given(st.lists(texts, max_size=6))
@settings(max_examples=100, deadline=None)
def test_a_block_gives_its_texts_back(many: list[str]) -> None:
    block = Block.join(many)
    assert block.texts() == many
    assert len(block) == len(many)
    rows = [row for row, text in enumerate(many) for _ in range(len(text) + 1)]
    assert block.rows(np.arange(len(block.codes))).tolist() == rows


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5)), max_size=8))
def test_ragged_arange(pairs: list[tuple[int, int]]) -> None:
    starts, lengths = (np.array(column, dtype=np.int64) for column in (zip(*pairs, strict=True) if pairs else ([], [])))
    assert ragged_arange(starts, lengths).tolist() == [
        start + step for start, length in pairs for step in range(length)
    ]
