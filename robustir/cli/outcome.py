"""What ``run`` and ``resume`` share: execute a plan with bars, then say what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from robustir.planning.plan import Plan
    from robustir.running.runner import RunSummary

__all__ = ["FORMATS", "RUNTIME", "finish", "parse_formats"]

FORMATS = ("html", "pdf", "latex", "csv")
# The options of finish that the command line gives (robustir.cli.options.runtime_options).
RUNTIME = ("jobs", "executor", "device", "keep_top", "formats", "profile")
_SUFFIXES = {"latex": "tex"}


def parse_formats(text: str) -> tuple[str, ...]:
    """Return the formats of a comma-separated list."""
    chosen = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [part for part in chosen if part not in FORMATS]
    if unknown or not chosen:
        raise click.BadParameter(
            f"{', '.join(unknown) or text!r}: the formats are {', '.join(FORMATS)}", param_hint="--format"
        )
    return chosen


def finish(
    plan: Plan, out: Path, *, jobs: int | None, executor: str, device: str, keep_top: int, formats: str, profile: bool
) -> int:
    """Execute a plan into ``out``; return the exit code."""
    from robustir.api import execute_plan
    from robustir.cli.progress import ProgressBars
    from robustir.rundir.directory import RunDirectory
    from robustir.running.executors import default_jobs
    from robustir.running.runner import RunOptions

    chosen = parse_formats(formats)
    options = RunOptions(jobs=jobs or default_jobs(), executor=executor, device=device, keep_top=keep_top)
    with ProgressBars() as bars:
        summary, warnings = execute_plan(plan, RunDirectory(out), options, bars, formats=chosen)
    for warning in warnings:
        click.echo(f"robustir: {warning}", err=True)
    if profile:
        _show_profile(summary)
    for failure in summary.failures[:20]:
        click.echo(
            f"robustir: failed: {failure.benchmark} / {failure.encoder} / {failure.condition}: {failure.error}",
            err=True,
        )
    if len(summary.failures) > 20:
        click.echo(
            f"robustir: ... and {len(summary.failures) - 20} more failed cells; all are in {out / 'manifest.json'}",
            err=True,
        )
    done = summary.cells - len(summary.failures)
    click.echo(
        f"{done} of {summary.cells} cells ({summary.cells_done_before} were there), {summary.texts_encoded} texts encoded, {summary.texts_reused} reused"
    )
    click.echo(f"findings  {out / 'findings'}")
    for suffix in (suffix for suffix in chosen if suffix != "csv"):
        report = out / ("report." + _SUFFIXES.get(suffix, suffix))
        if report.exists():
            click.echo(f"report    {report}")
    return 3 if summary.failures else 0


def _show_profile(summary: RunSummary) -> None:
    total = sum(summary.seconds.values())
    for stage, seconds in sorted(summary.seconds.items(), key=lambda item: -item[1]):
        click.echo(f"{seconds:8.2f} s  {seconds / total:6.1%}  {stage}", err=True)
