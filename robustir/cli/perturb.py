"""``robustir perturb``: add noise to texts."""

from __future__ import annotations

import json
from dataclasses import asdict
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, TextIO

import click

from robustir.cli.lines import read_lines
from robustir.cli.progress import ProgressBars
from robustir.noise.lengths import LONGEST, check_lengths

if TYPE_CHECKING:
    from robustir.types import QuerySet

_PART = 2048  # texts between two steps of the bar


@click.command(name="perturb")
@click.argument("spec")
@click.argument("file", type=click.File("r", encoding="utf-8", errors="strict"), default="-")
@click.option("--lang", "-l", help="Language of the texts, such as en; with --jsonl that of records without a lang.")
@click.option(
    "--severity",
    "-s",
    type=click.FloatRange(0, 1),
    required=True,
    help="Expected share of eligible units (words) that are edited.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Seed of the noise; the same seed gives the same noise.",
)
@click.option(
    "--draw", type=click.IntRange(0), default=0, show_default=True, help="Another draw: other noise, same severity."
)
@click.option(
    "--longest",
    type=click.IntRange(1),
    default=LONGEST,
    show_default=True,
    metavar="N",
    help="Allow texts of N characters; a longer one is refused.",
)
@click.option(
    "--jsonl",
    is_flag=True,
    help="Read and write JSON lines with _id (which then keys the noise), text and lang, adding the realised dose.",
)
def command(
    spec: str, file: TextIO, lang: str | None, severity: float, seed: int, draw: int, longest: int, jsonl: bool
) -> None:
    """Add the noise SPEC to each line of FILE (stdin by default): one line in, one line out.

    A line feed in a noisy text becomes a space; with --jsonl it stays.
    """
    from robustir.text.labels import label_notes
    from robustir.types import QuerySet

    ids, texts, rows = _read(file, jsonl=jsonl)
    ends = ["\r" if text.endswith("\r") and not jsonl else "" for text in texts]
    texts = [text.removesuffix(end) for text, end in zip(texts, ends, strict=True)]
    check_lengths("text", ids, texts, longest)
    queries = QuerySet.from_texts(texts, lang=_langs(lang, rows, len(texts)), ids=ids)
    for note in label_notes(queries.texts, queries.langs, "texts"):
        click.echo(f"robustir: {note}", err=True)
    noisy = _perturbed(queries, spec, severity=severity, seed=seed, draw=draw)
    if not jsonl:
        broken = sum("\n" in text for text in noisy.texts)
        for text, end in zip(noisy.texts, ends, strict=True):
            click.echo(text.replace("\n", " ") + end)
        if broken:
            click.echo(f"line feeds in {broken} noisy texts became spaces; --jsonl keeps them", err=True)
        return
    doses = {name: values for name, values in asdict(noisy.dose).items() if values is not None} if noisy.dose else {}
    for number, (row, text) in enumerate(zip(rows, noisy.texts, strict=True)):
        realised = {name: float(values[number]) for name, values in doses.items()}
        click.echo(json.dumps({**row, "text": text, **realised}, ensure_ascii=False))


def _perturbed(queries: QuerySet, spec: str, **chosen: Any) -> QuerySet:
    """Perturb in parts, so that a bar can show progress; the noise of a text does not depend on other texts."""
    import numpy as np

    from robustir.noise.applying import perturb
    from robustir.plugins.registry import create
    from robustir.types import Dose

    plugin = create("perturbation", spec)
    parts = []
    with ProgressBars() as bars:
        bars.stage(f"perturb with {spec}", len(queries), "texts")
        for start in range(0, len(queries), _PART):
            part = perturb(queries.select(range(start, min(start + _PART, len(queries)))), plugin, **chosen)
            parts.append(part)
            bars.step(len(part))
    if len(parts) < 2:
        return parts[0] if parts else queries
    columns = [asdict(part.dose) for part in parts if part.dose is not None]
    dose = {
        name: np.concatenate([column[name] for column in columns])
        for name, values in columns[0].items()
        if values is not None
    }
    return queries.with_texts([text for part in parts for text in part.texts], Dose(**dose))


def _langs(given: str | None, rows: list[dict[str, object]], size: int) -> list[str]:
    """Return the language of every text: that of its record, else ``given``."""
    langs = [str(row["lang"]) if row.get("lang") else given for row in rows] if rows else [given] * size
    if None in langs:
        where = f"record {langs.index(None) + 1} has no lang, so" if rows else "the texts name no language;"
        raise click.UsageError(f"{where} give --lang, such as  --lang en")
    return [lang for lang in langs if lang is not None]


def _read(file: TextIO, *, jsonl: bool) -> tuple[list[str], list[str], list[dict[str, object]]]:
    from robustir.disk.parsing import parse_json
    from robustir.errors import DataError

    if isinstance(file, TextIOWrapper):
        file.reconfigure(newline="")  # a carriage return at the end of a line stays there
    lines = read_lines(file)
    if not jsonl:
        return [str(number) for number in range(len(lines))], lines, []
    rows, name = [], getattr(file, "name", "input")
    for number, line in enumerate(lines, start=1):
        try:
            row = parse_json(line)
            text = row["text"]
        except (ValueError, KeyError, TypeError):
            raise DataError(f"{name}:{number}: not a JSON object with a string 'text'") from None
        if not isinstance(text, str):
            raise DataError(f"{name}:{number}: 'text' is not a string")
        rows.append(row)
    return [str(row.get("_id", number)) for number, row in enumerate(rows)], [row["text"] for row in rows], rows
