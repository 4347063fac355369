"""``robustir doctor``: what is installed, which optional parts work."""

from __future__ import annotations

import json
from pathlib import Path

import click

from robustir.cli.options import data_option, json_option


@click.command(name="doctor")
@data_option
@json_option
def command(data: Path | None, as_json: bool) -> None:
    """Say what is installed, which optional parts work, and what to do about the others."""
    from robustir.cli.examination import examine

    rows = examine(data)
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        click.echo(f"{'ok  ' if row['ok'] else 'no  '}{row['name']:<{width}}  {row['detail']}")
        if not row["ok"] and row["remedy"]:
            click.echo(f"    {'':<{width}}  -> {row['remedy']}")
