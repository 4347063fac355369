"""From specs to objects: built-ins, objects by module path, and every mistake with what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from robustir.errors import SpecError, UnknownNameError
from robustir.plugins.registry import Kind, canonical, create, factory, registered


def test_built_ins_are_registered_and_nothing_is_imported_for_it() -> None:
    import subprocess

    code = (
        "import sys; from robustir.plugins.registry import registered; print(*registered('encoder')); "
        "print(sorted({'torch','numpy','pandas'} & set(sys.modules)))"
    )
    lines = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    ).stdout.splitlines()
    assert {"bm25", "hashing", "random", "transformer"} <= set(lines[0].split())
    assert lines[1] == "[]"


def test_canonical_spelling() -> None:
    assert canonical("benchmark", "xquad-r") == "xquad-r"
    assert canonical("benchmark", "xquad-r('sentence')") == "xquad-r"
    assert canonical("benchmark", "xquad-r(passage='sentence-in-context')") == "xquad-r(passage='sentence-in-context')"
    assert canonical("benchmark", "xquad-r(sentence-in-context)") == "xquad-r(passage='sentence-in-context')"
    assert canonical("benchmark", "beir('x', lang='en')") == "beir('x')"
    assert canonical("benchmark", "./some/folder") == "beir('./some/folder')"


def test_create() -> None:
    assert create("benchmark", "xquad-r(passage=sentence-in-context)").passage == "sentence-in-context"
    assert create("benchmark", "robustir.benchmarks.mini:Mini").name == "mini"
    assert create("benchmark", "./no/such/folder").path == Path("no/such/folder")
    assert factory("benchmark", "mini").__name__ == "Mini"


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("min", UnknownNameError, "did you mean mini"),
        ("zzzz", UnknownNameError, "there are: .*mini"),
        ("xquad-r(passages=1)", SpecError, "its parameters are: passage"),
        ("xquad-r(passage=3)", SpecError, "passage must be one of"),
        ("no.such.module:Thing", SpecError, "importable"),
        ("robustir.benchmarks.mini:Nothing", SpecError, "Nothing"),
    ],
)
def test_mistakes(spec: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        create("benchmark", spec)


def test_a_path_is_no_perturbation() -> None:
    with pytest.raises(SpecError, match="is a path"):
        create("perturbation", "./noise.py")


def test_entries_are_cached_by_kind() -> None:
    assert registered("perturbation") is registered("perturbation")
    assert registered("perturbation")["typos"].package == "robustir"


@pytest.mark.parametrize(
    ("spec", "spelled"),
    [
        ("compose(typos(),shuffle-words)", "compose(typos, shuffle-words)"),
        ("compose('typos()', 'casing(\"lower\")')", "compose(typos, casing)"),
        ("one-of(casing('upper'), typos)", "one-of(casing(mode='upper'), typos)"),
        ("compose(one-of(typos(), spacing('merge')), typos, shares=(1, 0.5))",
         "compose(one-of(typos, spacing(parts='merge')), typos, shares=(1, 0.5))"),
        ("one-of(code-switch(order='random', into='de', choices=2))", "one-of(code-switch(choices=2, into='de'))"),
        ("adversarial(against=hashing(analyzer='word'))", "adversarial(against=\"hashing(analyzer='word')\")"),
        ("adversarial(against=hashing())", "adversarial(against='hashing')"),
        ("adversarial-homoglyph('hashing( )')", "adversarial-homoglyph(against='hashing')"),
    ],
)  # fmt: skip
def test_specs_inside_specs_are_spelled_canonically(spec: str, spelled: str) -> None:
    assert canonical("perturbation", spec) == spelled
    assert canonical("perturbation", spelled) == spelled


def test_an_unknown_part_is_named() -> None:
    with pytest.raises(UnknownNameError, match="did you mean typos"):
        canonical("perturbation", "compose(typoz, casing)")


@pytest.mark.parametrize("kind", ["benchmark", "encoder", "perturbation"])
def test_what_gives_no_plugin_is_refused_at_the_door(kind: Kind) -> None:
    with pytest.raises(SpecError, match=rf"os:getcwd gives a str, which cannot serve as {kind}"):
        create(kind, "os:getcwd")


def test_an_object_without_load_is_no_benchmark() -> None:
    with pytest.raises(SpecError, match="gives a Namespace, which cannot serve as benchmark: that has load"):
        create("benchmark", "argparse:Namespace")
    with pytest.raises(SpecError, match="OrderedDict does not say what it takes, so it cannot serve as benchmark"):
        create("benchmark", "collections:OrderedDict")
