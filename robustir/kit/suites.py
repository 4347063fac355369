"""What a suite asks for, with every default filled in, as rows for ``describe``; needs neither data nor models."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from robustir.errors import RobustirError
from robustir.noise.prepared import PreparedPerturbation, is_attack
from robustir.planning.suite import NamedEncoder, Noise, Suite, load_suite, suite_names, suite_path
from robustir.plugins.names import short_names
from robustir.plugins.registry import KINDS, Kind, factory, registered
from robustir.plugins.specs import parse

__all__ = ["describe_suite", "suite_meant"]

_PREFIX = "suite:"


def suite_meant(name: str) -> str | None:
    """Return the suite that ``name`` means: ``suite:NAME``, a TOML file, or the name of a suite that no plugin has."""
    if name.startswith(_PREFIX):
        return name.removeprefix(_PREFIX)
    taken = any(name in registered(kind) for kind in KINDS)
    return name if name.endswith(".toml") or (name in suite_names() and not taken) else None


def describe_suite(name: str) -> dict[str, Any]:
    """Return a suite as it would be run: its lists with what each entry is, counts, measures, statistics.

    conditions: query sets of each encoder and benchmark, the clean one and the floor included.
    """
    suite = load_suite(name)
    return {
        "name": suite.name,
        "kind": "suite",
        "description": suite.description,
        "file": str(suite_path(name)),
        "question": suite.question,
        "benchmarks": [{"name": spec, "description": _about("benchmark", spec)} for spec in suite.benchmarks],
        "encoders": _encoders(suite.encoder_specs, suite.encoder_names),
        "optional": _encoders(
            [value if isinstance(value, str) else value.spec for value in suite.optional],
            {value.spec: value.name for value in suite.optional if isinstance(value, NamedEncoder)},
        ),
        "strategies": [{"name": key, **one.model_dump()} for key, one in suite.strategies.items()],
        "perturbations": [_perturbation(suite, noise) for noise in suite.perturbations],
        "conditions": 2 + sum(_sets(suite, noise) for noise in suite.perturbations),
        **suite.model_dump(
            mode="json",
            include={"languages", "settings", "limit", "measures", "seed", "statistics", "compare", "needs"},
        ),
        "exploratory": suite.exploratory,
    }


def _encoders(specs: Sequence[str], given: Mapping[str, str]) -> list[dict[str, Any]]:
    names = short_names(specs, given)
    return [{"name": names[spec], "spec": spec, "description": _about("encoder", spec)} for spec in specs]


def _perturbation(suite: Suite, noise: Noise) -> dict[str, Any]:
    made = _made("perturbation", noise.spec)
    return {
        "name": noise.spec,
        "description": _about("perturbation", noise.spec),
        "severities": list(suite.severities_of(noise)),
        "draws": suite.draws_of(noise),
        "severity_meaning": "" if made is None else PreparedPerturbation(made).severity_meaning,
        "attack": is_attack(made),
        "exploratory": noise.exploratory,
        "optional": noise.optional,
    }


def _sets(suite: Suite, noise: Noise) -> int:
    """Return how many query sets a perturbation makes: an attack one per encoder that it is made on, and its control."""
    count = len(suite.severities_of(noise)) * suite.draws_of(noise)
    if not is_attack(_made("perturbation", noise.spec)):
        return count
    named = any(key == "against" for key, _ in parse(noise.spec).kwargs)
    return 2 * count * (1 if named else len(suite.encoders))


def _made(kind: Kind, spec: str) -> Any:
    try:
        return factory(kind, spec)
    except RobustirError:
        return None  # the plan says what is wrong with it; the rest of the page is still true


def _about(kind: Kind, spec: str) -> str:
    if parse(spec).is_object:
        return "code, which a run asks for"
    made = _made(kind, spec)
    return "not on this machine" if made is None else (inspect.getdoc(made) or "").partition("\n")[0]
