"""``robustir encode``: texts to a NumPy file."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import click


@click.command(name="encode")
@click.argument("spec")
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@click.option("--role", type=click.Choice(["query", "passage"]), default="query", show_default=True)
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

    made = encoder(spec)
    if not hasattr(made, "encode"):
        raise InputError(
            f"{spec} scores passages directly and makes no vectors; choose an encoder from  robustir list encoders"
        )
    if made.uses_langs and lang is None:
        raise InputError(f"{spec} needs to know the language of the texts: give --lang")
    texts = file.read().removesuffix("\n").split("\n")
    vectors = check_vectors(
        made.encode(texts, role=role, langs=[lang] * len(texts) if lang else None), len(texts), spec
    )

    def write(path: Path) -> None:
        with path.open("wb") as handle:
            np.save(handle, vectors, allow_pickle=False)

    write_atomically(out, write)
    click.echo(f"{vectors.shape[0]} vectors of {vectors.shape[1]} dimensions in {out}")
