"""Splicing a block equals slicing its texts one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.text.blocks import Block
from robustir.text.splices import splice, splice_strings, spliced_texts


@st.composite
def spliced(draw: st.DrawFn) -> tuple[list[str], list[tuple[int, int, int, str]]]:
    texts = draw(st.lists(st.text(max_size=12), max_size=5))
    spans = []
    for row, text in enumerate(texts):
        cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
        for start, stop in zip(cuts[0::2], cuts[1::2], strict=False):
            spans.append((row, start, stop, draw(st.text(max_size=4))))
    return texts, spans


@given(spliced())
@settings(max_examples=150, deadline=None)
def test_a_block_is_spliced_as_its_texts_would_be(case: tuple[list[str], list[tuple[int, int, int, str]]]) -> None:
    texts, spans = case
    expected = list(texts)
    for row, start, stop, new in reversed(spans):
        expected[row] = expected[row][:start] + new + expected[row][stop:]
    block = Block.join(texts)
    first = block.offsets[[row for row, *_ in spans]] if spans else np.zeros(0, dtype=np.int64)
    starts = first + np.array([start for _, start, _, _ in spans], dtype=np.int64)
    stops = first + np.array([stop for _, _, stop, _ in spans], dtype=np.int64)
    replacements = [new for *_, new in spans]
    assert splice_strings(block, starts, stops, replacements).texts() == expected
    touched = {row: expected[row] for row, *_ in spans}
    assert dict(spliced_texts(block, starts, stops, replacements)) == touched


def test_entries_may_be_shared_and_empty_spans_insert() -> None:
    block = Block.join(["ab", "", "c"])
    at = np.array([0, 2, 3, 4], dtype=np.int64)  # before a, at the end of "ab", in the empty text, over c
    codes = np.array([ord("x"), ord("y")], dtype=np.uint32)
    zeros, lengths = np.zeros(4, dtype=np.int64), np.array([1, 2, 2, 0])
    assert splice(block, at, np.array([0, 2, 3, 5]), codes, zeros, lengths).texts() == ["xabxy", "xy", ""]
