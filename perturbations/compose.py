"""Several perturbations, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from robustir.errors import SpecError
from robustir.perturbations.shared.parts import Combination

__all__ = ["Compose"]


class Compose(Combination):
    """Applies its parts in their order, each to what the one before it left: ``compose(typos, shuffle-words)``.

    Each part draws from its own stream, made from the query's key, the part's position, name and version: the same part
    twice makes two independent draws. It works in the languages that all parts know.

    Args:
        *parts: specs of perturbations, in order; without any, typos and shuffle-words.
        shares: the share of the severity that each part gets, one number from 0 to 1 for each; by default all get the
            whole severity.

    Raises:
        SpecError: for a part that is an attack, parts without a common language, or another number of shares.
    """

    name: ClassVar[str] = "compose"
    nesting_note: ClassVar[str] = (
        "a part edits what the parts before it left, so at another severity it meets another text; one part alone nests as it does"
    )
    severity_meaning: ClassVar[str] = "given to every part (times its share): each edits this share of its own units"
    source: ClassVar[str] = "composition of functions; each part names its own source"

    def __init__(self, *parts: object, shares: Sequence[float] | None = None) -> None:
        super().__init__(parts)
        self.shares = [1.0] * len(self.parts) if shares is None else [float(share) for share in shares]
        if len(self.shares) != len(self.parts) or not all(0 <= share <= 1 for share in self.shares):
            raise SpecError(f"shares={shares!r}: give {len(self.parts)} numbers from 0 to 1, one for each part")
        self.nested = len(self.parts) == 1 and self.parts[0].nested

    def apply_batch(
        self, texts: Sequence[str], *, langs: Sequence[str], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Return the texts after all parts."""
        result = list(texts)
        for position, share in enumerate(self.shares):
            result = self.run_part(position, result, langs, severity * share, keys)
        return result
