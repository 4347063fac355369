"""``robustir naturalness``: how near the noise of perturbations is to errors that people made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from robustir.cli.options import data_option, json_option

if TYPE_CHECKING:
    from robustir.resources.natural_noise.comparing import Compared

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
Row = tuple[str, Callable[["Compared"], str]]


@click.command(name="naturalness")
@click.argument("specs", metavar="[SPEC]...", nargs=-1)
@click.option(
    "--natural",
    type=_FILE,
    required=True,
    help="Texts as people wrote them: lines of  clean <tab> noisy, or with --clean noisy lines alone, or JSON Lines with _id and text.",
)
@click.option("--clean", type=_FILE, help="What they meant to write, line by line, as text or JSON Lines.")
@click.option("--lang", default="en", show_default=True, help="The language of the texts.")
@click.option(
    "--also",
    multiple=True,
    metavar="NAME=FILE",
    help="Other recorded noise of the same clean texts, shown beside the perturbations (repeatable).",
)
@click.option(
    "--severity",
    type=click.FloatRange(0, 1, min_open=True),
    help="Severity of the perturbations; by default the natural share of words with an error.",
)
@click.option("--draws", type=click.IntRange(1), default=3, show_default=True, help="Draws of each perturbation.")
@click.option(
    "--dictionary",
    type=_FILE,
    help="Words that count as real, one per line, frequent ones first; by default frequency/LANG.txt in the data folder.",
)
@click.option(
    "--words",
    "whole",
    is_flag=True,
    help="Count whole words that were replaced, cut, joined, left out or added, as a speech recogniser errs, instead of letters.",
)
@click.option(
    "--rates",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the rates of these natural errors to this file, as  typos  reads them, or with --words  asr.",
)
@click.option(
    "--source", metavar="TEXT", help="Where the errors come from, for --rates; by default the names of the files."
)
@data_option
@click.option("--markdown", is_flag=True, help="The table as Markdown.")
@json_option
def command(
    specs: tuple[str, ...],
    natural: Path,
    clean: Path | None,
    lang: str,
    also: tuple[str, ...],
    severity: float | None,
    draws: int,
    whole: bool,
    dictionary: Path | None,
    rates: Path | None,
    source: str | None,
    data: Path | None,
    markdown: bool,
    as_json: bool,
) -> None:
    """Compare perturbations with errors that people made in the same texts, kind by kind.

    One optimal alignment of each pair (Damerau 1964) says what was edited. Edits of letters are shown as shares, by kind
    and by place in the word; words with an error by their length; case, spaces, marks and whole words per 100 words. The
    distances are Jensen-Shannon distances from the natural errors (the root of the divergence in bits; 0: equal, 1: nothing
    in common) of the kinds of letter edits, of their places, and of the lengths of erroneous words; and their mean.

    With --words the unit is the word: words of both sides are aligned by the letters that they share, up to three for
    three, and distances are of the kinds and of the classes of wrong words.
    """
    from robustir.cli.progress import ProgressBars
    from robustir.languages import normalise
    from robustir.resources.natural_noise.comparing import Reader, frequent_words
    from robustir.resources.natural_noise.pairs import read_pairs
    from robustir.resources.natural_noise.rates import count_rates, write_rates
    from robustir.resources.natural_noise.word_profile import count_word_rates, rounded

    if markdown and as_json:
        raise click.UsageError("--json and --markdown exclude each other; choose one")
    others = dict(_named(also))
    lang = normalise(lang)
    path = _dictionary(dictionary, data, lang)
    if whole and path is None:
        raise click.UsageError("--words needs a dictionary; give one with --dictionary, or the data folder with --data")
    known = None if path is None else frequent_words(path)
    with ProgressBars() as bars:
        bars.stage("compare", 1 + len(others) + len(specs))
        pairs = read_pairs(natural, clean)
        if rates is not None:
            names = ", ".join(path.name for path in (natural, clean) if path is not None)
            named = source or f"errors counted in {names}"
            counted = count_word_rates(pairs, lang, named, known or ()) if whole else count_rates(pairs, lang, named)
            write_rates(rates, counted)
        reader = Reader(pairs, lang, known, whole=whole)
        found = [reader.itself()]
        bars.step()
        for name, other in others.items():
            found.append(reader.recorded(name, other, clean))
            bars.step()
        for spec in specs:
            found.append(reader.perturbation(spec, severity, draws))
            bars.step()
    if as_json:
        click.echo(json.dumps([rounded(one.as_row()) for one in found], indent=2, ensure_ascii=False))
        return
    _show(found, _word_rows() if whole else _rows(), markdown=markdown)


def _named(given: Sequence[str]) -> Iterator[tuple[str, Path]]:
    for option in given:
        name, equals, path = option.partition("=")
        if not equals or not name or not Path(path).is_file():
            raise click.BadParameter(
                f"{option!r} is not NAME=FILE of a file that exists, such as  synthetic=noisy.txt", param_hint="--also"
            )
        yield name, Path(path)


def _dictionary(given: Path | None, data: Path | None, lang: str) -> Path | None:
    from robustir.disk.folders import data_folder

    folder = data_folder(data)
    if given is not None or folder is None:
        return given
    path = folder / "frequency" / f"{lang}.txt"
    return path if path.is_file() else None


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}%"


def _rows() -> Iterator[Row]:
    """Yield the lines of the table: a heading, and what it shows of each noise."""
    from robustir.resources.natural_noise.kinds import LETTER_KINDS, PLACES, SIDE_KINDS
    from robustir.resources.natural_noise.profile import LENGTHS

    def share(group: str, key: str) -> Callable[[Compared], str]:
        return lambda one: _percent(one.as_row()[group][key])

    def single(key: str) -> Callable[[Compared], str]:
        return lambda one: _percent(one.as_row()[key])

    def beside(kind: str) -> Callable[[Compared], str]:
        return lambda one: f"{one.as_row()['beside letters, per 100 words'][kind]:.2f}"

    def distance(name: str) -> Callable[[Compared], str]:
        return lambda one: f"{one.distances[name]:.3f}" if one.distances else "–"

    yield "words with an error", single("words with an error")
    yield from ((f"edit: {kind}", share("kinds", kind)) for kind in LETTER_KINDS)
    yield from ((f"place: {place} letter", share("places", place)) for place in PLACES)
    yield from ((f"error rate, {length} letters", share("errors by word length", length)) for length in LENGTHS)
    yield "several errors in a word", single("several errors in a word")
    yield "errors in function words", single("function words")
    yield "results that are real words", single("real words")
    yield from ((f"{kind}, per 100 words", beside(kind)) for kind in SIDE_KINDS)
    yield from ((f"distance: {name}", distance(name)) for name in ("kinds", "places", "lengths", "mean"))


def _word_rows() -> Iterator[Row]:
    """Yield the lines of the table of whole words."""
    from robustir.perturbations.tables.heard import CLASSES, KINDS

    def value(*keys: str) -> Callable[[Compared], str]:
        def shown(one: Compared) -> str:
            found = one.as_row()
            for key in keys:
                found = found[key]
            return _percent(float(found))  # type: ignore[arg-type] # the leaves of a row are numbers

        return shown

    def distance(name: str) -> Callable[[Compared], str]:
        return lambda one: f"{one.distances[name]:.3f}" if one.distances else "–"

    yield "words that are wrong", value("words that are wrong")
    yield "new words in no dictionary", value("new words in no dictionary")
    yield "texts with words lost or added", value("texts with words lost or added")
    yield from ((f"wrong word: {kind}", value("kinds", kind)) for kind in KINDS)
    yield "words added, per wrong word", value("added")
    yield from ((f"wrong, {name} words", value("rates", name)) for name in CLASSES)
    yield "first capital lost", value("sides", "capital")
    yield "final mark lost", value("sides", "final")
    yield "other mark lost", value("sides", "mark")
    yield from ((f"distance: {name}", distance(name)) for name in ("kinds", "classes", "mean"))


def _show(found: Sequence[Compared], rows: Iterator[Row], *, markdown: bool) -> None:
    heads = ["", *(one.name for one in found)]
    lines = [[title, *(cell(one) for one in found)] for title, cell in rows]
    if markdown:
        click.echo(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
        for line in lines:
            click.echo(f"| {' | '.join(line)} |")
        return
    widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
    for line in (heads, *lines):
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        click.echo("  ".join(cells).rstrip())
