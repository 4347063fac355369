"""Bounds judged on a run: every condition of a bound with its interval, and whether the bound is violated.

A bound describes a violation. It is *violated* if a whole interval meets it, *holds* if no part of any condition's interval
meets it, and is *not proven* otherwise. One bound is one claim: if it covers k conditions, any of which would violate it,
the intervals that must meet it are widened to 1 - (1 - confidence) / k (Bonferroni). It holds only if it holds in all
conditions, which needs no such correction (intersection-union).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from robustir.analysis.options import AnalysisOptions
from robustir.analysis.reduced import ReducedSetting
from robustir.comparing.grammar import EVERY, POINTS, Bound
from robustir.comparing.quantities import CLEAN, ONE, TWO, Limits, Quantity
from robustir.errors import BoundViolatedError, RunError, SpecError
from robustir.evidence.scores import QueryScores
from robustir.plugins.names import resolve_name
from robustir.stats.rounding import above, below

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Judgement", "Named", "Reading", "State", "enforce", "judge", "resolved"]


class State(StrEnum):
    """The verdict on a bound."""

    VIOLATED = "violated"
    UNPROVEN = "not proven"
    HOLDS = "holds"


@dataclass(frozen=True, slots=True)
class Named:
    """The names of the encoders, perturbations and benchmarks of a run: spec by name.

    aliases: other names of encoders, as in a comparison, where "new" and "baseline" also have their own names.
    """

    encoders: Mapping[str, str]
    perturbations: Mapping[str, str]
    benchmarks: Mapping[str, str]
    severities: Mapping[str, Sequence[float]]
    aliases: Mapping[str, str] = field(default_factory=dict)

    def encoder(self, asked: str) -> str:
        """Return the encoder that a bound names; raise SpecError listing the known ones."""
        if asked == EVERY or asked in self.encoders:
            return asked
        if self.aliases:
            return self.aliases[resolve_name(asked, {name: name for name in self.aliases})]
        return resolve_name(asked, self.encoders)


@dataclass(frozen=True, slots=True)
class Reading:
    """One condition of a bound: its place, and its value; ``wide`` has the limits that a violation needs."""

    where: str
    found: Limits
    wide: Limits
    point: bool = False  # without an interval: the value itself is judged


@dataclass(frozen=True, slots=True)
class Judgement:
    """A bound with its readings; the decisive one comes first."""

    bound: Bound
    state: State
    readings: tuple[Reading, ...]

    def __str__(self) -> str:
        """Return the result in one line."""
        first = self.readings[0]
        values = f"{first.found.value:.4f}"
        limits = first.wide if self.state == State.VIOLATED else first.found
        if not first.point:
            values += f" [{limits.low:.4f}, {limits.high:.4f}]" if math.isfinite(limits.low) else " (no interval)"
        many = f", of {len(self.readings)} conditions" if len(self.readings) > 1 else ""
        return f"{self.bound.text}: {self.state}{many}: {first.where}: {values}"


def resolved(bounds: Sequence[Bound], named: Named) -> list[Bound]:
    """Return bounds with the names of a run; raise SpecError for names that it lacks."""
    found = []
    for bound in bounds:
        try:
            found.append(_resolved(bound, named))
        except SpecError as error:
            raise SpecError(f"bound {bound.text!r}: {error}") from None
    return found


def _resolved(bound: Bound, named: Named) -> Bound:
    noise = bound.noise
    if noise not in {EVERY, "clean"}:
        noise = resolve_name(noise, named.perturbations, "perturbation")
        there = named.severities[noise]
        if bound.severity is not None and not any(math.isclose(bound.severity, one) for one in there):
            levels = ", ".join(f"{one:g}" for one in there)
            raise SpecError(f"{noise} was not run at {bound.severity:g}; it was at: {levels}")
    chosen = dict(bound.chosen)
    if "benchmark" in chosen:
        chosen["benchmark"] = resolve_name(chosen["benchmark"], named.benchmarks, "benchmark")
    return replace(bound, encoders=tuple(map(named.encoder, bound.encoders)), noise=noise, chosen=chosen)


def judge(
    bounds: Sequence[Bound],
    blocks: Iterable[QueryScores],
    options: AnalysisOptions,
    *,
    contrasts: Callable[[], pd.DataFrame] | None = None,
) -> list[Judgement]:
    """Judge resolved bounds on blocks of scores.

    contrasts: the findings' table, for fields without an interval. Raises RunError if the run has no score for a bound:
    with nothing to check, fail instead of passing.
    """
    quantities: list[list[tuple[str, Quantity]]] = [[] for _ in bounds]
    for block in blocks:
        setting = ReducedSetting(block, options)
        for bound, found in zip(bounds, quantities, strict=True):
            if setting.measures and bound.quantity not in POINTS:
                found += _quantities(bound, setting)
    judged = []
    for bound, found in zip(bounds, quantities, strict=True):
        readings = _read(bound, found, options.confidence)
        if bound.quantity in POINTS and contrasts is not None:
            readings = list(_points(bound, contrasts()))
        if not any(math.isfinite(reading.found.value) for reading in readings):
            raise RunError(
                f"bound {bound.text!r}: the run has no score to judge it by; finish it with  robustir resume"
            )
        judged.append(_judged(bound, readings))
    return judged


def enforce(judged: Sequence[Judgement], *, strict: bool = False) -> None:
    """Raise BoundViolatedError naming the violated bounds, and with ``strict`` those that are not proven to hold."""
    bad = [one for one in judged if one.state == State.VIOLATED or (strict and one.state == State.UNPROVEN)]
    if bad:
        raise BoundViolatedError("; ".join(map(str, bad)))


def _quantities(bound: Bound, setting: ReducedSetting) -> Iterator[tuple[str, Quantity]]:
    block, chosen = setting.block, bound.chosen
    if (
        chosen.get("setting", block.setting) != block.setting
        or chosen.get("benchmark", block.benchmark) != block.benchmark
    ):
        return
    names = setting.measures if bound.plain else (chosen.get("measure", setting.measures[setting.primary]),)
    for name in names:
        if name not in setting.measures:
            continue
        for condition in _conditions(bound, block):
            for encoders in _encoders(bound, block, condition[0]):
                found = _quantity(bound.quantity, setting, encoders, condition, setting.measures.index(name))
                if found is not None:
                    who = " against ".join(block.encoders[one] for one in encoders)
                    under = "clean" if condition == CLEAN else f"under {condition[0]} at {condition[1]:g}"
                    yield f"{who} {under} on {block.benchmark} ({block.setting}, {name})", found


def _conditions(bound: Bound, block: QueryScores) -> list[tuple[str, float]]:
    if bound.noise == "clean":
        return [CLEAN]
    return [
        (name, severity)
        for name, severity in block.conditions
        if bound.noise in {EVERY, name} and (bound.severity is None or math.isclose(bound.severity, severity))
    ]


def _encoders(bound: Bound, block: QueryScores, noise: str) -> Iterator[tuple[int, ...]]:
    """Yield the encoders, or pairs of them, of a bound; a pair is left out under an attack on one of the two."""
    several = [
        [number for number, name in enumerate(block.encoders) if asked in {EVERY, name}] for asked in bound.encoders
    ]
    if len(several) == 1:
        yield from ((one,) for one in several[0])
        return
    attacked = block.treatment(noise).attacked if noise else ""
    for a in several[0]:
        for b in several[1]:
            if a != b and not (attacked and attacked in {block.encoders[a], block.encoders[b]}):
                yield a, b


def _quantity(
    name: str, setting: ReducedSetting, encoders: tuple[int, ...], condition: tuple[str, float], measure: int
) -> Quantity | None:
    if name in TWO:
        return TWO[name](setting, encoders[0], encoders[1], condition, measure)
    return ONE[name](setting, encoders[0], condition, measure)


def _read(bound: Bound, found: Sequence[tuple[str, Quantity]], confidence: float) -> list[Reading]:
    wide = 1 - (1 - confidence) / max(len(found), 1)
    readings = []
    for where, quantity in found:
        limits = quantity.limits(confidence), quantity.limits(wide)
        if bound.quantity == "relative_drop":
            limits = 1 - limits[0], 1 - limits[1]
        readings.append(Reading(where, *limits))
    return readings


def _points(bound: Bound, contrasts: pd.DataFrame) -> Iterator[Reading]:
    for row in contrasts.to_dict("records"):
        if row["query_lang"] != "all":
            continue
        where = f"{row['encoder']} under {row['perturbation']} at {row['severity']:g} on {row['benchmark']}"
        value = float(row[bound.quantity])
        limits = Limits(value, value, value)
        yield Reading(f"{where} ({row['setting']}, {row['measure']})", limits, limits, point=True)


def _meets(bound: Bound, value: float) -> bool:
    """Whether a number meets a bound, whatever the rounding; NaN meets none."""
    if math.isnan(value):
        return False
    number = bound.number
    if bound.sign in {"<", ">="}:
        return below(value, number) == (bound.sign == "<")
    return above(value, number) == (bound.sign == ">")


def _state(bound: Bound, reading: Reading) -> State:
    last = 1 if bound.sign.startswith("<") else 0  # the end of an interval that meets the bound last
    value, wide, found = reading.found.value, reading.wide, reading.found
    if math.isnan(wide.low) or math.isnan(wide.high):  # such as with one group: only the estimate is known
        return State.VIOLATED if _meets(bound, value) else State.UNPROVEN
    if _meets(bound, (wide.low, wide.high)[last]):
        return State.VIOLATED
    return State.UNPROVEN if _meets(bound, (found.low, found.high)[1 - last]) else State.HOLDS


def _judged(bound: Bound, readings: Sequence[Reading]) -> Judgement:
    order = {State.VIOLATED: 0, State.UNPROVEN: 1, State.HOLDS: 2}
    sign = 1 if bound.sign.startswith("<") else -1
    ranked = sorted(
        ((_state(bound, reading), reading) for reading in readings),
        key=lambda pair: (order[pair[0]], math.isnan(pair[1].found.value), sign * pair[1].found.value),
    )
    return Judgement(bound, ranked[0][0], tuple(reading for _, reading in ranked))
