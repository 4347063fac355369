"""What a planned run could detect: the power of the declared tests, from a pilot run or from assumed spreads.

A difference that a single test finds in four cases of five is found far less often in a large family. So each planned
comparison has the difference that the declared test finds, after its correction, with 80% power.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from robustir.analysis.claims import ALPHA, CURVE
from robustir.analysis.families import EQUAL_LOSSES, OF_EQUIVALENCE
from robustir.errors import RunError
from robustir.planning.conditions import CLEAN, FLOOR
from robustir.planning.plan import Plan, PlannedTask
from robustir.rundir.directory import RunDirectory
from robustir.rundir.manifest import Manifest
from robustir.stats.power import (
    detectable_difference,
    family_alpha,
    interval_half_width,
    power_of,
    power_within,
    provable_margin,
)
from robustir.stats.rounding import above

__all__ = ["detectable"]

Row = dict[str, Any]
POWER = 0.8

# Assumed without a pilot: the standard deviation of a query's noisy - clean difference in AP, for one language and for
# the mean over languages, and the correlation of questions of one group. BM25 on XQuAD-R under typos at 0.3 (mono) had
# 0.20, 0.09 and a design effect of 2.0 at 24.8 questions per article (docs/statistics.md). The losses of two encoders are
# assumed to be independent, so that their difference has the square root of two times the spread.
_ONE, _OVERALL = "one language", "mean over languages"
_ASSUMED_SD = {_ONE: 0.20, _OVERALL: 0.09}
_ASSUMED_CORRELATION = 0.042
_OF_LOSSES = math.sqrt(2)
_ALONE: Row = {"name": "exploratory", "tests": 1, "correction": "", "smallest_p": 0.0}
_SIGNED_RANKS = math.sqrt(math.pi / 3)  # errors of Wilcoxon's test are so much larger, of normal differences


def detectable(plan: Plan, run: RunDirectory, families: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """Yield a row per planned kind of test, and per planned comparison if a pilot run is in the folder.

    difference: found with 80% power by the declared test; unadjusted: by a single test; power: of the declared test at
    that smaller difference. Tests of equivalence have ``margin`` instead, the smallest that could be shown with 80% power,
    and ``margin_power`` at the suite's own. A difference of None is beyond any test of this plan, or larger than scores can
    differ; ``why``: the reason why nothing can be said, else "".
    """
    pilot = _Pilot.of(run)
    for planned in plan.tasks:
        for family in families or [_ALONE]:
            of_losses = family["name"] in {"comparisons", EQUAL_LOSSES}
            rows = pilot.errors(plan, planned, of_losses=of_losses) if pilot else []
            for row in rows or [_assumed(planned, _OVERALL, of_losses=of_losses)]:
                yield {**row, "family": family["name"], **_powers(plan, row, family)}
        if not pilot and len(planned.task.languages) > 1:
            row = _assumed(planned, _ONE, of_losses=False)
            yield {**row, "family": _ALONE["name"], **_powers(plan, row, _ALONE)}


def _powers(plan: Plan, row: Row, family: Mapping[str, Any]) -> Row:
    """Return what the tests of one family could find with a row's standard error."""
    error, freedom = row["error"], float(max(row["groups"] - 1, 1))
    if why := _unknown(row):
        kind = "margin" if family["name"] in OF_EQUIVALENCE else "difference"
        return {kind: None, "margin_power" if kind == "margin" else "unadjusted": None, "power": 0.0, "why": why}
    alpha = family_alpha(family["tests"], family["correction"], ALPHA)
    if family["name"] in OF_EQUIVALENCE:
        asked = plan.suite.equivalence
        declared = math.nan if asked is None else asked.absolute / 100
        return {
            "margin": provable_margin(error, freedom, alpha, POWER),
            "margin_power": power_within(declared, error, freedom, alpha),
            "why": "",
        }
    if plan.suite.statistics.test == "wilcoxon":
        error *= _SIGNED_RANKS
    most = 2.0 if family["name"] in {"comparisons", EQUAL_LOSSES} else 1.0  # that losses, or scores, can differ by
    alone = detectable_difference(error, freedom, ALPHA, POWER)
    found = detectable_difference(error, freedom, alpha, POWER) if family["smallest_p"] < ALPHA else math.inf
    power = power_of(alone, error, freedom, alpha) if family["smallest_p"] < ALPHA else 0.0
    possible = [one if one <= most else None for one in (found, alone)]
    return {"difference": possible[0], "unadjusted": possible[1], "power": power, "why": ""}


def _unknown(row: Row) -> str:
    """Return why the power of a row's tests is not known, "" if it is."""
    if row["groups"] < 2:
        return "a single group of queries allows no inference"
    if math.isnan(row["error"]):
        return "the run has no interval here"
    return "" if above(row["error"]) else "no score changed in the run, so it predicts nothing"


def _assumed(planned: PlannedTask, what: str, *, of_losses: bool) -> Row:
    """Return a standard error from assumed spreads."""
    queries = planned.task.queries
    groups, sources = len(set(queries.groups)), len(set(queries.source_ids))
    effect = 1.0 + (sources / groups - 1.0) * _ASSUMED_CORRELATION
    what = what if len(planned.task.languages) > 1 else _ONE
    spread = _ASSUMED_SD[what]
    more = "; losses of two encoders assumed independent" if of_losses else ""
    return {
        "benchmark": planned.task.name,
        "what": what,
        "error": (_OF_LOSSES if of_losses else 1.0) * spread * math.sqrt(effect / sources),
        "groups": groups,
        "basis": f"{groups} groups, assuming a standard deviation of {spread:g} per query and a design effect of {effect:.2f}{more}",
    }


@dataclass(frozen=True)
class _Pilot:
    """A finished run whose spread predicts what another run with the same queries, noise and measure can detect."""

    path: Path
    manifest: Manifest
    contrasts: Any
    comparisons: Any

    @classmethod
    def of(cls, run: RunDirectory) -> _Pilot | None:
        """Return the run in a folder if it has findings."""
        from robustir.analysis import read_findings

        if not run.exists or not (run.path / "findings" / "contrasts.csv").exists():
            return None
        try:
            found = read_findings(run.path / "findings")
            return cls(run.path, run.read_manifest(), found.contrasts, found.comparisons)
        except RunError:
            return None  # findings of another version do not help; the run itself will report what is wrong

    def errors(self, plan: Plan, planned: PlannedTask, *, of_losses: bool) -> list[Row]:
        """Return standard errors under the conditions that both runs share: per setting, or per planned comparison."""
        shared = self._shared(plan, planned)
        names = {
            entry.name for entry in self.manifest.benchmarks if entry.queries_key == plan.queries_key(planned, CLEAN)
        }
        frame = self.comparisons if of_losses else self.contrasts
        comparable = [
            row["benchmark"] in names
            and row.get("query_lang", "all") == "all"
            and row["measure"] == plan.suite.measures[0]
            and self._there(row, shared)
            for row in frame.to_dict("records")
        ]
        chosen = frame[np.array(comparable, dtype=np.bool_)]
        if of_losses:
            return self._planned_pairs(plan, planned, chosen)
        return [
            self._setting(planned.task.name, setting, part) for setting, part in chosen.groupby("setting", sort=False)
        ]

    def _there(self, row: Mapping[Any, Any], shared: set[tuple[str, float]]) -> bool:
        if row["severity"] != CURVE:
            return (row["perturbation"], float(row["severity"])) in shared
        own = next(entry for entry in self.manifest.perturbations if entry.name == row["perturbation"])
        return all((row["perturbation"], severity) in shared for severity in own.severities)

    def _shared(self, plan: Plan, planned: PlannedTask) -> set[tuple[str, float]]:
        """Return the pilot's (perturbation, severity) whose noisy queries equal the plan's in every draw."""
        planned_keys: dict[tuple[str, float], set[str]] = {}
        for condition in plan.conditions(planned):
            if condition not in (CLEAN, FLOOR):
                key = plan.queries_key(planned, condition)
                planned_keys.setdefault((condition.perturbation, condition.severity), set()).add(key)
        wanted = {frozenset(keys) for keys in planned_keys.values()}
        theirs: dict[tuple[str, float], set[str]] = {}
        for cell in self.manifest.cells:
            theirs.setdefault((cell.perturbation, cell.severity), set()).add(cell.queries_key)
        return {condition for condition, keys in theirs.items() if frozenset(keys) in wanted}

    def _error(self, half_width: float, groups: int) -> float:
        confidence = self.manifest.suite.statistics.confidence
        return half_width / interval_half_width(1.0, 1, groups=groups, confidence=confidence)

    def _setting(self, benchmark: str, setting: str, contrasts: Any) -> Row:
        groups = int(contrasts["groups"].to_numpy()[0])
        widths = (contrasts["ci_high"] - contrasts["ci_low"]).dropna()
        half_width = float(widths.median()) / 2
        count = len(set(zip(contrasts["perturbation"], contrasts["severity"], strict=True)))
        conditions = "the condition" if count == 1 else f"the {count} conditions"
        return {
            "benchmark": benchmark,
            "what": f"{setting}, mean over languages",
            "error": self._error(half_width, groups),
            "groups": groups,
            "basis": f"{groups} groups, from the run in {self.path}: the median over {conditions} that both have",
        }

    def _planned_pairs(self, plan: Plan, planned: PlannedTask, comparisons: Any) -> list[Row]:
        """Return a row per declared comparison of the plan that the pilot has; none if the pilot lacks some pair."""
        names = {entry.spec: entry.name for entry in self.manifest.encoders}
        mine = {names[one.spec]: one.name for one in plan.encoders if one.spec in names}
        if len(mine) < len(plan.encoders):
            return []
        curved = {noise.name for noise in plan.noises if len(noise.severities) > 1}
        rows = []
        for row in comparisons.to_dict("records"):
            pair = mine.get(row["encoder_a"]), mine.get(row["encoder_b"])
            width = float(row["ci_high"]) - float(row["ci_low"])
            declared = (row["severity"] == CURVE) == (row["perturbation"] in curved)
            if None in pair or not declared:
                continue
            rows.append(
                {
                    "benchmark": planned.task.name,
                    "what": f"{row['setting']}, {row['perturbation']}: {pair[0]} against {pair[1]}",
                    "error": self._error(width / 2, int(row["groups"])),
                    "groups": int(row["groups"]),
                    "basis": f"{int(row['groups'])} groups, from the run in {self.path}",
                }
            )
        return rows
