"""Estimating translation noise from systems' output, and comparing the channel with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from robustir.cli.mt_channel import command
from robustir.disk.download import sha256_of
from robustir.errors import DataError, SpecError
from robustir.perturbations.mt.mt_rates import OUTCOMES, load_table
from robustir.perturbations.mt.mt_words import CLASSES
from robustir.resources.translation_noise.mt_alignment import Sentence, Tally, compare
from robustir.resources.translation_noise.mt_channel import Outputs, build_frequent, build_table, estimate
from robustir.resources.translation_noise.mt_channel_quality import closeness

SHIPPED = Path(__file__).resolve().parents[2] / "perturbations" / "data" / "mt_channel"


def tally(reference: str, made: str, original: str = "", pair: tuple[str, str] = ("de", "en")) -> Tally:
    found = Tally()
    one, other = Sentence.all_of([reference, made], pair[1])
    compare(one, other, frozenset(original.split()), found, pair)
    return found


def outcomes(found: Tally) -> dict[str, int]:
    rows = [dict(zip(OUTCOMES, row, strict=True)) for row in found.outcomes]
    return {name: total for name in OUTCOMES if (total := sum(row[name] for row in rows))}


def test_equal_sentences_keep_every_word() -> None:
    found = tally("The old bridge fell.", "the old bridge fell")
    assert outcomes(found) == {"kept": 4}
    assert (found.moves, found.added) == ([0] * 8, [0, 0])


def test_words_that_are_dropped_and_added() -> None:
    assert outcomes(tally("the old bridge fell", "the bridge fell")) == {"kept": 3, "dropped": 1}
    found = tally("the old bridge fell", "the old bridge of the fell")
    assert (found.added, dict(found.added_words)) == ([2, 0], {"of": 1, "the": 1})
    assert tally("the old bridge", "the old yellow bridge").added == [0, 1]


def test_a_content_word_elsewhere_has_moved_a_function_word_has_not() -> None:
    found = tally("yesterday the old bridge fell", "the old bridge fell yesterday")
    assert outcomes(found) == {"kept": 5}
    assert found.moves == [0, 0, 0, 1, 0, 0, 0, 0]
    found = tally("of water bread house", "water bread house of")
    assert outcomes(found) == {"kept": 3, "dropped": 1}
    assert found.added == [1, 0]


def test_ways_of_replacing() -> None:
    assert outcomes(tally("he identified it", "he identifies it")) == {"kept": 2, "form": 1}
    assert outcomes(tally("the house burned", "the home burned")) == {"kept": 2, "lexical": 1}
    assert outcomes(tally("the bridge burned", "the brücke burned", "die brücke brannte")) == {
        "kept": 2,
        "untranslated": 1,
    }
    assert outcomes(tally("the bridge burned", "the xylophone burned")) == {"kept": 2, "other": 1}
    assert outcomes(tally("in 1997 it fell", "in 1977 it fell")) == {"kept": 3, "form": 1}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    english = [
        "The house is big.",
        "The old house is here.",
        "A tree stands in the garden.",
        "It is &#39;big&#39;.",
    ] * 4
    for name, lines in (
        (
            "flores/dev/de.txt",
            ["Das Haus ist groß.", "Das alte Haus ist hier.", "Im Garten steht ein Baum.", "Es ist groß."] * 4,
        ),
        ("flores/dev/en.txt", [line.replace("&#39;", "'") for line in english]),
        ("mt-outputs/flores-dev/de-en.google.txt", english),
        (
            "mt-outputs/flores-dev/de-en.argos.txt",
            [line.replace("The ", "").replace("tree", "Baum") for line in english],
        ),
        ("frequency/en.txt", ["the 9", "house 3", "is 2"]),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return tmp_path


def test_a_table_by_hand(small: Path) -> None:
    table = estimate(Outputs(small, "de", "en"), range(16))
    assert (table.best, table.systems) == ("google", ("argos",))
    assert table.counts["google"].kept == table.counts["google"].words == 72
    lost = table.counts["argos"].outcomes[CLASSES.index("function")]
    assert (lost[OUTCOMES.index("dropped")], lost[OUTCOMES.index("kept")]) == (8, 32)
    rates = table.rates()
    assert rates.lost[CLASSES.index("function")] == pytest.approx(0.2)
    assert rates.how[CLASSES.index("function")].tolist() == pytest.approx([1.0] * 5)
    assert rates.added == (0.0, 0.0)


def test_the_same_data_give_the_same_bytes(small: Path) -> None:
    first, _ = build_table(small, "de", "en", small / "a")
    second, _ = build_table(small, "de", "en", small / "b")
    assert sha256_of(first) == sha256_of(second)
    assert json.loads(first.read_text(encoding="utf-8"))["systems"] == ["argos"]
    assert build_frequent(small, "en", small / "a").is_file()


def test_closeness_by_hand() -> None:
    found = closeness(["The Bridge fell", "water"], ["the bridge fell!", "water bread"], "en")
    assert found.wer == pytest.approx(1 / 5)
    assert found.words > found.chrf
    assert closeness(["a b"], ["a b"], "en").chrf == 1


def test_the_command_line(small: Path) -> None:
    options = ["--data", str(small), "--pairs", "de-en"]
    built = CliRunner().invoke(command, ["build", *options, "-o", str(small / "out")])
    assert built.exit_code == 0, built.output
    assert sorted(path.name for path in (small / "out").iterdir()) == ["de-en.json", "frequent-en.json"]
    shown = CliRunner().invoke(command, ["evaluate", *options, "--json"])
    (row,) = json.loads(shown.output)
    assert (row["name"], row["best"], row["system"]) == ("de-en", "google", "argos")
    assert row["wer best"] == 0 < row["wer channel"]
    wrong = CliRunner().invoke(command, ["build", "--data", str(small), "--pairs", "de-es", "-o", str(small)])
    assert isinstance(wrong.exception, SpecError)
    missing = CliRunner().invoke(command, ["build", "--data", str(small), "--pairs", "tr-en", "-o", str(small)])
    assert isinstance(missing.exception, DataError)


@pytest.mark.data
@pytest.mark.slow
def test_shipped_tables_are_what_the_command_writes(data: Path, tmp_path: Path) -> None:
    for source, target in (("de", "en"), ("en", "tr")):
        path, _ = build_table(data, source, target, tmp_path)
        assert sha256_of(path) == sha256_of(SHIPPED / path.name)
        path = build_frequent(data, target, tmp_path)
        assert sha256_of(path) == sha256_of(SHIPPED / path.name)
    assert load_table("de", "en").counts["google"].words == 21_129
