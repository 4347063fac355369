"""What is registered, as rows for ``list`` and ``describe``. A plugin that fails to import is named, the others go on."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from robustir.errors import RobustirError, UnknownNameError
from robustir.registry import KINDS, Kind, Registered, registered

__all__ = ["SAMPLES", "describe", "listing"]

# One question per language for examples; written for this project.
SAMPLES: Mapping[str, str] = {
    "ar": "كيف تتكوّن الجبال البركانية في قاع المحيط؟",
    "de": "Wie entstehen vulkanische Berge auf dem Meeresgrund?",
    "el": "Πώς σχηματίζονται τα ηφαιστειακά βουνά στον βυθό του ωκεανού;",
    "en": "How do volcanic mountains form on the ocean floor?",
    "es": "¿Cómo se forman las montañas volcánicas en el fondo del océano?",
    "hi": "समुद्र की तलहटी पर ज्वालामुखी पहाड़ कैसे बनते हैं?",
    "ru": "Как образуются вулканические горы на дне океана?",
    "th": "ภูเขาไฟใต้มหาสมุทรเกิดขึ้นได้อย่างไร",
    "tr": "Okyanus tabanında volkanik dağlar nasıl oluşur?",
    "vi": "Núi lửa dưới đáy đại dương hình thành như thế nào?",
    "zh": "海底的火山是怎样形成的？",
}


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _languages(made: Any) -> list[str] | str:
    known = getattr(made, "languages", None)
    return "any" if known is None else sorted(known)


def _row(entry: Registered) -> dict[str, Any]:
    try:
        make = entry.load()
    except RobustirError as error:
        return {"name": entry.name, "package": entry.package, "description": "", "error": str(error)}
    row: dict[str, Any] = {"name": entry.name, "package": entry.package, "description": _first_line(make)}
    if entry.kind != "encoder":
        row["languages"] = _languages(make)
    return row


def listing(kind: str) -> list[dict[str, Any]]:
    """Return a row per entry of ``kind`` (perturbations, encoders, benchmarks, suites or measures), each with a ``name``."""
    if kind == "suites":
        from robustir.suite import load_suite, suite_names

        return [{"name": name, "description": load_suite(name).description} for name in suite_names()]
    if kind == "measures":
        from robustir.measures import MEASURES

        return [{"name": str(measure), "description": measure.description} for measure in MEASURES]
    singular = next(known for known in KINDS if f"{known}s" == kind)
    return [_row(entry) for entry in registered(singular).values()]


def find(name: str) -> tuple[Kind, str]:
    """Return (kind, name) of ``name`` or ``kind:name``; an ambiguous one is an error that shows both spellings."""
    prefix, _, rest = name.partition(":")
    named: list[Kind] = [kind for kind in KINDS if kind == prefix and rest]
    if named:
        return named[0], rest
    bare = name.partition("(")[0]
    found: list[Kind] = [kind for kind in KINDS if bare in registered(kind)]
    if not found:
        raise UnknownNameError(
            f"nothing is called {bare!r}; see  robustir list perturbations|encoders|benchmarks, or write  kind:package.module:object"
        )
    if len(found) > 1:
        raise UnknownNameError(f"{bare!r} is ambiguous; write  {'  or  '.join(f'{kind}:{name}' for kind in found)}")
    return found[0], name


def describe(name: str) -> dict[str, Any]:
    """Return everything a user wants to know of one entry: parameters, languages, meaning of severity, source, examples."""
    from robustir.registry import create, factory

    kind, spec = find(name)
    make: Any = factory(kind, spec)
    row: dict[str, Any] = {
        "name": spec,
        "kind": kind,
        "description": inspect.getdoc(make) or "",
        "parameters": _parameters(make),
    }
    for attribute in ("version", "nested", "nesting_note", "severity_meaning", "source", "licence", "folder"):
        if isinstance(getattr(make, attribute, None), (str, bool)):
            row[attribute] = getattr(make, attribute)
    if isinstance(getattr(make, "settings", None), Mapping):
        row["settings"] = dict(make.settings)
    if kind != "encoder":
        row["languages"] = _languages(make)
    if kind == "perturbation" and not hasattr(make, "attack"):  # an attack needs a benchmark
        row["examples"] = _examples(create(kind, spec))
    return row


def _parameters(make: Any) -> list[str]:
    """Return parameters as ``name: type = default``."""
    if not callable(make):
        return []
    shown = []
    for parameter in inspect.signature(make).parameters.values():
        kind = "" if parameter.annotation is inspect.Parameter.empty else f": {parameter.annotation}"
        shown.append(
            f"{parameter.name}{kind}"
            + ("" if parameter.default is inspect.Parameter.empty else f" = {parameter.default!r}")
        )
    return shown


def _examples(perturbation: Any) -> dict[str, str]:
    from robustir.conditions import applicable_languages, perturb
    from robustir.types import QuerySet

    examples = {}
    for lang in applicable_languages(perturbation, list(SAMPLES)):
        queries = QuerySet.from_texts([SAMPLES[lang]], lang=lang)
        examples[lang] = perturb(queries, perturbation, severity=0.4, seed=1).texts[0]
    return examples
