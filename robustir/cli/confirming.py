"""Code that a suite, a run or a recipe names runs only if the user typed its name, or confirmed it by ``--code``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import click

__all__ = ["Confirmed", "code_option"]


@dataclass
class Confirmed:
    """Which code this command may run: what was typed in it; with ``--code`` all of it, with ``--no-code`` none."""

    typed: Sequence[str]
    choice: bool | None = None
    asks: bool = False  # whether the command has the options

    def __call__(self, code: str) -> str | None:
        """Return None if the code may run, else what the user can do."""
        if self.choice is None:
            name = re.compile(rf"(?<![\w.]){re.escape(code)}(?!\w)")
            if any(map(name.search, self.typed)):
                return None
            if self.asks:
                return "read it, then confirm it with --code"
            return "this command runs only code that is named in it"
        return None if self.choice else "--no-code refuses it"


def _choose(context: click.Context, _parameter: click.Parameter, choice: bool | None) -> None:
    if isinstance(confirmed := context.find_root().obj, Confirmed):
        confirmed.choice, confirmed.asks = choice, True


# The command itself does not see it.
code_option = click.option(
    "--code/--no-code",
    default=None,
    expose_value=False,
    is_eager=True,
    callback=_choose,
    help="Run the code that a file names as module:object, after you read it; or none, not even code named here. "
    "By default code runs if it is named here.",
)
