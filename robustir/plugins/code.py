"""Whether code that a spec names may run: the module of a ``package.module:object``, and what a model brings.

A suite and a run directory are data but for these. Called from Python, what is asked for runs; a command runs what was
typed in it, and of what a file names only what the user has confirmed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from robustir.errors import CodeRefusedError

__all__ = ["admit", "guarded"]

_guards: list[Callable[[str], str | None]] = []


@contextmanager
def guarded(guard: Callable[[str], str | None]) -> Iterator[None]:
    """Ask ``guard`` about code before it runs: it returns None to let it run, or what the user can do about it."""
    _guards.append(guard)
    try:
        yield
    finally:
        _guards.remove(guard)


def admit(code: str) -> None:
    """Raise CodeRefusedError unless every guard lets this code run; ``code`` is its name as it is written in a spec."""
    for guard in _guards:
        if advice := guard(code):
            raise CodeRefusedError(f"{code} is code, and was not run; {advice}")
