"""Applies a perturbation to queries: the keys of their random streams, what noisy texts must satisfy, the realised dose."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

from robustir.errors import PerturbationError, SpecError
from robustir.noise.prepared import PreparedPerturbation, prepare
from robustir.seeds import derive_keys
from robustir.text.distance import realised_dose
from robustir.text.mixing import mixing_indexes
from robustir.types import QuerySet

__all__ = ["check_texts", "noise_keys", "perturb", "text_fault"]


def perturb(queries: QuerySet, perturbation: str | Any, *, severity: float, seed: int = 0, draw: int = 0) -> QuerySet:
    """Return the queries with noise: same ids, same order, and the realised dose per query.

    Raises NotApplicableError naming the languages that work, PerturbationError naming the query that broke the contract.
    """
    if isinstance(severity, bool) or not isinstance(severity, (int, float)):
        raise SpecError(f"severity must be a number between 0 and 1, not {severity!r}")
    if not 0.0 <= severity <= 1.0:
        raise SpecError(f"severity must be between 0 and 1, not {severity:g}")
    prepared = prepare(perturbation)
    asked = sorted(set(queries.langs))
    works = prepared.applicable(asked)
    if len(works) < len(asked):
        raise prepared.not_applicable([lang for lang in asked if lang not in works])
    if severity == 0.0:
        noisy = list(queries.texts)
    else:
        noisy = prepared.apply(queries, severity=severity, keys=noise_keys(prepared, queries, seed=seed, draw=draw))
        check_texts(prepared.name, queries, noisy)
    dose = realised_dose(queries.texts, noisy, queries.langs)
    if prepared.embedded_lang:
        dose = replace(dose, code_mixing_index=mixing_indexes(queries.texts, noisy, queries.langs))
    return queries.with_texts(noisy, dose)


def noise_keys(prepared: PreparedPerturbation, queries: QuerySet, *parts: str, seed: int, draw: int) -> list[bytes]:
    """Return the key of each query's random stream: of seed, name, version, parts, language, query id and draw."""
    return derive_keys((seed, 0, prepared.name, prepared.version, *parts), queries.langs, queries.ids, draw)


def check_texts(name: str, queries: QuerySet, noisy: Sequence[Any]) -> None:
    """Raise PerturbationError for the first query whose noisy text breaks the contract; name: the perturbation's."""
    if len(noisy) != len(queries):
        raise PerturbationError(
            f"{name} returned {len(noisy)} texts for {len(queries)} queries; it must return one for each"
        )
    for row in _suspects(queries.texts, noisy):
        clean, text = queries.texts[row], noisy[row]
        fault = None if text is clean else text_fault(clean, text)
        if fault is not None:
            raise PerturbationError(f"{name} broke the contract on query {queries.ids[row]!r} ({clean!r}): {fault}")


def _suspects(clean: Sequence[str], noisy: Sequence[Any]) -> Sequence[int]:
    """Return the rows of texts that may break the contract, seen from all of them at once."""
    every = range(len(clean))
    try:
        if "" in clean or _has_surrogate("".join(noisy)):
            return every
        first = list(map(itemgetter(0), noisy))
    except (TypeError, IndexError):  # one is not a string, or an empty one
        return every
    odd = {char for char in set(first) if not char.strip() or unicodedata.combining(char)}
    return [row for row in every if first[row] in odd] if odd else ()


def text_fault(clean: str, noisy: object) -> str | None:
    """Return how a noisy text breaks the contract and what to do, None if it does not."""
    if not isinstance(noisy, str):
        return f"it returned a {type(noisy).__name__}; return a string"
    if noisy == clean:
        return None
    if not clean:
        return "it wrote into an empty text; return empty input unchanged"
    if not noisy.strip() and (clean.strip() or not noisy):
        return "it returned an empty text; keep at least one visible character"
    if _has_surrogate(noisy) and not _has_surrogate(clean):
        return "it left an unpaired surrogate; cut strings at code points"
    if unicodedata.combining(noisy[0]) and not unicodedata.combining(clean[0]):
        return "it left a combining mark without its base at the start; keep grapheme clusters whole"
    return None


def _has_surrogate(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
