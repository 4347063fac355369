"""``robustir resume``: finish what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from robustir.cli.confirming import code_option
from robustir.cli.options import data_option, runtime_options
from robustir.cli.outcome import finish
from robustir.cli.progress import ProgressBars


@click.command(name="resume")
@click.argument("run", type=click.Path(path_type=Path))
@data_option
@code_option
@runtime_options
def command(run: Path, data: Path | None, **runtime: Any) -> int:
    """Run the missing cells of RUN; failed cells are tried again."""
    from robustir.disk.folders import use_data_folder
    from robustir.errors import RunError
    from robustir.planning.live import is_live
    from robustir.planning.plan import make_plan
    from robustir.rundir.directory import RunDirectory
    from robustir.rundir.extension import differences

    manifest = RunDirectory.open(run).read_manifest()
    suite = manifest.suite
    _refuse_live(run, [spec for spec in (*suite.benchmarks, *suite.encoder_specs) if is_live(spec)])
    with ProgressBars() as bars:
        bars.stage("read suite, data and encoders", 1)
        plan = make_plan(suite, use_data_folder(data or manifest.data))
    planned = {encoder.spec for encoder in plan.encoders}
    live = [row.name for row in manifest.encoders if row.spec not in planned]
    _refuse_live(run, live)
    if plan.digest() != manifest.plan and (found := list(differences(RunDirectory(run), manifest, plan))):
        raise RunError(
            f"{run} cannot be resumed: data, encoders or software changed since {manifest.created}: {'; '.join(found)}. "
            "Run the suite in another folder"
        )
    return finish(plan, run, **runtime)


def _refuse_live(run: Path, live: Sequence[str]) -> None:
    """Raise RunError if a run scored objects that only Python can provide again."""
    from robustir.errors import RunError

    if live:
        raise RunError(
            f"{run} scored live objects ({', '.join(live)}); call robustir.run again from Python, with the same objects"
        )
