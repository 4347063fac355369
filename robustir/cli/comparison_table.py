"""Runs against a baseline as text: one table per run, encoder and setting."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from robustir.cli.terminal import plain_table, say, shorten, table_text

if TYPE_CHECKING:
    from robustir.comparing.runs import Comparison

__all__ = ["show_comparison"]

_TABLE = ["run", "benchmark", "setting", "measure", "encoder", "baseline_encoder"]
_NAME = 30
_COLOURS = {"better": "green", "worse": "red"}


def show_comparison(found: Comparison) -> None:
    """Print what got better or worse per condition, and what could not be compared."""
    tables: dict[tuple[str, ...], list[dict[Any, Any]]] = {}
    for row in found.table.to_dict("records"):
        tables.setdefault(tuple(row[name] for name in _TABLE), []).append(row)
    for key, rows in tables.items():
        click.echo(click.style(_title(dict(zip(_TABLE, key, strict=True))), bold=True))
        click.echo(_table(rows) + "\n")
    counts = Counter(found.table["outcome"])
    say(", ".join(f"{outcome}: {count}" for outcome, count in counts.most_common()) + f" of {len(found.table)}")
    say(
        "difference: new - baseline, in points (hundredths), with its "
        f"{100 * found.options.confidence:g}% interval; change: how much more or less is lost to the noise; "
        "p is adjusted over all rows; not told: neither a difference nor, without --margin, equivalence is shown"
    )
    for row in found.reproduced:
        say(
            f"- {row['encoder']} is the same system in both runs: {100 * row['identical_ranks']:.4g}% of {row['ranks']} ranks are "
            f"identical, and the score of a query differs by at most {100 * row['largest_score_difference']:.3g} points",
            "  ",
        )
    for row in found.orders:
        say(
            f"- order of {row['encoders']} encoders, {row['benchmark']} ({row['setting']}), {_noise(row)}: Kendall's tau {row['tau']:.2f}",
            "  ",
        )
    for row in found.overlaps:
        say(
            f"- rankings of {row['encoder']}, {row['benchmark']} ({row['setting']}), {_noise(row)}: rank-biased overlap "
            f"{row['overlap']:.3f} over {row['n']} lists",
            "  ",
        )
    for note in found.notes:
        say(f"- {note}", "  ")
    for item in found.left_out:
        say(f"- not compared: {item.what}: {item.reason}", "  ")


def _title(key: Mapping[str, str]) -> str:
    names = (
        key["encoder"]
        if key["encoder"] == key["baseline_encoder"]
        else f"{key['encoder']} against {key['baseline_encoder']}"
    )
    return f"{key['run']}: {shorten(names, 2 * _NAME)}, {key['benchmark']}, {key['setting']}: {key['measure']} in points (hundredths)"


def _noise(row: Mapping[Any, Any]) -> str:
    return f"{shorten(row['perturbation'], _NAME)} {row['severity']:g}" if row["perturbation"] else "clean"


def _table(rows: list[dict[Any, Any]]) -> str:
    from rich.text import Text

    table = plain_table()
    table.add_column("noise", no_wrap=True)
    table.add_column("", no_wrap=True)
    for name in ("baseline", "new", "difference"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("interval", no_wrap=True)
    table.add_column("p", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    last = ""
    for row in rows:
        noise = _noise(row)
        outcome = Text(row["outcome"], style=_COLOURS.get(row["outcome"].split()[0].rstrip(","), "dim"))
        what = {"clean": "score", "noisy": "score", "change": "change"}[row["quantity"]]
        limits = f"[{_points(row['ci_low'])}, {_points(row['ci_high'])}]" if math.isfinite(row["ci_low"]) else "-"
        values = (
            _points(row["baseline"]),
            _points(row["new"]),
            f"{100 * row['difference']:+.1f}",
            limits,
            _p(row["p_adjusted"]),
        )
        table.add_row("" if noise == last else noise, what, *values, outcome)
        last = noise
    return table_text(table)


def _points(share: float) -> str:
    return f"{100 * share:.1f}" if math.isfinite(share) else "-"


def _p(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}" if value >= 0.001 else "<0.001"
