"""``robustir resume``: finish what is missing."""

from __future__ import annotations

from pathlib import Path

import click

from robustir.cli.options import data_option, runtime_options
from robustir.cli.outcome import finish


@click.command(name="resume")
@click.argument("run", type=click.Path(path_type=Path))
@data_option
@runtime_options
@click.option(
    "--keep-top",
    type=click.IntRange(0),
    default=0,
    metavar="K",
    help="Keep the top K passages of the cells that are still to do.",
)
@click.option(
    "--format", "formats", default="html,pdf", show_default=True, help="Reports to write: html, pdf, latex, csv."
)
@click.option("--profile", is_flag=True, help="Say where the time went.")
def command(
    run: Path, data: Path | None, jobs: int | None, device: str, keep_top: int, formats: str, profile: bool
) -> int:
    """Finish what is missing of RUN, and only that; failed cells are tried again."""
    from robustir.errors import RunError
    from robustir.folders import data_folder
    from robustir.plan import make_plan
    from robustir.store import RunDirectory
    from robustir.suite import Suite

    manifest = RunDirectory.open(run).read_manifest()
    plan = make_plan(Suite.model_validate(manifest["suite"]), data_folder(data or manifest["data"]))
    if plan.digest() != manifest["plan"]:
        raise RunError(
            f"{run} cannot be resumed: data, encoders or software changed since {manifest['created']}; run the suite into another folder"
        )
    return finish(plan, run, jobs=jobs, device=device, keep_top=keep_top, formats=formats, profile=profile)
