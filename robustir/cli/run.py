"""``robustir run``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from robustir.cli.options import plan_from_options, runtime_options, suite_options
from robustir.cli.outcome import finish


@click.command(name="run")
@suite_options
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="Run directory; runs/<suite> by default. The same plan resumes it, another exits 2.",
)
@runtime_options
@click.option(
    "--keep-top",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="K",
    help="Keep the top K passages too (for TREC export).",
)
@click.option(
    "--format", "formats", default="html,pdf", show_default=True, help="Reports to write: html, pdf, latex, csv."
)
@click.option("--profile", is_flag=True, help="Say where the time went.")
def command(
    suite: str,
    data: Path | None,
    out: Path | None,
    jobs: int | None,
    device: str,
    keep_top: int,
    formats: str,
    profile: bool,
    **options: Any,
) -> int:
    """Run SUITE (a name, or a .toml file), analyse it and write the reports.

    Options that name encoders, benchmarks or perturbations replace the suite's own lists; the suite keeps the rest.
    """
    plan = plan_from_options(suite, data, **options)
    return finish(
        plan,
        out or Path("runs") / plan.suite.name,
        jobs=jobs,
        device=device,
        keep_top=keep_top,
        formats=formats,
        profile=profile,
    )
