"""Progress bars with rate and time left, on stderr and only on a terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

if TYPE_CHECKING:
    from rich.progress import Task
    from rich.text import Text

__all__ = ["ProgressBars"]

_OTHERS = 54  # columns for the bar, counts, rate and time left; the name gets the rest of the screen
_SHORTEST = 12  # but at least this
_WORTH = 2.0  # seconds; a shorter stage leaves no line behind
_BYTES = "bytes"


class ProgressBars:
    """One bar at a time; implements :class:`robustir.running.summary.Progress`. A stage that took long leaves a line behind."""

    def __init__(self) -> None:
        self._progress: Any = None
        self._task: Any = None
        self._named = ("", "")

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._progress = _make_progress()
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._finish(failed=kind is not None)
            self._progress.stop()

    def stage(self, name: str, total: int, unit: str = "") -> None:
        """Begin a bar of ``total`` steps of a unit; with a single step, it only shows the time."""
        if self._progress is None:
            return
        self._finish()
        self._named = (name, unit)
        if total:
            self._task = self._progress.add_task(name, total=total if total > 1 else None, unit=unit)

    def step(self, amount: int = 1) -> None:
        """Advance the bar."""
        if self._task is not None:
            self._progress.advance(self._task, amount)

    def say(self, text: str) -> None:
        """Print a line on stderr, terminal or not."""
        if self._progress is not None:
            self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            click.echo(f"robustir: {text}", err=True)

    def _finish(self, *, failed: bool = False) -> None:
        """Remove the bar; a stage that took long and did not fail leaves a line."""
        if self._task is None:
            return
        task: Task = next(task for task in self._progress.tasks if task.id == self._task)
        seconds = task.elapsed or 0.0
        if seconds >= _WORTH and not failed:
            from robustir.cli.terminal import shorten

            name, unit = self._named
            done = f": {_count(int(task.completed), unit)}{'' if unit == _BYTES else ' ' + (unit or 'steps')}"
            name = shorten(name, max(_SHORTEST, self._progress.console.width - 34))
            text = f"{name}{done if task.total else ''} in {_clock(seconds)}"
            self._progress.console.print(text, markup=False, highlight=False, style="dim", soft_wrap=True)
        self._progress.remove_task(self._task)
        self._task = None


def _make_progress() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn
    from rich.table import Column
    from rich.text import Text

    from robustir.cli.terminal import shorten

    console = Console(stderr=True)

    class Name(ProgressColumn):
        """The stage's name, shortened so that everything else keeps its place."""

        def render(self, task: Task) -> Text:
            return Text(shorten(task.description, max(_SHORTEST, console.width - _OTHERS)), no_wrap=True)

    class Counts(ProgressColumn):
        """Steps done and in all, with their rate and the time left."""

        def render(self, task: Task) -> Text:
            return Text(_advance(task), no_wrap=True)

    return Progress(
        SpinnerColumn(),
        Name(table_column=Column(no_wrap=True)),
        BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=8)),
        Counts(table_column=Column(no_wrap=True)),
        console=console,
        expand=True,
        # Output to stdout stays there; it must not move to stderr.
        redirect_stdout=False,
        redirect_stderr=True,
    )


def _advance(task: Task) -> str:
    if task.total is None:
        return _clock(task.elapsed or 0.0)
    unit = str(task.fields.get("unit", ""))
    counts = f"{_count(int(task.completed), unit)}/{_count(int(task.total), unit)}"
    named = f"{counts} {unit}" if unit and unit != _BYTES else counts
    speed, left = task.speed, task.time_remaining
    rate = f" {_rate(speed, unit)}" if speed else ""
    return named + rate + (f" {_clock(left)} left" if left is not None else f" {_clock(task.elapsed or 0.0)}")


def _count(number: int, unit: str) -> str:
    if unit != _BYTES:
        return f"{number:,}"
    from rich.filesize import decimal

    return decimal(number)


def _rate(speed: float, unit: str) -> str:
    if unit == _BYTES:
        return f"{_count(int(speed), unit)}/s"
    if speed >= 10:
        return f"{speed:,.0f}/s"
    return f"{speed:.1f}/s" if speed >= 0.1 else f"{60 * speed:.1f}/min"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
