"""Words and units."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.text.blocks import Block
from robustir.text.clusters import clusters
from robustir.text.units import unit_spans
from robustir.text.words import word_spans, words
from tests.strategies import languages, texts

# A letter that joins the one before it, such as Thai ำ, begins no word.
LETTER = r"(?![\p{GCB=Extend}\p{GCB=SpacingMark}])\p{L}"


def units(text: str, *, spaced: bool) -> list[str]:
    """The definition, one cluster at a time."""
    parts = clusters(text)
    kinds = ["x" if regex.match(LETTER, part) else "7" if regex.match(r"\p{N}", part) else part[0] for part in parts]
    if not spaced:
        return [part for part, kind in zip(parts, kinds, strict=True) if kind in "x7"]
    found: list[str] = []
    open_word = False
    for place, (part, kind) in enumerate(zip(parts, kinds, strict=True)):
        inner = kind in "'’" and open_word and kinds[place - 1] in "x7" and kinds[place + 1 : place + 2] == ["x"]
        if kind in "x7" or inner:
            found = [*found[:-1], found[-1] + part] if open_word else [*found, part]
        open_word = kind in "x7" or inner
    return found


@given(st.lists(texts, max_size=5), st.booleans())
@settings(max_examples=300, deadline=None)
def test_units_follow_their_definition(many: list[str], spaced: bool) -> None:
    block = Block.join(many)
    joined = "\n".join([*many, ""])
    starts, stops = unit_spans(block, spaced=spaced)
    found = [joined[start:stop] for start, stop in zip(starts, stops, strict=True)]
    assert found == [unit for text in many for unit in units(text, spaced=spaced)]


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("Don't stop: l’eau 'n' 3d!", "en", ["Don't", "stop", "l’eau", "n", "3d"]),
        ("क्या यह ठीक है?", "hi", ["क्या", "यह", "ठीक", "है"]),
        ("متى بُني الجسر؟", "ar", ["متى", "بُني", "الجسر"]),
        (
            "《战国无双3》是由哪两个公司开发的？",
            "zh",
            ["战国", "无双", "3", "是", "由", "哪", "两个", "公司", "开发", "的"],
        ),
        ("ใครเป็นผู้เขียน Harry Potter?", "th", ["ใคร", "เป็น", "ผู้เขียน", "Harry", "Potter"]),
        ("東京の橋", "ja", ["東", "京", "の", "橋"]),
        ("", "zh", []),
        ("。！", "zh", []),
    ],
)
def test_known_words(text: str, lang: str, expected: list[str]) -> None:
    assert words(text, lang) == expected


@given(texts, languages)
@settings(max_examples=150, deadline=None)
def test_spans_are_in_order_and_keep_clusters_whole(text: str, lang: str) -> None:
    spans = word_spans(text, lang)
    assert all(start < stop for start, stop in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    inside = {place for start, stop in spans for place in range(start, stop)}
    begin = 0
    for cluster in clusters(text):
        place = set(range(begin, begin + len(cluster)))
        assert place <= inside or not place & inside
        if regex.match(rf"{LETTER}|\p{{N}}", cluster):
            assert place <= inside
        begin += len(cluster)


_PROGRAM = """
import logging, sys
import robustir.text.words
assert "jieba" not in sys.modules and "pythainlp" not in sys.modules
print(robustir.text.words.words("谁设计了这座古桥", "zh"), robustir.text.words.words("ใครสร้างสะพาน", "th"))
"""


def test_segmenters_load_late_say_nothing_and_write_nothing(root: Path, tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    places = {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PYTHAINLP_DATA": str(home / "data"),
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=root, env=os.environ | places, capture_output=True, text=True, check=True
    )
    assert done.stdout == "['谁', '设计', '了', '这座', '古桥'] ['ใคร', 'สร้าง', 'สะพาน']\n"
    assert done.stderr == ""
    assert list(home.rglob("*")) == []
    assert list(temporary.rglob("*")) == []
