"""Perturbations made of others: parts from specs, their languages and versions, and a separate stream for each part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from robustir.errors import SpecError
from robustir.noise.prepared import PreparedAttack, PreparedPerturbation, prepare
from robustir.plugins.shown import Shown
from robustir.seeds import Stream, derive_key

__all__ = ["Combination", "prepare_part"]

_DEFAULT_PARTS = ("typos", "shuffle-words")  # what ``robustir describe`` and ``check`` show if no part is named


def prepare_part(name: str, part: object) -> PreparedPerturbation:
    """Return the perturbation that ``part`` (a spec, spec string or object) names; SpecError for an attack."""
    prepared = prepare(part)
    if isinstance(prepared, PreparedAttack):
        raise SpecError(
            f"{name}: {prepared.name} is an attack, which needs an encoder and relevant passages; list it in the suite by itself"
        )
    return prepared


class Combination(Shown):
    """A perturbation made of parts: a subclass gives :meth:`apply_batch` and says whether the whole nests."""

    name: ClassVar[str]
    spec_parameters: ClassVar[Mapping[str, str]] = {"parts": "perturbation"}

    def __init__(self, parts: Sequence[object]) -> None:
        self.parts = [prepare_part(self.name, part) for part in parts or _DEFAULT_PARTS]
        # The version changes with that of any part.
        self.version = f"1({', '.join(f'{part.name} {part.version}' for part in self.parts)})"
        self.calibrated = " ".join(part.calibrated for part in self.parts if part.calibrated)
        self.claims = frozenset.intersection(*(part.claims for part in self.parts))
        self.inside_clusters = any(part.inside_clusters for part in self.parts)
        self.languages = self._common_languages()

    def _common_languages(self) -> frozenset[str] | None:
        known = [part.languages for part in self.parts if part.languages is not None]
        if not known:
            return None
        common = frozenset.intersection(*map(frozenset, known))
        if not common:
            listed = "; ".join(f"{part.name}: {', '.join(sorted(part.languages or ['any']))}" for part in self.parts)
            raise SpecError(f"{self.name}: no language is known to all of its parts ({listed})")
        return common

    def run_part(
        self, position: int, texts: Sequence[str], langs: Sequence[str], severity: float, keys: Sequence[bytes]
    ) -> list[Any]:
        """Return what one part makes of texts, in its own stream.

        keys: those of the queries; the part's are made of them, its position, name and version.
        """
        if severity == 0 or not texts:
            return list(texts)
        part = self.parts[position]
        part_keys = [derive_key(int.from_bytes(key, "little"), position, part.name, part.version) for key in keys]
        return part.apply_texts(texts, langs, severity=severity, keys=part_keys)

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        """Return ``text`` with noise; see :meth:`apply_batch`."""
        return self.apply_batch([text], langs=[lang], severity=severity, keys=[rng.key])[0]

    def apply_batch(
        self, texts: Sequence[str], *, langs: Sequence[str], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Return the texts with the noise of the parts."""
        raise NotImplementedError
