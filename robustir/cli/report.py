"""``robustir report``: write the reports of a run again."""

from __future__ import annotations

from pathlib import Path

import click

from robustir.cli.outcome import parse_formats


@click.command(name="report")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--format", "formats", default="html,pdf", show_default=True, help="Reports to write: html, pdf, latex, csv."
)
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
    help="With --fail-if: the whole interval must meet a bound on delta, not the estimate alone.",
)
def command(run: Path, formats: str, out: Path | None, bounds: tuple[str, ...], strict: bool) -> int:
    """Analyse RUN again and write its reports; needs neither encoders nor data."""
    from robustir.analysis.bounds import check_bounds
    from robustir.api import analyse, render
    from robustir.rundir.directory import RunDirectory

    chosen = parse_formats(formats)
    directory = RunDirectory.open(run)
    findings = analyse(directory)
    for warning in render(findings, out or run, formats=chosen):
        click.echo(f"robustir: {warning}", err=True)
    click.echo(f"reports written to {out or run}: {', '.join(chosen)}")
    check_bounds(findings.contrasts, bounds, strict=strict)
    return 0
