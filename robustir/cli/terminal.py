"""Output for people: widths, shortened names, and tables that look right on a terminal and in a pipe."""

from __future__ import annotations

import io
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["plain_table", "say", "screen_width", "shorten", "table_text"]

_READABLE = 120  # longer lines of running text are hard to read
_ENDLESS = 10_000  # columns of a pipe, which has no width


def screen_width() -> int | None:
    """Return the width of the terminal; None if stdout is a pipe or a file."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def shorten(text: str, width: int) -> str:
    """Return ``text`` in at most ``width`` characters: its beginning and its end, which distinguish names."""
    if len(text) <= width:
        return text
    end = (width - 1) // 2
    return f"{text[: width - 1 - end]}…{text[len(text) - end :]}"


def say(text: str, indent: str = "", *, wide: bool = False) -> None:
    """Print running text, wrapped for the screen; ``indent`` begins every line except the first.

    wide: a line of a listing, which takes the whole screen and stays one line in a pipe.
    """
    screen = screen_width()
    if wide and screen is None:
        click.echo(text)
        return
    width = (screen or _READABLE) if wide else min(screen or _READABLE, _READABLE)
    width = max(width, len(indent) + 20)
    wrapped = textwrap.wrap(
        text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, replace_whitespace=False
    )
    click.echo("\n".join(wrapped))


def plain_table() -> Table:
    """Return a rich table without lines around its cells, which are noise in a pipe and waste a narrow screen."""
    from rich.table import Table

    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")


def table_text(table: Table) -> str:
    """Return a table as text: coloured only for a terminal (unless $NO_COLOR is set), without blanks at line ends."""
    from rich.console import Console

    sink = io.StringIO()
    console = Console(file=sink, force_terminal=sys.stdout.isatty(), width=screen_width() or _ENDLESS, highlight=False)
    console.print(table)
    return "\n".join(line.rstrip() for line in sink.getvalue().rstrip("\n").split("\n"))
