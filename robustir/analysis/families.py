"""The families of declared and exploratory rows, and their adjusted p-values.

Declared families of the whole run are adjusted by single-step max-T (by Holm if the suite says so, or its test flips no
signs), whose smallest p does not grow with the family:
"primary" (for every pair of encoders, perturbation and setting the comparison on the primary measure, over the curve or at
the only severity) and "contrasts" (macro-averages of the primary measure). The same rows under attacks are the family
"attacks": a worst case is not a mean of noise. All other rows are "exploratory", adjusted by Benjamini-Hochberg within
their benchmark and setting, including the rows of perturbations that the suite calls exploratory. A measure that repeats
another one on every query (RR with one relevant passage) is not another hypothesis: its family is "same as AP", and its p
is that of AP. Rows without a changed score are not tested: "nothing changed".

Loss is one family over both scales, so that the larger of a row's two adjusted p is that of its intersection-union test;
the gaps in clean and noisy scores are a separate family.

Tests of equivalence are families of their own, adjusted by Holm: "equivalence" of noisy and clean scores, "equal losses" of
encoders.

Differences between training strategies are adjusted by Holm within their benchmark, setting and quantity (clean score,
noisy score, degradation): the family "strategies" has the pairs and kinds of noise, "robust training" the pairs of which
only one met noise in training, "attacks" the rows under attacks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.claims import CURVE
from robustir.analysis.hypotheses import Hypotheses, RowKey
from robustir.analysis.options import AnalysisOptions
from robustir.analysis.tables import ALL
from robustir.protocol import Correction
from robustir.stats import benjamini_hochberg, holm
from robustir.stats.rounding import settled

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ATTACKS",
    "CONTRASTS",
    "EQUAL_LOSSES",
    "EQUIVALENCE",
    "EXPLORATORY",
    "OF_EQUIVALENCE",
    "PRIMARY",
    "ROBUST",
    "STRATEGIES",
    "UNCHANGED",
    "MeasureRoles",
    "adjust_comparisons",
    "adjust_contrasts",
    "adjust_equivalence",
    "adjust_exploratory",
    "adjust_strategies",
    "without_twins",
]

PRIMARY = "primary"
CONTRASTS = "contrasts"
ATTACKS = "attacks"
EXPLORATORY = "exploratory"
EQUIVALENCE = "equivalence"
EQUAL_LOSSES = "equal losses"
OF_EQUIVALENCE = frozenset({EQUIVALENCE, EQUAL_LOSSES})
STRATEGIES = "strategies"
ROBUST = "robust training"
MAX_T = "max-t"
UNCHANGED = "nothing changed"  # such as a bag of words under shuffled words: no hypothesis

_DECLARED = (PRIMARY, CONTRASTS, ATTACKS, EQUIVALENCE, EQUAL_LOSSES, STRATEGIES, ROBUST)

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]
# (benchmark, setting) -> the primary measure, and the measures that repeat another one
MeasureRoles = Mapping[tuple[str, str], tuple[str, Mapping[str, str]]]


_LOSS = {"points": "p", "shares": "ratio_p"}
_GAPS = {"clean": "clean_p", "noisy": "noisy_p"}
_PAIR_TESTS = (*_LOSS.values(), "loss_p", *_GAPS.values())
_STRATEGY_TESTS = ("p", "ratio_p", "loss_p")


def adjust_contrasts(
    frame: pd.DataFrame, roles: MeasureRoles, options: AnalysisOptions, hypotheses: Hypotheses
) -> pd.DataFrame:
    """Return the contrasts with family and p_adjusted."""
    eligible = (frame["query_lang"].to_numpy() == ALL) & _asked(frame, options) & options.primary
    named = _families(frame, roles, eligible, CONTRASTS)
    keys = _keys(frame, "encoder")

    def together(rows: Indexes) -> dict[str, Floats]:
        if options.corrected_by != MAX_T:
            return {"p": holm(frame["p"].to_numpy()[rows])}
        return {"p": hypotheses.adjusted([keys[row] for row in rows], ["change"])["change"]}

    return _adjusted(named, roles, ("p",), together, options)


def adjust_comparisons(
    frame: pd.DataFrame, roles: MeasureRoles, options: AnalysisOptions, hypotheses: Hypotheses
) -> pd.DataFrame:
    """Return the comparisons with families and adjusted p; all are exploratory unless they were declared beforehand."""
    keys = _keys(frame, "encoder_a", "encoder_b")
    declared = np.array([key in hypotheses for key in keys], dtype=np.bool_)
    eligible = declared & _asked(frame, options) & options.primary
    named = _families(frame, roles, eligible, PRIMARY, still=frame["still"].to_numpy() > 0)

    def together(rows: Indexes) -> dict[str, Floats]:
        here = [keys[row] for row in rows]
        found: dict[str, Floats] = {}
        for statistics in (_LOSS, _GAPS):
            if options.corrected_by == MAX_T:
                both = hypotheses.adjusted(here, list(statistics))
                found |= {column: both[name] for name, column in statistics.items()}
            else:
                found |= _holm_over(frame, rows, tuple(statistics.values()))
        return {**found, "loss_p": np.maximum(found["p"], found["ratio_p"])}

    return _adjusted(named, roles, _PAIR_TESTS, together, options)


def _holm_over(frame: pd.DataFrame, rows: Indexes, tests: tuple[str, ...]) -> dict[str, Floats]:
    """Return the p of several tests of the rows, adjusted as one family."""
    p = holm(np.concatenate([frame[name].to_numpy()[rows] for name in tests]))
    return dict(zip(tests, np.split(p, len(tests)), strict=True))


def without_twins(roles: MeasureRoles) -> MeasureRoles:
    """Return the primary measures alone, for tables without other measures."""
    return {key: (measure, {}) for key, (measure, _) in roles.items()}


def adjust_exploratory(frame: pd.DataFrame, roles: MeasureRoles, options: AnalysisOptions) -> pd.DataFrame:
    """Return exploratory rows of the primary measure with families and adjusted p, adjusted within benchmark and setting."""
    roles = without_twins(roles)
    eligible = np.zeros(len(frame), dtype=np.bool_)
    named = _families(frame, roles, eligible, EXPLORATORY, still=frame["still"].to_numpy() > 0)
    return _adjusted(named, roles, _PAIR_TESTS, lambda _: {}, options)


def adjust_equivalence(frame: pd.DataFrame, options: AnalysisOptions) -> pd.DataFrame:
    """Return the tests of equivalence with families and adjusted p: Holm over the declared rows of each quantity."""
    declared = _asked(frame, options) & options.primary & (frame["attacked"].to_numpy() == "")
    declared &= frame["declared"].to_numpy(dtype=np.float64) > 0
    family = np.where(frame["quantity"].to_numpy() == "loss", EQUAL_LOSSES, EQUIVALENCE)
    families = np.where(declared, family, EXPLORATORY).astype(object)
    families[frame["moved_groups"].to_numpy() == 0] = UNCHANGED
    return _adjusted(frame.assign(family=families), {}, ("p", "different_p"), None, options, within=("quantity",))


def adjust_strategies(frame: pd.DataFrame, roles: MeasureRoles, options: AnalysisOptions) -> pd.DataFrame:
    """Return the differences between strategies with families and adjusted p, as :func:`adjust_comparisons` does.

    The primary measure over the whole curve (or at the only severity) is declared.
    """
    columns = [frame[name].to_numpy() for name in ("benchmark", "setting", "perturbation", "severity")]
    curved = {row[:3] for row in zip(*columns, strict=True) if row[3] == CURVE}
    shown = np.array([row[3] == CURVE or row[:3] not in curved for row in zip(*columns, strict=True)], dtype=bool)
    family = np.where(frame["robust_training"].to_numpy(), ROBUST, STRATEGIES)
    idle = (settled(frame["a"].to_numpy()) == 0) & (settled(frame["b"].to_numpy()) == 0)
    still = (frame["quantity"].to_numpy() == "degradation") & idle
    eligible = shown & _asked(frame, options) & options.primary
    named = _families(frame, roles, eligible, family, still=still)
    return _adjusted(named, roles, _STRATEGY_TESTS, None, options, within=("benchmark", "setting", "quantity"))


def _keys(frame: pd.DataFrame, *names: str) -> list[RowKey]:
    columns = ("benchmark", "setting", "perturbation", "severity", *names)
    return list(zip(*(frame[name] for name in columns), strict=True))


def _asked(frame: pd.DataFrame, options: AnalysisOptions) -> NDArray[np.bool_]:
    """Return the rows of perturbations that the suite does not call exploratory."""
    return np.array([name not in options.explored for name in frame["perturbation"]], dtype=np.bool_)


def _families(
    frame: pd.DataFrame,
    roles: MeasureRoles,
    eligible: NDArray[np.bool_],
    family: str | NDArray[np.str_],
    *,
    still: NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Return the rows with their family; ``family`` is that of eligible rows of the primary measure.

    still: rows without a changed score.
    """
    keys = list(zip(frame["benchmark"], frame["setting"], strict=True))
    primary = {key: measure for key, (measure, _) in roles.items()}
    measures = frame["measure"].to_numpy()
    declared = eligible & (measures == np.array([primary.get(key, "") for key in keys], dtype=object))
    attacked = frame["attacked"].to_numpy() != ""
    families = np.where(declared, np.where(attacked, ATTACKS, family), EXPLORATORY).astype(object)
    if still is not None:
        families[still] = UNCHANGED
    kept = [roles[key][1].get(measure, "") if key in roles else "" for key, measure in zip(keys, measures, strict=True)]
    twin = np.array(kept, dtype=object) != ""
    families[twin] = [f"same as {measure}" for measure in kept if measure]
    return frame.assign(family=families)


def _adjusted(
    frame: pd.DataFrame,
    roles: MeasureRoles,
    tests: Sequence[str],
    together: Callable[[Indexes], dict[str, Floats]] | None,
    options: AnalysisOptions,
    *,
    within: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Return the rows with an adjusted p (``p_adjusted``, ...) for each of the columns ``tests``, and how it was made.

    together: adjusts all tests of the rows of a declared family of the run; None: Holm, separately for each test. Each
    group of the columns ``within`` has its own declared family; exploratory rows are adjusted by Benjamini and Hochberg
    within such a group, benchmark and setting (by Holm if a suite without declared hypotheses says so).
    """
    exploring_by: Correction = "bh" if options.primary else options.corrected_by
    correction = np.full(len(frame), "", dtype=object)
    adjusted = {name: np.full(len(frame), np.nan) for name in tests}
    families = frame["family"].to_numpy()
    for names, exploring in ((_DECLARED, False), ((EXPLORATORY,), True)):
        columns = tuple(dict.fromkeys(("benchmark", "setting", *within))) if exploring else within
        groups: dict[tuple[str, ...], list[int]] = {}
        for row, group in enumerate(zip(families, *(frame[name] for name in columns), strict=True)):
            if group[0] in names:
                groups.setdefault(group, []).append(row)
        for members in groups.values():
            rows = np.array(members, dtype=np.intp)
            found = together(rows) if together is not None and not exploring else {}
            correction[rows] = exploring_by if exploring else options.corrected_by if together is not None else "holm"
            for name in tests:
                p = frame[name].to_numpy()[rows]
                by_rank = benjamini_hochberg if exploring and exploring_by == "bh" else holm
                # The flips of several benchmarks are drawn separately from those of a single test.
                adjusted[name][rows] = np.maximum(found[name], p) if name in found else by_rank(p)
    columns_made: dict[str, NDArray[Any]] = {f"{name}_adjusted": values for name, values in adjusted.items()}
    columns_made["correction"] = correction
    _copy_twins(frame, roles, columns_made)
    return frame.assign(**columns_made)


def _copy_twins(frame: pd.DataFrame, roles: MeasureRoles, adjusted: dict[str, NDArray[Any]]) -> None:
    """Copy the adjusted p and its correction to measures that repeat another one; the rows of both have the same order: tables are grids."""
    keys, measures = list(zip(frame["benchmark"], frame["setting"], strict=True)), frame["measure"].to_numpy()
    for key, (_, twins) in roles.items():
        here = np.array([key == one for one in keys], dtype=np.bool_)
        for measure, of in twins.items():
            for values in adjusted.values():
                values[here & (measures == measure)] = values[here & (measures == of)]
