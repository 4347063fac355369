"""What ``robustir describe`` shows: every built-in in full."""

from __future__ import annotations

import inspect
import json

import pytest

from robustir import errors
from robustir.kit.catalogue import SAMPLES, describe
from robustir.kit.docstrings import explained
from robustir.plugins.registry import factory, registered
from tests.cli.conftest import Invoke

ENTRIES = [f"{kind}:{name}" for kind in ("perturbation", "encoder", "benchmark") for name in registered(kind)]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ENTRIES)
def test_every_parameter_of_every_built_in_is_explained_and_no_other(name: str) -> None:
    kind, _, bare = name.partition(":")
    make = factory(kind, bare)  # type: ignore[arg-type]
    told = explained(make)
    parameters = list(inspect.signature(make).parameters)
    assert told.description
    assert [each for each in parameters if not told.parameters.get(each)] == []
    own = inspect.getdoc(make) or ""
    assert not [each for each in explained_here(own) if each not in parameters], "Args of no parameter"
    assert not any(f"\n{each}: " in told.description for each in parameters)
    assert "Args:" not in told.description


def explained_here(docstring: str) -> dict[str, str]:
    """Return the Args of one docstring, without those of base classes."""

    def bare() -> None: ...

    bare.__doc__ = docstring
    return explained(bare).parameters


@pytest.mark.parametrize("name", list(registered("perturbation")))
def test_a_perturbation_that_takes_arguments_says_what_it_raises(name: str) -> None:
    make = factory("perturbation", name)
    raises = explained(make).raises
    assert raises or not explained_here(inspect.getdoc(make) or "")
    assert set(raises) <= {error for error in vars(errors) if error.endswith("Error")}


@pytest.mark.parametrize("name", list(registered("perturbation")))
def test_a_perturbation_says_what_its_severity_means_and_shows_each_language(name: str) -> None:
    row = describe(f"perturbation:{name}")
    if "problem" in row:
        pytest.skip(row["problem"])
    assert row["severity_meaning"]
    assert row["source"]
    assert row["nested"] or row["nesting_note"]
    assert (
        row.get("needs") or [each["lang"] for each in row["examples"]] == sorted(SAMPLES) or row["languages"] != "any"
    )
    if name == "opus-mt":
        assert row["examples"] == []  # they would be downloads
        assert "downloaded when first needed" in row["needs"]
        assert "version" not in row
    elif row["languages"] == "any":
        assert {each["lang"] for each in row["examples"]} == set(SAMPLES)
    elif row["languages"]:
        assert {each["lang"] for each in row["examples"]} == set(row["languages"]) & set(SAMPLES)
    same = {each["lang"] for each in row["examples"] if each["clean"] == each["noisy"]}
    assert same <= ({"th"} if name == "punctuation" else set())  # the Thai sample has no mark and one end of a phrase


def test_parameters_are_those_of_the_spec() -> None:
    row = describe("perturbation:casing")
    (mode,) = row["parameters"]
    assert (mode["name"], mode["type"], mode["default"]) == ("mode", "str", "'lower'")
    assert mode["meaning"].startswith("lower; upper; title (one capital, the rest small)")
    assert describe("encoder:mbert")["parameters"][-1]["meaning"].startswith("texts of 128 tokens per batch")
    assert describe("code-switch(into='de')")["embedded_lang"] == "de"


def test_the_page(invoke: Invoke) -> None:
    page = invoke("describe", "opus-mt").out
    assert "no: a translation rewords the whole query" in page
    assert "rounds: int = 1\n      the most round trips through a pivot" in page
    row = json.loads(invoke("describe", "recorded", "--json").out)
    assert "give it a file" in row["needs"]
    assert row["languages"] == row["examples"] == []
