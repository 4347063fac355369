"""``robustir fetch``: the data of benchmarks, and LASER's files."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="fetch")
@click.argument("benchmarks", nargs=-1, required=True)
@click.option(
    "--from",
    "sources",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Take the files from this folder or file instead of downloading (repeatable); checksums are still checked.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder for the benchmarks' folders; else $ROBUSTIR_DATA, else the user's data folder.",
)
def command(benchmarks: tuple[str, ...], sources: tuple[Path, ...], data: Path | None) -> None:
    """Download the data of BENCHMARKS (names or specs) at a pinned revision; an interrupted download is resumed.

    laser (or laser2, laser3('hi')) fetches the released files of that encoder into laser/ in the data folder.

    Licences and sources are shown first. Every file with a known sha256 is checked; no file is left half-written.
    """
    from robustir.cli.progress import ProgressBars
    from robustir.disk.fetching import fetchable, order
    from robustir.disk.folders import download_folder

    target = download_folder(data)
    orders = [order(fetchable(spec), sources) for spec in benchmarks]
    for wanted in orders:
        click.echo("\n".join(wanted.lines(target)), err=True)
    for wanted in orders:
        with ProgressBars() as bars:
            if wanted.size:
                bars.stage(f"fetch {wanted.name}", wanted.size, "bytes")
                done = wanted.carry_out(target, sources, lambda: None, bars.step)
            else:
                bars.stage(f"fetch {wanted.name}", len(wanted.remotes), "files")
                done = wanted.carry_out(target, sources, bars.step)
        counts = ", ".join(f"{number} {how}" for how, number in sorted(done.items()))
        click.echo(f"{wanted.name}: {counts} in {target / wanted.folder}")
