"""``robustir cache``: the store of vectors."""

from __future__ import annotations

import json

import click

from robustir.cli.options import json_option


@click.group(name="cache")
def command() -> None:
    """Show or prune the store of vectors ($ROBUSTIR_CACHE, else the user's cache folder)."""


@command.command(name="info")
@json_option
def info(as_json: bool) -> None:
    """Say where the store is, how large, and what is in it."""
    from robustir.vectors.store import EmbeddingStore

    row = EmbeddingStore(None).info()
    if as_json:
        click.echo(json.dumps([{"name": "embeddings", **row}], indent=2, ensure_ascii=False))
        return
    for key, value in row.items():
        click.echo(f"{key:<12}{value}")


@command.command(name="prune")
def prune() -> None:
    """Delete all stored vectors; they are encoded again when needed."""
    from robustir.vectors.store import EmbeddingStore

    EmbeddingStore(None).prune()
    click.echo("pruned")
