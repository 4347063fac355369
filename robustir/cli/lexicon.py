"""``robustir lexicon``: induce bilingual lexicons from parallel text, and measure them."""

from __future__ import annotations

from pathlib import Path

import click

from robustir.cli.options import data_option

_LANGUAGES = click.option("--languages", help="Languages besides English, such as  de,zh; all ten by default.")


@click.group(name="lexicon")
def command() -> None:
    """Induce bilingual lexicons from parallel text, and measure them."""


@command.command()
@data_option
@_LANGUAGES
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder for the en-XX.tsv.gz files.")
def build(data: Path | None, languages: str | None, out: Path) -> None:
    """Build the lexicons of English and other languages from the training texts of the data folder.

    The texts are train/tatoeba-opus, train/mkqa-questions.jsonl, wmt, flores/dev and mt-outputs/flores-dev, with the
    frequency lists. Needs the extra lexicon:  pip install 'robustir[lexicon]'. The same data give the same bytes.
    """
    from robustir.cli.progress import ProgressBars
    from robustir.resources.lexicons.lexicon import build_lexicon

    folder, chosen = _folder(data), _chosen(languages)
    lines = []
    with ProgressBars() as bars:
        bars.stage("lexicons", len(chosen))
        for lang in chosen:
            path, entries = build_lexicon(folder, lang, out)
            lines.append(f"{path}: {entries} pairs")
            bars.step()
    click.echo("\n".join(lines))


@command.command()
@data_option
@_LANGUAGES
@click.option(
    "--lexicons", type=click.Path(path_type=Path), help="Folder of en-XX.tsv.gz files; the shipped ones by default."
)
@click.option("--json", "as_json", is_flag=True, help="An array instead of a table.")
def evaluate(data: Path | None, languages: str | None, lexicons: Path | None, as_json: bool) -> None:
    """Compare lexicons with reference dictionaries (lexicons/en-XX.txt), on the 2,000 most frequent content words."""
    import json

    from robustir.perturbations.tables.lexicons import read_rows, shipped_file
    from robustir.resources.lexicons.lexicon_quality import content_words, evaluate_lexicon, read_reference

    folder = _folder(data)
    words = content_words(folder / "frequency" / "en.txt")
    rows = []
    for lang in _chosen(languages):
        path = lexicons / f"en-{lang}.tsv.gz" if lexicons else shipped_file(lang)
        reference = read_reference(folder / "lexicons" / f"en-{lang}.txt", lang)
        quality = evaluate_lexicon(read_rows(path), reference, words, lang)
        rows.append(
            {
                "name": f"en-{lang}",
                "judged": quality.judged,
                "covered": quality.covered,
                "right": quality.right,
                "precision": round(quality.precision, 3),
                "coverage": round(quality.coverage, 3),
            }
        )
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    click.echo("\t".join(rows[0]))
    for row in rows:
        click.echo("\t".join(map(str, row.values())))


@command.command()
@data_option
@_LANGUAGES
@click.option(
    "--through",
    default="de,es",
    show_default=True,
    help="Languages that the others are paired with, by way of English.",
)
def switches(data: Path | None, languages: str | None, through: str) -> None:
    """Judge what code-switch writes in the questions of XQuAD-R, each word as often as it occurs, by reference dictionaries.

    Per pair, for content and function words: words, the share that is eligible, those that the dictionary lists, and the
    share of these with a listed translation, and with a form of one.
    """
    from robustir.plugins.registry import create
    from robustir.resources.lexicons.lexicon_quality import read_reference
    from robustir.resources.lexicons.switching_quality import inverted, judge_switches, through_english

    folder, chosen = _folder(data), _chosen(languages)
    hubs = _chosen(through) if through else []
    from_english = {
        lang: read_reference(folder / "lexicons" / f"en-{lang}.txt", lang) for lang in dict.fromkeys([*chosen, *hubs])
    }
    queries = create("benchmark", "xquad-r").load(folder, ["en", *from_english]).queries
    texts: dict[str, list[str]] = {}
    for lang, text in zip(queries.langs, queries.texts, strict=True):
        texts.setdefault(lang, []).append(text)
    pairs = [("en", lang) for lang in chosen] + [(lang, "en") for lang in chosen]
    pairs += [(lang, hub) for hub in hubs for lang in chosen if lang != hub]
    click.echo("pair\tkind\twords\teligible\tjudged\tlisted\tform")
    for lang, into in pairs:
        to_english = inverted(from_english[lang]) if lang != "en" else {}
        reference = from_english[into] if lang == "en" else to_english
        reference = through_english(to_english, from_english[into]) if "en" not in (lang, into) else reference
        for kind, found in judge_switches(texts[lang], lang, into, reference).items():
            share = found.switched / max(1, found.words)
            listed, form = (count / max(1, found.judged) for count in (found.right, found.form))
            click.echo(f"{lang}-{into}\t{kind}\t{found.words}\t{share:.2f}\t{found.judged}\t{listed:.3f}\t{form:.3f}")


def _folder(given: Path | None) -> Path:
    from robustir.disk.folders import data_folder
    from robustir.errors import DataError

    folder = data_folder(given)
    if folder is None:
        raise DataError("the data folder is missing; give it with --data or ROBUSTIR_DATA")
    return folder


def _chosen(languages: str | None) -> list[str]:
    from robustir.errors import SpecError
    from robustir.languages import LANGUAGES, normalise_all

    others = [lang for lang in LANGUAGES if lang != "en"]
    chosen = list(normalise_all(languages.split(","))) if languages is not None else others
    if unknown := [lang for lang in chosen if lang not in others]:
        raise SpecError(f"English and {unknown[0]!r} have no lexicon; --languages takes any of {','.join(others)}")
    return chosen
