"""``robustir export``: what an engine outside robustir needs, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from robustir.cli.options import suite_from_options, suite_options


@click.group(name="export")
def command() -> None:
    """Write what an engine outside robustir needs, as files."""


@command.command()
@suite_options
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the files; export/NAME by default, after the suite or run.",
)
def queries(suite: str, data: Path | None, out: Path | None, **options: Any) -> None:
    """Write the queries of SUITE (a name, a .toml file, or the folder of a run) for any search engine.

    For every benchmark: passages, judgements, and one file of queries per condition, including the clean queries, in
    BEIR's jsonl and as lines of an id, a tab and a text. index.json lists the condition of each file. No encoder is
    loaded. Rank the passages for each file, write TREC runs of the same names, and score them:

    \b
    robustir run SUITE [the same options] --encoder "trec-run('DIR/index.json')"
    """
    from robustir.disk.folders import use_data_folder
    from robustir.rundir.directory import RunDirectory
    from robustir.rundir.exporting import export_queries, export_run

    if options.pop("encoders"):
        raise click.BadParameter("queries do not depend on encoders; leave the option out", param_hint="--encoder")
    run = RunDirectory(suite)
    if run.exists:
        if given := [name for name, value in options.items() if value not in (None, (), False)]:
            raise click.BadParameter(
                f"{suite} is a run, which has its queries already; leave the option out, or name a suite",
                param_hint=_option(given[0]),
            )
        folder = out or Path("export") / (run.path.resolve().name or "run")
        known = run.read_manifest().data
        written = export_run(run, use_data_folder(data or known), folder)
    else:
        asked, where = suite_from_options(suite, data, **options, encoders=())
        folder = out or Path("export") / asked.name
        written = export_queries(asked, where, folder)
    for query_set in written:
        click.echo(f"{query_set.queries:>7} queries  {folder / query_set.tsv}")
    click.echo(
        f"\nRank the passages (corpus.tsv, corpus.jsonl) for each file, write TREC runs as {folder}/*/runs/NAME.txt, and then:"
    )
    click.echo(
        f"  robustir run {suite if not run.exists else 'SUITE'} [the same options] --encoder \"trec-run('{folder}/index.json')\""
    )


def _option(name: str) -> str:
    """Return an option as users type it."""
    return next(option.opts[0] for option in click.get_current_context().command.params if option.name == name)
