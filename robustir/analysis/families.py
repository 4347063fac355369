"""Which rows are declared hypotheses and which are exploration, and the adjusted p-values that follow.

Declared families are adjusted by Holm over the whole run: "primary" (the curve's comparison of every pair of encoders
and perturbation, per setting, on the primary measure) and "contrasts" (macro-averages of the primary measure). The same
rows under attacks are the family "attacks": a worst case is no mean of noise. Everything else is "exploratory", adjusted
by Benjamini-Hochberg within its benchmark and setting, the rows of a perturbation that its suite calls exploratory
among it. A measure that repeats another one on every query (RR with one
relevant passage) is no further hypothesis: its family reads "same as AP", its p is that of AP.

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
    eligible = (frame["query_lang"] == ALL) & ~frame["perturbation"].isin(options.explored)
    return _adjusted(frame, roles, eligible, CONTRASTS)


def adjust_comparisons(frame: pd.DataFrame, roles: MeasureRoles, options: AnalysisOptions) -> pd.DataFrame:
    """Return the comparisons with family and p_adjusted; all are exploratory unless they were declared beforehand."""
    eligible = (frame["severity"] == CURVE) & ~frame["perturbation"].isin(options.explored) & options.primary
    return _adjusted(frame, roles, eligible, PRIMARY)


def adjust_strategies(frame: pd.DataFrame, roles: MeasureRoles, options: AnalysisOptions) -> pd.DataFrame:
    """Return the differences between strategies with family and p_adjusted, as :func:`adjust_comparisons` does.

    Declared is the primary measure over the whole curve (at the severity itself where there is one alone).
    """
    condition = [frame[name] for name in ("benchmark", "setting", "perturbation")]
    curve = frame["severity"] == CURVE
    shown = curve | ~curve.groupby(condition).transform("any").astype(bool)
    family = np.where(frame["robust_training"], ROBUST, STRATEGIES)
    still = (frame["quantity"] == "degradation") & (frame["a"] == 0) & (frame["b"] == 0)
    eligible = shown & ~frame["perturbation"].isin(options.explored) & options.primary
    return _adjusted(frame, roles, eligible, family, still=still, within=("benchmark", "setting", "quantity"))


def _adjusted(
    frame: pd.DataFrame,
    roles: MeasureRoles,
    eligible: pd.Series[bool],
    family: str | NDArray[np.str_],
    *,
    still: pd.Series[bool] | None = None,
    within: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Return the rows with family and p_adjusted.

    family: of the rows that are eligible and of the primary measure. still: rows in which nothing changed. Holm's
    adjustment is over a family, in each group of the columns ``within``; that of Benjamini and Hochberg is over what is
    exploratory in a benchmark and setting, and in such a group.
    """
    keys = list(zip(frame["benchmark"], frame["setting"], strict=True))
    primary = {key: measure for key, (measure, _) in roles.items()}
    declared = eligible & (frame["measure"] == [primary.get(key, "") for key in keys])
    families = np.where(declared, np.where(frame["attacked"] != "", ATTACKS, family), EXPLORATORY).astype(object)
    if still is not None:
        families[still] = UNCHANGED
    kept = [
        roles[key][1].get(measure, "") if key in roles else ""
        for key, measure in zip(keys, frame["measure"], strict=True)
    ]
    twin = np.array(kept, dtype=object) != ""
    families[twin] = [f"same as {measure}" for measure in kept if measure]
    frame = frame.assign(family=families, p_adjusted=np.nan)
    for names, adjust in (
        ((PRIMARY, CONTRASTS, ATTACKS, STRATEGIES, ROBUST), holm),
        ((EXPLORATORY,), benjamini_hochberg),
    ):
        columns = ["family", *(within if adjust is holm else dict.fromkeys(("benchmark", "setting", *within)))]
        members = frame[frame["family"].isin(names)]
        for _, rows in members.groupby(columns, sort=False):
            frame.loc[rows.index, "p_adjusted"] = adjust(rows["p"].to_numpy())
    for key, (_, twins) in roles.items():
        here = np.array([key == one for one in keys], dtype=bool)
        for measure, of in twins.items():
            # The rows of both measures stand in the same order: tables are grids.
            rows = here & (frame["measure"] == measure)
            frame.loc[rows, "p_adjusted"] = frame.loc[here & (frame["measure"] == of), "p_adjusted"].to_numpy()
    return frame
