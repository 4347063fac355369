"""``robustir train``: an encoder from pairs of texts."""

from __future__ import annotations

from pathlib import Path

import click

from robustir.cli.confirming import code_option
from robustir.cli.options import data_option


@click.command(name="train")
@click.argument("config", type=click.Path(path_type=Path))
@data_option
@code_option
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The folder of the encoder.")
@click.option(
    "--seed", "seeds", type=click.IntRange(0), multiple=True, help="Instead of the configuration's (repeatable)."
)
@click.option(
    "--sampling",
    "samplings",
    type=click.Choice(["x-x", "x-y", "hybrid"]),
    multiple=True,
    help="Instead of the configuration's, nothing else changed (repeatable).",
)
def command(config: Path, data: Path | None, out: Path, seeds: tuple[int, ...], samplings: tuple[str, ...]) -> None:
    """Train the encoder that CONFIG (TOML, or the name of a shipped one) describes.

    The same command continues an interrupted one, and gives the same encoder to the bit. Several seeds or samplings make
    one encoder each, in OUT/SAMPLING-SEED; pairs are read and pieces are learnt once for all.
    """
    from robustir.cli.progress import ProgressBars
    from robustir.disk.folders import use_data_folder
    from robustir.errors import DataError
    from robustir.training.config import find_config, load_config
    from robustir.training.trainer import Prepared, train

    path = find_config(config)
    told = load_config(path)
    several = len(seeds) > 1 or len(samplings) > 1
    arms = [
        load_config(path, seed=seed, sampling=sampling)
        for seed in seeds or (told.seed,)
        for sampling in samplings or (told.sampling,)
    ]
    folder = use_data_folder(data)
    if folder is None:
        raise DataError("the data folder is missing; give it with --data or ROBUSTIR_DATA")
    prepared = None
    if several:
        with ProgressBars() as bars:
            prepared = Prepared.read(arms[0], folder, bars=bars)
    for arm in arms:
        place = out / f"{arm.sampling}-{arm.seed}" if several else out
        with ProgressBars() as bars:
            outcome = train(arm, folder, place, bars, prepared=prepared)
        chosen = f" (the best state, of step {outcome.written})" if outcome.written < outcome.steps else ""
        losses = ", ".join(f"{kind} {loss:.3f}" for kind, loss in outcome.losses.items())
        click.echo(
            f"{place}: {outcome.steps} steps{chosen} in {outcome.cpu_seconds:.0f} CPU seconds; loss {losses}; "
            f"robustir run SUITE --encoder \"{arm.model.kind}('{place}')\""
        )
