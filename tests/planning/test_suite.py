"""Suites: what they hold, how options replace their lists, and what each mistake is told as."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustir.errors import SpecError, UnknownNameError
from robustir.planning.suite import Suite, load_suite, suite_names

MINIMAL = 'name = "x"\nbenchmarks = ["mini"]\nencoders = ["hashing"]\n'


def write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "suite.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_every_suite_that_ships_is_valid() -> None:
    assert {"quickstart", "xquad-r"} <= set(suite_names())
    for name in suite_names():
        suite = load_suite(name)
        assert suite.name == name
        assert suite.description


def test_perturbations_may_have_their_own_severities(tmp_path: Path) -> None:
    suite = load_suite(
        write(
            tmp_path, MINIMAL + 'perturbations = ["typos", {spec = "shuffle-words", severities = [1.0], draws = 5}]\n'
        )
    )
    assert [suite.severities_of(noise) for noise in suite.perturbations] == [(0.1, 0.2, 0.3, 0.5), (1.0,)]
    assert [suite.draws_of(noise) for noise in suite.perturbations] == [3, 5]


def test_replaced_lists_are_declared_as_those_of_a_suite_are() -> None:
    suite = load_suite("quickstart")
    assert suite.replaced() is suite
    assert not suite.exploratory
    assert suite.replaced(encoders=("bm25",)).encoders == ("bm25",)
    assert not suite.replaced(encoders=("bm25",)).exploratory
    assert suite.replaced(exploratory=True).exploratory


def test_round_trip() -> None:
    suite = load_suite("quickstart")
    assert Suite.model_validate(suite.model_dump(mode="json")) == suite


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MINIMAL + "severitys = [0.1]", "unknown key 'severitys' .did you mean 'severities'"),
        (MINIMAL + "severities = [0.3, 0.1]", "must rise"),
        (MINIMAL + "severities = [0.0, 0.1]", "above 0"),
        (MINIMAL + "draws = 0", "draws: .*greater than or equal to 1"),
        (MINIMAL + 'measures = ["MAP@"]', "measure"),
        (MINIMAL + 'settings = ["both"]', "settings"),
        (MINIMAL + 'perturbations = ["Typos"]', "not a valid name"),
        (MINIMAL + "perturbations = [{severities = [0.1]}]", "spec"),
        ('name = "x"\nbenchmarks = ["mini"]\nencoders = []', "encoders"),
        ('name = "x"\nbenchmarks = ["mini", "mini"]\nencoders = ["bm25"]', "'mini' occurs twice"),
        ("name = [", "not a TOML file"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        load_suite(write(tmp_path, text))


def test_unknown_names() -> None:
    with pytest.raises(UnknownNameError, match="did you mean quickstart"):
        load_suite("quickstar")
    with pytest.raises(SpecError, match="does not exist"):
        load_suite("./missing.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('perturbations = [{spec = "typos", severities = [2.0]}]', "above 0 and at most 1"),
        ('perturbations = [{spec = "typos", severities = [0.5, 0.5]}]', "must rise"),
        ('perturbations = [{spec = "typos", severities = []}]', "at least 1 item"),
        ("severities = []", "at least 1 item"),
        ("measures = []", "at least 1 item"),
        ("languages = []", "at least 1 item"),
        ('measures = ["AP", "AP"]', "'AP' occurs twice"),
        ('settings = ["mono", "mono"]', "'mono' occurs twice"),
    ],
)
def test_lists_that_would_silently_do_nothing_or_twice(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        load_suite(write(tmp_path, MINIMAL + text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'perturbations = ["typos", "ocr", {spec = "casing", severities = [0.3, 0.1]}]',
            r"perturbations\[2\]\.severities: severities must rise",
        ),
        (
            'perturbations = [{spec = "typos", severitys = [0.1]}]',
            r"unknown key 'perturbations\[0\]\.severitys' \(did you mean 'severities'\?\)",
        ),
        (
            'perturbations = [{spec = "typos", width = 1}]',
            r"unknown key 'perturbations\[0\]\.width' \(known: spec, severities, draws, exploratory, benchmarks, name, imitates, optional\)",
        ),
        ("perturbations = [{draws = 1}]", r"perturbations\[0\]\.spec: this key is missing"),
        ('perturbations = ["typos", "ocr("]', r"perturbations\[1\]: 'ocr\(': the bracket"),
        ("[statistics]\nresample = 99", r"unknown key 'statistics\.resample' \(did you mean 'resamples'\?\)"),
        ("[statistics]\nconfidence = 2", r"statistics\.confidence: Input should be less than 1"),
        ('[strategies.x-y]\nencoder = "a"', r"unknown key 'strategies\.x-y\.encoder' \(did you mean 'encoders'\?\)"),
    ],
)
def test_mistakes_name_the_nested_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        load_suite(write(tmp_path, MINIMAL + text))


@pytest.mark.parametrize(
    ("encoders", "message"),
    [
        ('[{spec = "bm25", nam = "x"}]', r"unknown key 'encoders\[0\]\.nam' \(did you mean 'name'\?\)"),
        ('["bm25", {name = "x"}]', r"encoders\[1\]\.spec: this key is missing"),
        ('["bm25", {spec = "bm25", name = "x"}]', "encoders: 'bm25' occurs twice"),
        ('["x=bm25", "x=hashing"]', "encoders: 'x' occurs twice"),
        ('["BM25"]', r"encoders\[0\]: 'BM25'"),
    ],
)
def test_mistakes_in_encoders(tmp_path: Path, encoders: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        load_suite(write(tmp_path, f'name = "x"\nbenchmarks = ["mini"]\nencoders = {encoders}\n'))


def test_a_wrong_item_is_one_mistake(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as refused:
        load_suite(write(tmp_path, MINIMAL + 'settings = ["both"]\nlanguages = []'))
    assert str(refused.value).partition(": ")[2] == (
        "languages: name at least 1 item; settings[0]: Input should be 'mono', 'cross' or 'multi'"
    )


def test_a_file_of_that_name_is_hinted_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(MINIMAL, encoding="utf-8")
    with pytest.raises(UnknownNameError, match=r"a file of that name is here: to use it, write  \./mine\.toml"):
        load_suite("mine")


LOCATED = r"""
name = "x"
benchmarks = ["mini", "./data/own", "beir('data/own', lang='de')"]
encoders = [
    "bm25", "./models/mine", { spec = "static('models/mine')", name = "static" }, "ratio-margin(static('../other'), k=3)",
    "transformer('intfloat/multilingual-e5-small')", "/opt/models/one", "hashing(analyzer='word')",
]
perturbations = [
    "typos", "adversarial(against=\"static('models/mine')\")", "recorded(file='noise/asr.jsonl')", "recorded(file='own/asr.jsonl')",
]
[needs]
"models/mine" = "robustir train mine -o models/mine"
[strategies.x-y]
encoders = "models/x-y-*"
train = "robustir train study -o models"
"""


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suites = tmp_path / "work" / "suites"
    for folder in ("models/mine", "data/own", "own"):
        (suites / folder).mkdir(parents=True)
    (suites / "own" / "asr.jsonl").write_text("", encoding="utf-8")
    (suites / "one.toml").write_text(LOCATED, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "work")
    suite = load_suite("suites/one.toml")
    # As somebody in the working directory would write them.
    assert suite.benchmarks == ("mini", "./suites/data/own", "beir('./suites/data/own', lang='de')")
    assert suite.encoder_specs == (
        "bm25",
        "./suites/models/mine",
        "static('./suites/models/mine')",
        "ratio-margin(static('./other'), k=3)",
        "transformer('intfloat/multilingual-e5-small')",  # nothing of that name is there: a model of the hub
        "/opt/models/one",
        "hashing(analyzer='word')",
    )
    assert suite.encoder_names == {"static('./suites/models/mine')": "static"}
    assert [noise.spec for noise in suite.perturbations] == [
        "typos",
        "adversarial(against=\"static('./suites/models/mine')\")",
        "recorded(file='noise/asr.jsonl')",  # of the data folder
        "recorded(file='./suites/own/asr.jsonl')",
    ]
    assert suite.needs == {"./suites/models/mine": "cd ./suites && robustir train mine -o models/mine"}
    assert suite.strategies["x-y"].encoders == "./suites/models/x-y-*"
    assert suite.strategies["x-y"].train == "cd ./suites && robustir train study -o models"
    monkeypatch.chdir(suites)
    assert load_suite("one.toml").encoder_specs[1:3] == ("./models/mine", "static('models/mine')")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load_suite("../work/suites/one.toml").encoder_specs[1] == str(suites / "models/mine")
