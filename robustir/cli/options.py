"""Options that several commands share, and how they change a suite."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from robustir.cli.confirming import code_option
from robustir.protocol import CORRECTIONS, INTERVALS, TESTS

if TYPE_CHECKING:
    from robustir.planning.plan import Plan
    from robustir.planning.suite import Suite

__all__ = [
    "data_option",
    "format_option",
    "json_option",
    "plan_from_options",
    "runtime_options",
    "statistics_options",
    "suite_from_options",
    "suite_options",
]

F = TypeVar("F", bound=Callable[..., Any])

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder that holds the benchmarks' folders; else $ROBUSTIR_DATA, else the user's data folder.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
partial_option = click.option(
    "--partial", is_flag=True, help="Take an unfinished run as it is; results say that they are partial."
)


def _use_device(_context: click.Context, _parameter: click.Parameter, device: str | None) -> str:
    from robustir.encoders.devices import use_device

    return use_device(device)


def _formats(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[str, ...]:
    """Read a list of formats; an unknown format is refused at once."""
    from robustir.errors import InputError
    from robustir.reports.writing import FORMATS, check_formats

    try:
        chosen = check_formats([part.strip() for part in text.split(",") if part.strip()])
    except InputError as error:
        raise click.BadParameter(str(error)) from None
    if not chosen:
        raise click.BadParameter(f"name at least one of {', '.join(FORMATS)}")
    return chosen


format_option = click.option(
    "--format",
    "formats",
    default="html,pdf",
    show_default=True,
    metavar="F,F",
    callback=_formats,
    help="Reports to write: html, pdf, latex, markdown, csv, mteb.",
)

_STATISTICS_OPTIONS = [
    click.option(
        "--test",
        type=click.Choice(TESTS),
        help="Paired test by groups, instead of the suite's: sign flips by default.",
    ),
    click.option(
        "--correction",
        type=click.Choice(CORRECTIONS),
        help="Correction of the declared hypotheses, instead of the suite's: max-t by default, holm with another test than flips; bh if nothing is declared.",
    ),
    click.option(
        "--interval",
        type=click.Choice(INTERVALS),
        help="Kind of bootstrap interval, instead of the suite's: studentised by default.",
    ),
]

_SUITE_OPTIONS = [
    click.argument("suite"),
    data_option,
    code_option,
    click.option(
        "--encoder",
        "encoders",
        multiple=True,
        metavar="[NAME=]SPEC",
        help="Score this encoder instead of the suite's, under NAME if given (repeatable).",
    ),
    click.option(
        "--benchmark",
        "benchmarks",
        multiple=True,
        metavar="SPEC",
        help="Use this benchmark instead of the suite's (repeatable).",
    ),
    click.option(
        "--perturbation",
        "perturbations",
        multiple=True,
        metavar="SPEC",
        help="Use this perturbation instead of the suite's (repeatable).",
    ),
    click.option("--languages", metavar="L,L", help="Restrict to these languages."),
    click.option("--settings", metavar="S,S", help="Settings to report: mono, cross, multi."),
    click.option(
        "--measure",
        "measures",
        multiple=True,
        metavar="M",
        help="Report this measure instead of the suite's, such as AP or nDCG@10; the first is the main one (repeatable, or with commas).",
    ),
    click.option(
        "--limit",
        type=click.IntRange(1),
        metavar="N",
        help="Take N queries per language, always the same ones; all passages stay.",
    ),
    click.option(
        "--longest",
        type=click.IntRange(1),
        metavar="N",
        help="Allow queries of N characters, instead of the suite's 100,000: a collection with a longer one is refused.",
    ),
    click.option(
        "--index",
        metavar="SPEC",
        help="How vectors are searched: exact (the default), or an index of faiss such as flat, ivf(nlist=1024), hnsw(m=32), "
        "pq(m=48) or ivfpq(nlist=1024); see docs/large-collections.md.",
    ),
    click.option("--severities", metavar="S,S", help="Severities (shares above 0, at most 1) instead of the suite's."),
    click.option("--draws", type=click.IntRange(1, 1000), help="Draws per severity."),
    click.option("--seed", type=click.IntRange(0), help="Seed of every random stream."),
    *_STATISTICS_OPTIONS,
]

_RUNTIME_OPTIONS = [
    click.option(
        "--jobs",
        "-j",
        type=click.IntRange(1),
        help="Worker processes, one core each; by default all cores, unless the run is small. Results do not depend on it.",
    ),
    click.option(
        "--executor",
        type=click.Choice(["local", "ray"]),
        default="local",
        show_default=True,
        help="Where workers run; ray: on a Ray cluster that shares the file system (robustir[cluster]).",
    ),
    click.option(
        "--ray-address",
        metavar="HOST:PORT",
        help="Ray cluster to run on, with --executor ray; else $RAY_ADDRESS, else a cluster on this machine.",
    ),
    click.option(
        "--device",
        type=click.Choice(["cpu", "cuda"]),
        callback=_use_device,
        help="Where to encode and to multiply vectors; by default cuda if available. cuda uses one process.",
    ),
    click.option(
        "--keep-top",
        type=click.IntRange(0),
        metavar="K",
        help="Keep the top K passages of every list with their scores (for TREC export); 0 keeps none. By default the "
        "top 100 of the query's language and of the pool are kept, without scores.",
    ),
    format_option,
    click.option("--profile", is_flag=True, help="Show the time of each stage."),
    json_option,
]


def suite_options(function: F) -> F:
    """Add SUITE and the options that replace its lists."""
    for option in reversed(_SUITE_OPTIONS):
        function = option(function)
    return function


def statistics_options(function: F) -> F:
    """Add the options for how uncertainty is computed."""
    for option in reversed(_STATISTICS_OPTIONS):
        function = option(function)
    return function


def runtime_options(function: F) -> F:
    """Add the options for how to run."""
    for option in reversed(_RUNTIME_OPTIONS):
        function = option(function)
    return function


def _severities(text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not a list of numbers such as 0.1,0.3", param_hint="--severities"
        ) from None


def _listed(text: str | None) -> tuple[str, ...] | None:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else None


def _measures(texts: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the measures of repeated options or lists with commas; a comma inside brackets belongs to a measure."""
    parts = [part.strip() for text in texts for part in re.split(r",(?![^(]*\))", text)]
    return tuple(dict.fromkeys(part for part in parts if part)) or None


def plan_from_options(suite: str, data: Path | None, **options: Any) -> tuple[Plan, Path]:
    """Return the plan of a suite with its lists replaced by the options, and the default folder of its run."""
    from robustir.planning.plan import make_plan
    from robustir.planning.run_folder import run_folder
    from robustir.planning.suite import load_suite

    asked, folder = suite_from_options(suite, data, **options)
    plan = make_plan(asked, folder)
    for note in plan.encoder_notes:
        click.echo(f"robustir: {note}", err=True)
    for planned in plan.tasks:
        for note in planned.label_notes:
            click.echo(f"robustir: {planned.task.name}: {note}", err=True)
    return plan, run_folder(load_suite(suite), asked)


def suite_from_options(suite: str, data: Path | None, **options: Any) -> tuple[Suite, Path | None]:
    """Return a suite with its lists replaced by the options, and the data folder."""
    from robustir.disk.folders import use_data_folder
    from robustir.planning.suite import load_suite

    folder = use_data_folder(data)
    given = {
        **options,
        "languages": _listed(options["languages"]),
        "settings": _listed(options["settings"]),
        "measures": _measures(options["measures"]),
        "severities": _severities(options["severities"]),
    }
    return load_suite(suite).with_options(**given), folder
