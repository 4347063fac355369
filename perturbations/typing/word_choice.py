"""Which words a typist gets wrong: longer ones more often, and of each text the share that the severity says."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["chances"]

_STEPS: Final = 5  # of Newton's method; the mean is then within 1e-9 of the severity up to 0.9


def chances(row: NDArray[np.int64], hazard: NDArray[np.float64], severity: float) -> NDArray[np.float64]:
    """Return the probability of each word to be wrong, with mean ``severity`` in every text.

    row: int64 [words], the text of each, ascending; hazard: float64 [words], above 0, the proneness. A word is wrong with
    probability ``1 - exp(-t h)`` (proportional hazards, Cox 1972), t above 0 of the text: so at a low severity the
    probabilities are in proportion to the hazards, and at severity 1 every word is wrong. They rise with the severity.
    """
    if severity >= 1:
        return np.ones(len(row))
    if not len(row) or np.ptp(hazard) == 0:
        return np.full(len(row), severity)
    begins = np.flatnonzero(np.diff(row, prepend=row[0] - 1))
    size = np.diff(begins, append=len(row))
    text = np.repeat(np.arange(len(size)), size)
    slope = -hazard
    target = np.log1p(-severity)
    time = -target * size / np.bincount(text, hazard)
    for _ in range(_STEPS):  # log(mean(exp(-t h))) is convex in t, so that every step stays at or below the root
        left = time.take(text)
        left *= slope
        np.exp(left, out=left)
        total = np.bincount(text, left)
        left *= hazard
        time += (np.log(total / size) - target) * total / np.bincount(text, left)
    found: NDArray[np.float64] = -np.expm1(time.take(text) * slope)
    return found
