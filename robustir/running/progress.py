"""The progress of a run started from Python: bars, or calls of a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from robustir.errors import InputError
from robustir.running.summary import Progress

__all__ = ["Told", "told"]

# (stage, steps done, total steps, unit of a step)
Told = Callable[[str, int, int, str], object]


class _Function:
    """Calls a function at the beginning of each stage and after each step."""

    def __init__(self, function: Told) -> None:
        self._function = function
        self._stage: tuple[str, int, str] = ("", 0, "")
        self._done = 0

    def stage(self, name: str, total: int, unit: str = "") -> None:
        self._stage, self._done = (name, total, unit), 0
        self._tell()

    def step(self, amount: int = 1) -> None:
        self._done += amount
        self._tell()

    def _tell(self) -> None:
        name, total, unit = self._stage
        self._function(name, self._done, total, unit)


class _Bars:
    """One bar per stage on stderr, in a terminal or a notebook."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._task: Any = None

    def stage(self, name: str, total: int, unit: str = "") -> None:
        if total:
            self._task = self._bars.add_task(name, total=total)

    def step(self, amount: int = 1) -> None:
        if self._task is not None:
            self._bars.advance(self._task, amount)


@contextmanager
def told(progress: bool | Told | Progress | None) -> Iterator[Progress | None]:
    """Yield the receiver of the runner's progress.

    progress: True for bars; a function of (stage, steps done, total steps, unit of a step); an object with ``stage`` and
    ``step``; None or False for silence. Raises InputError for anything else.
    """
    if progress is None or progress is False:
        yield None
    elif progress is True:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with RichProgress(*columns, console=Console(stderr=True)) as bars:
            yield _Bars(bars)
    elif hasattr(progress, "stage") and hasattr(progress, "step"):
        yield cast("Progress", progress)
    elif callable(progress):
        yield _Function(progress)
    else:
        raise InputError(
            f"progress must be True, or a function of (stage, done, total, unit), not of type {type(progress).__name__}"
        )
