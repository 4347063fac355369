"""Building and measuring lexicons."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from robustir.cli.lexicon import command
from robustir.disk.download import sha256_of
from robustir.errors import DataError, SpecError
from robustir.perturbations.tables.lexicons import fold, read_rows, shipped_file
from robustir.resources.lexicons.bitext import read_bitext
from robustir.resources.lexicons.lexicon import Side, build_lexicon, induce, read_frequency
from robustir.resources.lexicons.lexicon_quality import Quality, content_words, evaluate_lexicon, read_reference


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
        ("frequency/de.txt", "haus 7\nbaum 3"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def lemmas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every word is its own lemma, so that building needs no extra."""
    monkeypatch.setattr("robustir.resources.lexicons.lexicon.Lemmas", lambda lang: partial(fold, lang=lang))


@pytest.mark.usefixtures("lemmas")
def test_the_same_data_give_the_same_bytes(small: Path) -> None:
    first, count = build_lexicon(small, "de", small / "a")
    second, _ = build_lexicon(small, "de", small / "b")
    assert sha256_of(first) == sha256_of(second)
    assert len(list(read_rows(first))) == count


@pytest.mark.usefixtures("lemmas")
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
    with pytest.raises(DataError, match="--data"):
        content_words(small / "none.txt")
    with pytest.raises(DataError, match="no parallel text"):
        build_lexicon(small, "th", small)


def test_a_chinese_reference_is_read_in_simplified_characters(tmp_path: Path) -> None:
    pytest.importorskip("opencc", reason="the extra lexicon is not installed")
    path = tmp_path / "zh.txt"
    path.write_text("far 远\nfar 遠\neast 東\nfar far\n", encoding="utf-8")
    assert read_reference(path, "zh") == {"far": {"远"}, "east": {"东"}}


def test_frequencies_are_folded_and_summed(small: Path) -> None:
    (small / "frequency" / "ar.txt").write_text("كِتاب 2\nكتاب 3\nَ 4\nmalformed\n", encoding="utf-8")
    assert read_frequency(small, "ar") == {"كتاب": 5}
    with pytest.raises(DataError, match="frequency list"):
        read_frequency(small, "tr")


RUSSIAN = [
    ("I read a book.", "Я читаю книгу."),
    ("He bought a book.", "Он купил книгу."),
    ("She is in a book.", "Она в книге."),
    ("A book is old.", "Книга стара."),
    ("He reads.", "Он читает."),
]


def test_forms_of_one_word_count_together_and_the_dictionary_form_stands_first() -> None:
    lemma = {
        "книгу": "книга",
        "книге": "книга",
        "bought": "buy",
        "reads": "read",
        "читаю": "читать",
        "читает": "читать",
    }

    def look(word: str) -> str:
        return lemma.get(word.lower(), word.lower())

    english, russian = zip(*RUSSIAN * 3, strict=True)
    sides = Side("en", look), Side("ru", look, {"книга": 50, "книгу": 60})
    rows = induce(english, russian, "ru", sides=sides)
    there = {other: chance for word, other, chance, _ in rows if word == "book" and chance > 0}
    assert max(there, key=lambda other: there[other]) == "книга"
    assert not {"книгу", "книге"} & set(there)
    back = {other: chance for word, other, _, chance in rows if word == "book" and chance > 0}
    assert {"книга", "книгу", "книге"} <= set(back)
    plain = {other: chance for word, other, chance, _ in induce(english, russian, "ru") if word == "book"}
    assert max(plain, key=lambda other: plain[other]) == "книгу"


def test_a_word_that_is_best_translated_by_itself_has_no_translation() -> None:
    pairs = [
        ("The hotel is old.", "Das Hotel ist alt."),
        ("The hotel.", "Das Hotel."),
        ("An old hotel.", "Ein altes Hotel."),
    ]
    english, german = zip(*pairs * 3, strict=True)
    rows = [row for row in induce(english, german, "de") if row[0] == "hotel"]
    assert [(other, there) for _, other, there, back in rows if back > 0] == [("Hotel", 0.0)]
    assert all(there == 0 for _, _, there, _ in rows)


def test_a_source_in_lower_case_adds_links_and_no_words() -> None:
    english = ["The house.", "Old house.", "the house", "the house", "london", "london"]
    german = ["Das Haus.", "Altes Haus.", "das haus", "das haus", "london", "london"]
    rows = induce(english * 2, german * 2, "de", cased=[True, True, False, False, False, False] * 2)
    assert ("house", "Haus") in {(a, b) for a, b, *_ in rows}
    assert not {"london", "haus"} & {word for row in rows for word in row[:2]}


def test_questions_that_keep_an_english_title_are_left_out(small: Path) -> None:
    questions = [
        {"en": "who sings night and day", "de": "wer singt night and day"},
        {"en": "who reads", "de": "wer liest"},
        {"en": "who", "de": None},
    ]
    path = small / "train" / "mkqa-questions.jsonl"
    path.write_text("\n".join(map(json.dumps, questions)), encoding="utf-8")
    found = {source.name: pairs for source, pairs in read_bitext(small, "de") if not source.cased}
    assert list(found.values()) == [[("who reads", "wer liest")]]


def test_translations_by_systems_stand_beside_their_sources(small: Path) -> None:
    for name, text in (
        ("flores/dev/en.txt", "House."),
        ("flores/dev/de.txt", "Haus."),
        ("mt-outputs/flores-dev/en-de.opusmt.txt", "Heim."),
        ("mt-outputs/flores-dev/de-en.argos.txt", "Home."),
        ("mt-outputs/flores-dev/en-de.google.txt", "Gebäude."),
    ):
        (small / name).parent.mkdir(parents=True, exist_ok=True)
        (small / name).write_text(text + "\n", encoding="utf-8")
    found = {source.name.split(" ")[0]: pairs for source, pairs in read_bitext(small, "de")}
    assert found["translations"] == [("House.", "Heim."), ("Home.", "Haus.")]


@pytest.mark.slow
def test_what_is_shipped_is_what_the_command_builds(tmp_path: Path) -> None:
    simplemma = pytest.importorskip("simplemma", reason="the extra lexicon is not installed")
    data = Path(os.environ.get("ROBUSTIR_DATA", "none"))
    if not (data / "train" / "tatoeba-opus").is_dir():
        pytest.skip("there is no data folder; set ROBUSTIR_DATA")
    assert simplemma.__version__ == "2.0.0"
    path, _ = build_lexicon(data, "hi", tmp_path)
    assert sha256_of(path) == sha256_of(shipped_file("hi"))
