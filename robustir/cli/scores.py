"""``robustir scores``: the evidence itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from robustir.cli.options import partial_option


@click.command(name="scores")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "parquet", "trec"]),
    required=True,
    help="trec: rankings, for runs made with --keep-top K.",
)
@click.option(
    "--measure",
    "measures",
    multiple=True,
    metavar="M",
    help="Only this measure, such as nDCG@10 (repeatable), also one that the suite does not name.",
)
@click.option(
    "--setting", type=click.Choice(["mono", "cross", "multi"]), help="Only this setting; trec: mono by default."
)
@click.option(
    "--encoder", metavar="SPEC", help="Only this encoder: its name, its spec, or an unambiguous part of either."
)
@click.option("--benchmark", metavar="NAME", help="Only this benchmark, named likewise.")
@click.option(
    "--perturbation", metavar="SPEC", help="Only this noise, named likewise, or clean; trec: clean by default."
)
@click.option("--severity", type=click.FloatRange(0, 1), help="Only this severity; 0 is clean.")
@click.option("--draw", type=click.IntRange(0), help="Only this draw; clean queries have draw 0 alone.")
@partial_option
def command(run: Path, form: str, measures: tuple[str, ...], partial: bool, **chosen: Any) -> None:
    """Stream the per-query table of RUN (or one of its rankings) to stdout."""
    from robustir.evidence.per_query import score_tables, trec_run
    from robustir.evidence.selection import Selection
    from robustir.rundir.directory import RunDirectory

    directory = RunDirectory.open(run, partial=partial)
    wanted = Selection(**chosen)
    if form != "trec":
        if form == "parquet" and sys.stdout.isatty():
            raise click.UsageError("Parquet is binary: write it to a file, as in  > scores.parquet")
        _stream(score_tables(directory, measures=measures, wanted=wanted), form)
        return
    if measures:
        raise click.BadParameter("a ranking is the same for all measures; leave the option out", param_hint="--measure")
    ranking = trec_run(directory, wanted)
    if ranking.rewritten:
        click.echo(
            f"robustir: {ranking.rewritten} ids hold blanks, which separate the columns of a TREC run: they are written as "
            "in a URL (%20 for a blank), as in the judgements of  robustir export queries",
            err=True,
        )
    for line in ranking.lines:
        click.echo(line)


def _stream(tables: Iterator[Any], form: str) -> None:
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    from robustir.errors import RunError

    sink: Any = pa.PythonFile(sys.stdout.buffer, mode="w")
    writer: Any = None
    for table in tables:
        if writer is None and form == "csv":
            writer = pc.CSVWriter(sink, table.schema, write_options=pc.WriteOptions(quoting_style="needed"))
        elif writer is None:
            writer = pq.ParquetWriter(sink, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is None:
        raise RunError("the table is empty: the chosen settings define none of the measures; choose others")
    writer.close()
    sys.stdout.flush()
