"""``robustir calibrate``: realised doses of perturbations, and the tables behind ``dose='cer:x'``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from robustir.cli.options import data_option, json_option

if TYPE_CHECKING:
    from robustir.resources.calibration import Realised

F = TypeVar("F", bound=Callable[..., Any])

_SPECS = click.argument("specs", metavar="[SPEC]...", nargs=-1)
_LANGUAGES = click.option("--languages", metavar="L,L", help="Restrict to these languages.")
_MARKDOWN = click.option(
    "--markdown", is_flag=True, help="A table of perturbations by languages, as in the documentation."
)


def _numbers(_context: click.Context, parameter: click.Parameter, text: str) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if not values or not all(0 < value < float("inf") for value in values):
        raise click.BadParameter(f"{text!r} is not a list of numbers above 0, such as {parameter.default}")
    return values


@click.group(name="calibrate")
def command() -> None:
    """Calibrate perturbations to equal realised doses, and measure them.

    SPEC is any perturbation except an attack; by default the built-ins.
    """


@command.command()
@_SPECS
@data_option
@_LANGUAGES
@click.option(
    "--texts",
    multiple=True,
    metavar="LANG=FILE",
    help="Calibrate on your own texts, one per line, instead of FLORES dev (repeatable).",
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the tables."
)
def build(specs: tuple[str, ...], data: Path | None, languages: str | None, texts: tuple[str, ...], out: Path) -> None:
    """Measure each SPEC on training text and write its table, for  dose='cer:0.05', calibration='OUT'.

    The texts are FLORES dev (flores/dev in the data folder), or those of --texts. The same texts give the same bytes.
    Without SPEC all tables that come with robustir are built again.
    """
    from robustir.cli.progress import ProgressBars
    from robustir.resources.calibration import calibrate, shipped_specs, write_calibration

    chosen = list(specs) or shipped_specs()
    content, source = _training_texts(data, languages, texts)
    lines = []
    with ProgressBars() as bars:
        bars.stage("calibrate", len(chosen))
        for spec in chosen:
            name, spelled, entry = calibrate(spec, content, source)
            path = write_calibration(out, name, spelled, entry)
            lines.append(f"{path}: {spelled} in {', '.join(entry['languages'])}")
            bars.step()
    click.echo("\n".join(lines))


@command.command()
@_SPECS
@data_option
@_LANGUAGES
@click.option(
    "--severities",
    default="0.1,0.2,0.3,0.5",
    show_default=True,
    callback=_numbers,
    help="Nominal severities to measure.",
)
@_MARKDOWN
@json_option
def measure(
    specs: tuple[str, ...],
    data: Path | None,
    languages: str | None,
    severities: tuple[float, ...],
    markdown: bool,
    as_json: bool,
) -> None:
    """Measure the realised dose at nominal severities on the questions of XQuAD-R.

    Means over questions and two draws; the markdown cells are character error rate / edited words, in percent.
    """
    from robustir.plugins.registry import canonical
    from robustir.resources.calibration import measure, questions

    _one_way(markdown=markdown, as_json=as_json)
    content = questions(_folder(data), _chosen(languages))
    rows = _gathered(
        specs,
        lambda spec: measure(spec, canonical("perturbation", spec), content, severities),
    )
    if not markdown:
        _show(rows, as_json=as_json)
        return
    _matrix(
        rows,
        "severity",
        lambda row: f"{row.severity:g}",
        lambda row: f"{100 * row.char_error_rate:.1f}/{100 * row.word_edit_rate:.0f}",
        content,
    )


@command.command()
@_SPECS
@data_option
@_LANGUAGES
@click.option(
    "--doses", default="0.02,0.05,0.1", show_default=True, callback=_numbers, help="Character error rates to request."
)
@click.option(
    "--calibration",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of tables; by default those that come with robustir.",
)
@click.option(
    "--record",
    is_flag=True,
    help="Write the largest error of each language into the tables: from then on languages that miss by over 15% are refused.",
)
@_MARKDOWN
@click.option(
    "--draws",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    help="Draws of each dose; small doses of rare edits need more to be told from chance.",
)
@json_option
def verify(
    specs: tuple[str, ...],
    data: Path | None,
    languages: str | None,
    doses: tuple[float, ...],
    calibration: Path | None,
    record: bool,
    draws: int,
    markdown: bool,
    as_json: bool,
) -> None:
    """Compare requested doses with those realised on the questions of XQuAD-R.

    No curve is fitted to these questions, but FLORES dev was chosen as the source of the curves after a look at them. The
    markdown cells are realised character error rates in percent; a dash: out of reach in that language; a star: a dose
    was missed by more than 15%, so that --record makes all doses in that language be refused.
    """
    from robustir.perturbations.tables.calibrations import TOLERANCE, shipped_folder
    from robustir.resources import calibration as tables

    _one_way(markdown=markdown, as_json=as_json)
    content = tables.questions(_folder(data), _chosen(languages))
    rows = _gathered(specs, lambda spec: tables.verify(spec, content, doses, calibration, draws))
    if record:
        tables.record(calibration or shipped_folder(), rows)
    if not markdown:
        _show(rows, as_json=as_json)
        return
    refused = {(row.perturbation, row.lang) for row in rows if abs(_error(row)) > TOLERANCE}
    _matrix(
        rows,
        "asked",
        lambda row: f"{100 * _asked(row):g}",
        lambda row: f"{100 * row.char_error_rate:.2f}{'*' if (row.perturbation, row.lang) in refused else ''}",
        content,
        _worst,
    )


def _one_way(*, markdown: bool, as_json: bool) -> None:
    if markdown and as_json:
        raise click.UsageError("--json and --markdown exclude each other; choose one")


def _asked(row: Realised) -> float:
    assert row.asked is not None
    return row.asked


def _error(row: Realised) -> float:
    return row.char_error_rate / _asked(row) - 1


def _worst(rows: Sequence[Realised]) -> str:
    worst = max(rows, key=lambda row: abs(_error(row)))
    return f"{100 * _error(worst):+.0f}% {worst.lang}"


def _gathered(specs: Sequence[str], make: Callable[[str], Iterable[Realised]]) -> list[Realised]:
    from robustir.cli.progress import ProgressBars
    from robustir.resources.calibration import shipped_specs

    chosen = list(specs) or shipped_specs()
    rows: list[Realised] = []
    with ProgressBars() as bars:
        bars.stage("measure", len(chosen))
        for spec in chosen:
            rows += make(spec)
            bars.step()
    return rows


def _show(rows: Sequence[Realised], *, as_json: bool) -> None:
    table = [_row(row) for row in rows]
    if as_json:
        click.echo(json.dumps(table, indent=2, ensure_ascii=False))
        return
    if table:
        click.echo("\t".join(table[0]))
    for line in table:
        click.echo("\t".join(map(str, line.values())))


def _row(row: Realised) -> dict[str, Any]:
    values = asdict(row)
    asked = values.pop("asked")
    shown = {"name": values.pop("perturbation"), **({} if asked is None else {"asked": asked})}
    shown |= {key: round(value, 5) if isinstance(value, float) else value for key, value in values.items()}
    return shown if asked is None else shown | {"relative_error": round(_error(row), 4)}


def _matrix(
    rows: Sequence[Realised],
    title: str,
    condition: Callable[[Realised], str],
    cell: Callable[[Realised], str],
    languages: Iterable[str],
    summary: Callable[[Sequence[Realised]], str] | None = None,
) -> None:
    langs = list(languages)
    heads = ["perturbation", title, *langs, *(["worst"] if summary else [])]
    click.echo(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    grouped: dict[tuple[str, str], dict[str, Realised]] = {}
    for row in rows:
        grouped.setdefault((row.perturbation, condition(row)), {})[row.lang] = row
    for (name, level), by_lang in grouped.items():
        cells = [cell(by_lang[lang]) if lang in by_lang else "–" for lang in langs]
        end = [summary(list(by_lang.values()))] if summary else []
        click.echo(f"| {' | '.join([name, level, *cells, *end])} |")


def _folder(data: Path | None) -> Path:
    from robustir.disk.folders import use_data_folder
    from robustir.errors import DataError

    folder = use_data_folder(data)
    if folder is None:
        raise DataError("the data folder is missing; give it with --data or ROBUSTIR_DATA")
    return folder


def _chosen(languages: str | None) -> list[str] | None:
    from robustir.languages import normalise_all

    return list(normalise_all(languages.split(","))) if languages is not None else None


def _training_texts(
    data: Path | None, languages: str | None, given: Sequence[str]
) -> tuple[dict[str, Sequence[str]], str]:
    """Return texts by language, and the name of their source."""
    from robustir.errors import DataError
    from robustir.languages import LANGUAGES
    from robustir.resources.calibration import FLORES, flores

    if not given:
        return {**flores(_folder(data), _chosen(languages) or LANGUAGES)}, FLORES
    if languages is not None:
        raise click.UsageError("--texts names its languages; leave --languages out")
    content: dict[str, Sequence[str]] = {}
    for option in given:
        lang, equals, name = option.partition("=")
        if not equals or not lang or not name:
            raise click.BadParameter(f"{option!r} is not LANG=FILE, such as  en=queries.txt", param_hint="--texts")
        try:
            lines = Path(name).read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{name} cannot be read: {error}; give a UTF-8 file with one text per line") from None
        content[lang] = [line for line in lines if line.strip()]
        if not content[lang]:
            raise DataError(f"{name} holds no text; give a UTF-8 file with one text per line")
    return content, f"texts of {', '.join(Path(option.partition('=')[2]).name for option in given)}"
