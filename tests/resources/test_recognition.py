"""How near words are found, counted and written down: sounds, alignments, profiles and rates, worked by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from robustir.cli.asr import command as asr_command
from robustir.cli.chat import command as chat_command
from robustir.cli.naturalness import command as naturalness_command
from robustir.disk.folders import data_folder
from robustir.errors import DataError
from robustir.resources.natural_noise.comparing import Reader
from robustir.resources.natural_noise.forum import count_chat_rates
from robustir.resources.natural_noise.pairs import Pairs
from robustir.resources.natural_noise.word_alignment import aligned_words
from robustir.resources.natural_noise.word_profile import WordProfile, word_distances
from robustir.resources.recognition.near_words import near_words
from robustir.resources.recognition.pronunciation import sounds
from robustir.resources.recognition.sound_distance import between, length, lost
from robustir.resources.recognition.vocabulary import vocabulary

HEADER = "docid\tsentid\ttokid\traw\tnorm\tmanual"


def test_sounds_that_are_often_misheard_are_near() -> None:
    assert between("p", "p") == 0
    assert between("p", "b") < between("p", "f") < between("p", "l")
    assert between("a", "e") < between("a", "t")
    assert between("3", "4") < 0.5
    assert between("zh", "z") < between("zh", "m")
    assert lost("ə") < lost("a") < lost("t")


def test_the_length_of_two_words_is_an_edit_distance() -> None:
    assert length(("k", "a", "t"), ("k", "a", "t"), 9) == 0
    assert length(("k", "a", "t"), ("k", "a", "d"), 9) == pytest.approx(between("t", "d"))
    assert length(("k", "a", "t"), ("a", "t"), 9) == pytest.approx(lost("k"))
    assert length(("k", "a", "t"), ("m", "o", "l"), 0.5) > 0.5


def test_near_words_are_those_that_sound_alike() -> None:
    listed = ["the", "see", "sea", "zoo", "table", "tables", "cow", "boy", "cowboy"]
    heard = [
        ("ð", "ə"), ("s", "i", "ː"), ("s", "i", "ː"), ("z", "u", "ː"), ("t", "e", "b", "l"), ("t", "e", "b", "l", "z"),
        ("k", "a", "ʊ"), ("b", "ɔ", "ɪ"), ("k", "a", "ʊ", "b", "ɔ", "ɪ"),
    ]  # fmt: skip
    found = {
        each.word: each for each in near_words(listed, heard, {"the"}, str.lower, splits=True, progress=lambda: None)
    }
    assert found["see"].others[0] == "sea"
    assert found["table"].others == ("tables",)
    assert found["the"].others == ()
    assert found["cowboy"].pairs == (("cow", "boy"),)


def test_chinese_sounds_have_tones_and_english_ones_come_from_espeak() -> None:
    pytest.importorskip("pypinyin", reason="pip install 'robustir[lexicon]'")
    assert sounds(["事实", "银行"], "zh") == [("sh", "i", "4", "sh", "i", "2"), ("y", "in", "2", "h", "ang", "2")]
    assert sounds(["น้ำ"], "th") == [("n", "a", "m")]


def test_the_vocabulary_has_usual_case_and_no_oaths() -> None:
    folder = data_folder()
    if folder is None or not (folder / "flores" / "dev" / "de.txt").is_file() or not (folder / "frequency").is_dir():
        pytest.skip("needs flores, train and frequency in the data folder")
    found = vocabulary(folder, "de")
    assert {"Haus", "gehen", "Berlin"} <= set(found)
    assert "haus" not in found
    assert not {"scheiße", "Scheiße", "daß"} & set(found)


@pytest.mark.parametrize(
    ("clean", "noisy", "expected"),
    [
        ("how many sacks", "how many sacks", [("how", "how"), ("many", "many"), ("sacks", "sacks")]),
        ("the divisional round", "the division drone", [("the", "the"), ("divisional round", "division drone")]),
        ("two super bowls", "two superbowls", [("two", "two"), ("super bowls", "superbowls")]),
        ("a fishbowl", "a fish bowl", [("a", "a"), ("fishbowl", "fish bowl")]),
        ("does the iron", "does iron", [("does", "does"), ("the", ""), ("iron", "iron")]),
        ("did norman", "what did norman", [("", "what"), ("did", "did"), ("norman", "norman")]),
        ("which player had", "which player has", [("which", "which"), ("player", "player"), ("had", "has")]),
    ],
)
def test_words_that_stand_for_words(clean: str, noisy: str, expected: list[tuple[str, str]]) -> None:
    found = aligned_words(clean.split(), noisy.split())
    assert [(" ".join(one), " ".join(other)) for one, other in found] == expected


def test_the_profile_counts_words_by_hand() -> None:
    profile = WordProfile()
    profile.add("Who had a fishbowl, then?", "who has a fish bowl then", "en", {"who", "has", "fish", "bowl", "then"})
    profile.add("Which kuechly ran?", "which qqxx", "en", {"which"})
    row = profile.as_row()
    assert row["words that are wrong"] == pytest.approx(4 / 8)  # had, fishbowl; kuechly, ran
    assert row["kinds"] == {"replaced": 0.5, "split": 0.25, "joined": 0.0, "left out": 0.25}
    assert row["new words in no dictionary"] == pytest.approx(1 / 4)  # of has, fish, bowl, qqxx
    assert row["texts with words lost or added"] == 1
    assert row["sides"] == {"capital": 1.0, "final": 1.0, "mark": 1.0}
    assert word_distances(profile, profile)["mean"] == 0


def test_words_are_compared_as_wholes() -> None:
    pairs = Pairs(("which old bridge is there",), ("witch old bridge is",), ("1",))
    reader = Reader(pairs, "en", frozenset({"witch"}), whole=True)
    found = reader.perturbation("asr", None, 2)
    assert reader.itself().as_row()["words that are wrong"] == pytest.approx(0.4)
    assert found.severity == pytest.approx(0.4)
    assert set(found.distances or ()) == {"kinds", "classes", "mean"}


def annotated(tmp_path: Path, *tokens: str) -> Path:
    path = tmp_path / "tokens.tsv"
    path.write_text("\n".join([HEADER, *(f"0\t0\t{at}\t{token}" for at, token in enumerate(tokens))]) + "\n", "utf-8")
    return path


def test_forum_rates_by_hand(tmp_path: Path) -> None:
    path = annotated(
        tmp_path,
        *(
            "ppl\tPeople\tdevowelling, capitalisation",
            "⎵\t⎵\t",
            "dont\tdon’t\tpunct_diff",
            "⎵\t⎵\t",
            "really\treally\t",
        ),
        *(
            "⎵\t⎵\t",
            "think\tthink\t",
            "\t,\tpunct_diff",
            "⎵\t⎵\t",
            "i\tI\tcapitalisation",
            "⎵\t⎵\t",
            "think\tthink\t",
            ".\t.\t",
        ),
    )
    rates = count_chat_rates(path)["rates"]
    assert rates["apostrophes"] == 1
    assert rates["forms"] == pytest.approx(1 / 4)  # ppl of people, really, think, think
    assert rates["first capital"] == 1
    assert rates["lone capital"] == 1
    assert rates["mark"] == 1
    assert rates["final mark"] == 0
    assert rates["lengthening"] == 0


def test_tables_that_are_none_are_refused_by_line(tmp_path: Path) -> None:
    path = annotated(tmp_path, "a\tb")
    with pytest.raises(DataError, match=r"tokens\.tsv:2: expected 6 columns, not 5"):
        count_chat_rates(path)
    path.write_text("a\tb\n", "utf-8")
    with pytest.raises(DataError, match=r"tokens\.tsv:1: expected the columns docid"):
        count_chat_rates(path)


def test_the_commands(tmp_path: Path) -> None:
    runner = CliRunner()
    path = annotated(tmp_path, "ppl\tpeople\tdevowelling")
    done = runner.invoke(chat_command, ["rates", str(path), "-o", str(tmp_path / "rates.json")])
    assert done.exit_code == 0
    assert json.loads((tmp_path / "rates.json").read_text("utf-8"))["rates"]["forms"] == 1
    refused = runner.invoke(asr_command, ["build", "--languages", "xx", "--data", str(tmp_path), "-o", str(tmp_path)])
    assert refused.exit_code == 2
    assert "'xx' is not one of" in refused.output
    missing = runner.invoke(asr_command, ["build", "--languages", "en", "--data", str(tmp_path), "-o", str(tmp_path)])
    assert isinstance(missing.exception, DataError)
    assert "en.txt is missing" in str(missing.exception)


def test_whole_words_by_command(tmp_path: Path) -> None:
    for name, text in (
        ("clean", "which old bridge is there\nwho was it\n"),
        ("noisy", "witch old bridge is there\nwho was\n"),
        ("words", "witch\n"),
    ):
        (tmp_path / name).write_text(text, "utf-8")
    options = ["asr", "--words", "--natural", str(tmp_path / "noisy"), "--clean", str(tmp_path / "clean")]
    done = CliRunner().invoke(
        naturalness_command,
        [*options, "--dictionary", str(tmp_path / "words"), "--rates", str(tmp_path / "rates.json")],
    )
    assert done.exit_code == 0, done.output
    assert "words that are wrong" in done.output
    assert "25.0%" in done.output  # 2 of 8
    assert json.loads((tmp_path / "rates.json").read_text("utf-8"))["wrong"] == 0.25
