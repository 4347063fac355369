"""The one severity of a curve that tables show where they show one."""

from __future__ import annotations

import math
from collections.abc import Iterable

__all__ = ["shown_severity"]

_SHOWN = 0.3


def shown_severity(severities: Iterable[float]) -> float:
    """Return the largest severity up to 0.3, else the smallest one; NaN of none."""
    own = sorted({severity for severity in severities if not math.isnan(severity)})
    fitting = [severity for severity in own if severity <= _SHOWN + 1e-9]
    return fitting[-1] if fitting else next(iter(own), math.nan)
