"""Which rows are declared hypotheses and which are exploration, and the adjusted p-values that follow.

Declared families are adjusted by Holm over the whole run: "primary" (the curve's comparison of every pair of encoders
and perturbation, per setting, on the primary measure) and "contrasts" (macro-averages of the primary measure). The same
rows under attacks are the family "attacks": a worst case is no mean of noise. Everything else is "exploratory", adjusted
by Benjamini-Hochberg within its benchmark and setting. A measure that repeats another one on every query (RR with one
relevant passage) is no further hypothesis: its family reads "same as AP", its p is that of AP.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.comparisons import CURVE
from robustir.analysis.tables import ALL
from robustir.stats import benjamini_hochberg, holm

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ATTACKS", "CONTRASTS", "EXPLORATORY", "PRIMARY", "MeasureRoles", "adjust_comparisons", "adjust_contrasts"]

PRIMARY = "primary"
CONTRASTS = "contrasts"
ATTACKS = "attacks"
EXPLORATORY = "exploratory"

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
