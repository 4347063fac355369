"""``robustir report``: write the reports of a run again."""

from __future__ import annotations

import json
from pathlib import Path

import click

from robustir.cli.options import format_option, json_option


@click.command(name="report")
@click.argument("run", type=click.Path(path_type=Path))
@format_option
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Folder for the reports; the run directory by default."
)
@click.option(
    "--fail-if",
    "bounds",
    multiple=True,
    metavar="EXPR",
    help="Exit 4 if a contrast meets EXPR, such as 'delta < -0.1' or 'retention < 0.8' (repeatable).",
)
@click.option(
    "--strict",
    is_flag=True,
    help="The whole interval must meet a --fail-if bound on delta, not the estimate alone.",
)
@json_option
def command(
    run: Path, formats: tuple[str, ...], out: Path | None, bounds: tuple[str, ...], strict: bool, as_json: bool
) -> int:
    """Analyse RUN again and write its reports; needs neither encoders nor data."""
    from robustir.analysis.bounds import check_bounds, parse_bounds
    from robustir.api import analyse, render
    from robustir.cli.progress import ProgressBars
    from robustir.reports import report_files
    from robustir.rundir.directory import RunDirectory

    parsed = parse_bounds(bounds)
    if strict and not any(bound.field == "delta" for bound in parsed):
        raise click.UsageError("--strict speaks of bounds on delta: give one, such as  --fail-if 'delta < -0.1'")
    directory = RunDirectory.open(run)
    folder = out or run
    with ProgressBars() as bars:
        bars.stage("analyse", 1)
        findings = analyse(directory)
        bars.stage("write reports", 1)
        warnings = render(findings, folder, formats=formats)
    for warning in warnings:
        click.echo(f"robustir: {warning}", err=True)
    files = report_files(folder, formats)
    if as_json:
        rows = [{"name": name, "path": str(path)} for name, path in files.items()]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        click.echo(f"reports written to {folder}: {', '.join(formats)}")
    check_bounds(findings.contrasts, parsed, strict=strict)
    return 0
