"""Texts from a file or a pipe, one per line."""

from __future__ import annotations

from typing import TextIO

from robustir.errors import DataError

__all__ = ["read_lines"]


def read_lines(file: TextIO) -> list[str]:
    """Return the lines of a UTF-8 file, split at line feeds alone; raise DataError if it is not UTF-8."""
    name = getattr(file, "name", "input")
    try:
        content = file.read()
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    return content.removesuffix("\n").split("\n") if content else []
