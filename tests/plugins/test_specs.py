"""Spec strings round-trip, and mistakes are explained."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustir.errors import SpecError
from robustir.plugins.specs import Spec, parse

names = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True).filter(lambda name: len(name) < 20)
literals = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=6,
)
# A bare number or word such as "1" or "None" is a literal, so a nested spec needs a name that is none.
nested_names = names.filter(lambda name: name[0].isalpha())
keys = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
specs = st.recursive(
    st.builds(Spec, nested_names),
    lambda inner: st.builds(
        lambda name, args, kwargs: Spec(name, tuple(args), tuple(kwargs.items())),
        nested_names,
        st.lists(literals | inner, max_size=3),
        st.dictionaries(keys, literals | inner, max_size=3),
    ),
    max_leaves=5,
)


@given(specs)
def test_round_trip(spec: Spec) -> None:
    assert parse(str(spec)) == spec


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("typos", Spec("typos")),
        (" typos ( ) ", Spec("typos")),
        ("typos(b=2, a='x,(')", Spec("typos", (), (("a", "x,("), ("b", 2)))),
        ("compose(typos(x=1), ocr)", Spec("compose", (Spec("typos", (), (("x", 1),)), Spec("ocr")))),
        ("./model", Spec("./model")),
        ("/data/my model (1)", Spec("/data/my model (1)")),
        ("a\\b", Spec("a\\b")),
        ("pkg.mod:Thing", Spec("pkg.mod:Thing")),
        ("pkg.mod:Thing(3)", Spec("pkg.mod:Thing", (3,))),
        ("transformer('org/name', layer=7)", Spec("transformer", ("org/name",), (("layer", 7),))),
    ],
)
def test_parse(text: str, expected: Spec) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty spec"),
        ("Typos", "not a valid name"),
        ("typos(", "not closed"),
        ("typos(a=1, a=2)", "given twice"),
        ("typos(a=1, 2)", "after a named one"),
        ("typos('x)", "not closed"),
        ("typos([1)", "do not match|not closed"),
        ("typos(1,,2)", "empty argument"),
        ("typos(a=B!)", "neither a Python literal nor a spec"),
        ("typos--x", "not a valid name"),
    ],
)
def test_mistakes_are_explained(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse(text)


def test_kinds_of_names() -> None:
    assert parse("./x").is_path
    assert parse("a.b:c").is_object
    assert not parse("typos").is_path
