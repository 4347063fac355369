"""What a process keeps: one value per place, until another key is asked for."""

from __future__ import annotations

import pytest

from robustir.running.kept import Kept


def test_a_place_holds_the_value_of_one_key() -> None:
    kept, made = Kept(), []

    def make(value: str) -> str:
        made.append(value)
        return value

    assert kept.get("index", lambda: make("a"), key=1) == "a"
    assert kept.get("index", lambda: make("b"), key=1) == "a"
    assert kept.get("vectors", lambda: make("c"), key=2) == "c"  # another place
    assert kept.get("index", lambda: make("d"), key=2) == "d"
    assert kept.get("index", lambda: make("e"), key=1) == "e"  # forgotten meanwhile
    assert made == ["a", "c", "d", "e"]


def test_what_fails_leaves_nothing_behind() -> None:
    kept = Kept()
    kept.put("index", "of the first corpus", key=1)

    def fail() -> str:
        raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        kept.get("index", fail, key=2)
    assert kept.get("index", lambda: "made again", key=1) == "made again"


def test_none_is_a_value_too() -> None:
    kept = Kept()
    kept.put("nothing", None)
    assert kept.get("nothing", lambda: "never made") is None
