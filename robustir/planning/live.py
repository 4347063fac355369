"""Objects of a Python session in a suite: ``live('NAME')`` stands for an encoder or task that no spec can make again."""

from __future__ import annotations

from collections.abc import Container

from robustir.errors import SpecError
from robustir.plugins.specs import Spec, parse

__all__ = ["is_live", "live_spec"]

_NAME = "live"


def live_spec(name: str, taken: Container[str] = ()) -> str:
    """Return a spec that stands for an object of that name in a suite, different from the specs in ``taken``."""
    spec, number = str(Spec(_NAME, (name,))), 1
    while spec in taken:
        number += 1
        spec = str(Spec(_NAME, (name, number)))
    return spec


def is_live(spec: str) -> bool:
    """Whether a spec of a suite stands for an object."""
    try:
        return parse(spec).name == _NAME
    except SpecError:
        return False
