"""Which rows are declared hypotheses and which are exploration, and the adjusted p-values that follow.

Declared families are adjusted by Holm over the whole run: "primary" (the curve's comparison of every pair of encoders
and perturbation, per setting, on the primary measure) and "contrasts" (macro-averages of the primary measure). The same
rows under attacks are the family "attacks": a worst case is no mean of noise. Everything else is "exploratory", adjusted
by Benjamini-Hochberg within its benchmark and setting. A measure that repeats another one on every query (RR with one
relevant passage) is no further hypothesis: its family reads "same as AP", its p is that of AP.

Differences between training strategies are adjusted by Holm within their benchmark, setting and quantity (clean score,
noisy score, degradation): the family "strategies" holds the pairs and kinds of noise, "robust training" the pairs of
which one alone met noise in training, "attacks" what happened under attacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.comparisons import CURVE
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


def adjust_contrasts(frame: pd.DataFrame, roles: MeasureRoles) -> pd.DataFrame:
    """Return the contrasts with family and p_adjusted."""
    return _adjust(frame, roles, CONTRASTS, frame["query_lang"].to_numpy() == ALL)


def adjust_comparisons(frame: pd.DataFrame, roles: MeasureRoles, *, declared: bool) -> pd.DataFrame:
    """Return the comparisons with family and p_adjusted; not ``declared``: all of them are exploratory."""
    return _adjust(frame, roles, PRIMARY, (frame["severity"].to_numpy() == CURVE) & declared)


def _adjust(frame: pd.DataFrame, roles: MeasureRoles, family: str, eligible: NDArray[np.bool_]) -> pd.DataFrame:
    families = np.full(len(frame), EXPLORATORY, dtype=object)
    adjusted = np.full(len(frame), np.nan)
    p, measure = frame["p"].to_numpy(), frame["measure"].to_numpy()
    tables = {key: _rows_of(frame, *key) for key in roles}
    declared = np.zeros(len(frame), dtype=np.bool_)
    for key, rows in tables.items():
        primary, twins = roles[key]
        declared |= rows & eligible & (measure == primary)
        for twin, kept in twins.items():
            families[rows & (measure == twin)] = f"same as {kept}"
    attacked = frame["attacked"].to_numpy() != ""
    for name, members in ((family, declared & ~attacked), (ATTACKS, declared & attacked)):
        families[members] = name
        adjusted[members] = holm(p[members])
    for rows in tables.values():
        rest = rows & (families == EXPLORATORY)
        adjusted[rest] = benjamini_hochberg(p[rest])
    for key, rows in tables.items():
        for twin, kept in roles[key][1].items():
            # The rows of both measures stand in the same order: tables are grids.
            adjusted[rows & (measure == twin)] = adjusted[rows & (measure == kept)]
    return frame.assign(p_adjusted=adjusted, family=families)


def _rows_of(frame: pd.DataFrame, benchmark: str, setting: str) -> NDArray[np.bool_]:
    rows: NDArray[np.bool_] = (frame["benchmark"].to_numpy() == benchmark) & (frame["setting"].to_numpy() == setting)
    return rows


def adjust_strategies(frame: pd.DataFrame, roles: MeasureRoles, *, declared: bool) -> pd.DataFrame:
    """Return the differences between strategies with family and p_adjusted; not ``declared``: all are exploratory.

    Declared is the primary measure over the whole curve (at the severity itself where there is one alone).
    """
    frame = frame.assign(family=EXPLORATORY, p_adjusted=np.nan)
    condition = ["benchmark", "setting", "perturbation"]
    curved = frame["severity"].eq(CURVE).groupby([frame[name] for name in condition]).transform("any")
    shown = frame["severity"].eq(CURVE) | ~curved.astype(bool)
    primary = {key: measure for key, (measure, _) in roles.items()}
    of_row = [primary.get(key, "") for key in zip(frame["benchmark"], frame["setting"], strict=True)]
    eligible = shown & frame["measure"].eq(of_row) & declared
    families = np.where(frame["robust_training"], ROBUST, STRATEGIES)
    families = np.where(frame["attacked"] != "", ATTACKS, families)
    frame["family"] = np.where(eligible, families, EXPLORATORY)
    still = (frame["quantity"] == "degradation") & (frame["a"] == 0) & (frame["b"] == 0)
    frame.loc[still, "family"] = UNCHANGED
    for (benchmark, setting), (_, twins) in roles.items():
        for twin, kept in twins.items():
            rows = _rows_of(frame, benchmark, setting) & (frame["measure"] == twin).to_numpy()
            frame.loc[rows, "family"] = f"same as {kept}"
    groups: Any = frame.groupby(["benchmark", "setting", "quantity", "family"], sort=False).groups
    for (_, _, _, family), rows in groups.items():
        p = frame.loc[rows, "p"].to_numpy()
        if family in {STRATEGIES, ROBUST, ATTACKS}:
            frame.loc[rows, "p_adjusted"] = holm(p)
        elif family == EXPLORATORY:
            frame.loc[rows, "p_adjusted"] = benjamini_hochberg(p)
    return frame
