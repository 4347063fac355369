"""Arguments that name some of a few things, each once: the operations of typing errors, the swaps of an attack."""

from __future__ import annotations

from collections.abc import Sequence

from robustir.errors import SpecError

__all__ = ["choices"]


def choices(owner: str, parameter: str, given: Sequence[str] | str, known: Sequence[str]) -> tuple[str, ...]:
    """Return what a parameter names, in the order given; a single string is one of them.

    owner: the perturbation's name, for the error. Raises SpecError for a name that is not ``known``, twice the same, or
    none at all.
    """
    chosen = (given,) if isinstance(given, str) else tuple(given)
    if not chosen or len(set(chosen)) < len(chosen) or set(chosen) - set(known):
        raise SpecError(
            f"{owner}({parameter}={given!r}): give one or more of {', '.join(known)}, each once, "
            f"such as  {owner}({parameter}=({known[0]!r},))"
        )
    return chosen
