"""Every reader gives a value for a changed file or refuses it in the project's own words: a short version of ``make fuzz``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import pytest

from robustir.errors import SpecError
from robustir.planning import suite
from tests.fuzzing.fuzzing import fuzz
from tests.fuzzing.mutations import FORMATS, File, sound
from tests.fuzzing.readers import READERS

_QUICK = 40  # inputs of a reader
_SLOW = 5  # cost from which on a reader is left to the long version


@pytest.mark.parametrize("name", [name for name, reader in READERS.items() if reader.cost < _SLOW])
def test_a_changed_file_is_read_or_refused(name: str) -> None:
    outcome = fuzz(name, range(_QUICK))
    assert outcome.findings == {}, outcome.first
    assert outcome.inputs == outcome.read + outcome.refused == _QUICK


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("name", READERS)
def test_more_changed_files(name: str) -> None:
    for module in READERS[name].needs:
        if find_spec(module) is None:
            pytest.skip(f"needs {module}")
    outcome = fuzz(name, range(max(10, 1_000 // READERS[name].cost)), seed=1)
    assert outcome.findings == {}, outcome.first


def test_the_same_numbers_are_the_same_inputs() -> None:
    whole = fuzz("suites", range(30), seed=3)
    parts = [fuzz("suites", range(start, start + 15), seed=3) for start in (0, 15)]
    assert whole.refused == sum(part.refused for part in parts)
    assert whole.read == sum(part.read for part in parts)
    assert 0 < whole.refused < 30


def test_what_a_reader_lets_through_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = suite.validate_suite

    def careless(content: Mapping[str, Any], where: str) -> suite.Suite:
        try:
            return checked(content, where)
        except SpecError as error:
            raise KeyError(str(error)) from None

    monkeypatch.setattr(suite, "validate_suite", careless)
    outcome = fuzz("suites", range(20))
    (kind,) = outcome.findings
    assert kind.startswith("KeyError, suite.py:")
    number, told = outcome.first[kind]
    assert "suite.toml: " in told
    assert fuzz("suites", [number]).first[kind][0] == number


def test_each_form_writes_a_file() -> None:
    assert set(FORMATS) == {"bytes", "json", "jsonl", "toml", "safetensors", "pickle", "parquet"}
    assert sound(File("json", {"a": "@digits@"})) == b'{"a": ' + b"9" * 5_000 + b"}"
    assert sound(File("toml", {"a": {"b": [1, "c"]}})) == b'a = { b = [1, "c"] }\n'
    assert sound(File("jsonl+gz", [1]))[:2] == b"\x1f\x8b"
