"""Feeds a reader changed files: each must give a value or be refused in the project's own words."""

from __future__ import annotations

import os
import signal
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import Final

from robustir.errors import InputError
from tests.fuzzing.mutations import mutated, sound
from tests.fuzzing.readers import READERS

__all__ = ["Outcome", "fuzz"]

_PATIENCE: Final = 20.0  # seconds for one input
_LONGEST: Final = 2_000  # characters of a message
_MEMORY: Final = Path("/dev/shm")


@dataclass
class Outcome:
    """What came of some inputs: how many were read and how many were refused; and the findings.

    findings: by kind, how many inputs had it, the number of the first, and what was raised.
    """

    inputs: int = 0
    read: int = 0
    refused: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    first: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, kind: str, number: int, told: str) -> None:
        """Note a finding of the input with this number."""
        self.findings[kind] += 1
        self.first.setdefault(kind, (number, told))

    def take(self, other: Outcome) -> None:
        """Add what came of other inputs."""
        self.inputs += other.inputs
        self.read += other.read
        self.refused += other.refused
        self.findings.update(other.findings)
        self.first = {**other.first, **self.first}


def fuzz(name: str, numbers: Sequence[int], seed: int = 0, started: Callable[[int], object] | None = None) -> Outcome:
    """Return what a reader made of the inputs with some numbers; the same number and seed are the same input.

    Args:
        name: a key of READERS.
        numbers: of the inputs.
        seed: of all random choices.
        started: called with the number of an input before it is read.
    """
    reader, outcome = READERS[name], Outcome()
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as made:
        work = Path(made)
        (work / "making").mkdir()
        files = reader.make(work / "making")
        folder = work / "files"
        whole = {folder / place: sound(file) for place, file in files.items()}
        for path, content in whole.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        reader.read(folder)  # what is not changed is read
        places = list(files)
        before = Path.cwd()
        os.chdir(work)
        try:
            for number in numbers:
                if started is not None:
                    started(number)
                chance = Random(f"{seed}/{name}/{number}")
                changed = chance.sample(places, 2 if len(places) > 1 and chance.random() < 0.1 else 1)
                for place in changed:
                    content = mutated(files[place], chance)
                    (folder / place).unlink()
                    if content is not None:
                        (folder / place).write_bytes(content)
                    elif chance.random() < 0.3:
                        (folder / place).mkdir()
                _read(name, folder, number, changed, outcome)
                for place in changed:
                    if (folder / place).is_dir():
                        (folder / place).rmdir()
                    (folder / place).write_bytes(whole[folder / place])
        finally:
            os.chdir(before)
    return outcome


def _read(name: str, folder: Path, number: int, changed: Sequence[str], outcome: Outcome) -> None:
    outcome.inputs += 1
    try:
        with _within(_PATIENCE):
            READERS[name].read(folder)
        outcome.read += 1
    except InputError as error:
        outcome.refused += 1
        told = str(error)
        if len(told) > _LONGEST:
            outcome.add(f"a message of more than {_LONGEST} characters, {_place(error)}", number, told[:300])
        elif not any(part in told for part in (str(folder), *changed, *(Path(place).name for place in changed))):
            outcome.add(f"a message that names no file, {_place(error)}", number, told)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever else comes out is a finding, also what libraries panic with
        told = "".join(traceback.format_exception(error))
        outcome.add(f"{type(error).__name__}, {_place(error)}", number, told[-3_000:])


def _place(error: BaseException) -> str:
    """Return the last line of the project that an error passed."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/tests/" not in frame.filename and "/site-packages/" not in frame.filename]
    ours = [frame for frame in ours if "/robustir/" in frame.filename or "/fuzz" not in frame.filename]
    ours = [frame for frame in ours if "/lib/python" not in frame.filename] or list(frames)
    last = ours[-1]
    return f"{Path(last.filename).name}:{last.lineno} {last.name}"


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in what takes longer."""

    def late(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
