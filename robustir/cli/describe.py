"""``robustir describe``: one entry in full."""

from __future__ import annotations

import json

import click

from robustir.cli.options import json_option

_LABELS = {
    "kind": "kind",
    "version": "version",
    "languages": "languages",
    "severity_meaning": "severity",
    "nested": "nested",
    "nesting_note": "nesting",
    "source": "source",
    "licence": "licence",
    "folder": "data folder",
}


@click.command(name="describe")
@click.argument("name")
@json_option
def command(name: str, as_json: bool) -> None:
    """Show parameters, languages, what severity means, source and an example per language of NAME (or kind:NAME)."""
    from robustir.catalogue import SAMPLES, describe

    row = describe(name)
    if as_json:
        click.echo(json.dumps(row, indent=2, ensure_ascii=False))
        return
    click.echo(row["name"])
    click.echo(f"\n{row['description']}\n")
    for key, label in _LABELS.items():
        if key in row:
            value = row[key]
            click.echo(f"{label:<12}{' '.join(value) if isinstance(value, list) else value}")
    for number, (name, value) in enumerate(row.get("settings", {}).items()):
        click.echo(f"{'' if number else 'settings':<12}{name}: {value}")
    click.echo("parameters  " + ("\n            ".join(row["parameters"]) or "none"))
    if row.get("examples"):
        click.echo("\nexamples at severity 0.4 (clean, then noisy)")
        for lang, noisy in row["examples"].items():
            click.echo(f"  {lang}  {SAMPLES[lang]}\n      {noisy}")
