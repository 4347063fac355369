"""The notice that a mean over languages is mostly about some of them, because their texts were changed more."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from robustir.analysis.equal_dose import TWICE
from robustir.languages import language
from robustir.stats.rounding import above

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UnevenDoses", "uneven_doses", "with_dose_ratios"]

_CONDITION = ["benchmark", "perturbation", "severity"]


@dataclass(frozen=True, slots=True)
class UnevenDoses:
    """Languages in which one noise changed more than twice the characters that it changed in the median language.

    doses: realised character error rate by language code, the largest first; median: that of the median language.
    """

    benchmark: str
    perturbation: str
    severity: float
    doses: Mapping[str, float]
    median: float

    @property
    def sentence(self) -> str:
        """The notice for a reader."""
        named = [f"{100 * dose:.1f}% in {language(lang).name}" for lang, dose in self.doses.items()]
        named[0] = named[0].replace("%", "% of the characters", 1)
        listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
        return (
            f"{self.perturbation} at severity {self.severity:g} changed {listed}, but {100 * self.median:.1f}% in the median "
            "language: means over languages say most about the languages with most noise, so compare them at equal dose."
        )


def with_dose_ratios(validity: pd.DataFrame) -> pd.DataFrame:
    """Return validity with ``dose_ratio``: the character error rate in a language over that in the median language."""
    doses = validity["char_error_rate"].where(validity["char_error_rate"] > 0)
    median = doses.groupby([validity[name] for name in _CONDITION]).transform("median")
    return validity.assign(dose_ratio=doses / median)


def uneven_doses(rows: Iterable[Mapping[Any, Any]]) -> list[UnevenDoses]:
    """Return the conditions of some rows of validity in which a language had more than twice the median language's dose."""
    found: dict[tuple[str, str, float], list[tuple[str, float, float]]] = {}
    for row in rows:
        ratio, dose = (
            float(row[name]) if row[name] is not None else math.nan for name in ("dose_ratio", "char_error_rate")
        )
        if math.isfinite(ratio) and above(ratio, TWICE):
            place = (row["benchmark"], row["perturbation"], float(row["severity"]))
            found.setdefault(place, []).append((row["query_lang"], dose, dose / ratio))
    return [
        UnevenDoses(
            *place,
            {lang: dose for lang, dose, _ in sorted(languages, key=lambda one: (-one[1], one[0]))},
            float(np.median([median for _, _, median in languages])),
        )
        for place, languages in found.items()
    ]
