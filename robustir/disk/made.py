"""Folders of the cache that are made once from other files: whole or not at all, and checked when they are used."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from robustir.disk.atomic import explained
from robustir.disk.download import sha256_of
from robustir.disk.parsing import parse_json

__all__ = ["RECORD", "made_folder"]

RECORD: Final = "digests.json"  # last in a folder, with the SHA-256 of every other file


def made_folder(folder: Path, make: Callable[[Path], object]) -> Path:
    """Return ``folder``, which ``make`` fills if it is missing or damaged.

    ``make`` gets a folder beside it that does not exist yet, creates it and writes files into it, none in folders of its own.
    Raises RunError if it cannot be written, and whatever ``make`` raises.
    """
    if not _is_whole(folder):
        temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
        with explained(folder):
            try:
                folder.parent.mkdir(parents=True, exist_ok=True)
                shutil.rmtree(temporary, ignore_errors=True)  # of a process that had this number
                make(temporary)
                digests = {path.name: sha256_of(path) for path in sorted(temporary.iterdir())}
                (temporary / RECORD).write_text(json.dumps(digests, indent=1), encoding="utf-8")
                _put(temporary, folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _put(temporary: Path, folder: Path) -> None:
    """Rename a whole folder into place, unless another process was first."""
    with suppress(OSError):
        temporary.rename(folder)
        return
    if not _is_whole(folder):
        shutil.rmtree(folder, ignore_errors=True)  # a damaged one
        temporary.rename(folder)


def _is_whole(folder: Path) -> bool:
    try:
        known: Any = parse_json((folder / RECORD).read_text(encoding="utf-8"))
        return bool(known) and all(sha256_of(folder / name) == digest for name, digest in known.items())
    except (OSError, ValueError, AttributeError):
        return False
