"""Which rows are declared hypotheses and which are exploration, and the adjusted p-values that follow.

Declared families are adjusted by Holm over the whole run: "primary" (the curve's comparison of every pair of encoders
and perturbation, per setting, on the primary measure) and "contrasts" (macro-averages of the primary measure). The same
rows under attacks are the family "attacks": a worst case is not a mean of noise. Everything else is "exploratory", adjusted
by Benjamini-Hochberg within its benchmark and setting, the rows of a perturbation that its suite calls exploratory
among it. A measure that repeats another one on every query (RR with one
relevant passage) is not another hypothesis: its family reads "same as AP", its p is that of AP.

Differences between training strategies are adjusted by Holm within their benchmark, setting and quantity (clean score,
noisy score, degradation): the family "strategies" holds the pairs and kinds of noise, "robust training" the pairs of
which one alone met noise in training, "attacks" what happened under attacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.comparisons import CURVE
from robustir.analysis.options import AnalysisOptions
from robustir.analysis.tables import ALL
from robustir.stats import benjamini_hochberg, holm
from robustir.stats.rounding import settled

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ATTACKS",
    "CONTRASTS",
    "EXPLORATORY",
    "PRIMARY",
    "ROBUST",
    "STRATEGIES",
    "UNCHANGED",
    "MeasureRoles",
    "adjust_comparisons",
    "adjust_contrasts",
    "adjust_exploratory",
    "adjust_strategies",
]

PRIMARY = "primary"
CONTRASTS = "contrasts"
ATTACKS = "attacks"
EXPLORATORY = "exploratory"
STRATEGIES = "strategies"
ROBUST = "robust training"
UNCHANGED = "nothing changed"  # such as a bag of words under shuffled words: no hypothesis

# (benchmark, setting) -> the primary measure, and the measures that repeat another one
MeasureRoles = Mapping[tuple[str, str], tuple[str, Mapping[str, str]]]


def adjust_contrasts(frame: pd.DataFrame, roles: MeasureRoles, options: AnalysisOptions) -> pd.DataFrame:
    """Return the contrasts with family and p_adjusted."""
    eligible = (frame["query_lang"].to_numpy() == ALL) & _asked(frame, options)
    return _adjusted(frame, roles, eligible, CONTRASTS)


def adjust_comparisons(frame: pd.DataFrame, roles: MeasureRoles, options: AnalysisOptions) -> pd.DataFrame:
    """Return the comparisons with family and p_adjusted; all are exploratory unless they were declared beforehand."""
    eligible = (frame["severity"].to_numpy() == CURVE) & _asked(frame, options) & options.primary
    return _adjusted(frame, roles, eligible, PRIMARY)


def adjust_exploratory(frame: pd.DataFrame, roles: MeasureRoles) -> pd.DataFrame:
    """Return exploratory rows of the primary measure with family and p_adjusted, adjusted within benchmark and setting."""
    roles = {key: (measure, {}) for key, (measure, _) in roles.items()}
    return _adjusted(frame, roles, np.zeros(len(frame), dtype=np.bool_), EXPLORATORY)


def adjust_strategies(frame: pd.DataFrame, roles: MeasureRoles, options: AnalysisOptions) -> pd.DataFrame:
    """Return the differences between strategies with family and p_adjusted, as :func:`adjust_comparisons` does.

    Declared is the primary measure over the whole curve (at the severity itself where there is one alone).
    """
    columns = [frame[name].to_numpy() for name in ("benchmark", "setting", "perturbation", "severity")]
    curved = {row[:3] for row in zip(*columns, strict=True) if row[3] == CURVE}
    shown = np.array([row[3] == CURVE or row[:3] not in curved for row in zip(*columns, strict=True)], dtype=bool)
    family = np.where(frame["robust_training"].to_numpy(), ROBUST, STRATEGIES)
    idle = (settled(frame["a"].to_numpy()) == 0) & (settled(frame["b"].to_numpy()) == 0)
    still = (frame["quantity"].to_numpy() == "degradation") & idle
    eligible = shown & _asked(frame, options) & options.primary
    return _adjusted(frame, roles, eligible, family, still=still, within=("benchmark", "setting", "quantity"))


def _asked(frame: pd.DataFrame, options: AnalysisOptions) -> NDArray[np.bool_]:
    """Return the rows of perturbations that the suite does not call exploratory."""
    return np.array([name not in options.explored for name in frame["perturbation"]], dtype=np.bool_)


def _adjusted(
    frame: pd.DataFrame,
    roles: MeasureRoles,
    eligible: NDArray[np.bool_],
    family: str | NDArray[np.str_],
    *,
    still: NDArray[np.bool_] | None = None,
    within: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Return the rows with family and p_adjusted.

    family: of the rows that are eligible and of the primary measure. still: rows in which nothing changed. Holm's
    adjustment is over a family, in each group of the columns ``within``; that of Benjamini and Hochberg is over what is
    exploratory in a benchmark and setting, and in such a group.
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
    p, adjusted = frame["p"].to_numpy(), np.full(len(frame), np.nan)
    for names, adjust in (
        ((PRIMARY, CONTRASTS, ATTACKS, STRATEGIES, ROBUST), holm),
        ((EXPLORATORY,), benjamini_hochberg),
    ):
        columns = within if adjust is holm else tuple(dict.fromkeys(("benchmark", "setting", *within)))
        groups: dict[tuple[str, ...], list[int]] = {}
        for row, group in enumerate(zip(families, *(frame[name] for name in columns), strict=True)):
            if group[0] in names:
                groups.setdefault(group, []).append(row)
        for rows in groups.values():
            adjusted[rows] = adjust(p[rows])
    for key, (_, twins) in roles.items():
        here = np.array([key == one for one in keys], dtype=np.bool_)
        for measure, of in twins.items():
            # The rows of both measures are in the same order: tables are grids.
            adjusted[here & (measures == measure)] = adjusted[here & (measures == of)]
    return frame.assign(family=families, p_adjusted=adjusted)
