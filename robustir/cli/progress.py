"""Progress bars with a time estimate, on stderr and only on a terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

__all__ = ["ProgressBars"]


class ProgressBars:
    """One bar per stage; implements :class:`robustir.running.runner.Progress`."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        console = Console(stderr=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task: Any = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def stage(self, name: str, total: int) -> None:
        """Begin a bar."""
        if total:
            self._task = self._progress.add_task(name, total=total)

    def step(self) -> None:
        """Advance the last bar."""
        if self._task is not None:
            self._progress.advance(self._task)
