"""The arguments of a call from Python (lists, names, objects), checked and put into a suite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustir.encoders.adapters import adapt
from robustir.errors import InputError
from robustir.planning.live import live_spec
from robustir.planning.suite import Suite, load_suite, validate_suite
from robustir.types import Task

__all__ = ["Asked", "asked_for", "listed", "whole_number"]


@dataclass(frozen=True)
class Asked:
    """A suite before and after a call's changes; ``live``: the objects that its specs ``live(...)`` stand for."""

    before: Suite
    suite: Suite
    live: Mapping[str, Any]


def asked_for(suite: object, *, benchmarks: object, encoders: object, perturbations: object, **others: Any) -> Asked:
    """Return the suite with a call's changes; None and empty lists change nothing.

    Raises:
        InputError: for an argument of a wrong type.
    """
    before = _suite(suite)
    live: dict[str, Any] = {}
    tasks = [_task(value, live) for value in listed(benchmarks, "benchmarks", Task)]
    changed = before.with_options(
        benchmarks=tasks,
        encoders=list(_encoders(encoders, live)),
        perturbations=listed(perturbations, "perturbations", Mapping),
        languages=listed(others.pop("languages"), "languages"),
        settings=listed(others.pop("settings"), "settings"),
        measures=listed(others.pop("measures"), "measures"),
        severities=_shares(others.pop("severities")),
        **others,
    )
    return Asked(before, changed, live)


def _suite(given: object) -> Suite:
    if given is None:
        return load_suite("quickstart")
    if isinstance(given, Suite):
        return given
    if isinstance(given, (str, Path)):
        return load_suite(str(given))
    if isinstance(given, Mapping):
        return validate_suite(given, "the suite given")
    raise InputError(f"suite must be a name, a path, a mapping or a Suite, not of type {type(given).__name__}")


def _task(given: Any, live: dict[str, Any]) -> str:
    if isinstance(given, str):
        return given
    spec = live_spec(given.name, live)
    live[spec] = given
    return spec


def _encoders(given: Any, live: dict[str, Any]) -> Iterable[str | dict[str, str]]:
    """Yield encoders as a suite has them; objects are kept in ``live``."""
    named = (
        given.items() if isinstance(given, Mapping) else (("", value) for value in listed(given, "encoders", object))
    )
    for name, encoder in named:
        if not isinstance(name, str):
            raise InputError(f"names of encoders must be strings; {name!r} is of type {type(name).__name__}")
        spec = encoder
        if not isinstance(encoder, str):
            adapted = adapt(encoder)
            spec = live_spec(name or adapted.name, live)
            live[spec] = adapted
        yield {"name": name, "spec": spec} if name else spec


def listed(given: Any, what: str, kind: type | tuple[type, ...] = ()) -> list[Any]:
    """Return one value, or several, as a list; raise InputError for a value that is neither a string nor of ``kind``."""
    if given is None:
        return []
    kinds = (str, *(kind if isinstance(kind, tuple) else (kind,)))
    if isinstance(given, kinds) and not (kind is object and isinstance(given, (list, tuple))):
        return [given]
    if not isinstance(given, Iterable) or isinstance(given, (bytes, Mapping)):
        raise InputError(f"{what} must be a list, not of type {type(given).__name__}")
    values = list(given)
    for value in values:
        if not isinstance(value, kinds):
            raise InputError(f"{what} must be specs or names, as strings; {value!r} is of type {type(value).__name__}")
    return values


def _shares(given: Any) -> tuple[float, ...] | None:
    values = (given,) if isinstance(given, (int, float)) else given
    if values is None:
        return None
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise InputError(f"severities must be a list of numbers such as [0.1, 0.3], not {given!r}")
    for value in values:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InputError(f"severities must be numbers such as 0.3, not {value!r}")
    return tuple(float(value) for value in values) or None


def whole_number(given: Any, what: str, least: int) -> int:
    """Return ``given`` if it is a whole number of at least ``least``; otherwise raise InputError."""
    if isinstance(given, bool) or not isinstance(given, int) or given < least:
        raise InputError(f"{what} must be a whole number of at least {least}, not {given!r}")
    return given
