"""Every option of every command is explained, and what is accepted changes something."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from robustir.cli import COMMANDS, robustir
from tests.tiny import write_beir


def every_command() -> Iterator[tuple[str, click.Command]]:
    """Each command with its whole name, groups taken apart."""
    context = click.Context(robustir)
    waiting = [(name, robustir.get_command(context, name)) for name in COMMANDS]
    while waiting:
        name, command = waiting.pop()
        assert command is not None
        if isinstance(command, click.Group):
            waiting += [(f"{name} {inner}", found) for inner, found in command.commands.items()]
        else:
            yield name, command


def options(command: click.Command) -> dict[str, click.Option]:
    return {max(one.opts, key=len): one for one in command.params if isinstance(one, click.Option)}


COMMAND = dict(every_command())


@pytest.mark.parametrize("name", sorted(COMMAND))
def test_every_command_and_option_says_what_it_is_for(name: str) -> None:
    command = COMMAND[name]
    assert command.help
    silent = [option for option, one in options(command).items() if not one.help]
    assert not silent


# What each option of these commands is tried with; an option that is added must be added here.
PLAN = {
    "--data": None,  # where the files are changes no plan; tests of the loaders need it
    "--out": None,  # the run to compare with: test_plan in test_run.py
    "--json": None,
    "--code": None,  # what may run, not what is planned: test_code.py
    "--encoder": "random",
    "--benchmark": "TASK",
    "--perturbation": "casing",
    "--languages": "de",
    "--settings": "mono",
    "--measure": "RR",
    "--limit": "5",
    "--longest": None,  # refuses a plan, and changes none: test_long_texts.py
    "--index": "flat(k=100)",
    "--severities": "0.7",
    "--draws": "2",
    "--seed": "5",
    "--test": "t",
    "--correction": "holm",
    "--interval": "bca",
}
PERTURB = {"--lang": "de", "--severity": "0.9", "--seed": "3", "--draw": "1", "--longest": None, "--jsonl": None}


def changed(base: dict[str, str], option: str, value: str) -> list[str]:
    return [word for pair in {**base, option: value}.items() for word in pair]


def test_each_option_of_plan_changes_the_plan(tmp_path: Path, invoke) -> None:
    assert set(PLAN) == set(options(COMMAND["plan"]))
    task = write_beir(tmp_path / "task")
    base = {"--languages": "en", "--encoder": "hashing", "--perturbation": "typos", "--draws": "1", "--measure": "AP"}

    def planned(words: list[str]) -> object:
        result = invoke("plan", "quickstart", *words, "-o", tmp_path / "run", "--json")
        # So few queries can show nothing: the plan says so after all else.
        assert result.code == (2 if "no hypothesis of this plan" in result.err else 0), (words, result.err)
        return json.loads(result.out)

    plain = planned([word for pair in base.items() for word in pair])
    for option, value in PLAN.items():
        if value is None:
            continue
        given = changed({} if option == "--benchmark" else base, option, value.replace("TASK", str(task)))
        assert planned(given) != plain, option


def test_each_option_of_perturb_changes_the_noise(tmp_path: Path, invoke) -> None:
    assert set(PERTURB) == set(options(COMMAND["perturb"]))
    texts = tmp_path / "texts"
    texts.write_text("".join(f"where does the river number {row} flow\n" for row in range(30)), encoding="utf-8")
    base = {"--lang": "en", "--severity": "0.4"}
    plain = invoke("perturb", "typos", *changed(base, "--seed", "0"), texts).out
    assert plain == invoke("perturb", "typos", *changed(base, "--draw", "0"), texts).out
    for option, value in PERTURB.items():
        if value is not None:
            noisy = invoke("perturb", "typos", *changed(base, option, value), texts)
            assert noisy.code == 0, noisy.err
            assert noisy.out != plain, option


@pytest.mark.parametrize("command", ["measure", "verify"])
def test_two_ways_to_print_are_refused(command: str, invoke) -> None:
    refused = invoke("calibrate", command, "typos", "--json", "--markdown")
    assert refused.code == 2
    assert "--json and --markdown exclude each other" in refused.err


def test_strict_needs_a_bound(tmp_path: Path, invoke) -> None:
    for command in ("report", "compare"):
        refused = invoke(command, tmp_path, "--strict")
        assert refused.code == 2
        assert "--strict applies to bounds" in refused.err


def test_a_ray_address_needs_ray(tmp_path: Path, invoke) -> None:
    refused = invoke("run", "quickstart", "--languages", "en", "--ray-address", "here:6379", "-o", tmp_path / "run")
    assert refused.code == 2
    assert "--ray-address names a cluster to run on: add  --executor ray" in refused.err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "arguments",
    [("run", "quickstart"), ("resume", "nowhere"), ("report", "nowhere")],
    ids=lambda arguments: arguments[0],
)
def test_formats_are_checked_before_anything_runs(
    arguments: tuple[str, ...], tmp_path: Path, invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for formats in ("doc", "html,doc", ","):
        refused = invoke(*arguments, "--format", formats)
        assert refused.code == 2
        assert "html, pdf, latex, markdown, csv" in refused.err
        assert "nowhere" not in refused.err
    assert list(tmp_path.iterdir()) == []
