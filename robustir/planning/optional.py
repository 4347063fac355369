"""Encoders and noise that a suite takes if they can run here, and what is said of encoders before a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from robustir.errors import CodeRefusedError, InputError
from robustir.planning.suite import Suite
from robustir.planning.suite_tables import spec_of
from robustir.plugins.registry import Kind, create

__all__ = ["unfamiliar_languages", "with_optional", "with_optional_noise"]


def with_optional(suite: Suite) -> tuple[Suite, tuple[str, ...]]:
    """Return the suite with those of its optional encoders that can be made, and a sentence for each other one's reason."""
    names = {spec_of(one): one if isinstance(one, str) else one.name for one in suite.optional}
    missing = _missing("encoder", names)
    there = [one for one in suite.optional if spec_of(one) not in missing]
    left_out = _sentences(missing, names)
    return suite.model_copy(update={"encoders": (*suite.encoders, *there), "optional": ()}), left_out


def with_optional_noise(suite: Suite) -> tuple[Suite, tuple[str, ...]]:
    """Return the suite without those of its optional perturbations that cannot be made, and a sentence for each reason."""
    names = {noise.spec: noise.name or noise.spec for noise in suite.perturbations if noise.optional}
    missing = _missing("perturbation", names)
    kept = [noise for noise in suite.perturbations if noise.spec not in missing]
    known = {name for noise in kept for name in (noise.spec, noise.name)}
    there = tuple(
        noise.model_copy(
            update={"optional": False, "imitates": tuple(name for name in noise.imitates if name in known)}
        )
        for noise in kept
    )
    return suite.model_copy(update={"perturbations": there}), _sentences(missing, names)


def _missing(kind: Kind, specs: Iterable[str]) -> dict[str, str]:
    """Return why plugins cannot be made here, by their specs."""
    reasons = {}
    for spec in specs:
        try:
            create(kind, spec)
        except CodeRefusedError:
            raise
        except InputError as error:
            reasons[spec] = str(error)
    return reasons


def _sentences(missing: Mapping[str, str], names: Mapping[str, str]) -> tuple[str, ...]:
    """Return a sentence for each reason, with the names of what is left out for it."""
    by_reason: dict[str, list[str]] = {}
    for spec, reason in missing.items():
        by_reason.setdefault(reason, []).append(names[spec])
    return tuple(f"left out: {', '.join(listed)} ({reason})" for reason, listed in by_reason.items())


def unfamiliar_languages(name: str, encoder: Any, languages: Iterable[str]) -> str:
    """Return a sentence about languages that an encoder says it was not trained on, or "" if there are none."""
    known: Sequence[str] | frozenset[str] | None = getattr(encoder, "languages", None)
    missing = sorted(set(languages) - set(known)) if known else []
    if not missing:
        return ""
    return f"{name} was not trained on {', '.join(missing)}: its scores there are those of an encoder that lacks the language"
