"""Calling the command line in this process, as a user would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from robustir.cli import main


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str


Invoke = Callable[..., Result]


@pytest.fixture
def invoke(capsys: pytest.CaptureFixture[str]) -> Invoke:
    """Run ``robustir ARGUMENTS`` and return exit code and output."""

    def call(*arguments: object) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as leave:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(int(leave.value.code or 0), captured.out, captured.err)

    return call


def confirming(invoke: Invoke) -> Invoke:
    """Return a call that confirms the code of suites: for tests whose suites name plugins of the tests."""

    def call(*arguments: object) -> Result:
        words = [str(argument) for argument in arguments]
        asks = next((word for word in words if not word.startswith("-")), "") in {"run", "plan", "resume"}
        return invoke(*words, *(["--code"] if asks else []))

    return call
