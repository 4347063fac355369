"""``robustir encode``: texts to a NumPy file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

import click

from robustir.cli.lines import read_lines
from robustir.cli.progress import ProgressBars

_PART = 1024  # texts between two steps of the bar; vectors may depend on it in their last bits


@click.command(name="encode")
@click.argument("spec")
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@click.option(
    "--role",
    type=click.Choice(["query", "passage"]),
    default="query",
    show_default=True,
    help="What the texts are, for encoders that treat queries and passages differently.",
)
@click.option("--lang", help="Language of the texts, for encoders that use it.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The .npy file to write, float32 [lines, dimensions].",
)
def command(spec: str, file: TextIO, role: str, lang: str | None, out: Path) -> None:
    """Encode each line of FILE (stdin by default) with the encoder SPEC."""
    import numpy as np

    from robustir.api import encoder
    from robustir.disk.atomic import write_atomically
    from robustir.encoders.adapters import check_vectors
    from robustir.errors import InputError

    model: Any = encoder(spec)
    if not hasattr(model, "encode"):
        raise InputError(
            f"{spec} scores passages directly and makes no vectors; choose an encoder from  robustir list encoders"
        )
    if model.uses_langs and lang is None:
        raise InputError(f"{spec} needs to know the language of the texts: give --lang")
    _say_cautions(spec, model, lang)
    texts = read_lines(file)
    if not texts:
        raise InputError("the input is empty; give one text per line")
    parts = []
    with ProgressBars() as bars:
        bars.stage(f"encode with {spec}", len(texts), "texts")
        for start in range(0, len(texts), _PART):
            some = texts[start : start + _PART]
            langs = [lang] * len(some) if lang else None
            parts.append(check_vectors(model.encode(some, role=role, langs=langs), len(some), spec))
            bars.step(len(some))
    if len({part.shape[1] for part in parts}) > 1:
        raise InputError(f"{spec} returned vectors of several dimensions; all must have the same")
    vectors = np.concatenate(parts)

    def write(path: Path) -> None:
        with path.open("wb") as handle:
            np.save(handle, vectors, allow_pickle=False)

    write_atomically(out, write)
    click.echo(f"{vectors.shape[0]} vectors of {vectors.shape[1]} dimensions in {out}")


def _say_cautions(spec: str, model: Any, lang: str | None) -> None:
    from robustir.languages import normalise
    from robustir.planning.optional import unfamiliar_languages

    lacking = unfamiliar_languages(spec, model, [normalise(lang)]) if lang is not None else ""
    for note in filter(None, (lacking, getattr(model, "caution", ""))):
        click.echo(f"robustir: {note}", err=True)
