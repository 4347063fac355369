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


def test_replaced_lists_are_exploratory() -> None:
    suite = load_suite("quickstart")
    assert suite.replaced() is suite
    assert not suite.exploratory
    assert suite.replaced(encoders=("bm25",)).encoders == ("bm25",)
    assert suite.replaced(encoders=("bm25",)).exploratory
    assert not suite.replaced(seed=3).exploratory


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
        (MINIMAL + 'perturbations = ["Typos"]', "no name"),
        (MINIMAL + "perturbations = [{severities = [0.1]}]", "spec"),
        ('name = "x"\nbenchmarks = ["mini"]\nencoders = []', "encoders"),
        ('name = "x"\nbenchmarks = ["mini", "mini"]\nencoders = ["bm25"]', "'mini' stands twice"),
        ("name = [", "not a TOML file"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        load_suite(write(tmp_path, text))


def test_unknown_names() -> None:
    with pytest.raises(UnknownNameError, match="did you mean quickstart"):
        load_suite("quickstar")
    with pytest.raises(SpecError, match="no suite file"):
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
        ('measures = ["AP", "AP"]', "'AP' stands twice"),
        ('settings = ["mono", "mono"]', "'mono' stands twice"),
    ],
)
def test_lists_that_would_silently_do_nothing_or_twice(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        load_suite(write(tmp_path, MINIMAL + text))
