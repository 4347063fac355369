"""Locks of folders: one process writes into a folder at a time, and its lock dies with it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from robustir.disk.atomic import explained
from robustir.errors import RunError

__all__ = ["locked"]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make ``folder`` and lock it for this process, which releases it at its end.

    Raises:
        RunError: if another process holds it, or the folder cannot be written.
    """
    made = not folder.exists()
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / ".lock").open("a")  # what is there stays as it is, its time too
    with handle:
        try:
            with explained(folder / ".lock"):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except RunError as error:
            if isinstance(error.__cause__, BlockingIOError):
                raise RunError(
                    f"{folder} is in use by another process; wait for it, or choose another folder with -o"
                ) from None
            raise
        try:
            yield
        finally:
            if made and [path.name for path in folder.iterdir()] == [".lock"]:  # nothing came of it
                with suppress(OSError):
                    (folder / ".lock").unlink()
                    folder.rmdir()
