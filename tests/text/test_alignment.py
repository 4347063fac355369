"""The alignment against the distances of independent libraries, and cases worked by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from robustir.text.alignment import Edit, alignment

few = st.text("abAé ", max_size=12)


def replay(clean: str, noisy: str, edits: list[Edit]) -> str:
    """Make the noisy text from the clean one by the edits alone; what comes in is read at the edits' own places."""
    made, position = "", 0
    for edit in edits:
        made += clean[position : edit.clean]
        position = edit.clean + {"insertion": 0, "transposition": 2}.get(edit.kind, 1)
        if edit.kind == "transposition":
            made += clean[edit.clean + 1] + clean[edit.clean]
        elif edit.kind != "deletion":
            made += noisy[edit.noisy]
    return made + clean[position:]


@given(few, few)
@settings(max_examples=600, deadline=None)
def test_there_are_as_many_edits_as_the_distance_says_and_they_give_the_text(clean: str, noisy: str) -> None:
    edits = alignment(clean, noisy)
    assert len(edits) == OSA.distance(clean, noisy)
    assert replay(clean, noisy, edits) == noisy
    assert [edit.clean for edit in edits] == sorted(edit.clean for edit in edits)


@given(st.text("ab c", max_size=10), st.text("ab c", max_size=10))
@settings(max_examples=300, deadline=None)
def test_never_below_the_unrestricted_distance_and_never_above_levenshtein(clean: str, noisy: str) -> None:
    jellyfish = pytest.importorskip("jellyfish", reason="a second oracle, where it is installed")
    found = len(alignment(clean, noisy))
    assert jellyfish.damerau_levenshtein_distance(clean, noisy) <= found <= jellyfish.levenshtein_distance(clean, noisy)


@pytest.mark.parametrize(
    ("clean", "noisy", "expected"),
    [
        ("which", "wich", [Edit("deletion", 1, 1)]),
        ("did", "ddid", [Edit("insertion", 1, 1)]),
        ("passing", "pasing", [Edit("deletion", 3, 3)]),
        ("clinched", "clicnhed", [Edit("transposition", 3, 3)]),
        ("points", "ooints", [Edit("substitution", 0, 0)]),
        ("the game", "he game", [Edit("deletion", 0, 0)]),
        ("in the", "i nthe", [Edit("transposition", 1, 1)]),
        ("registered most", "regiestered mots", [Edit("insertion", 4, 4), Edit("transposition", 13, 14)]),
        ("", "", []),
        ("a", "", [Edit("deletion", 0, 0)]),
    ],
)
def test_by_hand(clean: str, noisy: str, expected: list[Edit]) -> None:
    assert alignment(clean, noisy) == expected
