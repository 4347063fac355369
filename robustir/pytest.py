"""A pytest plugin: the fixture ``robustir_gate`` asserts bounds of runs in a test suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from robustir.comparing.judging import Judgement
    from robustir.rundir.directory import RunDirectory

__all__ = ["Gate", "pytest_addoption", "robustir_gate"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --robustir-strict."""
    parser.getgroup("robustir").addoption(
        "--robustir-strict",
        action="store_true",
        help="let robustir_gate also fail if it is not proven that a bound holds",
    )


class Gate:
    """Bounds that must hold. A test fails if a whole interval violates one; ``strict``: also if it is not proven to hold."""

    def __init__(self, folder: Path, *, strict: bool = False) -> None:
        self._folder, self._strict = folder, strict

    def __call__(self, run: RunDirectory | Path | str, *bounds: str, strict: bool = False) -> list[Judgement]:
        """Assert bounds of a run, such as ``retention(mine, typos, 0.3) >= 0.7``; return what was found.

        Raises SpecError for a bound that cannot be read or names what the run does not have.
        """
        from robustir.comparing.gate import judge_run

        return self._concluded(judge_run(_opened(run), _must_hold(bounds)), strict=strict)

    def compare(
        self,
        baseline: RunDirectory | Path | str,
        new: RunDirectory | Path | str,
        *bounds: str,
        encoders: Sequence[str] = (),
        strict: bool = False,
    ) -> list[Judgement]:
        """Assert bounds of a run against a baseline, such as ``loss(new, baseline) < 0.02``; return what was found.

        encoders: that of the baseline and that of the new run; none: those that the runs share.
        """
        from robustir.comparing.gate import judge_comparison
        from robustir.comparing.runs import compare_runs

        asked = _must_hold(bounds)
        found = compare_runs([_opened(baseline), _opened(new)], encoders=encoders)
        return self._concluded(judge_comparison(found, asked), strict=strict)

    def run(self, suite: Any = None, **options: Any) -> RunDirectory:
        """Run a suite as :func:`robustir.run` does, without reports; into a temporary folder unless ``out`` is given."""
        import tempfile

        import robustir

        options.setdefault("out", tempfile.mkdtemp(prefix="run-", dir=self._folder))
        options.setdefault("formats", ())
        return robustir.run(suite, **options)

    def _concluded(self, judged: list[Judgement], *, strict: bool) -> list[Judgement]:
        from robustir.comparing.judging import enforce
        from robustir.errors import BoundViolatedError

        try:
            enforce(judged, strict=strict or self._strict)
        except BoundViolatedError as error:
            pytest.fail(str(error), pytrace=False)
        return judged


def _must_hold(bounds: Sequence[str]) -> list[Any]:
    """Return the violations, the negated ``bounds``."""
    from robustir.comparing.grammar import parse_bounds
    from robustir.errors import SpecError

    if not bounds:
        raise SpecError("name a bound that must hold, such as  'retention(mine, typos, 0.3) >= 0.7'")
    return [bound.negated() for bound in parse_bounds(bounds)]


def _opened(run: RunDirectory | Path | str) -> RunDirectory:
    from robustir.rundir.directory import RunDirectory

    return run if isinstance(run, RunDirectory) else RunDirectory.open(run)


@pytest.fixture(scope="session")
def robustir_gate(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """Assert bounds of runs: ``robustir_gate("runs/mine", "retention(mine, typos, 0.3) >= 0.7")``."""
    return Gate(tmp_path_factory.mktemp("robustir"), strict=bool(request.config.getoption("--robustir-strict")))
