"""One perturbation out of several, chosen for each query by chance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import isfinite
from typing import ClassVar

from robustir.errors import SpecError
from robustir.perturbations.shared.parts import Combination
from robustir.seeds import Stream

__all__ = ["OneOf"]


class OneOf(Combination):
    """Gives every query one of its parts, with equal chances or by weights: ``one-of(typos, shuffle-words)``.

    The query's key alone decides which part it gets, at every severity alike, so severities nest if all parts nest.
    It works in the languages that all parts know.

    Args:
        *parts: specs of perturbations; without any, typos and shuffle-words.
        weights: the chance of each part relative to the others, one number above 0 for each; by default all are equal.

    Raises:
        SpecError: for a part that is an attack, parts without a common language, or another number of weights.
    """

    name: ClassVar[str] = "one-of"
    nesting_note: ClassVar[str] = "a part does not nest"
    severity_meaning: ClassVar[str] = "given to the part that a query gets: it edits this share of its own units"
    source: ClassVar[str] = "mixture of distributions; each part names its own source"

    def __init__(self, *parts: object, weights: Sequence[float] | None = None) -> None:
        super().__init__(parts)
        chances = [1.0] * len(self.parts) if weights is None else [float(weight) for weight in weights]
        if len(chances) != len(self.parts) or not all(isfinite(chance) and chance > 0 for chance in chances):
            raise SpecError(f"weights={weights!r}: give {len(self.parts)} numbers above 0, one for each part")
        self._bounds = [bound / sum(chances) for bound in accumulate(chances)][:-1]
        self.nested = all(part.nested for part in self.parts)

    def apply_batch(
        self, texts: Sequence[str], *, langs: Sequence[str], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Return the texts, each with the noise of its part."""
        result = list(texts)
        rows_of: list[list[int]] = [[] for _ in self.parts]
        for row, key in enumerate(keys):
            drawn = Stream(key).uniform(0)
            rows_of[sum(drawn >= bound for bound in self._bounds)].append(row)
        for position, rows in enumerate(rows_of):
            noisy = self.run_part(
                position,
                [texts[row] for row in rows],
                [langs[row] for row in rows],
                severity,
                [keys[row] for row in rows],
            )
            for row, text in zip(rows, noisy, strict=True):
                result[row] = text
        return result
