"""What ``list`` and ``doctor`` print, on a terminal and in a pipe."""

from __future__ import annotations

import json

import pytest

from robustir.cli.doctor import command as doctor
from tests.terminals import in_terminal


@pytest.mark.parametrize("kind", ["perturbations", "benchmarks", "suites", "measures"])
def test_a_listing_fits_a_narrow_terminal_and_is_a_line_each_in_a_pipe(kind: str, invoke) -> None:
    rows = json.loads(invoke("list", kind, "--json").out)
    piped = invoke("list", kind).out.splitlines()
    assert [line.split()[0] for line in piped] == [row["name"] for row in rows]
    assert "``" not in "".join(piped)
    assert "[]" not in "".join(piped)
    screen = in_terminal("list", kind, columns=72)
    assert screen.code == 0
    assert max(map(len, screen.lines)) <= 72
    starts = [line.split()[0] for line in screen.lines if line and not line.startswith(" ")]
    assert starts == [row["name"] for row in rows]


def test_many_languages_are_counted(invoke) -> None:
    rows = {line.split()[0]: line for line in invoke("list", "benchmarks").out.splitlines()}
    assert rows["tatoeba"].endswith("languages]")
    assert rows["mini"].endswith("[ar de el en es hi ru th tr vi zh]")
    assert rows["beir"].endswith("[as its arguments or data say]")


def test_the_doctor_tells_what_is_optional(invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.help
    rows = [
        {"name": "torch", "ok": True, "detail": "2.5", "remedy": ""},
        {"name": "extra mteb", "ok": False, "detail": "tasks of mteb", "remedy": "pip install x"},
        {"name": "data", "ok": False, "detail": "no data folder", "remedy": "robustir fetch xquad-r"},
    ]
    monkeypatch.setattr("robustir.cli.examination.examine", lambda _data: rows)
    shown = invoke("doctor").out
    assert "optional extra mteb  not installed: tasks of mteb\n" in shown
    assert "-> pip install x" in shown
    assert "optional data        no data folder\n" in shown
    assert "Everything that robustir needs is installed." in shown
    rows.append({"name": "typst", "ok": False, "detail": "not installed", "remedy": "pip install typst"})
    shown = invoke("doctor").out
    assert "missing  typst       not installed\n" in shown
    assert "To fix: typst." in shown
    assert json.loads(invoke("doctor", "--json").out) == rows
