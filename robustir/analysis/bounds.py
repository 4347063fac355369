"""``--fail-if``: bounds on the contrasts of a run, for use before shipping an encoder."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from robustir.errors import BoundViolatedError, RunError, SpecError
from robustir.stats.rounding import above, below

__all__ = ["Bound", "check_bounds", "parse_bounds"]

# Rounding alone meets no bound, and breaks none that is met: 0.8 is not below 0.8 and is at most 0.8, however it came about.
_COMPARE: Mapping[str, Callable[[Any, float], Any]] = {
    "<": below,
    "<=": lambda values, bound: values.notna() & ~above(values, bound),
    ">": above,
    ">=": lambda values, bound: values.notna() & ~below(values, bound),
}
_FIELDS = ("delta", "noisy", "clean", "retention", "relative_drop", "effect_size", "worst_draw")
_BOUND = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*")


@dataclass(frozen=True, slots=True)
class Bound:
    """What a contrast must not meet: a field, a sign and a number."""

    text: str
    field: str
    sign: str
    number: float


def parse_bounds(bounds: Sequence[str]) -> tuple[Bound, ...]:
    """Read expressions such as ``delta < -0.1``; raise SpecError for what is not one."""
    parsed = []
    for text in bounds:
        match = _BOUND.fullmatch(text)
        if match is None or match.group(1) not in _FIELDS:
            raise SpecError(f"--fail-if {text!r}: write  FIELD < NUMBER  with a field of {', '.join(_FIELDS)}")
        parsed.append(Bound(text, match.group(1), match.group(2), float(match.group(3))))
    return tuple(parsed)


def check_bounds(contrasts: Any, bounds: Sequence[Bound], *, strict: bool = False) -> None:
    """Raise BoundViolatedError naming the worst macro-average contrast that meets a bound.

    ``strict``: a bound on ``delta`` counts only where the whole interval meets it.
    """
    rows = contrasts[contrasts["query_lang"] == "all"]
    for bound in bounds:
        name, sign, number = bound.field, bound.sign, bound.number
        column = name
        if strict and name == "delta":
            column = "ci_high" if sign.startswith("<") else "ci_low"
        if not rows[column].notna().any():
            # With no contrasts to check, fail instead of passing.
            raise RunError(
                f"--fail-if {bound.text!r}: the run has no contrast with {name}; finish it with  robustir resume"
            )
        hit = rows[_COMPARE[sign](rows[column], number)]
        if len(hit):
            worst = hit.sort_values(name, ascending=sign.startswith("<"), kind="stable").iloc[0]
            raise BoundViolatedError(
                f"{len(hit)} contrasts have {bound.text}; the worst: {worst['encoder']} under {worst['perturbation']} at {worst['severity']:g} on "
                f"{worst['benchmark']} ({worst['setting']}, {worst['measure']}): {name} = {worst[name]:.4f}"
            )
