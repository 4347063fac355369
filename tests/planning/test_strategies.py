"""Trained encoders of a suite: found by pattern, named by strategy and seed, with the record of what they were trained on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from robustir.encoders.training_record import TrainingRecord, in_domain_benchmarks, read_training_record
from robustir.errors import DataError, SpecError
from robustir.planning.strategies import Trained, find_trained
from robustir.planning.suite import Suite, load_suite, validate_suite
from robustir.training.config import find_config, load_config

SUITE = {
    "name": "arms",
    "benchmarks": ["mini"],
    "strategies": {
        "x-x": {"encoders": "study/x-x-*", "train": "robustir train study --sampling x-x -o study"},
        "hybrid": {"encoders": "study/hybrid-*", "train": "robustir train study --sampling hybrid -o study"},
    },
}


def record(sampling: str, seed: int, **changes: Any) -> dict[str, Any]:
    content = {
        "name": "study",
        "configuration": {"sampling": sampling, "seed": seed, "sources": ["neighbours"]},
        "robust_training": {"queries": [], "gaussian": 0.0, "adversarial": 0.0},
    }
    return content | changes


def trained(folder: Path, sampling: str, seed: int, **changes: Any) -> Path:
    folder.mkdir(parents=True)
    (folder / "training.json").write_text(json.dumps(record(sampling, seed, **changes)), encoding="utf-8")
    return folder


def arms() -> Suite:
    return validate_suite(SUITE, "test")


def test_encoders_are_found_by_strategy_and_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for sampling in ("hybrid", "x-x"):
        for seed in (10, 2, 0):
            trained(tmp_path / "study" / f"{sampling}-{seed}", sampling, seed)
    (tmp_path / "study" / "x-x-unfinished").mkdir()
    found = find_trained(arms())
    assert [(one.strategy, one.seed) for one in found] == [(s, n) for n in (0, 2, 10) for s in ("x-x", "hybrid")]
    assert found[2] == Trained("static('study/x-x-2')", "x-x", 2)


def test_transformers_of_a_strategy_are_read_as_such_with_its_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = record("x-x", 0)["configuration"]
    trained(tmp_path / "study" / "x-x-0", "x-x", 0, configuration=told | {"model": {"kind": "transformer"}})
    trained(tmp_path / "study" / "hybrid-0", "hybrid", 0)
    arms = SUITE["strategies"]
    content = SUITE | {"strategies": arms | {"x-x": arms["x-x"] | {"options": {"dtype": "auto"}}}}
    found = find_trained(validate_suite(content, "test"))
    assert [one.spec for one in found] == ["transformer('study/x-x-0', dtype='auto')", "static('study/hybrid-0')"]


def test_what_is_missing_is_one_message_with_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trained(tmp_path / "study" / "x-x-0", "x-x", 0)
    with pytest.raises(DataError) as raised:
        find_trained(arms())
    assert "robustir train study --sampling hybrid -o study" in str(raised.value)
    assert "--sampling x-x" not in str(raised.value)


def test_a_seed_that_stands_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("x-x-0", "x-x-again"):
        trained(tmp_path / "study" / name, "x-x", 0)
    with pytest.raises(SpecError, match="seed 0"):
        find_trained(arms())


def test_a_suite_needs_encoders_or_strategies() -> None:
    with pytest.raises(SpecError, match="name encoders"):
        validate_suite({"name": "none", "benchmarks": ["mini"]}, "test")


def test_encoders_of_the_command_line_replace_the_strategies() -> None:
    suite = arms().replaced(encoders=("hashing",))
    assert (suite.encoders, suite.strategies) == (("hashing",), {})


def test_a_record_says_which_benchmarks_are_known_and_which_noise_was_seen(tmp_path: Path) -> None:
    folder = trained(tmp_path / "a", "hybrid", 3, robust_training={"queries": [{"spec": "typos", "severity": 0.2}]})
    (folder / "packed").mkdir()
    found = read_training_record(folder / "packed")
    assert found is not None
    assert found == TrainingRecord("study", "hybrid", 3, ("neighbours",), ("typos",))
    assert [found.in_domain(name) for name in ("wmt", "flores-dev", "tatoeba", "ntrex", "flores")] == [
        True,
        True,
        *[False] * 3,
    ]
    assert TrainingRecord("a", "x-y", 0, ("tatoeba",), ()).in_domain("tatoeba")
    assert set(in_domain_benchmarks(["flores", "qa", "mkqa"])) == {"flores-dev"}
    assert read_training_record(tmp_path) is None


def test_a_damaged_record_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "training.json").write_text('{"name": "study"}', encoding="utf-8")
    with pytest.raises(DataError, match=r"training\.json"):
        read_training_record(tmp_path)


def test_the_study_says_how_its_encoders_are_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as raised:
        find_trained(load_suite("hybrid-study"))
    commands = [line.split() for line in str(raised.value).splitlines()[1:]]
    assert [words[2] for words in commands] == ["study", "study-robust", "study"]
    assert [words.count("--seed") for words in commands] == [12, 12, 1]
    assert "study-surrogates" in commands[2]
    assert (
        commands[2][commands[2].index("--seed") + 1] not in commands[0]
    )  # attacks are made on a seed that is not compared
    plain, robust = (load_config(find_config(Path(words[2]))) for words in commands[:2])
    # The arm with robust training differs in that alone.
    assert plain.model_copy(update={"name": robust.name, "robust": robust.robust}) == robust
    assert robust.robust != plain.robust


def test_the_study_of_transformers_differs_in_sampling_and_robust_training_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as raised:
        find_trained(load_suite("hybrid-study-transformer"))
    commands = [line.split() for line in str(raised.value).splitlines()[1:]]
    assert [words[2] for words in commands] == ["study-transformer", "study-transformer-robust"]
    assert commands[0].count("--sampling") == 3
    assert [words[words.index("--seed") :][:2] for words in commands] == [["--seed", "0"]] * 2
    plain, robust = (load_config(find_config(Path(words[2]))) for words in commands)
    assert plain.model_copy(update={"name": robust.name, "robust": robust.robust}) == robust
    assert robust.robust != plain.robust


def test_what_a_suite_needs_beside_its_strategies_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for sampling in ("hybrid", "x-x"):
        trained(tmp_path / "study" / f"{sampling}-0", sampling, 0)
    suite = validate_suite(SUITE | {"needs": {"others/x-x-12": "robustir train study --seed 12 -o others"}}, "test")
    with pytest.raises(DataError, match=r"others/x-x-12\. Train them here:\n  robustir train study --seed 12"):
        find_trained(suite)
    trained(tmp_path / "others" / "x-x-12", "x-x", 12)
    assert len(find_trained(suite)) == 2
