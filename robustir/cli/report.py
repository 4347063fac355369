"""``robustir report``: write the reports of a run again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robustir.cli.bounds import bound_options, conclude
from robustir.cli.options import format_option, json_option, partial_option, statistics_options

if TYPE_CHECKING:
    from robustir.comparing.grammar import Bound


@click.command(name="report")
@click.argument("run", type=click.Path(path_type=Path))
@format_option
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Folder for the reports; the run directory by default."
)
@click.option("--only", multiple=True, metavar="PART", help="Write only this part, such as comparisons; repeatable.")
@click.option("--appendix", is_flag=True, help="Give the PDF an appendix with what the HTML report folds.")
@partial_option
@statistics_options
@bound_options
@json_option
def command(
    run: Path,
    formats: tuple[str, ...],
    out: Path | None,
    only: tuple[str, ...],
    appendix: bool,
    partial: bool,
    bounds: tuple[Bound, ...],
    strict: bool,
    as_json: bool,
    **statistics: Any,
) -> int:
    """Analyse RUN again and write its reports; needs neither encoders nor data.

    With --test, --correction or --interval the reports say what the run itself had declared.
    """
    from robustir.api import analyse, render
    from robustir.cli.progress import ProgressBars
    from robustir.reports import report_files
    from robustir.rundir.directory import RunDirectory

    directory = RunDirectory.open(run, partial=partial)
    folder = out or run
    with ProgressBars() as bars:
        bars.stage("analyse", 1)
        findings = analyse(directory, **statistics)
        bars.stage("write reports", 1)
        warnings = render(findings, folder, formats=formats, only=only, appendix=appendix)
    for warning in warnings:
        click.echo(f"robustir: {warning}", err=True)
    files = report_files(folder, formats)
    if as_json:
        rows = [{"name": name, "path": str(path)} for name, path in files.items()]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        click.echo(f"reports written to {folder}: {', '.join(formats)}")
    if bounds:
        from robustir.comparing.gate import judge_run

        conclude(judge_run(directory, bounds, findings), strict=strict, quiet=as_json)
    return 0
