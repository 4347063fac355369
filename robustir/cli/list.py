"""``robustir list``: what there is."""

from __future__ import annotations

import json
from typing import Any

import click

from robustir.cli.options import json_option
from robustir.cli.terminal import say

_SHOWN = 24  # language codes in one line; robustir describe NAME has all
KINDS = ("perturbations", "encoders", "benchmarks", "suites", "measures")


@click.command(name="list")
@click.argument("kind", type=click.Choice(KINDS))
@json_option
def command(kind: str, as_json: bool) -> None:
    """List what is registered: built in, or brought by installed plugins. robustir describe NAME says more of each.

    In brackets: the languages in which it works.
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


def _languages(there: list[str] | str | None) -> str:
    """Say in which languages an entry works; many are counted, and none means that its arguments decide."""
    if there is None:
        return ""
    if isinstance(there, str):
        return f"  [{there}]"
    if len(there) > _SHOWN:
        return f"  [{len(there)} languages]"
    return f"  [{' '.join(there) or 'as its arguments or data say'}]"
