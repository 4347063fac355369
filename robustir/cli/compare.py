"""``robustir compare``: runs of the same queries against a baseline."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robustir.cli.bounds import bound_options, conclude
from robustir.cli.options import json_option, partial_option

if TYPE_CHECKING:
    from robustir.comparing.grammar import Bound
    from robustir.comparing.judging import Judgement
    from robustir.comparing.runs import Comparison


@click.command(name="compare")
@click.argument("runs", metavar="BASELINE [RUN]...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    metavar="NAME",
    help="Encoder of the baseline, and, given again, that of the other runs; those that the runs share by default. Of one run: the two encoders to compare.",
)
@click.option(
    "--measure", metavar="M", help="Compare by this measure, such as nDCG@10; the baseline's main one by default."
)
@click.option(
    "--margin",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="M",
    help="Call a difference equivalent if it is shown to lie within this margin, such as 0.02 for two points.",
)
@partial_option
@bound_options
@json_option
def command(
    runs: tuple[Path, ...],
    encoders: tuple[str, ...],
    measure: str | None,
    margin: float | None,
    partial: bool,
    bounds: tuple[Bound, ...],
    strict: bool,
    as_json: bool,
) -> None:
    """Compare runs of the same queries with BASELINE: what got better, worse, or stayed, per noise and severity.

    \b
    robustir compare runs/old runs/new --margin 0.02
    robustir compare runs/mine --encoder bm25 --encoder labse
    robustir compare runs/old runs/new --fail-if "loss(new, baseline) > 0.02"
    """
    from robustir.comparing.runs import compare_runs
    from robustir.rundir.directory import RunDirectory

    opened = [RunDirectory.open(run, partial=partial) for run in runs]
    found = compare_runs(opened, encoders=encoders, measure=measure, margin=margin)
    judged: list[Judgement] = []
    if bounds:
        from robustir.comparing.gate import judge_comparison

        judged = judge_comparison(found, bounds)
    if as_json:
        click.echo(json.dumps(_as_json(found, judged), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        from robustir.cli.comparison_table import show_comparison

        show_comparison(found)
    if judged:
        conclude(judged, strict=strict, quiet=as_json)


def _as_json(found: Comparison, judged: list[Judgement]) -> dict[str, Any]:
    rows = [
        {name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in row.items()}
        for row in found.table.to_dict("records")
    ]
    bounds = [
        {"name": one.bound.text, "state": str(one.state), "conditions": len(one.readings), "found": str(one)}
        for one in judged
    ]
    return {"rows": [{"name": _name(row), **row} for row in rows], **found.beside(), "bounds": bounds}


def _name(row: dict[Any, Any]) -> str:
    """Return what a row is called in a listing."""
    noise = f"{row['perturbation']} {row['severity']:g}" if row["perturbation"] else "clean"
    return f"{row['encoder']}, {row['benchmark']} ({row['setting']}), {noise}: {row['quantity']}"
