"""Encoders that a suite takes if they can run here, and what is said of encoders before a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from robustir.errors import InputError
from robustir.planning.suite import NamedEncoder, Suite
from robustir.plugins.registry import create

__all__ = ["unfamiliar_languages", "with_optional"]


def with_optional(suite: Suite) -> tuple[Suite, tuple[str, ...]]:
    """Return the suite with those of its optional encoders that can be made, and a sentence for each other one's reason."""
    there: list[str | NamedEncoder] = []
    reasons: dict[str, list[str]] = {}
    for entry in suite.optional:
        spec, name = (entry, entry) if isinstance(entry, str) else (entry.spec, entry.name)
        try:
            create("encoder", spec)
            there.append(entry)
        except InputError as error:
            reasons.setdefault(str(error), []).append(name)
    left_out = tuple(f"left out: {', '.join(names)} ({reason})" for reason, names in reasons.items())
    return suite.model_copy(update={"encoders": (*suite.encoders, *there), "optional": ()}), left_out


def unfamiliar_languages(name: str, encoder: Any, languages: Iterable[str]) -> str:
    """Return a sentence about languages that an encoder says it was not trained on, or "" if there are none."""
    known: Sequence[str] | frozenset[str] | None = getattr(encoder, "languages", None)
    missing = sorted(set(languages) - set(known)) if known else []
    if not missing:
        return ""
    return f"{name} was not trained on {', '.join(missing)}: its scores there are those of an encoder that lacks the language"
