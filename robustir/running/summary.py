"""The options of a run, its progress, and its summary."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

__all__ = ["Failure", "Progress", "RunOptions", "RunSummary", "Silent"]


class Progress(Protocol):
    """The receiver of the runner's progress; the command line draws bars from it."""

    def stage(self, name: str, total: int, unit: str = "") -> None:
        """A stage of ``total`` steps begins; ``unit`` names a step, such as "texts"."""
        ...

    def step(self, amount: int = 1) -> None:
        """Steps of the stage are done."""
        ...


class Silent:
    """A :class:`Progress` that shows nothing."""

    def stage(self, name: str, total: int, unit: str = "") -> None:
        """Do nothing."""

    def step(self, amount: int = 1) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class RunOptions:
    """Options of a run that do not change its results."""

    jobs: int | None = None  # worker processes; None: one per core, or this process alone if there is little to do
    executor: str = "local"  # or "ray": actors of a cluster that shares the file system
    ray_address: str | None = None  # of a running cluster; None: that of $RAY_ADDRESS, or a local one
    device: str = "cpu"
    cache: Path | None = None  # folder of the embedding store; None: the user's cache folder
    keep_top: int | None = None  # passages of every list, with scores; None: 100 of few lists, 0: none


@dataclass(frozen=True, slots=True)
class Failure:
    """A cell that failed, with its reason in one line and the lines of the first error's traceback."""

    benchmark: str
    encoder: str
    condition: str
    error: str
    traceback: str = ""


@dataclass
class RunSummary:
    """The summary of a run: counts of cells and texts, seconds per stage, failures in plan order.

    damaged_vectors: files of the embedding store whose texts were encoded again, with what was wrong.
    """

    cells: int = 0
    cells_done_before: int = 0
    texts_encoded: int = 0
    texts_reused: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    damaged_vectors: list[str] = field(default_factory=list)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the seconds spent inside to a stage."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begin
