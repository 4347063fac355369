"""``robustir plan``: what would run, and what it costs, without running it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robustir.cli.options import json_option, plan_from_options, suite_options
from robustir.cli.progress import ProgressBars

if TYPE_CHECKING:
    from robustir.planning.plan import Plan


@click.command(name="plan")
@suite_options
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="Run directory to compare with; by default that of  robustir run.",
)
@json_option
def command(suite: str, data: Path | None, out: Path | None, as_json: bool, **options: Any) -> None:
    """Say what SUITE would run, what is done already or not applicable, and which differences it could detect."""
    from robustir.cli.estimates import estimate, refuse_hopeless
    from robustir.rundir.directory import RunDirectory

    with ProgressBars() as bars:
        bars.stage("read suite, data and encoders", 1)
        plan, folder = plan_from_options(suite, data, **options)
        rows = estimate(plan, RunDirectory(out or folder))
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        _show(plan, rows)
    refuse_hopeless(plan, rows["families"])


def _show(plan: Plan, rows: dict[str, Any]) -> None:
    click.echo(f"suite {plan.suite.name}: {plan.suite.description}".rstrip(": "))
    for row in rows["benchmarks"]:
        click.echo(
            f"benchmark     {row['name']}: {row['queries']} queries in {len(row['languages'])} languages, {row['passages']} passages, "
            f"{row['groups']} groups ({row['group_kind']}); {', '.join(row['settings'])}"
        )
        if row["settings_note"]:
            click.echo(f"              {row['settings_note']}")
        for note in row["notes"]:
            click.echo(f"              note: {note}")
    for row in rows["perturbations"]:
        severities = ", ".join(f"{value:g}" for value in row["severities"])
        click.echo(f"perturbation  {row['name']}: severities {severities}; {row['draws']} draws")
    missing: dict[tuple[str, str], list[str]] = {}
    for row in rows["not_applicable"]:
        missing.setdefault((row["benchmark"], row["name"]), []).append(row["language"])
    scopes = {noise.name: noise.perturbation.scope for noise in plan.noises}
    for (benchmark, noise), langs in missing.items():
        more = f"; {scopes[noise]}" if scopes[noise] else ""
        click.echo(f"              not applicable: {noise} in {', '.join(langs)} ({benchmark}){more}")
    for row in rows["encoders"]:
        click.echo(
            f"encoder       {row['name']}: {row['cells']} cells, {row['done']} done; at most {row['texts']} texts to encode ({row['per_second']})"
        )
    click.echo(
        f"cells         {rows['cells']}, of which {rows['done']} are done in {rows['run']}; about {rows['gigaflop']:.0f} GFLOP of scores"
    )
    click.echo(f"search        {_searched(rows['index'])}")
    how = rows["statistics"]
    click.echo(
        f"statistics    test: {how['test']}; correction: {how['correction']}; {100 * how['confidence']:g}% intervals: {how['interval']}"
    )
    click.echo(f"rankings      {_kept(rows['kept_rankings'])}")
    for row in rows["families"]:
        reach = f"; smallest adjusted p in reach: {row['smallest_p']:.2g}" if row["smallest_p"] else ""
        click.echo(f"hypotheses    {row['hypotheses']} {row['name']} are declared, adjusted together{reach}")
    for row in rows["detectable"]:
        click.echo(f"detectable    {row['benchmark']} ({row['what']}; {row['family']}): {_found(row)} ({row['basis']})")


def _searched(index: Mapping[str, Any]) -> str:
    if not index["depth"]:
        return "exact: every passage is scored, and ranks are of any depth"
    return (
        f"{index['spec']}: a query meets about {index['scored_share']:.1%} of the passages and ranks end at {index['depth']:,}; "
        f"the indexes take about {_room(index['bytes'])} with the run, and recall is measured"
    )


def _room(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{max(1, round(size / 2**20))} MiB"


def _found(row: dict[str, Any]) -> str:
    """Return what the tests of a row could find or show, in the measure's unit."""
    if row["why"]:
        return f"nothing can be said: {row['why']}"
    if "margin" in row:
        return (
            f"smallest margin {row['margin']:.3f} at 80% power; {row['margin_power']:.0%} power at the suite's margin"
        )
    if row["difference"] is not None and row["difference"] == row["unadjusted"]:
        return f"{row['difference']:.3f} at 80% power"
    if row["unadjusted"] is None:
        return "nothing, not even in a single test"
    alone = f"{row['unadjusted']:.3f} in a single test, which the declared test finds with {row['power']:.0%}"
    found = "nothing" if row["difference"] is None else f"{row['difference']:.3f} at 80% power"
    return f"{found} ({alone})"


def _kept(kept: Mapping[str, Any]) -> str:
    alone = "" if kept["noisy"] else "; of noisy rankings their overlap with these alone (lists: --keep-top)"
    return f"the top {kept['depth']} of each query are kept, at most {_room(kept['most'])}{alone}"
