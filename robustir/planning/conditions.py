"""A condition is what happens to the queries: nothing, a perturbation at a severity and draw, or the shuffled-query floor."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustir.seeds import derive_keys, key_array, uniforms
from robustir.types import QuerySet

__all__ = ["CLEAN", "FLOOR", "Condition", "shuffled_rows"]


@dataclass(frozen=True, slots=True, order=True)
class Condition:
    """One treatment of a query set; ``perturbation`` is a canonical spec string, empty for clean queries."""

    perturbation: str = ""
    severity: float = 0.0
    draw: int = 0

    def __str__(self) -> str:
        if self == CLEAN:
            return "clean"
        if self == FLOOR:
            return "shuffled queries"
        return f"{self.perturbation} at {self.severity:g}, draw {self.draw}"


CLEAN = Condition()
# The floor: every query is scored with the judgements of another query of its language. An encoder near it looks robust
# for free.
FLOOR = Condition("*shuffled-queries*")


_KEY_DIGITS = 8
_NAME_CHARACTERS = 60
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


def query_set_name(benchmark: str, condition: Condition, key: str) -> str:
    """Return the file name, without its suffix, of a query set and of rankings for it.

    Args:
        benchmark: its name.
        condition: what happened to the queries.
        key: the key of the query set; its first digits tell apart files of other queries (another seed, other data).
    """
    what = "clean" if condition == CLEAN else f"{condition.perturbation}-{condition.severity:g}-draw{condition.draw}"
    return ".".join(
        [
            *(_NOT_IN_NAMES.sub("-", part).strip("-.")[:_NAME_CHARACTERS] for part in (benchmark, what)),
            key[:_KEY_DIGITS],
        ]
    )


def shuffled_rows(queries: QuerySet, seed: int) -> NDArray[np.intp]:
    """Return for each query the row of another query of its language, from another group if possible."""
    keys = key_array(derive_keys((seed, "floor"), queries.langs, queries.ids, 0))
    order_value = uniforms(keys, np.zeros(len(queries), dtype=np.int64))
    partner = np.arange(len(queries))
    by_lang: dict[str, list[int]] = {}
    for row in np.argsort(order_value, kind="stable"):
        by_lang.setdefault(queries.langs[row], []).append(int(row))
    for rows in by_lang.values():
        for position, row in enumerate(rows):
            following = [rows[(position + step) % len(rows)] for step in range(1, min(len(rows), 64))]
            other = next((other for other in following if queries.groups[other] != queries.groups[row]), None)
            partner[row] = other if other is not None else (following[0] if following else row)
    return partner
