"""Comparisons after arithmetic: a number within rounding of a bound has not passed it.

Scores, differences and ratios are sums of some thousand numbers of size 1, whose rounding is far below ``ROUNDING``; one
query's change in the mean of a million is above it.
"""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import NDArray

__all__ = ["ROUNDING", "above", "below", "settled", "side"]

Floats = NDArray[np.float64]

ROUNDING = 1e-12


def _margin(bound: float) -> float:
    return ROUNDING * max(1.0, abs(bound))


@overload
def above(values: float, bound: float = 0.0) -> bool: ...
@overload
def above(values: Floats, bound: float = 0.0) -> NDArray[np.bool_]: ...
def above(values: Floats | float, bound: float = 0.0) -> NDArray[np.bool_] | bool:
    """Whether values lie above a bound by more than rounding; False for NaN."""
    return values > bound + _margin(bound)


@overload
def below(values: float, bound: float = 0.0) -> bool: ...
@overload
def below(values: Floats, bound: float = 0.0) -> NDArray[np.bool_]: ...
def below(values: Floats | float, bound: float = 0.0) -> NDArray[np.bool_] | bool:
    """Whether values lie below a bound by more than rounding; False for NaN."""
    return values < bound - _margin(bound)


def side(low: float, high: float) -> int:
    """Return 1 if an interval lies above 0, -1 if below; 0 if it holds 0 or is undefined."""
    return 1 if above(low) else -1 if below(high) else 0


def settled(values: Floats) -> Floats:
    """Return differences with 0 for those that are rounding alone."""
    return np.where(np.abs(values) <= ROUNDING, 0.0, values)
