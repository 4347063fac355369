"""``robustir chat``: count how forum writers write."""

from __future__ import annotations

from pathlib import Path

import click


@click.group(name="chat")
def command() -> None:
    """Count how forum writers write, for the perturbation chat."""


@command.command()
@click.argument("annotated", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File for the rates.")
def rates(annotated: Path, out: Path) -> None:
    """Count in RoCS-MT's annotation (RoCS-annotated.tsv) how often words are written as chat writes them.

    Of each kind: how often it was written where it could have been. The file holds rates, no text.
    """
    from robustir.resources.natural_noise.forum import count_chat_rates
    from robustir.resources.natural_noise.rates import write_rates

    content = count_chat_rates(annotated)
    write_rates(out, content)
    click.echo(f"{out}: {content['words']} words")
