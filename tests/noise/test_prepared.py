"""Perturbations behind one interface: which route is taken, what is read of a plugin, what is refused."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Sequence
from typing import Any

import pytest

from robustir import contracts
from robustir.errors import PerturbationError, SpecError
from robustir.noise.prepared import PreparedAttack, PreparedPerturbation, prepare
from robustir.plugins import registry
from robustir.seeds import Stream, derive_key
from robustir.types import QuerySet
from tests.tiny import Noise, ToLetter

QUERIES = QuerySet.from_texts(["one", "two"], lang="en", ids=["a", "b"])
KEYS = [derive_key(name) for name in QUERIES.ids]


class Spy:
    """Delegates to a plugin and remembers which attributes were asked for."""

    def __init__(self, plugin: object, read: set[str]) -> None:
        self._plugin, self._read = plugin, read

    def __getattr__(self, name: str) -> Any:
        self._read.add(name)
        return getattr(self._plugin, name)


def read_by(kind: type[PreparedPerturbation], plugin: object) -> set[str]:
    """Return the attributes that a prepared plugin reads, all its properties and methods together."""
    read: set[str] = set()
    made = kind(Spy(plugin, read))
    for name, member in inspect.getmembers(kind):
        if isinstance(member, property):
            getattr(made, name)
    made.refusal("en")
    made.not_applicable(["en"])
    made.example_queries()
    for name in ("apply", "apply_texts", "attack", "control"):
        texts = (QUERIES.texts, QUERIES.langs) if name == "apply_texts" else (QUERIES,)
        try:
            getattr(made, name)(*texts, severity=0.5, keys=KEYS)
        except (AttributeError, TypeError, PerturbationError):
            continue
    return read


def documented(extras: type) -> set[str]:
    """Return the names in a list of extras, each with its own docstring."""
    (body,) = ast.parse(inspect.getsource(extras)).body
    assert isinstance(body, ast.ClassDef)
    names = set()
    for statement, following in zip(body.body, [*body.body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign):
            assert isinstance(statement.target, ast.Name)
            assert isinstance(following, ast.Expr), f"{statement.target.id} has no docstring"
            names.add(statement.target.id)
        elif isinstance(statement, ast.FunctionDef):
            assert ast.get_docstring(statement), f"{statement.name} has no docstring"
            names.add(statement.name)
    return names


REQUIRED = {"name", "version", "languages", "nested"}
BY_THE_REGISTRY = {"spec_parameters"}  # of the class, before there is an object


def test_what_is_read_of_a_perturbation_is_what_its_contract_documents() -> None:
    read = read_by(PreparedPerturbation, Noise()) - REQUIRED
    assert read | BY_THE_REGISTRY == documented(contracts.PerturbationExtras)


def test_what_is_read_of_an_attack_is_what_its_contract_documents() -> None:
    read = read_by(PreparedAttack, ToLetter()) - REQUIRED - {"against", "passages", "attack", "control"}
    extras = documented(contracts.PerturbationExtras) | documented(contracts.AttackExtras)
    assert read | BY_THE_REGISTRY == extras


def test_the_registry_reads_what_its_part_of_the_contract_documents() -> None:
    source = inspect.getsource(registry)
    assert {
        name for name in documented(contracts.PerturbationExtras) if f'getattr(make, "{name}"' in source
    } == BY_THE_REGISTRY


def test_a_plugin_without_extras_has_the_documented_defaults() -> None:
    made = prepare(Noise())
    for name, default in vars(contracts.PerturbationExtras).items():
        if name in contracts.PerturbationExtras.__annotations__ and name not in {"nesting_note", *BY_THE_REGISTRY}:
            assert getattr(made, name) == default, name
    assert made.cell_version == "1"
    assert prepare(ToLetter()).objective == "margin"  # type: ignore[attr-defined]


class ByBatch(Noise):
    """Has a batch route."""

    def apply_batch(
        self, texts: Sequence[str], *, langs: Sequence[str], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Say which route was taken."""
        return [f"batch {text}" for text in texts]


class ByQuery(ByBatch):
    """Has a route by query too."""

    def apply_queries(self, queries: QuerySet, *, severity: float, keys: Sequence[bytes]) -> list[str]:
        """Say which route was taken."""
        return [f"query {name}" for name in queries.ids]


class OneByOne(Noise):
    """Shows the key of its stream."""

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> Any:
        """Return the key."""
        return f"{text} {lang} {severity} {rng.key.hex()}"


@pytest.mark.parametrize(
    ("plugin", "texts"),
    [
        (OneByOne(), [f"one en 0.5 {KEYS[0].hex()}", f"two en 0.5 {KEYS[1].hex()}"]),
        (ByBatch(), ["batch one", "batch two"]),
        (ByQuery(), ["query a", "query b"]),
    ],
)
def test_the_most_specific_route_is_taken(plugin: Noise, texts: list[str]) -> None:
    assert prepare(plugin).apply(QUERIES, severity=0.5, keys=KEYS) == texts


def test_texts_without_ids_go_past_the_route_by_query() -> None:
    made = prepare(ByQuery())
    assert made.needs_queries
    assert made.apply_texts(QUERIES.texts, QUERIES.langs, severity=0.5, keys=KEYS) == ["batch one", "batch two"]


class Late(Noise):
    """Finds its version out when it is asked."""

    version = property(lambda self: 1 / 0)  # type: ignore[assignment]


def test_a_version_is_not_asked_for_before_it_is_needed() -> None:
    made = prepare(Late())
    assert made.apply(QUERIES, severity=0.5, keys=KEYS) == ["one", "two"]
    with pytest.raises(ZeroDivisionError):
        _ = made.version


def test_what_is_prepared_stays_as_it_is() -> None:
    made = prepare("typos")
    assert prepare(made) is made
    assert isinstance(prepare(ToLetter()), PreparedAttack)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (Noise, "the class Noise is not a perturbation; pass an instance"),
        (object(), "is not a perturbation: it lacks name, version, languages, nested, __call__"),
    ],
)
def test_what_is_not_a_perturbation_is_refused(other: object, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        prepare(other)
