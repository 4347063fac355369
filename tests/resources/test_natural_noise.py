"""Kinds of edit worked by hand, the distance against scipy, pair files that do not correspond, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from robustir.cli.naturalness import command
from robustir.errors import DataError
from robustir.resources.natural_noise.comparing import Reader
from robustir.resources.natural_noise.kinds import LETTER_KINDS, Found, edits_of
from robustir.resources.natural_noise.pairs import Pairs, read_pairs
from robustir.resources.natural_noise.profile import jensen_shannon


@pytest.mark.parametrize(
    ("clean", "noisy", "lang", "expected"),
    [
        ("which team", "wich team", "en", [Found("deletion", 0, "middle")]),
        ("Warsaw", "Wsrsaw", "en", [Found("neighbour substituted", 0, "middle")]),
        ("points", "ooints", "en", [Found("neighbour substituted", 0, "first")]),
        ("defense", "defence", "en", [Found("far substituted", 0, "middle")]),
        ("Manning", "<anning", "en", [Found("far substituted", 0, "first")]),
        ("passing", "pasing", "en", [Found("double reduced", 0, "middle")]),
        ("did", "ddid", "en", [Found("letter doubled", 0, "first")]),
        ("held", "theld", "en", [Found("far inserted", 0, "first")]),
        ("more", "morew", "en", [Found("neighbour inserted", 0, "last")]),
        ("is it", "si it", "en", [Found("transposition", 0, "first")]),
        ("gaga Who", "Gaga WHo", "en", [Found("case", 0), Found("case", 1)]),
        ("Super Bowl?", "SuperBowl", "en", [Found("space lost"), Found("mark lost", -1)]),
        ("quarterback", "quarter back", "en", [Found("space added", 0)]),
        ("in the end", "i nthe end", "en", [Found("space lost")]),
        ("take two teams to", "take teams to", "en", [Found("word lost", 1)]),
        ("when the team", "when the the team", "en", [Found("word added")]),
        ("the big cat", "the zux cat", "en", [Found("word replaced", 1)]),
        ("tschüss", "tschuss", "de", [Found("accent", 0, "middle")]),
        ("làm gì", "lam gì", "vi", [Found("accent", 0, "middle")]),
        ("किस", "कीस", "hi", [Found("neighbour substituted", 0, "middle")]),
        ("在这里", "再这里", "zh", [Found("neighbour substituted", 0, "first")]),
        ("don't", "dont", "en", [Found("mark lost", 0)]),
        ("1990", "199", "en", [Found("digit", 0)]),
    ],
)
def test_kinds_by_hand(clean: str, noisy: str, lang: str, expected: list[Found]) -> None:
    assert edits_of(clean, noisy, lang)[1] == expected


@given(st.lists(st.integers(1, 50), min_size=4, max_size=4), st.lists(st.integers(0, 50), min_size=4, max_size=4))
def test_the_distance_is_that_of_scipy(one: list[int], other: list[int]) -> None:
    left = {str(place): value / sum(one) for place, value in enumerate(one)}
    right = {str(place): (value + 1) / (sum(other) + 4) for place, value in enumerate(other)}
    assert jensen_shannon(left, right) == pytest.approx(
        jensenshannon([*left.values()], [*right.values()], base=2), abs=1e-7
    )
    assert jensen_shannon({"a": 1.0}, {"b": 1.0}) == 1.0


def test_a_profile_by_hand() -> None:
    pairs = Pairs(("Who led the Panthers?", "the team"), ("Who le the Panhters", "the team"), ("1", "2"))
    found = Reader(pairs, "en", {"le"}).natural.as_row()
    assert (found["texts"], found["changed"], found["words with an error"]) == (2, 0.5, 2 / 6)
    assert found["kinds"] == {**dict.fromkeys(LETTER_KINDS, 0.0), "deletion": 0.5, "transposition": 0.5}
    assert found["places"] == {"first": 0.0, "middle": 0.5, "last": 0.5}
    assert found["errors by word length"] == {"1-3": 0.25, "4-6": 0.0, "7-9": 1.0, "10+": 0.0}
    assert (found["function words"], found["real words"]) == (0.0, 0.5)
    assert found["beside letters, per 100 words"]["mark lost"] == pytest.approx(100 / 6)


def write(folder: Path, **files: str) -> list[Path]:
    paths = [folder / name.replace("_", ".") for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def test_files_that_do_not_correspond_are_refused_with_the_line(tmp_path: Path) -> None:
    clean, short = write(tmp_path, c_txt="one\ntwo\nthree\n", s_txt="one\ntow\n")
    with pytest.raises(DataError, match=r"s\.txt:3: 2 lines, but .*c\.txt has 3"):
        read_pairs(short, clean)
    one, other = write(
        tmp_path,
        a_jsonl='{"_id": "a", "text": "x"}\n{"_id": "b", "text": "y"}\n',
        b_jsonl='{"_id": "a", "text": "x"}\n{"_id": "c", "text": "y"}\n',
    )
    with pytest.raises(DataError, match=r"b\.jsonl:2: it holds 'c', but the same line of .* holds 'b'"):
        read_pairs(other, one)
    (columns,) = write(tmp_path, t_tsv="a\tb\nno tab\n")
    with pytest.raises(DataError, match=r"t\.tsv:2: 1 columns"):
        read_pairs(columns)
    (shifted,) = write(tmp_path, u_tsv="a b\ta c\nWhere is the old bridge now?\tMy dog quickly jumps up\n")
    with pytest.raises(DataError, match=r"u\.tsv:2: .*do not correspond"):
        read_pairs(shifted)
    (empty,) = write(tmp_path, v_tsv="a b\ta c\nWhere?\t\n")
    with pytest.raises(DataError, match=r"v\.tsv:2: one side is empty"):
        read_pairs(empty)


def test_files_without_noise_are_refused_with_the_line(tmp_path: Path) -> None:
    (same,) = write(tmp_path, s_tsv="one\tone\ntwo\ttwo\n")
    with pytest.raises(DataError, match=r"s\.tsv:1: from this line on both sides of all 2 pairs are identical"):
        read_pairs(same)
    (nothing,) = write(tmp_path, n_tsv="")
    with pytest.raises(DataError, match=r"n\.tsv:1: .*all 0 pairs"):
        read_pairs(nothing)


def test_the_command(tmp_path: Path) -> None:
    pairs, other = write(
        tmp_path,
        p_tsv="Who led the Panthers in sacks?\tWho le the Panthers in sacks?\nWhich player won?\tWich player won\n",
        q_tsv="Who led the Panthers in sacks?\tWho led the Pamthers in sacks?\nWhich player won?\tWhich player won?\n",
    )
    run = CliRunner().invoke
    told = run(command, ["typos", "--natural", str(pairs), "--also", f"other={other}", "--json"])
    assert told.exit_code == 0, told.output
    rows = json.loads(told.stdout)
    assert [row["noise"] for row in rows] == ["natural", "other", "typos"]
    assert rows[0]["kinds"]["deletion"] == 1.0
    assert rows[1]["distance"]["kinds"] == 1.0
    assert rows[2]["severity"] == pytest.approx(2 / 9, abs=1e-4)
    table = run(command, ["typos", "--natural", str(pairs), "--markdown"]).stdout.splitlines()
    assert table[0] == "|  | natural | typos |"
    assert len({line.count("|") for line in table}) == 1
    both = run(command, ["--natural", str(pairs), "--markdown", "--json"])
    assert (both.exit_code, "exclude each other" in both.output) == (2, True)
    wrong = run(command, ["--natural", str(pairs), "--also", "nothing"])
    assert (wrong.exit_code, "NAME=FILE" in wrong.output) == (2, True)


@pytest.mark.data
def test_noiseqa_says_what_the_literature_says(data: Path) -> None:
    """People leave letters out most, rarely swap them, and err more in long words and less in first letters."""
    folder = data / "noiseqa" / "natural"
    pairs = read_pairs(folder / "xquad-keyboard-natural.jsonl", folder / "xquad-context-en-question-en.jsonl")
    found = Reader(pairs, "en").natural.as_row()
    assert found["changed"] == sum(map(str.__ne__, pairs.clean, pairs.noisy)) / 1190
    assert max(found["kinds"], key=found["kinds"].get) == "deletion"
    assert found["kinds"]["transposition"] < 0.08
    rates = found["errors by word length"]
    assert rates["10+"] > 6 * rates["1-3"]
    assert found["places"]["first"] < 0.2
