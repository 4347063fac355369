"""What ``run`` and ``resume`` share: execute a plan with progress bars, then show the results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from robustir.cli.leaving import debugging
from robustir.errors import InputError

if TYPE_CHECKING:
    from robustir.planning.plan import Plan
    from robustir.reports.overview import Overview
    from robustir.running.summary import RunSummary

__all__ = ["RUNTIME", "finish"]

# The arguments of finish that are options (robustir.cli.options.runtime_options).
RUNTIME = ("jobs", "executor", "ray_address", "device", "keep_top", "formats", "profile", "as_json")
_SHOWN_FAILURES = 20


def finish(
    plan: Plan,
    out: Path,
    *,
    jobs: int | None,
    executor: str,
    ray_address: str | None,
    device: str,
    keep_top: int | None,
    formats: tuple[str, ...],
    profile: bool,
    as_json: bool,
    overwrite: bool = False,
) -> int:
    """Execute a plan into ``out``, replacing an earlier run if ``overwrite``; show the results; return the exit code."""
    from robustir.cli.progress import ProgressBars
    from robustir.rundir.directory import RunDirectory
    from robustir.running.orchestration import execute_plan
    from robustir.running.summary import RunOptions

    if ray_address is not None and executor != "ray":
        raise InputError("--ray-address names a cluster to run on: add  --executor ray")
    for planned in plan.tasks:
        for note in planned.task.notes:
            click.echo(f"robustir: {planned.task.name}: {note}", err=True)
    options = RunOptions(jobs=jobs, executor=executor, ray_address=ray_address, device=device, keep_top=keep_top)
    with ProgressBars() as bars:
        summary, warnings = execute_plan(plan, RunDirectory(out), options, bars, formats=formats, overwrite=overwrite)
    for warning in warnings:
        click.echo(f"robustir: {warning}", err=True)
    if profile:
        _show_profile(summary)
    _show_failures(summary, out)
    if as_json:
        _print_json(summary, out, formats)
    else:
        _print_text(summary, out, formats)
    return 3 if summary.failures else 0


def _show_failures(summary: RunSummary, out: Path) -> None:
    if debugging():
        for trace in dict.fromkeys(failure.traceback for failure in summary.failures if failure.traceback):
            click.echo(trace.rstrip(), err=True)
    for failure in summary.failures[:_SHOWN_FAILURES]:
        click.echo(
            f"robustir: failed: {failure.benchmark} / {failure.encoder} / {failure.condition}: {failure.error}",
            err=True,
        )
    more = len(summary.failures) - _SHOWN_FAILURES
    if more > 0:
        click.echo(f"robustir: ... and {more} more failed cells; all are in {out / 'manifest.json'}", err=True)
    if any(failure.traceback for failure in summary.failures) and not debugging():
        click.echo(
            f"robustir: the tracebacks are in {out / 'manifest.json'};  robustir --debug resume {out}  shows them",
            err=True,
        )


def _overview(out: Path) -> Overview | None:
    """Return the results; None if no cell could be scored, which a warning says."""
    from robustir.cli.show import overview_of
    from robustir.errors import RunError

    try:
        return overview_of(out)
    except RunError:
        return None


def _print_json(summary: RunSummary, out: Path, formats: tuple[str, ...]) -> None:
    from robustir.reports import report_files

    overview = _overview(out)
    counts = {
        "cells": summary.cells,
        "cells_done_before": summary.cells_done_before,
        "cells_failed": len(summary.failures),
        "texts_encoded": summary.texts_encoded,
        "texts_reused": summary.texts_reused,
    }
    reports = {name: str(path) for name, path in report_files(out, formats).items()}
    row = {**(overview.as_json() if overview else {}), "run": str(out), "counts": counts, "reports": reports}
    click.echo(json.dumps(row, indent=2, ensure_ascii=False))


def _print_text(summary: RunSummary, out: Path, formats: tuple[str, ...]) -> None:
    from robustir.cli.result_table import show_overview
    from robustir.reports import report_files

    overview = _overview(out)
    if overview is not None:
        show_overview(overview)
        click.echo()
    done = summary.cells - len(summary.failures)
    click.echo(
        f"{done} of {summary.cells} cells ({summary.cells_done_before} done before), {summary.texts_encoded} texts encoded, {summary.texts_reused} reused"
    )
    click.echo(f"findings  {out / 'findings'}")
    for path in (path for name, path in report_files(out, formats).items() if name != "csv"):
        click.echo(f"report    {path}")


def _show_profile(summary: RunSummary) -> None:
    total = sum(summary.seconds.values())
    for stage, seconds in sorted(summary.seconds.items(), key=lambda item: -item[1]):
        click.echo(f"{seconds:8.2f} s  {seconds / total:6.1%}  {stage}", err=True)
