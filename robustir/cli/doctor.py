"""``robustir doctor``: what is installed, which optional parts work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from robustir.cli.options import data_option, json_option
from robustir.cli.terminal import say

_OK, _OPTIONAL, _MISSING = "ok", "optional", "missing"


@click.command(name="doctor")
@data_option
@json_option
def command(data: Path | None, as_json: bool) -> None:
    """Say what is installed, which optional parts work, and how to install the others."""
    from robustir.cli.examination import examine

    rows = examine(data)
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        state = _OK if row["ok"] else _OPTIONAL if _is_optional(row) else _MISSING
        absent = "not installed: " if state == _OPTIONAL and row["name"].startswith("extra ") else ""
        say(f"{state:<9}{row['name']:<{width}}  {absent}{row['detail']}", " " * (width + 11), wide=True)
        if not row["ok"] and row["remedy"]:
            say(f"{'':<{width + 11}}-> {row['remedy']}", " " * (width + 11), wide=True)
    missing = [row["name"] for row in rows if not row["ok"] and not _is_optional(row)]
    if missing:
        say(f"To fix: {', '.join(missing)}. Optional parts are needed by nothing else.")
    else:
        say("Everything that robustir needs is installed. Optional parts are needed by nothing else.")


def _is_optional(row: dict[str, Any]) -> bool:
    """Whether a run on the embedded collection works without it: an extra, or a collection to download."""
    return bool(row["name"].partition(" ")[0] in {"extra", "data"})
