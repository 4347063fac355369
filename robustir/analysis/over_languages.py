"""What qualifies a claim about a mean over languages: one realised dose in all of them, and no single language behind it.

A claim made where the languages' doses differ is compared with the claim about the same queries at the largest dose that
every language reaches. If that does not favour the same encoder, the claim favours nobody and says so. A note names the
languages without which there would be no claim.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from robustir.analysis.claims import Kind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["claim_over_languages"]

_PLACE = ("benchmark", "setting", "perturbation", "severity", "measure", "quantity")
_NAMES = ("encoder_a", "encoder_b", "strategy_a", "strategy_b")
_LOSS = frozenset({Kind.MORE_ROBUST, Kind.LOSES_LESS, Kind.GAINS_MORE})
# Columns of the comparison at one dose -> columns beside the comparison.
_EQUAL = {
    "equal_dose": "equal_dose", "dose_ratio": "dose_ratio", "difference_in_differences": "equal_difference",
    "difference": "equal_difference", "ci_low": "equal_low", "ci_high": "equal_high",
    "loss_p_adjusted": "equal_p_adjusted", "verdict": "equal_verdict", "favours": "equal_favours",
}  # fmt: skip
_TEXT = ("equal_verdict", "equal_favours")

Record = Mapping[Hashable, Any]


def claim_over_languages(frame: pd.DataFrame, equal: pd.DataFrame) -> pd.DataFrame:
    """Return comparisons of encoders, or of strategies, with claims qualified by ``equal``, the claimed ones at one dose."""
    columns = {name: of_row for name, of_row in _EQUAL.items() if name in equal}
    at_one_dose = {_place(row): row for row in equal.to_dict("records") if np.isfinite(row["equal_dose"])}
    told: dict[str, list[Any]] = {name: [] for name in ("claim", "verdict", "favours", "note", "hangs_on")}
    told |= {name: [] for name in columns.values()}
    for row in frame.to_dict("records"):
        other = at_one_dose.get(_place(row))
        for name, of_row in columns.items():
            told[of_row].append(other[name] if other else "" if of_row in _TEXT else np.nan)
        hanging = _hanging(row)
        claim, verdict, favours = row["claim"], row["verdict"], row["favours"]
        notes = [row["note"], _no_claim_without(hanging)]
        if other and other["uneven"] > 0 and other["verdict"] != verdict:
            notes.append(f"at {100 * other['equal_dose']:.1f}% of the characters in every language: {other['verdict']}")
            if favours and other["favours"] != favours:
                claim, verdict, favours = str(Kind.UNEQUAL), f"{verdict}; {Kind.UNEQUAL}", ""
        note = "; ".join(filter(None, notes))
        values = {"claim": claim, "verdict": verdict, "favours": favours, "note": note, "hangs_on": " ".join(hanging)}
        for name, value in values.items():
            told[name].append(value)
    numbers = set(_EQUAL.values()) - set(_TEXT)
    return frame.assign(
        **{name: np.array(values, dtype=np.float64 if name in numbers else object) for name, values in told.items()}
    )


def _place(row: Record) -> tuple[Any, ...]:
    return tuple(row.get(name, "") for name in (*_PLACE, *_NAMES))


def _hanging(row: Record) -> list[str]:
    """Return the languages without which a claim of loss would not be made, on the scales that it rests on."""
    points, shares = str(row["points_hang"]).split(), str(row["shares_hang"]).split()
    if row["claim"] == Kind.POINTS:
        return points
    if row["claim"] == Kind.SHARES:
        return shares
    return sorted({*points, *shares}) if row["claim"] in _LOSS else []


def _no_claim_without(languages: list[str]) -> str:
    return f"there is no claim without {' or without '.join(languages)}" if languages else ""
