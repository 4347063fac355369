"""``robustir scores``: the evidence itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

if TYPE_CHECKING:
    from robustir.rundir.directory import RunDirectory
    from robustir.types import Setting


@click.command(name="scores")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "parquet", "trec"]),
    required=True,
    help="trec: rankings, for runs made with --keep-top.",
)
@click.option(
    "--measure",
    "measures",
    multiple=True,
    metavar="M",
    help="Only this measure, such as nDCG@10 (repeatable); any can be asked for.",
)
@click.option("--setting", type=click.Choice(["mono", "cross", "multi"]))
@click.option("--encoder", metavar="SPEC", help="Only this encoder, as the run spells it.")
@click.option("--benchmark", metavar="NAME", help="Only this benchmark.")
@click.option("--perturbation", default="", metavar="SPEC", help="trec: the condition; clean by default.")
@click.option("--severity", type=float, default=0.0, help="trec: the condition's severity.")
@click.option("--draw", type=int, default=0, help="trec: the condition's draw.")
def command(
    run: Path,
    form: str,
    measures: tuple[str, ...],
    setting: str | None,
    encoder: str | None,
    benchmark: str | None,
    perturbation: str,
    severity: float,
    draw: int,
) -> None:
    """Stream the per-query table of RUN (or one of its rankings) to stdout."""
    from robustir.evidence.per_query import trec_lines
    from robustir.rundir.directory import RunDirectory

    directory = RunDirectory.open(run)
    chosen = cast("Setting | None", setting)
    if form == "trec":
        lines = trec_lines(
            directory,
            setting=chosen or "mono",
            encoder=encoder,
            benchmark=benchmark,
            perturbation=perturbation,
            severity=severity,
            draw=draw,
        )
        for line in lines:
            click.echo(line)
    else:
        _stream(directory, form, {"measures": measures, "setting": chosen, "encoder": encoder, "benchmark": benchmark})


def _stream(directory: RunDirectory, form: str, chosen: dict[str, Any]) -> None:
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    from robustir.evidence.per_query import score_tables

    sink: Any = pa.PythonFile(sys.stdout.buffer, mode="w")
    writer: Any = None
    for table in score_tables(directory, **chosen):
        if writer is None and form == "csv":
            writer = pc.CSVWriter(sink, table.schema, write_options=pc.WriteOptions(quoting_style="needed"))
        elif writer is None:
            writer = pq.ParquetWriter(sink, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()
    sys.stdout.flush()
