"""Several perturbations, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

__all__ = ["Compose"]


class Compose:
    """Applies its parts in their order, each to what the one before it left: ``compose(typos, shuffle-words)``.

    Each draws from a stream of its own, made from the
    query's key, the part's position, name and version: the same part twice makes two independent draws. It works in
    the languages that all parts know.

    parts: specs of perturbations, in order; without any, typos and shuffle-words. shares: what share of the severity each
    part gets, one number from 0 to 1 for each; by default all get the whole severity.
    """

    name: ClassVar[str] = "compose"
    spec_parameters: ClassVar[Mapping[str, str]] = {"parts": "perturbation"}
    nesting_note: ClassVar[str] = (
        "a part edits what the parts before it left, so at another severity it meets another text; one part alone nests as it does"
    )
    severity_meaning: ClassVar[str] = "given to every part (times its share): each edits this share of its own units"
    source: ClassVar[str] = "composition of functions; each part names its own source"

    def __init__(self, *parts: object, shares: Sequence[float] | None = None) -> None:
        parts = parts or DEFAULT_PARTS
        self.parts: list[Any] = build(self.name, parts)
        self.shares = [1.0] * len(parts) if shares is None else [float(share) for share in shares]
        if len(self.shares) != len(parts) or not all(0 <= share <= 1 for share in self.shares):
            raise SpecError(f"shares={shares!r}: give {len(parts)} numbers from 0 to 1, one for each part")
        self.version = versions("1", self.parts)
        self.calibrated = calibrations(self.parts)
        self.languages = common_languages(self.name, self.parts)
        self.nested = len(parts) == 1 and bool(self.parts[0].nested)
        self.inside_clusters = any(getattr(part, "inside_clusters", False) for part in self.parts)

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        """Return ``text`` after all parts."""
        return self.apply_batch([text], langs=[lang], severity=severity, keys=[rng.key])[0]

    def apply_batch(
        self, texts: Sequence[str], *, langs: Sequence[str], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Return the texts after all parts; a part's own batch route is used where it has one."""
        result = list(texts)
        for position, (part, share) in enumerate(zip(self.parts, self.shares, strict=True)):
            result = run(part, result, langs, severity * share, part_keys(keys, position, part))
        return result
