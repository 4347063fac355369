"""What a difference between two runs owes to single languages: without each in turn, and at one realised dose in all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from robustir.analysis.comparisons import shared_noise
from robustir.analysis.equal_dose import TWICE
from robustir.analysis.left_out import LeftOut
from robustir.analysis.reduced import ReducedSetting
from robustir.comparing.quantities import Quantity
from robustir.languages import language
from robustir.stats.rounding import above, settled, side

__all__ = ["COLUMNS", "NOT_EQUAL", "at_one_dose", "holds_at_one_dose", "language_notes", "without_each"]

COLUMNS = (
    "without_low", "without_high", "hangs_on", "dose_ratio", "equal_dose", "equal_difference", "equal_low", "equal_high",
)  # fmt: skip
NOT_EQUAL = "but not at equal dose"
_Row = Mapping[Any, Any]


def without_each(setting: ReducedSetting, difference: Quantity) -> dict[str, Any]:
    """Return the range of a difference without each query language in turn, and the languages that it hangs on (codes).

    NaN and "" with a single language.
    """
    left = LeftOut(difference.layout, setting.languages, setting.options.confidence)
    found = left.means(difference.above[None])
    low, high = (float(limit[0]) for limit in found.range)
    hanging = setting.named_languages(left.languages, found.hanging)[0]
    return {"without_low": low, "without_high": high, "hangs_on": hanging}


def at_one_dose(setting: ReducedSetting, condition: tuple[str, float], measure: int) -> dict[str, Any]:
    """Return how much less the new run (encoder 0) loses than the baseline (1) at one realised dose in every language.

    ``uneven``: whether the languages' doses differ by more than calibrated ones do. Empty with fewer than two languages
    that the noise changed.
    """
    pair = shared_noise(setting, 0, 1, condition[0])
    equal = None if pair is None else setting.equal_dose(pair[0])
    if pair is None or equal is None:
        return {}
    at = next(row for row, severity in enumerate(pair[0].severities) if math.isclose(severity, condition[1]))
    new, baseline = (equal.changes(one.delta[:, [measure]])[at, 0] for one in pair)
    limits = Quantity.of(setting, equal.layout, settled(new - baseline), span=2.0).limits(setting.options.confidence)
    there = {
        "dose_ratio": float(equal.ratio[at]),
        "equal_dose": float(equal.dose[at]),
        "uneven": bool(equal.uneven[at]),
    }
    return there | {"equal_difference": limits.value, "equal_low": limits.low, "equal_high": limits.high}


def holds_at_one_dose(row: _Row, direction: int) -> bool:
    """Whether a claim about a change also holds at one dose, or the doses are equal already."""
    return not row.get("uneven") or side(row["equal_low"], row["equal_high"]) == direction


def language_notes(rows: Iterable[_Row]) -> Iterator[str]:
    """Yield, for readers, the conditions with unequal doses, and the claims that hang on a single language."""
    uneven: dict[tuple[str, float], float] = {}
    for row in rows:
        where = f"{row['perturbation']} at {row['severity']:g}" if row["perturbation"] else "clean queries"
        if above(row["dose_ratio"] - TWICE):
            uneven.setdefault((row["perturbation"], row["severity"]), row["dose_ratio"])
        if row["hangs_on"] and row["outcome"].startswith(("better", "worse")):
            names = " or ".join(language(code).name for code in row["hangs_on"].split())
            yield (
                f"{row['encoder']}, {row['benchmark']} ({row['setting']}), {where}: the {row['quantity']} difference is not told "
                f"from 0 without {names}; without each language in turn it is {_range(row)} points"
            )
    for (noise, severity), ratio in uneven.items():
        yield (
            f"{noise} at {severity:g} changed {ratio:.1f} times as many characters in one language as in the median one: means "
            "over languages say most about it, so how much is lost is also tested at one dose in all languages (equal_difference)"
        )


def _range(row: _Row) -> str:
    return f"{100 * row['without_low']:+.1f} to {100 * row['without_high']:+.1f}"
