"""``robustir list``: all registered entries of a kind."""

from __future__ import annotations

import json
from typing import Any

import click

from robustir.cli.options import json_option
from robustir.cli.terminal import say

_SHOWN = 24  # language codes in one line; robustir describe NAME shows all
KINDS = ("perturbations", "encoders", "benchmarks", "suites", "measures")


@click.command(name="list")
@click.argument("kind", type=click.Choice(KINDS))
@json_option
def command(kind: str, as_json: bool) -> None:
    """List all entries of a KIND, built in or from installed plugins. robustir describe NAME explains each.

    Brackets show the languages in which an entry works.
    """
    from robustir.kit.catalogue import listing

    rows = listing(kind)
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    width = max((len(str(row["name"])) for row in rows), default=0) + 2
    for row in rows:
        say(f"{row['name']:<{width}}{_rest(row)}", " " * width, wide=True)


def _rest(row: dict[str, Any]) -> str:
    if row.get("error"):
        return f"BROKEN: {row['error']}"
    package = row.get("package")
    come_from = f"  (from {package})" if package not in {None, "robustir"} else ""
    return f"{row['description'].replace('``', '')}{_languages(row.get('languages'))}{come_from}"


def _languages(known: list[str] | str | None) -> str:
    """Return the languages of an entry, or their number if there are many; none means that its arguments decide."""
    if known is None:
        return ""
    if isinstance(known, str):
        return f"  [{known}]"
    if len(known) > _SHOWN:
        return f"  [{len(known)} languages]"
    return f"  [{' '.join(known) or 'as its arguments or data say'}]"
