"""``robustir list``: what there is."""

from __future__ import annotations

import json
from typing import Any

import click

from robustir.cli.options import json_option

KINDS = ("perturbations", "encoders", "benchmarks", "suites", "measures")


@click.command(name="list")
@click.argument("kind", type=click.Choice(KINDS))
@json_option
def command(kind: str, as_json: bool) -> None:
    """List what is registered: built in, or brought by installed plugins."""
    from robustir.kit.catalogue import listing

    rows = listing(kind)
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    width = max((len(str(row["name"])) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row['name']:<{width}}  {_rest(row)}")


def _rest(row: dict[str, Any]) -> str:
    if row.get("error"):
        return f"BROKEN: {row['error']}"
    languages = row.get("languages")
    where = "" if languages is None else f"  [{languages if isinstance(languages, str) else ' '.join(languages)}]"
    package = row.get("package")
    return f"{row['description']}{where}" + (f"  (from {package})" if package not in {None, "robustir"} else "")
