"""``--fail-if`` and ``--strict``, which ``report`` and ``compare`` share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from robustir.comparing.grammar import Bound
    from robustir.comparing.judging import Judgement

__all__ = ["bound_options", "conclude"]

F = TypeVar("F", bound=Callable[..., Any])


def _parsed(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[Bound, ...]:
    if not texts:
        return ()
    from robustir.comparing.grammar import parse_bounds

    return parse_bounds(texts)


def _strict(context: click.Context, _parameter: click.Parameter, strict: bool) -> bool:
    if strict and not context.params.get("bounds"):
        raise click.UsageError("--strict applies to bounds: give one, such as  --fail-if 'retention < 0.8'")
    return strict


_OPTIONS = [
    click.option(
        "--fail-if",
        "bounds",
        multiple=True,
        is_eager=True,
        callback=_parsed,
        metavar="EXPR",
        help="Exit 4 if the whole interval meets EXPR, such as 'retention(labse, typos, 0.2) < 0.9', 'ahead(a, b, typos)' or 'delta < -0.1' (repeatable).",
    ),
    click.option(
        "--strict",
        is_flag=True,
        callback=_strict,
        help="Exit 4 also if it is not proven that no --fail-if bound is violated: an interval reaches into it.",
    ),
]


def bound_options(command: F) -> F:
    """Add --fail-if (as ``bounds``) and --strict to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def conclude(judged: Sequence[Judgement], *, strict: bool, quiet: bool) -> None:
    """Say what came of every bound (unless ``quiet``); raise BoundViolatedError if one is violated."""
    from robustir.comparing.judging import State, enforce

    for one in judged:
        if not quiet and one.state != State.VIOLATED:
            click.echo(f"bound {one}")
    enforce(judged, strict=strict)
