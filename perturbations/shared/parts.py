"""What perturbations made of others share: parts from specs, their languages, versions, keys, and how one is run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from robustir.errors import SpecError
from robustir.plugins.registry import create
from robustir.plugins.specs import Spec
from robustir.seeds import Stream, derive_key

__all__ = ["DEFAULT_PARTS", "build", "calibrations", "common_languages", "part_keys", "run", "versions"]

DEFAULT_PARTS = ("typos", "shuffle-words")  # what ``robustir describe`` and ``check`` show where no part is named


def build(name: str, parts: Sequence[object]) -> list[Any]:
    """Return the perturbations that ``parts`` (specs, spec strings or objects) name; SpecError for an attack."""
    built: list[Any] = [create("perturbation", part) if isinstance(part, (str, Spec)) else part for part in parts]
    for part in built:
        if not hasattr(part, "nested"):
            raise SpecError(f"{name}: {part!r} is no perturbation; give specs such as  typos")
        if hasattr(part, "attack"):
            raise SpecError(
                f"{name}: {part.name} is an attack, which needs an encoder and relevant passages; list it in the suite by itself"
            )
    return built


def common_languages(name: str, parts: Sequence[Any]) -> frozenset[str] | None:
    """Return the languages that every part knows, None for any; SpecError where there is none."""
    known = [part.languages for part in parts if part.languages is not None]
    if not known:
        return None
    common = frozenset.intersection(*map(frozenset, known))
    if not common:
        each = "; ".join(f"{part.name}: {', '.join(sorted(part.languages or ['any']))}" for part in parts)
        raise SpecError(f"{name}: its parts have no language in common ({each})")
    return common


def versions(own: str, parts: Sequence[Any]) -> str:
    """Return a version that changes with any part's."""
    return f"{own}({', '.join(f'{part.name} {part.version}' for part in parts)})"


def calibrations(parts: Sequence[Any]) -> str:
    """Return the digests of the calibrations of parts that have a dose, "" where none has."""
    return " ".join(part.calibrated for part in parts if getattr(part, "calibrated", ""))


def part_keys(keys: Sequence[bytes], position: int, part: Any) -> list[bytes]:
    """Return the keys of the part at ``position``: of the query's key, the position, the part's name and version."""
    return [derive_key(int.from_bytes(key, "little"), position, part.name, part.version) for key in keys]


def run(part: Any, texts: Sequence[str], langs: Sequence[str], severity: float, keys: Sequence[bytes]) -> list[str]:
    """Return what ``part`` makes of the texts, through its batch route where it has one."""
    if severity == 0 or not texts:
        return list(texts)
    if hasattr(part, "apply_batch"):
        return list(part.apply_batch(texts, langs=langs, severity=severity, keys=keys))
    return [
        part(text, lang=lang, severity=severity, rng=Stream(key))
        for text, lang, key in zip(texts, langs, keys, strict=True)
    ]
