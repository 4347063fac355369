"""What an experiment finds: a share of trials, beside the share that it should be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

__all__ = ["Rate", "rate"]

Relation = Literal["=", "<=", ">=", "fails"]


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of trials. relation: what it should be to ``nominal``; "fails": known not to hold, shown beside the others."""

    section: str
    what: str
    nominal: float
    found: float
    trials: int
    relation: Relation = "="
    slack: float = 0.0

    @property
    def error(self) -> float:
        """Monte Carlo standard error, by the nominal share."""
        return math.sqrt(self.nominal * (1 - self.nominal) / self.trials)

    @property
    def holds(self) -> bool:
        """Whether the share is what it should be, within three Monte Carlo standard errors and the slack."""
        margin = 3 * self.error + self.slack
        if self.relation == "<=":
            return self.found <= self.nominal + margin
        if self.relation == ">=":
            return self.found >= self.nominal - margin
        return self.relation == "fails" or abs(self.found - self.nominal) <= margin


def rate(
    section: str,
    what: str,
    nominal: float,
    hits: object,
    *,
    relation: Relation = "=",
    slack: float = 0.0,
) -> Rate:
    """Return the rate of true elements of ``hits``, an array of booleans or a list of them."""
    import numpy as np

    values = np.asarray(hits, dtype=np.float64)
    return Rate(section, what, nominal, float(values.mean()), values.size, relation, slack)
