"""Suites explained: the page of each key, ``describe SUITE``, and ``new suite``, which runs as it is written."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from robustir.kit.suites import describe_suite
from robustir.planning.suite import (
    Equivalence,
    NamedEncoder,
    Noise,
    Statistics,
    Strategy,
    Suite,
    Validity,
    load_suite,
    suite_names,
)

MODELS: dict[str, type[BaseModel]] = {
    "Keys of a suite": Suite,
    "An encoder as a table": NamedEncoder,
    "A perturbation as a table": Noise,
    "A training strategy": Strategy,
    "Statistics": Statistics,
    "Equivalence": Equivalence,
    "Validity": Validity,
}


def as_toml(value: object) -> str:
    """Spell a default as the file would."""
    if value is None or value in ((), {}, "") or isinstance(value, BaseModel):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(list(value)) if isinstance(value, tuple) else json.dumps(value)


def table_of(model: type[BaseModel]) -> str:
    """Return the Markdown table of a model's keys."""
    lines = ["| key | meaning | default | example |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        assert field.description, f"{model.__name__}.{name} is not explained"
        assert field.examples, f"{model.__name__}.{name} has no example"
        default = "needed" if field.is_required() else as_toml(field.default)
        shown = default if default in {"", "needed"} else f"`{default}`"
        lines.append(f"| `{name}` | {field.description} | {shown} | `{name} = {field.examples[0]}` |")
    return "\n".join(lines)


@pytest.mark.parametrize("title", MODELS)
def test_the_page_of_suites_explains_every_key_as_the_model_does(root: Path, title: str) -> None:
    page = (root / "docs" / "suites.md").read_text(encoding="utf-8")
    section = re.split(r"^## ", page.partition(f"## {title}\n")[2], flags=re.MULTILINE)[0]
    found = "\n".join(line for line in section.splitlines() if line.startswith("|"))
    assert found == table_of(MODELS[title])


@pytest.mark.parametrize("name", Suite.model_fields)
def test_every_example_is_valid(name: str) -> None:
    example = Suite.model_fields[name].examples[0]  # type: ignore[index]  # each has one, as the test above says
    content: dict[str, Any] = {"name": "x", "benchmarks": ["mini"], "encoders": ["bm25"]}
    content |= tomllib.loads(f"{name} = {example}")
    if name == "compare":
        content["strategies"] = {key: {"encoders": "study/*"} for key in ("x-y", "x-x")}
    suite = Suite.model_validate(content)
    assert getattr(suite, name) != Suite.model_fields[name].default


@pytest.mark.parametrize("model", [NamedEncoder, Noise, Strategy, Statistics])
def test_every_example_of_a_table_is_valid(model: type[BaseModel]) -> None:
    lines = [f"{name} = {field.examples[0]}" for name, field in model.model_fields.items()]  # type: ignore[index]
    made = model.model_validate(tomllib.loads("\n".join(lines)))
    assert made.model_fields_set == set(model.model_fields)


@pytest.mark.parametrize("name", suite_names())
def test_every_suite_that_ships_has_a_page(name: str, invoke) -> None:
    shown = invoke("describe", f"suite:{name}")
    assert shown.code == 0, shown.err
    words = " ".join(shown.out.split())
    suite = load_suite(name)
    for text in (suite.description, suite.question, *suite.benchmarks, suite.measures[0]):
        assert " ".join(text.split()) in words
    row = json.loads(invoke("describe", f"suite:{name}", "--json").out)
    assert [one["name"] for one in row["perturbations"]] == [noise.spec for noise in suite.perturbations]


def test_numbers_of_query_sets() -> None:
    # clean, the floor, and 2 kinds of noise at 4 severities in 3 draws
    assert describe_suite("quickstart")["conditions"] == 2 + 2 * 4 * 3
    # clean, the floor, 8 kinds of noise and, for the attack, 5 encoders with a control each, at 4 severities
    assert describe_suite("families")["conditions"] == 2 + 8 * 4 + 5 * 2 * 4


def test_names_that_plugins_have_too(invoke) -> None:
    assert "suite:xquad-r" in invoke("describe", "xquad-r").out
    assert json.loads(invoke("describe", "xquad-r", "--json").out)["kind"] == "benchmark"
    assert json.loads(invoke("describe", "suite:xquad-r", "--json").out)["kind"] == "suite"
    assert json.loads(invoke("describe", "quickstart", "--json").out)["kind"] == "suite"


def test_a_new_suite_runs_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke) -> None:
    monkeypatch.chdir(tmp_path)
    made = invoke("new", "suite", "my-study")
    assert made.code == 0, made.err
    text = Path("my-study.toml").read_text(encoding="utf-8")
    for name in Suite.model_fields:
        if name != "exploratory":  # of the whole suite: set by options
            assert re.search(rf"^(# )?\[?{name}\b", text, re.MULTILINE), f"{name} is not shown"
    # What stands in comments is valid, too.
    assert invoke("describe", "my-study.toml").code == 0
    done = invoke("run", "my-study.toml", "-j1", "--format", "csv")
    assert done.code == 0, done.err
    manifest = json.loads(Path("runs/my-study/manifest.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in manifest["encoders"]] == ["bm25", "characters"]
    again = invoke("new", "suite", "my-study")
    assert again.code == 2
    assert "exists already" in again.err
    assert "robustir has a suite" in invoke("new", "suite", "quickstart").err
    assert "is not a valid name" in invoke("new", "suite", "My study").err


def test_the_comments_of_a_new_suite_are_valid_keys() -> None:
    from robustir.cli.scaffolds import suite_scaffold

    lines = suite_scaffold("x").splitlines()
    keys = [line.removeprefix("# ") for line in lines if re.match(r"# (\[?[a-z]+\]?( = |$)|\[|\")", line)]
    kept = [line for line in lines if not line.startswith("#")]
    end = next(place for place, line in enumerate(keys) if line.startswith("["))
    top, tables = keys[:end], keys[end:]
    compare = [line for line in tables if line.startswith("compare")]
    tables = [line for line in tables if line not in compare]
    strategies = '[strategies.theirs]\nencoders = "models/theirs-*"'
    suite = Suite.model_validate(tomllib.loads("\n".join([*kept, *top, *compare, *tables, strategies])))
    shown = {line.partition(" = ")[0] for line in [*top, *compare] if re.match(r"[a-z]+ = ", line)}
    assert shown == {"compare", "index", "limit", "longest", "optional", "settings"}
    assert shown <= suite.model_fields_set
