"""``robustir describe``: one entry in full."""

from __future__ import annotations

import json
import shutil
import textwrap
from typing import Any

import click

from robustir.cli.options import json_option
from robustir.cli.suite_page import suite_lines

_LABELS = {
    "kind": "kind",
    "spec": "read as",
    "version": "version",
    "problem": "problem",
    "languages": "languages",
    "embedded_lang": "mixes in",
    "needs": "needs",
    "severity_meaning": "severity",
    "doses": "doses",
    "nested": "nested",
    "claims": "claims",
    "source": "source",
    "licence": "licence",
    "folder": "data folder",
    "also": "also",
}
_INDENT = 13
_WIDEST = 120


@click.command(name="describe")
@click.argument("name")
@json_option
def command(name: str, as_json: bool) -> None:
    """Show parameters, languages, what severity means, source and an example per language of NAME (or kind:NAME).

    NAME is a plugin, a path, or a suite: its name, suite:NAME or its file.
    """
    from robustir.kit.catalogue import describe
    from robustir.kit.suites import describe_suite, suite_meant

    suite = suite_meant(name)
    row = describe(name) if suite is None else describe_suite(suite)
    if as_json:
        click.echo(json.dumps(row, indent=2, ensure_ascii=False))
        return
    click.echo(f"{row['name']}\n\n{row['description']}\n")
    if suite is not None:
        for label, text in suite_lines(row, suite):
            if text:
                _show(label, text)
    else:
        _show_plugin(row)


def _show_plugin(row: dict[str, Any]) -> None:
    for key, label in _LABELS.items():
        if key in row:
            _show(label, _spelled(key, row))
    for number, (setting, value) in enumerate(row.get("settings", {}).items()):
        _show("" if number else "settings", f"{setting}: {value}")
    click.echo("\nparameters" if row["parameters"] else "\nno parameters")
    for parameter in row["parameters"]:
        kind = f": {parameter['type']}" if parameter["type"] else ""
        default = "" if parameter["default"] is None else f" = {parameter['default']}"
        click.echo(f"  {parameter['name']}{kind}{default}")
        if parameter["meaning"]:
            click.echo(textwrap.indent(textwrap.fill(parameter["meaning"], _width() - 6), " " * 6))
    if row["raises"]:
        click.echo("\nerrors")
    for error, when in row["raises"].items():
        click.echo(textwrap.fill(f"{error}: {when}", _width() - 2, initial_indent="  ", subsequent_indent="      "))
    if row.get("examples"):
        click.echo(f"\nexamples at severity {row['severity']:g} (clean, then noisy)")
        for example in row["examples"]:
            click.echo(f"  {example['lang']}  {example['clean']}\n      {example['noisy']}")


def _spelled(key: str, row: dict[str, Any]) -> str:
    value = row[key]
    if key == "nested":
        if value:
            return "yes: what is edited at a lower severity is edited in the same form at a higher one"
        return f"no: {row.get('nesting_note', 'it does not say why')}"
    if key == "languages" and not value:
        return "as its arguments or data say"
    if key == "claims":
        return "; ".join(value) or "none"
    return " ".join(value) if isinstance(value, list) else str(value)


def _width() -> int:
    return min(shutil.get_terminal_size((_WIDEST, 24)).columns, _WIDEST)


def _show(label: str, value: str) -> None:
    lines = textwrap.wrap(value, _width() - _INDENT, break_long_words=False, break_on_hyphens=False) or [""]
    for number, line in enumerate(lines):
        click.echo(f"{'' if number else label:<{_INDENT}}{line}")
