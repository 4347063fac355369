"""Progress: bar, rate and time left on every terminal, nothing anywhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.terminals import in_terminal

NAME = "encode with transformer('/a/very/long/path/to/some/model/of/mine', pooling='mean', layer=-2)"
CODE = f"""
import time
import robustir.cli.progress as progress
progress._WORTH = 0.1
with progress.ProgressBars() as bars:
    bars.stage({NAME!r}, 3000, "texts")
    for _ in range(6):
        time.sleep(0.15)
        bars.step(400)
    print("a result")
    bars.stage("prepare", 1)
    time.sleep(0.3)
    bars.step()
"""


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_rate_and_time_left_are_there_whatever_the_name(columns: int) -> None:
    screen = in_terminal(columns=columns, code=CODE, pipe_stdout=True)
    assert screen.code == 0, screen.plain
    drawn = [line for line in screen.lines if "texts" in line and "left" in line]
    assert drawn, screen.plain
    last = drawn[-1]
    assert re.search(r"[\d,]+/3,000 texts [\d,]+/s \d+:\d\d left", last), last
    assert "━" in last
    assert "encode with" in last if columns > 80 else "enc" in last
    assert all(len(line) <= columns for line in screen.lines), screen.lines
    assert re.search(r"enc.*: 2,400 texts in 0:0\d", screen.plain)  # what took long leaves a line
    assert "prepare" in screen.plain
    assert screen.piped == "a result\n"


def test_nothing_is_drawn_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    from robustir.cli.progress import ProgressBars

    with ProgressBars() as bars:
        bars.stage("encode", 10, "texts")
        bars.step(10)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("check", "casing"), "check casing"),
        (("encode", "hashing", "-o", "OUT", "TEXTS"), "encode with hashing"),
        (("perturb", "typos", "-l", "en", "-s", "0.5", "TEXTS"), "perturb with typos"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_commands_that_take_long_say_what_they_do(arguments: tuple[str, ...], shown: str, tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    texts.write_text("where does the longest river of the world flow\n" * 5_000, encoding="utf-8")
    given = {"TEXTS": texts, "OUT": tmp_path / "out.npy"}
    screen = in_terminal(*(given.get(word, word) for word in arguments), columns=100, pipe_stdout=True)
    assert screen.code == 0, screen.plain
    assert shown in screen.plain
    unit = "laws" if arguments[0] == "check" else "texts"
    assert re.search(rf"/[\d,]+ {unit}", screen.plain), screen.plain[-2000:]
    assert shown not in screen.piped
