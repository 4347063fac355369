"""One realised dose in every language: means over languages that no language with more noise than the others decides.

The same severity is another dose in another language: typing errors at 0.2 change 4% of an English question's characters
and may change 18% of a Thai one's. A mean over languages is then mostly about the languages with the largest dose. So each
language is read off its own curve at the largest dose that all of them reach: its change is a piecewise linear function of
the realised character error rate, with no change at dose 0, and the same fixed combination of severities for every query.
Doses are known before any encoder sees a text, so they have no sampling error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.estimator import Layout
from robustir.stats import trapezoid_weights

__all__ = ["NO_DOSE", "TWICE", "EqualDose", "dose_ratio", "weights_at"]

Floats = NDArray[np.float64]

NO_DOSE = {"equal_dose": np.nan, "dose_ratio": np.nan, "uneven": 0.0}  # of a row without noise
TWICE = 2.0  # the largest language's dose over the median language's: more is told to the reader
_EVEN = (
    1.35  # the largest dose over the smallest: as equal as calibrated doses, which miss by up to 15%, are (1.15 / 0.85)
)


def dose_ratio(doses: Floats) -> float:
    """Return the largest language's dose over the median language's, of doses [languages]; NaN without any above 0."""
    found = doses[np.isfinite(doses) & (doses > 0)]
    return float(found.max() / np.median(found)) if len(found) else float("nan")


@dataclass(frozen=True, slots=True)
class EqualDose:
    """What turns the changes at the severities of one perturbation into changes at one dose.

    layout: the rows of the views that the noise changed. Row r of the others is a severity, the last row the whole curve:
    dose [s + 1], the common dose (for the curve: the end of the common range); weights [s + 1, s, views], of the
    severities; ratio [s + 1], the largest language's dose over the median language's; uneven: whether the doses differ
    by more than calibrated ones do.
    """

    layout: Layout
    dose: Floats
    weights: Floats
    ratio: Floats
    uneven: NDArray[np.bool_]

    @classmethod
    def of(cls, doses: Floats, layout: Layout, languages: NDArray[np.intp]) -> Self | None:
        """Return the weights for doses [s, views], views of query languages by number; None with fewer than two of them."""
        reached = np.nan_to_num(doses).max(axis=0)
        views = layout.present[reached[layout.present] > 0]
        if len(np.unique(languages[views])) < 2:
            return None
        rows = np.concatenate([doses, [reached]])[:, views]
        dose = rows.min(axis=1)
        weights = np.zeros((len(rows), *doses.shape))
        for view in views:
            for row in range(len(doses)):
                weights[row, :, view] = weights_at(doses[:, view], dose[row])
            weights[-1, :, view] = _up_to(doses[:, view], dose[-1])
        inside = np.zeros(len(layout.counts), dtype=np.bool_)
        inside[views] = True
        used = layout if len(views) == len(layout.present) else Layout.of(np.where(inside[:, None], layout.counts, 0.0))
        ratio = np.array([_ratio_of(row, languages[views]) for row in rows])
        return cls(used, np.where(dose > 0, dose, np.nan), weights, ratio, rows.max(axis=1) > _EVEN * dose)

    def at(self, row: int) -> dict[str, float]:
        """Return what a table says of one row."""
        columns = {"equal_dose": self.dose, "dose_ratio": self.ratio, "uneven": self.uneven}
        return {name: float(values[row]) for name, values in columns.items()}

    def changes(self, delta: Floats) -> Floats:
        """Return the changes [s + 1, m, views, groups] at the common doses, from those at the severities, [s, ...]."""
        found = np.zeros((len(self.dose), *delta.shape[1:]))
        for row, of_row in enumerate(self.weights):
            for weight, part in zip(of_row, delta, strict=True):
                if weight.any():
                    found[row] += weight[:, None] * part
        return found


def _ratio_of(doses: Floats, languages: NDArray[np.intp]) -> float:
    """Return the ratio of the languages' doses; the views of a language have its queries and share a dose."""
    return dose_ratio(np.array([doses[languages == one].mean() for one in np.unique(languages)]))


def weights_at(doses: Floats, dose: float) -> Floats:
    """Return the weights [s] of the severities with the given doses [s] in the change at one dose, which they reach."""
    weights = np.zeros(len(doses))
    if not dose > 0:
        return weights
    order = np.argsort(doses, kind="stable")
    points = np.concatenate([[0.0], doses[order]])
    right = int(np.searchsorted(points, dose, side="left"))
    share = (dose - points[right - 1]) / (points[right] - points[right - 1])
    weights[order[right - 1]] = share
    if right > 1:
        weights[order[right - 2]] = 1.0 - share
    return weights


def _up_to(doses: Floats, dose: float) -> Floats:
    """Return the weights [s] in the mean change over the doses from 0 to one that is reached."""
    if not dose > 0:
        return np.zeros(len(doses))
    order = np.argsort(doses, kind="stable")
    inner = order[doses[order] < dose]
    parts = trapezoid_weights(np.concatenate([doses[inner], [dose]]))[1:]
    weights: Floats = parts[-1] * weights_at(doses, dose)
    weights[inner] += parts[:-1]
    return weights
