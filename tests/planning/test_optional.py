"""Encoders that a suite takes if they can run here, and what a run says of those that cannot or that lack languages."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from robustir.analysis.of_run import analyse_run
from robustir.encoders.hashing import HashingEncoder
from robustir.errors import MissingExtraError, SpecError
from robustir.planning.optional import unfamiliar_languages, with_optional, with_optional_noise
from robustir.planning.plan import make_plan
from robustir.planning.suite import Suite, load_suite, validate_suite
from robustir.reports.document import build
from robustir.rundir.directory import RunDirectory
from robustir.running.orchestration import execute_plan
from robustir.running.summary import RunOptions


class Absent:
    """An encoder whose package is missing."""

    def __init__(self) -> None:
        raise MissingExtraError("some-wheel", "offline")


class German(HashingEncoder):
    """An encoder that was trained on German alone."""

    languages = frozenset({"de"})

    def __init__(self) -> None:
        super().__init__(dim=64)

    @property
    def name(self) -> str:
        return "german"


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("optional_encoders")
    module.Absent, module.German = Absent, German
    monkeypatch.setitem(sys.modules, "optional_encoders", module)


def suite_with(**more: Any) -> Suite:
    content = {
        "name": "s",
        "benchmarks": ["mini"],
        "languages": ["de", "en"],
        "limit": 10,
        "encoders": ["hashing"],
        "perturbations": ["typos"],
        "severities": [0.3],
        "draws": 1,
    }
    return validate_suite(content | more, "test")


def test_those_that_can_be_made_join_behind_the_others_and_the_rest_is_named() -> None:
    suite = suite_with(optional=["random", {"spec": "optional_encoders:Absent", "name": "theirs"}, "hashing(dim=64)"])
    resolved, left_out = with_optional(suite)
    assert resolved.encoder_specs == ("hashing", "random", "hashing(dim=64)")
    assert resolved.optional == ()
    assert left_out == ("left out: theirs (some-wheel is not installed: run  pip install 'robustir[offline]')",)
    plan = make_plan(suite)
    assert [encoder.name for encoder in plan.encoders] == ["hashing", "random", "hashing(dim=64)"]
    assert plan.encoder_notes == left_out
    # What is left out leaves no trace in the identity of the plan.
    assert plan.digest() == make_plan(suite_with(encoders=["hashing", "random", "hashing(dim=64)"])).digest()


def test_noise_that_cannot_be_made_is_left_out_and_no_imitation_of_it_stays() -> None:
    noises = [
        {"spec": "casing", "name": "shouted", "optional": True},
        {"spec": "optional_encoders:Absent", "name": "theirs", "optional": True},
        {"spec": "typos", "imitates": ["theirs", "shouted"]},
    ]
    suite = suite_with(perturbations=noises)
    resolved, left_out = with_optional_noise(suite)
    assert [(noise.spec, noise.imitates, noise.optional) for noise in resolved.perturbations] == [
        ("casing", (), False),
        ("typos", ("shouted",), False),
    ]
    assert left_out == ("left out: theirs (some-wheel is not installed: run  pip install 'robustir[offline]')",)
    plan = make_plan(suite)
    assert plan.encoder_notes == left_out
    asked = [{"spec": "casing", "name": "shouted"}, {"spec": "typos", "imitates": ["shouted"]}]
    assert plan.digest() == make_plan(suite_with(perturbations=asked)).digest()
    with pytest.raises(MissingExtraError, match="some-wheel"):
        make_plan(suite_with(perturbations=["optional_encoders:Absent"]))


def test_encoders_that_are_asked_for_take_their_place() -> None:
    suite = suite_with(optional=["random"]).with_options(encoders=["bm25"])
    assert [encoder.name for encoder in make_plan(suite).encoders] == ["bm25"]
    with pytest.raises(SpecError, match="'hashing' occurs twice"):
        suite_with(optional=["hashing"])
    with pytest.raises(SpecError, match="optional"):
        suite_with(optional=["hashing("])


def test_a_run_tells_of_languages_that_an_encoder_lacks() -> None:
    assert unfamiliar_languages("german", German(), ["de"]) == ""
    assert unfamiliar_languages("hashing", HashingEncoder(), ["de", "el"]) == ""
    assert unfamiliar_languages("german", German(), ["vi", "de", "el"]).startswith("german was not trained on el, vi: ")
    notes = make_plan(suite_with(optional=["optional_encoders:German"])).encoder_notes
    assert len(notes) == 1
    assert "was not trained on en" in notes[0]


def test_both_are_in_the_manifest_and_on_the_first_page(tmp_path: Path) -> None:
    plan = make_plan(suite_with(optional=["optional_encoders:German", "optional_encoders:Absent"]))
    run = RunDirectory(tmp_path / "run")
    execute_plan(plan, run, RunOptions(jobs=1), formats=("csv",))
    manifest = run.read_manifest()
    assert manifest.encoder_notes == plan.encoder_notes
    assert len(manifest.encoder_notes) == 2
    notices = " ".join(build(analyse_run(run), manifest).notices)
    assert "Left out: optional_encoders:Absent (some-wheel is not installed" in notices
    assert "was not trained on en" in notices
    # A resumed run, whose suite no longer lists what was left out, keeps the note.
    execute_plan(make_plan(manifest.suite), run, RunOptions(jobs=1), formats=("csv",))
    assert run.read_manifest().encoder_notes == plan.encoder_notes


@pytest.mark.parametrize("name", ["quickstart", "xquad-r", "families", "compression"])
def test_suites_that_ship_hold_a_released_encoder_where_it_is_installed(name: str) -> None:
    assert any("multilingual" in str(entry) for entry in load_suite(name).optional)
