"""``robustir mt-channel``: estimate the noise of machine translation from real systems' output, and compare it with them."""

from __future__ import annotations

from pathlib import Path

import click

from robustir.cli.options import data_option

_PAIRS = click.option("--pairs", help="Language pairs, such as  en-de,de-en; all twenty with English by default.")


@click.group(name="mt-channel")
def command() -> None:
    """Estimate the noise of machine translation from real systems' output, and compare it with them."""


@command.command()
@data_option
@_PAIRS
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder for the tables.")
def build(data: Path | None, pairs: str | None, out: Path) -> None:
    """Count the errors of systems on FLORES dev (mt-outputs, flores/dev, frequency) and write the tables of mt-channel.

    One file per pair, and one of frequent words per target language. The same data give the same bytes.
    """
    from robustir.cli.progress import ProgressBars
    from robustir.resources.translation_noise.mt_channel import build_frequent, build_table

    folder, chosen = _folder(data), _chosen(pairs)
    lines = []
    with ProgressBars() as bars:
        bars.stage("pairs", len(chosen))
        lines += [str(build_frequent(folder, lang, out)) for lang in sorted({target for _, target in chosen})]
        for source, target in chosen:
            path, table = build_table(folder, source, target, out)
            lines.append(f"{path}: best {table.best}; open systems {', '.join(table.systems)}")
            bars.step()
    click.echo("\n".join(lines))


@command.command()
@data_option
@_PAIRS
@click.option("--all", "every", is_flag=True, help="Every open system, not only the worst of each pair.")
@click.option("--json", "as_json", is_flag=True, help="An array instead of a table.")
def evaluate(data: Path | None, pairs: str | None, every: bool, as_json: bool) -> None:
    """Compare the channel with the systems that it imitates, on FLORES dev lines that were not used to estimate it.

    Rates are estimated on the odd lines. On the even lines the best system's output goes through the channel at severity
    0.5. The result, the best system and the imitated system are compared with the references: chrF2 (mean over lines),
    the same without case and punctuation, and the word error rate without them.
    """
    import json

    from robustir.cli.progress import ProgressBars
    from robustir.resources.translation_noise.mt_channel_quality import evaluate_pair

    folder, chosen = _folder(data), _chosen(pairs)
    rows = []
    with ProgressBars() as bars:
        bars.stage("pairs", len(chosen))
        for source, target in chosen:
            systems = list(evaluate_pair(folder, source, target))
            rows += [system.as_row() for system in (systems if every else systems[-1:])]
            bars.step()
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    click.echo("\t".join(rows[0]))
    for row in rows:
        click.echo("\t".join(f"{value:.3f}" if isinstance(value, float) else value for value in row.values()))


def _folder(given: Path | None) -> Path:
    from robustir.disk.folders import data_folder
    from robustir.errors import DataError

    folder = data_folder(given)
    if folder is None:
        raise DataError("the data folder is missing; give it with --data or ROBUSTIR_DATA")
    return folder


def _chosen(pairs: str | None) -> list[tuple[str, str]]:
    from robustir.errors import SpecError
    from robustir.resources.translation_noise.mt_channel import PAIRS

    if pairs is None:
        return list(PAIRS)
    known = {"-".join(pair): pair for pair in PAIRS}
    names = [name.strip() for name in pairs.split(",")]
    if unknown := [name for name in names if name not in known]:
        raise SpecError(f"{unknown[0]!r} has no systems; --pairs takes any of {','.join(known)}")
    return [known[name] for name in names]
