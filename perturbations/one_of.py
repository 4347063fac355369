"""One perturbation out of several, chosen for each query by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import isfinite
from typing import Any, ClassVar

from robustir.errors import SpecError
from robustir.perturbations.shared.parts import (
    DEFAULT_PARTS,
    build,
    calibrations,
    common_languages,
    part_keys,
    run,
    versions,
)
from robustir.seeds import Stream

__all__ = ["OneOf"]


class OneOf:
    """Gives every query one of its parts, with equal chances or by weights: ``one-of(typos, shuffle-words)``.

    Which part it is follows from the query's key alone, so it is the same at every severity and severities nest
    where all parts nest. It works in the languages that all parts know.

    parts: specs of perturbations; without any, typos and shuffle-words. weights: the chance of each part relative to the
    others, one number above 0 for each; by default all have the same.
    """

    name: ClassVar[str] = "one-of"
    spec_parameters: ClassVar[Mapping[str, str]] = {"parts": "perturbation"}
    nesting_note: ClassVar[str] = "a part does not nest"
    severity_meaning: ClassVar[str] = "given to the part that a query gets: it edits this share of its own units"
    source: ClassVar[str] = "mixture of distributions; each part names its own source"

    def __init__(self, *parts: object, weights: Sequence[float] | None = None) -> None:
        parts = parts or DEFAULT_PARTS
        self.parts: list[Any] = build(self.name, parts)
        chances = [1.0] * len(parts) if weights is None else [float(weight) for weight in weights]
        if len(chances) != len(parts) or not all(isfinite(chance) and chance > 0 for chance in chances):
            raise SpecError(f"weights={weights!r}: give {len(parts)} numbers above 0, one for each part")
        self._bounds = [bound / sum(chances) for bound in accumulate(chances)][:-1]
        self.version = versions("1", self.parts)
        self.calibrated = calibrations(self.parts)
        self.languages = common_languages(self.name, self.parts)
        self.nested = all(part.nested for part in self.parts)
        self.inside_clusters = any(getattr(part, "inside_clusters", False) for part in self.parts)

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        """Return ``text`` with the noise of the part that its key chooses."""
        return self.apply_batch([text], langs=[lang], severity=severity, keys=[rng.key])[0]

    def apply_batch(
        self, texts: Sequence[str], *, langs: Sequence[str], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Return the texts, each with the noise of its part."""
        result = list(texts)
        rows_of: list[list[int]] = [[] for _ in self.parts]
        for row, key in enumerate(keys):
            drawn = Stream(key).uniform(0)
            rows_of[sum(drawn >= bound for bound in self._bounds)].append(row)
        for position, (part, rows) in enumerate(zip(self.parts, rows_of, strict=True)):
            chosen = part_keys([keys[row] for row in rows], position, part)
            noisy = run(part, [texts[row] for row in rows], [langs[row] for row in rows], severity, chosen)
            for row, text in zip(rows, noisy, strict=True):
                result[row] = text
        return result
