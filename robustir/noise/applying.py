"""Applies a perturbation to queries: where it works, what it answers where it does not, and what its texts must satisfy."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from robustir.errors import NotApplicableError, PerturbationError, RobustirError, SpecError
from robustir.plugins.registry import create
from robustir.plugins.specs import Spec
from robustir.seeds import Stream, derive_keys
from robustir.text.distance import realised_dose
from robustir.text.mixing import mixing_indexes
from robustir.types import QuerySet

__all__ = ["applicable_languages", "at_hand", "check_texts", "not_applicable", "perturb", "refusal"]


def applicable_languages(perturbation: Any, languages: Sequence[str]) -> tuple[str, ...]:
    """Return those of ``languages`` in which the perturbation works, in their order."""
    known = perturbation.languages
    return tuple(languages) if known is None else tuple(lang for lang in languages if lang in known)


def at_hand(perturbation: Any, languages: Sequence[str]) -> tuple[str, ...]:
    """Return those of ``languages`` in which the perturbation works and for which it has nothing to download."""
    here = getattr(perturbation, "at_hand", languages)
    return tuple(lang for lang in applicable_languages(perturbation, languages) if lang in here)


def refusal(perturbation: Any, lang: str) -> str:
    """Say why a perturbation does not work in ``lang``: in its own words (an optional method ``refusal``) or in ours."""
    own = getattr(perturbation, "refusal", None)
    return str(own(lang)) if own is not None else "the perturbation does not know this language"


def not_applicable(perturbation: Any, name: str, langs: Sequence[str]) -> NotApplicableError:
    """Return the error of a perturbation that is asked for in languages in which it does not work."""
    if hasattr(perturbation, "refusal"):
        return NotApplicableError("; ".join([*(perturbation.refusal(lang) for lang in langs), perturbation.scope]))
    where = ", ".join(sorted(perturbation.languages))
    return NotApplicableError(f"{name} does not know {', '.join(langs)}; it works in: {where}")


def perturb(queries: QuerySet, perturbation: str | Any, *, severity: float, seed: int = 0, draw: int = 0) -> QuerySet:
    """Return the queries with noise: same ids, same order, and the realised dose per query.

    Raises NotApplicableError naming the languages that work, PerturbationError naming the query that broke the contract.
    """
    if not 0.0 <= severity <= 1.0:
        raise SpecError(f"severity is a share between 0 and 1, not {severity:g}")
    plugin = create("perturbation", perturbation) if isinstance(perturbation, (str, Spec)) else perturbation
    missing = sorted(set(queries.langs) - set(applicable_languages(plugin, sorted(set(queries.langs)))))
    if missing:
        raise not_applicable(plugin, plugin.name, missing)
    if severity == 0.0:
        noisy = list(queries.texts)
    else:
        keys = derive_keys((seed, 0, plugin.name, plugin.version), queries.langs, queries.ids, draw)
        noisy = _apply(plugin, queries, severity, keys)
        check_texts(plugin, queries, noisy)
    dose = realised_dose(queries.texts, noisy, queries.langs)
    if getattr(plugin, "embedded_lang", ""):
        dose = replace(dose, code_mixing_index=mixing_indexes(queries.texts, noisy, queries.langs))
    return queries.with_texts(noisy, dose)


def _apply(plugin: Any, queries: QuerySet, severity: float, keys: list[bytes]) -> list[Any]:
    try:
        if hasattr(plugin, "apply_queries"):
            return list(plugin.apply_queries(queries, severity=severity, keys=keys))
        if hasattr(plugin, "apply_batch"):
            return list(plugin.apply_batch(queries.texts, langs=queries.langs, severity=severity, keys=keys))
    except RobustirError:
        raise
    except Exception as error:
        raise PerturbationError(
            f"{plugin.name} raised {type(error).__name__} on a batch of {len(queries)} queries: {error}"
        ) from error
    noisy = []
    for name, text, lang, key in zip(queries.ids, queries.texts, queries.langs, keys, strict=True):
        try:
            noisy.append(plugin(text, lang=lang, severity=severity, rng=Stream(key)))
        except RobustirError:
            raise
        except Exception as error:
            raise PerturbationError(
                f"{plugin.name} raised {type(error).__name__} on query {name!r} ({text!r}): {error}"
            ) from error
    return noisy


def check_texts(plugin: Any, queries: QuerySet, noisy: Sequence[Any]) -> None:
    """Raise PerturbationError naming the first query whose noisy text breaks the contract."""
    if len(noisy) != len(queries):
        raise PerturbationError(
            f"{plugin.name} returned {len(noisy)} texts for {len(queries)} queries; it must return one for each"
        )
    surrogates = _has_surrogate("".join([text for text in noisy if isinstance(text, str)]))
    for name, clean, text in zip(queries.ids, queries.texts, noisy, strict=True):
        if not isinstance(text, str):
            raise PerturbationError(
                f"{plugin.name} returned a {type(text).__name__} for query {name!r}; it must return a string"
            )
        if text is clean or text == clean:
            continue
        if not clean:
            raise PerturbationError(
                f"{plugin.name} wrote into query {name!r}, which is empty; empty input must come back as it is"
            )
        if not text.strip() and (clean.strip() or not text):
            raise PerturbationError(
                f"{plugin.name} made query {name!r} ({clean!r}) empty; at least one visible character must stay"
            )
        if surrogates and _has_surrogate(text) and not _has_surrogate(clean):
            raise PerturbationError(
                f"{plugin.name} left an unpaired surrogate in query {name!r}; cut strings at code points"
            )
        if unicodedata.combining(text[0]) and not unicodedata.combining(clean[0]):
            raise PerturbationError(
                f"{plugin.name} left a combining mark without its base at the start of query {name!r}"
            )


def _has_surrogate(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
