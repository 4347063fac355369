"""``robustir show``: the results of a finished run, in the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from robustir.cli.options import json_option

if TYPE_CHECKING:
    from robustir.reports.overview import Overview

__all__ = ["overview_of"]


@click.command(name="show")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--setting",
    type=click.Choice(["mono", "cross", "multi"]),
    help="Only this setting; all by default.",
)
@click.option("--measure", metavar="M", help="This measure of the suite, such as nDCG@10; its first by default.")
@json_option
def command(run: Path, setting: str | None, measure: str | None, as_json: bool) -> None:
    """Show the results of RUN: per setting the clean score of every encoder, and the share kept under each noise."""
    results = overview_of(run, setting, measure)
    if as_json:
        click.echo(json.dumps({**results.as_json(), "run": str(run)}, indent=2, ensure_ascii=False))
        return
    from robustir.cli.result_table import show_overview

    show_overview(results)


def overview_of(run: Path, setting: str | None = None, measure: str | None = None) -> Overview:
    """Return the overview of a run from its findings.

    Raises:
        RunError: if it has no findings.
        UnknownNameError: for a measure that was not analysed.
    """
    from robustir.analysis import read_findings
    from robustir.errors import RunError, UnknownNameError
    from robustir.measures import parse_measure
    from robustir.reports.overview import overview
    from robustir.reports.study import Study
    from robustir.rundir.completeness import whole_manifest
    from robustir.rundir.directory import RunDirectory

    manifest = whole_manifest(RunDirectory.open(run))
    folder = run / "findings"
    if not (folder / "scores.csv").is_file():
        raise RunError(f"{run} has no findings yet; finish it with  robustir resume {run}")
    findings = read_findings(folder)
    known = list(dict.fromkeys(findings.scores["measure"]))
    wanted = None if measure is None else str(parse_measure(measure))
    if wanted is not None and wanted not in known:
        raise UnknownNameError(
            f"{run} was not analysed by {wanted}; it has: {', '.join(known)}. Scores per query by any measure:  "
            f"robustir scores {run} --format csv --measure {wanted}"
        )
    return overview(Study.read(findings, manifest, wanted), setting)
