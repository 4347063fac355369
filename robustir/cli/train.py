"""``robustir train``: an encoder from pairs of texts."""

from __future__ import annotations

from pathlib import Path

import click

from robustir.cli.options import data_option


@click.command(name="train")
@click.argument("config", type=click.Path(path_type=Path))
@data_option
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The folder of the encoder.")
@click.option("--seed", type=click.IntRange(0), help="Instead of the configuration's.")
@click.option(
    "--sampling",
    type=click.Choice(["x-x", "x-y", "hybrid"]),
    help="Instead of the configuration's, nothing else changed.",
)
def command(config: Path, data: Path | None, out: Path, seed: int | None, sampling: str | None) -> None:
    """Train the encoder that CONFIG (TOML, or the name of a shipped one) describes.

    The same command goes on where an interrupted one left off, and gives the same encoder to the bit.
    """
    from robustir.cli.progress import ProgressBars
    from robustir.errors import DataError
    from robustir.folders import use_data_folder
    from robustir.training.config import find_config, load_config
    from robustir.training.trainer import train

    loaded = load_config(find_config(config), seed=seed, sampling=sampling)
    folder = use_data_folder(data)
    if folder is None:
        raise DataError("there is no data folder; give one with --data or ROBUSTIR_DATA")
    with ProgressBars() as bars:
        outcome = train(loaded, folder, out, bars)
    losses = ", ".join(f"{kind} {loss:.3f}" for kind, loss in outcome.losses.items())
    click.echo(f"{outcome.steps} steps in {outcome.cpu_seconds:.0f} CPU seconds; loss {losses}")
    click.echo(f"encoder   {outcome.folder}   (robustir run SUITE --encoder 'static({str(outcome.folder)!r})')")
    click.echo(f"packed    {outcome.folder / 'packed'}")
