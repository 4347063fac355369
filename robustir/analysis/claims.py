"""The claims about two encoders or strategies, decided once, after all p-values are adjusted.

A verdict is a column of the findings, next to its kind (``claim``) and the favoured encoder (``favours``); tables, reports
and the Python interface print it and decide nothing. The rules:

- *Loss*, on both scales by intersection-union: A loses less (gains more, if both gain) if both the difference in
  differences in points and the log ratio of retentions favour A, each separated from 0 by interval and adjusted p.
- A *overtakes* B if B is ahead on clean queries and A under noise, each separated: no change of scale removes that
  (Loftus 1978).
- A is *more robust* if it loses less, is not behind under noise, and retention on the queries that both find does not
  point the other way.
- There is no claim near the floor, with a single group, if few groups moved, if nothing changed, or if an encoder read most
  changed queries as it read the clean ones.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.estimator import few_moved
from robustir.analysis.options import Margins, Unreached
from robustir.stats.rounding import above, below, side

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ALPHA",
    "CURVE",
    "DIFFERENT",
    "EQUIVALENT",
    "NOT_SHOWN",
    "Claim",
    "Evidence",
    "Gap",
    "Kind",
    "claim_comparisons",
    "claim_contrasts",
    "claim_equivalence",
    "claim_strategies",
    "decide",
    "near_floor",
]

Floats = NDArray[np.float64]
_ALL_REACHED: Unreached = MappingProxyType({})

ALPHA = 0.05
CURVE = "curve"
_HIGH_FLOOR = 0.25  # of the clean score: with a higher floor, most of the retained score is chance


EQUIVALENT, DIFFERENT, NOT_SHOWN = "equivalent within", "different", "not shown"  # verdicts on equivalence
SAME = "the same"  # of two losses: equal in every group
EQUAL_GROUPS = "no test: a score is 0, or all groups changed by the same"


class Kind(StrEnum):
    """The kinds of verdicts; the value is the text."""

    MORE_ROBUST = "more robust"
    OVERTAKES = "overtakes"
    LOSES_LESS = "loses less"
    GAINS_MORE = "gains more"
    POINTS = "in points only"
    SHARES = "in shares only"
    DISAGREE = "the scales disagree"
    NOT_SEPARATED = "not separated"
    NOTHING = "nothing changed"
    NEAR_FLOOR = "no claim: near the floor"
    UNREACHED = "no claim: the noise did not reach an encoder"
    FEW_MOVED = "no claim: few groups moved"
    ONE_GROUP = "one group: no inference"
    ONE_SEED = "one seed: no claim about a strategy"
    UNEQUAL = "does not hold at equal dose"


@dataclass(frozen=True, slots=True)
class Claim:
    """A verdict in words, its kind, the favoured encoder ("" for neither), and a note for the reader."""

    kind: Kind
    verdict: str
    favours: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """A difference A - B with its interval and its adjusted p."""

    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan

    @property
    def side(self) -> int:
        """1 if A is separated above B, -1 if below, else 0; without an interval the test alone decides."""
        if not below(self.p, ALPHA):
            return 0
        if math.isnan(self.low) and math.isnan(self.high):
            return 1 if above(self.estimate) else -1 if below(self.estimate) else 0
        return side(self.low, self.high)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence for a claim about A and B.

    points, shares: the loss on both scales; loss_p: the adjusted intersection-union p of both; clean, noisy: the gaps in
    score; changes: noisy - clean of A and of B; matched: differences in retention, A - B, on the queries that both find
    (NaN: not known); floored: either is near the floor; unreached: the noise did not reach either; still: no score of
    either changed; crossing: whether the order of the two turns over along the curve;
    seeds: of which strategies are the means, paired.
    """

    points: Gap
    shares: Gap
    loss_p: float
    noisy: Gap
    clean: Gap
    changes: tuple[float, float]
    matched: tuple[float, ...] = ()
    floored: bool = False
    unreached: bool = False
    still: bool = False
    few: bool = False
    groups: int = 2
    seeds: int = 2
    crossing: bool = False


def near_floor(clean: Floats, floor: Floats, gap_low: Floats) -> NDArray[np.bool_]:
    """Return whether a clean score is too near the floor for claims about loss: the one rule.

    It is if the interval of the paired difference clean - floor does not lie above 0 (``gap_low`` is its lower limit; NaN,
    as with one group, does not count), or if the floor is more than a quarter of the clean score.
    """
    high = above(np.nan_to_num(floor) - _HIGH_FLOOR * clean)
    return np.asarray(~above(gap_low) | high, dtype=np.bool_)


def decide(names: tuple[str, str], found: Evidence) -> Claim:
    """Return the claim about A and B (``names``)."""
    for holds, kind in (
        (found.still, Kind.NOTHING),
        (found.groups < 2, Kind.ONE_GROUP),
        (found.seeds < 2, Kind.ONE_SEED),
        (found.floored, Kind.NEAR_FLOOR),
        (found.unreached, Kind.UNREACHED),
    ):
        if holds:
            return Claim(kind, str(kind))
    crossing = "the curves cross" if found.crossing else ""
    turned = found.noisy.side if found.noisy.side * found.clean.side < 0 else 0
    if turned:
        ahead, behind = _ordered(names, turned)
        return Claim(Kind.OVERTAKES, f"{ahead} overtakes {behind}", ahead)
    if found.few:
        return Claim(Kind.FEW_MOVED, str(Kind.FEW_MOVED), note="so few groups moved that an interval would not cover")
    points, shares = found.points.side, found.shares.side
    if points * shares > 0 and below(found.loss_p, ALPHA):
        return _loss(names, points, found, crossing)
    if points * shares < 0:
        return Claim(Kind.DISAGREE, str(Kind.DISAGREE), note=crossing)
    for one, other, kind in ((points, shares, Kind.POINTS), (shares, points, Kind.SHARES)):
        if one and not other:
            ahead, _ = _ordered(names, one)
            return Claim(kind, f"{ahead} {_wording(found.changes)} {kind}", note=crossing)
    return Claim(Kind.NOT_SEPARATED, str(Kind.NOT_SEPARATED), note=crossing)


def _ordered(names: tuple[str, str], sign: int) -> tuple[str, str]:
    return names if sign > 0 else (names[1], names[0])


def _wording(changes: tuple[float, float]) -> Kind:
    return Kind.GAINS_MORE if min(changes) > 0 and above(min(changes)) else Kind.LOSES_LESS


def _loss(names: tuple[str, str], sign: int, found: Evidence, note: str) -> Claim:
    """Return the claim for the encoder that both scales favour."""
    ahead, behind = _ordered(names, sign)
    words = _wording(found.changes)
    if sign * found.noisy.side < 0:
        return Claim(words, f"{ahead} {words}; {behind} stays ahead", ahead, note)
    if words is Kind.GAINS_MORE:
        return Claim(words, f"{ahead} {words}", ahead, note)
    if any(below(sign * difference) for difference in found.matched):
        return Claim(words, f"{ahead} {words}, but not on the queries that both find", ahead, note)
    return Claim(Kind.MORE_ROBUST, f"{ahead} {Kind.MORE_ROBUST}", ahead, note)


def _columns(claims: Sequence[Claim]) -> dict[str, NDArray[np.object_]]:
    parts = {
        "claim": [str(one.kind) for one in claims],
        "verdict": [one.verdict for one in claims],
        "favours": [one.favours for one in claims],
        "note": [one.note for one in claims],
    }
    return {name: np.array(values, dtype=object) for name, values in parts.items()}


def _gap(row: Mapping[str, Any], estimate: str, low: str, high: str, p: str) -> Gap:
    return Gap(float(row[estimate]), float(row[low]), float(row[high]), float(row[p]))


def claim_comparisons(frame: pd.DataFrame, unreached: Unreached = _ALL_REACHED) -> pd.DataFrame:
    """Return comparisons of encoders, whose p-values are adjusted, with their claims."""
    crossed = _crossed(frame)
    few = few_moved(frame["moved_groups"].to_numpy(dtype=np.float64), frame["groups"].to_numpy(dtype=np.float64))
    claims, ahead = [], []
    for number, row in enumerate(frame.to_dict("records")):
        evidence = Evidence(
            points=_gap(row, "difference_in_differences", "ci_low", "ci_high", "p_adjusted"),
            shares=_gap(row, "log_retention_ratio", "log_ratio_low", "log_ratio_high", "ratio_p_adjusted"),
            loss_p=row["loss_p_adjusted"],
            noisy=_gap(row, "noisy_difference", "noisy_low", "noisy_high", "noisy_p_adjusted"),
            clean=_gap(row, "clean_difference", "clean_low", "clean_high", "clean_p_adjusted"),
            changes=(row["noisy_a"] - row["clean_a"], row["noisy_b"] - row["clean_b"]),
            matched=tuple(row[name] for name in ("matched_difference", "first_difference") if name in row),
            floored=bool(row["near_floor"]),
            still=bool(row["still"]),
            few=bool(few[number]),
            groups=int(row["groups"]),
            crossing=_place(row) in crossed,
            unreached=_is_unreached(row, unreached),
        )
        names = row["encoder_a"], row["encoder_b"]
        claims.append(decide(names, evidence))
        sign = evidence.noisy.side
        ahead.append(_ordered(names, sign)[0] if sign else "")
    return frame.assign(**_columns(claims), ahead=np.array(ahead, dtype=object))


def _is_unreached(row: Mapping[Any, Any], unreached: Unreached) -> bool:
    """Whether the noise of a row did not reach one of its encoders or strategies; of a curve, at any severity."""
    if not unreached:
        return False
    names = (row.get(name) for name in ("encoder", "encoder_a", "encoder_b", "strategy_a", "strategy_b"))
    where = row["benchmark"], row["perturbation"], row.get("query_lang", "all")
    found = frozenset().union(*(unreached.get((where[0], name or "", *where[1:]), ()) for name in names))
    return bool(found) if row["severity"] == CURVE else float(row["severity"]) in found


def _place(row: Mapping[str, Any]) -> tuple[Hashable, ...]:
    names = ("benchmark", "setting", "perturbation", "measure", "encoder_a", "encoder_b", "query_lang")
    return tuple(row.get(name, "") for name in names) if row["severity"] == CURVE else ()


def _crossed(frame: pd.DataFrame) -> set[tuple[Hashable, ...]]:
    """Return the places of curves with A separated ahead at one severity (or on clean queries) and B at another."""
    sides: dict[tuple[Hashable, ...], set[int]] = {}
    names = ["noisy_low", "noisy_high", "clean_low", "clean_high"]
    for row in frame.to_dict("records"):
        if row["severity"] == CURVE:
            continue
        found = sides.setdefault(_place({**row, "severity": CURVE}), set())
        limits = [float(row[name]) for name in names]
        found |= {side(*limits[:2]), side(*limits[2:])}
    return {place for place, found in sides.items() if {-1, 1} <= found}


def claim_contrasts(frame: pd.DataFrame, unreached: Unreached = _ALL_REACHED) -> pd.DataFrame:
    """Return contrasts, whose p-values are adjusted, with ``separated``, and the reason for a missing interval."""
    columns = [frame[name].to_numpy(dtype=np.float64) for name in ("p_adjusted", "ci_low", "ci_high")]
    separated = below(columns[0], ALPHA) & (above(columns[1]) | below(columns[2]))
    moved, groups = (frame[name].to_numpy(dtype=np.float64) for name in ("moved_groups", "groups"))
    notes = np.full(len(frame), "", dtype=object)
    notes[few_moved(moved, groups)] = str(Kind.FEW_MOVED).removeprefix("no claim: ")
    notes[moved == 0] = str(Kind.NOTHING)
    notes[groups < 2] = str(Kind.ONE_GROUP)
    if unreached:
        away = [_is_unreached(row, unreached) for row in frame.to_dict("records")]
        notes[(notes == "") & np.array(away, dtype=np.bool_)] = str(Kind.UNREACHED).removeprefix("no claim: ")
    return frame.assign(separated=separated, note=notes)


def claim_equivalence(
    frame: pd.DataFrame, margins: Margins | None, unreached: Unreached = _ALL_REACHED
) -> pd.DataFrame:
    """Return tests of equivalence, whose p-values are adjusted, with their verdicts: the only ones that say "equivalent"."""
    verdicts, notes = [], []
    for row in frame.to_dict("records"):
        few = few_moved(row["moved_groups"], row["groups"])
        away = _is_unreached(row, unreached)
        told, note = (
            str(Kind.UNREACHED) if away else _equivalence(row, margins),
            str(Kind.FEW_MOVED).removeprefix("no claim: ") if few else "",
        )
        verdicts.append(told)
        notes.append(note or (EQUAL_GROUPS if math.isnan(row["p"]) and told == NOT_SHOWN else ""))
    columns = {"verdict": verdicts, "note": notes}
    return frame.assign(**{name: np.array(values, dtype=object) for name, values in columns.items()})


def _equivalence(row: Mapping[Hashable, Any], margins: Margins | None) -> str:
    if not row["moved_groups"]:
        return SAME if row["encoder_b"] else str(Kind.NOTHING)
    if row["groups"] < 2:
        return str(Kind.ONE_GROUP)
    if row["near_floor"]:
        return str(Kind.NEAR_FLOOR)
    if margins is None:
        return NOT_SHOWN
    ratios = [math.log(row[name]) if row[name] > 0 else math.nan for name in ("ratio_low", "ratio_high")]
    scales = (((row["low"], row["high"]), margins.absolute), (ratios, margins.log_ratio))
    inside = all(above(low, -margin) and below(high, margin) for (low, high), margin in scales)
    if inside and below(row["p_adjusted"], ALPHA):
        return f"{EQUIVALENT} {margins}"
    outside = any(above(low, margin) or below(high, -margin) for (low, high), margin in scales)
    return DIFFERENT if outside and below(row["different_p_adjusted"], ALPHA) else NOT_SHOWN


def claim_strategies(frame: pd.DataFrame, unreached: Unreached = _ALL_REACHED) -> pd.DataFrame:
    """Return differences between strategies, whose p-values are adjusted, with the claims of the rows of degradation."""
    rows = frame.to_dict("records")
    names = ("benchmark", "setting", "measure", "strategy_a", "strategy_b")
    clean: dict[tuple[Hashable, ...], Mapping[Hashable, Any]] = {}
    noisy: dict[tuple[Hashable, ...], Mapping[Hashable, Any]] = {}
    for row in rows:
        pair = tuple(row[name] for name in names)
        if row["quantity"] == "clean":
            clean[pair] = row
        elif row["quantity"] == "noisy":
            noisy[(*pair, row["perturbation"], row["severity"])] = row
    claims: list[Claim | None] = []
    for row in rows:
        pair = tuple(row[name] for name in names)
        if row["quantity"] != "degradation":
            claims.append(None)
            continue
        evidence = Evidence(
            points=_gap(row, "difference", "ci_low", "ci_high", "p_adjusted"),
            shares=_gap(row, "log_retention_ratio", "log_ratio_low", "log_ratio_high", "ratio_p_adjusted"),
            loss_p=row["loss_p_adjusted"],
            noisy=_difference(noisy.get((*pair, row["perturbation"], row["severity"]))),
            clean=_difference(clean.get(pair)),
            changes=(row["a"], row["b"]),
            floored=bool(row["near_floor"]),
            still=row["family"] == str(Kind.NOTHING),
            groups=row["groups"],
            seeds=row["seeds"],
            unreached=_is_unreached(row, unreached),
        )
        claims.append(decide((row["strategy_a"], row["strategy_b"]), evidence))
    told = _columns([one for one in claims if one is not None])
    here = np.array([one is not None for one in claims], dtype=np.bool_)
    columns = {name: np.full(len(frame), "", dtype=object) for name in told}
    for name, values in told.items():
        columns[name][here] = values
    gaps = [_difference(row).side != 0 for row in rows]
    return frame.assign(**columns, separated=np.array(gaps, dtype=np.bool_))


def _difference(row: Mapping[Hashable, Any] | None) -> Gap:
    return Gap() if row is None else Gap(row["difference"], row["ci_low"], row["ci_high"], row["p_adjusted"])
