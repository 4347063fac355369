"""``robustir run``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from robustir.cli.options import plan_from_options, runtime_options, suite_options
from robustir.cli.outcome import RUNTIME, finish
from robustir.cli.progress import ProgressBars


@click.command(name="run")
@suite_options
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="Run directory; by default runs/SUITE, or another beside it if options change the suite. The same plan resumes "
    "it, a larger plan extends it, any other plan exits 2.",
)
@click.option("--overwrite", is_flag=True, help="Remove the run in the folder and start again.")
@runtime_options
def command(suite: str, data: Path | None, out: Path | None, overwrite: bool, **options: Any) -> int:
    """Run SUITE (a name, or a .toml file), analyse it and write the reports.

    Options that name encoders, benchmarks or perturbations replace the suite's own lists; the suite keeps the rest.
    """
    runtime = {name: options.pop(name) for name in RUNTIME}
    with ProgressBars() as bars:
        bars.stage("read suite, data and encoders", 1)
        plan, folder = plan_from_options(suite, data, **options)
    return finish(plan, out or folder, overwrite=overwrite, **runtime)
