"""``robustir asr``: find the words that a speech recogniser takes for each other."""

from __future__ import annotations

from pathlib import Path

import click

from robustir.cli.options import data_option


@click.group(name="asr")
def command() -> None:
    """Find the words that a speech recogniser takes for each other, for the perturbation asr."""


@command.command()
@data_option
@click.option("--languages", help="Codes such as  en,de; all eleven by default.")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder for the tables.")
def build(data: Path | None, languages: str | None, out: Path) -> None:
    """Write a table of near-sounding words per language, from frequent words (frequency) that edited text knows.

    espeak-ng says how words sound (Debian package espeak-ng), pypinyin how Chinese words do (extra lexicon). Edited text
    is FLORES dev, newstest, Tatoeba and MKQA, as far as the data folder has them. The same data and tools give the same bytes.
    """
    from robustir.cli.progress import ProgressBars
    from robustir.disk.folders import data_folder
    from robustir.errors import DataError
    from robustir.languages import LANGUAGES
    from robustir.resources.recognition.tables import build_table
    from robustir.resources.recognition.vocabulary import SIZE

    folder = data_folder(data)
    if folder is None:
        raise DataError("no data folder; give one with --data or ROBUSTIR_DATA")
    chosen = [code.strip() for code in languages.split(",")] if languages else list(LANGUAGES)
    if unknown := sorted(set(chosen) - set(LANGUAGES)):
        raise click.BadParameter(f"{unknown[0]!r} is not one of {', '.join(LANGUAGES)}", param_hint="--languages")
    out.mkdir(parents=True, exist_ok=True)
    lines = []
    with ProgressBars() as bars:
        bars.stage("words", SIZE * len(chosen))
        for lang in chosen:
            path, count = build_table(folder, lang, out, bars.step)
            lines.append(f"{path}: {count} words")
    click.echo("\n".join(lines))
