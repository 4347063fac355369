"""Building and measuring lexicons."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from robustir.cli.lexicon import command
from robustir.errors import DataError, SpecError
from robustir.perturbations.lexicons import read_rows
from robustir.training.lexicon import build_lexicon
from robustir.training.lexicon_quality import Quality, content_words, evaluate_lexicon, read_reference


@pytest.fixture
def small(tmp_path: Path) -> Path:
    pairs = [
        "The house is big.\tDas Haus ist groß.",
        "The house is old.\tDas Haus ist alt.",
        "A tree is old.\tEin Baum ist alt.",
    ]
    for name, text in (
        ("train/tatoeba-opus/en-de.tsv", "\n".join(pairs * 5)),
        ("lexicons/en-de.txt", "house Haus\nhouse house\nold\tneu\ntree Baum\nriver Fluss"),
        ("frequency/en.txt", "the 9\nhouse 5\nold 4\nit's 4\ntree 3\nriver 2"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_the_same_data_give_the_same_bytes(small: Path) -> None:
    first, count = build_lexicon(small, "de", small / "a")
    second, _ = build_lexicon(small, "de", small / "b")
    assert first.read_bytes() == second.read_bytes()
    assert len(list(read_rows(first))) == count


def test_the_command_line_builds_and_measures(small: Path) -> None:
    options = ["--data", str(small), "--languages", "de"]
    assert CliRunner().invoke(command, ["build", *options, "-o", str(small)]).exit_code == 0
    shown = CliRunner().invoke(command, ["evaluate", *options, "--lexicons", str(small), "--json"])
    assert json.loads(shown.output) == [
        {"name": "en-de", "judged": 4, "covered": 3, "right": 2, "precision": 0.667, "coverage": 0.75}
    ]
    wrong = CliRunner().invoke(command, ["build", "--data", str(small), "--languages", "sw", "-o", str(small)])
    assert isinstance(wrong.exception, SpecError)


def test_quality_by_hand() -> None:
    reference = {"house": {"haus"}, "old": {"alt"}, "tree": {"baum"}}
    rows = [
        ("house", "Haus", 0.6, 0.0),
        ("house", "Heim", 0.4, 0.0),
        ("old", "neu", 1.0, 0.0),
        ("tree", "Baum", 0.0, 1.0),
    ]
    found = evaluate_lexicon(rows, reference, ["house", "old", "tree", "river"], "de")
    assert found == Quality(judged=3, covered=2, right=1)
    assert (found.precision, found.coverage) == (0.5, pytest.approx(2 / 3))


def test_words_and_references(small: Path) -> None:
    assert content_words(small / "frequency" / "en.txt", 2) == ["house", "old"]
    assert read_reference(small / "lexicons" / "en-de.txt", "de")["house"] == {"haus"}
    (small / "zh.txt").write_text("far 远\nfar 遠\n", encoding="utf-8")
    assert read_reference(small / "zh.txt", "zh") == {"far": {"远"}}
    with pytest.raises(DataError, match="--data"):
        content_words(small / "none.txt")
    with pytest.raises(DataError, match="no parallel text"):
        build_lexicon(small, "th", small)
