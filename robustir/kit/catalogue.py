"""What is registered, as rows for ``list`` and ``describe``. A plugin that fails to import is named, the others go on."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from robustir.errors import RobustirError, UnknownNameError
from robustir.plugins.paths import hint, kind_at
from robustir.plugins.registry import KINDS, Kind, Registered, kinds_of, registered
from robustir.plugins.specs import Spec

__all__ = ["EXAMPLE_SEVERITY", "SAMPLES", "describe", "find", "listing"]

# One question per language for examples; written for this project.
SAMPLES: Mapping[str, str] = {
    "ar": "كيف تتكوّن الجبال البركانية في قاع المحيط؟",
    "de": "Wie entstehen Vulkane auf dem Grund des größten Ozeans?",
    "el": "Πώς σχηματίζονται τα ηφαιστειακά βουνά στον βυθό του ωκεανού;",
    "en": "How do volcanic mountains form on the ocean floor?",
    "es": "¿Cómo se forman las montañas volcánicas en el fondo del océano?",
    "hi": "समुद्र की तलहटी पर ज्वालामुखी पहाड़ कैसे बनते हैं?",
    "ru": "Где ещё на дне океана образуются вулканические горы?",
    "th": "ภูเขาไฟใต้มหาสมุทรเกิดขึ้นได้อย่างไร",
    "tr": "Okyanus tabanında volkanik dağlar nasıl oluşur?",
    "vi": "Núi lửa dưới đáy đại dương hình thành như thế nào?",
    "zh": "海底的火山是怎样形成的？",
}

EXAMPLE_SEVERITY = 0.4
_DRAWS = 20  # of each sample; the first that something happens to is shown
_ATTACKED = 3  # questions per language


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
        from robustir.planning.suite import load_suite, suite_names

        return [{"name": name, "description": load_suite(name).description} for name in suite_names()]
    if kind == "measures":
        from robustir.measures import MEASURES

        return [{"name": str(measure), "description": measure.description} for measure in MEASURES]
    singular = next(known for known in KINDS if f"{known}s" == kind)
    return [_row(entry) for entry in registered(singular).values()]


def find(name: str) -> tuple[Kind, str]:
    """Return (kind, name) of ``name`` or ``kind:name``; an ambiguous one is an error that shows both spellings.

    A path is what its files say; a ``package.module:object`` what the object can do.
    """
    prefix, _, rest = name.partition(":")
    named: list[Kind] = [kind for kind in KINDS if kind == prefix and rest]
    if named:
        return named[0], rest
    bare = name.partition("(")[0]
    spec = Spec(bare)
    if spec.is_path:
        return ("benchmark" if kind_at(bare) == "benchmark" else "encoder"), name
    found: list[Kind] = kinds_of(spec) if spec.is_object else [kind for kind in KINDS if bare in registered(kind)]
    if not found:
        raise UnknownNameError(
            f"nothing is called {bare!r}; {hint(bare) or 'see  robustir list perturbations|encoders|benchmarks'}, "
            "or write  kind:package.module:object"
        )
    if len(found) > 1:
        raise UnknownNameError(f"{bare!r} is ambiguous; write  {'  or  '.join(f'{kind}:{name}' for kind in found)}")
    return found[0], name


_SHOWN = (
    *("version", "embedded_lang", "severity_meaning", "nested", "nesting_note", "inside_clusters", "needs"),
    *("source", "licence", "folder"),
)


def describe(name: str) -> dict[str, Any]:
    """Return everything a user wants to know of one entry: parameters, languages, meaning of severity, source, examples.

    parameters: a row each, with name, type, default (as written in a spec; None where there is none) and meaning.
    examples: a row per language, with lang, clean and noisy. problem: why the entry cannot be made here, where it cannot.
    """
    from robustir.plugins.registry import canonical, create, factory

    kind, spec = find(name)
    make: Any = factory(kind, spec)
    row: dict[str, Any] = {
        "name": spec,
        "kind": kind,
        **({"spec": canonical(kind, spec)} if Spec(spec).is_path else {}),
    }
    row["description"], meanings = _explained(make)
    row["parameters"] = _parameters(make, meanings)
    made = make
    if kind == "perturbation":
        try:
            made = create(kind, spec)
        except RobustirError as error:
            row["problem"] = str(error)
    for attribute in _SHOWN:
        if attribute == "version" and _downloads(made):
            continue
        if isinstance(value := _attribute(made, attribute), (str, bool)) and value != "":
            row[attribute] = value
    if row.get("nested"):
        row.pop("nesting_note", None)
    if isinstance(getattr(make, "settings", None), Mapping):
        row["settings"] = dict(make.settings)
    if kind != "encoder" and (made is not make or kind != "perturbation"):
        row["languages"] = _languages(made)
        if row["languages"] and not _downloads(made):
            row.pop("needs", None)
    if kind == "perturbation" and made is not make:
        row["severity"] = EXAMPLE_SEVERITY
        row["examples"] = _attack_examples(made) if hasattr(made, "attack") else _examples(made)
    if kind == "perturbation" and made is not make and not hasattr(made, "attack"):
        row["doses"] = _doses(made, canonical(kind, spec))
    return row


def _attribute(made: Any, name: str) -> Any:
    try:
        return getattr(made, name, None)
    except RobustirError:  # the version of a model that is not here
        return None


def _downloads(made: Any) -> bool:
    """Whether some of the languages that an entry serves wait for a download."""
    return bool(set(made.languages) - made.at_hand) if hasattr(made, "at_hand") else False


def _explained(make: Any) -> tuple[str, dict[str, str]]:
    """Return the description, and what each parameter means, from paragraphs of the docstring: ``name: meaning. name: ...``.

    A parameter that a class takes over from its base is explained there.
    """
    kept: list[str] = []
    meanings: dict[str, str] = {}
    classes = [each for each in getattr(make, "__mro__", (make,)) if each is not object]
    for number, each in enumerate(classes):
        known = "|".join(map(re.escape, inspect.signature(each).parameters)) if callable(each) else ""
        starts = re.compile(rf"(?:^|(?<=[.;]\s))(?:``)?((?:{known})(?:, \w+)*)(?:``)?:\s")
        for paragraph in (inspect.getdoc(each) or "").split("\n\n"):
            found = list(starts.finditer(paragraph)) if known else []
            if not found or found[0].start() > 0:
                kept += [paragraph] if number == 0 else []
                continue
            for match, following in zip(found, [*found[1:], None], strict=True):
                meaning = " ".join(paragraph[match.end() : following.start() if following else None].split())
                for name in match.group(1).split(", "):
                    meanings.setdefault(name, meaning.rstrip(".").replace("``", ""))
    return "\n\n".join(kept), meanings


def _parameters(make: Any, meanings: Mapping[str, str]) -> list[dict[str, Any]]:
    if not callable(make):
        return []
    shown = []
    for parameter in inspect.signature(make).parameters.values():
        stars = "*" * (parameter.kind is parameter.VAR_POSITIONAL) + "**" * (parameter.kind is parameter.VAR_KEYWORD)
        empty = inspect.Parameter.empty
        shown.append(
            {
                "name": stars + parameter.name,
                "type": "" if parameter.annotation is empty else str(parameter.annotation),
                "default": None if parameter.default is empty else repr(parameter.default),
                "meaning": meanings.get(parameter.name, ""),
            }
        )
    return shown


def _doses(perturbation: Any, spec: str) -> str:
    """Return which character error rates ``dose='cer:x'`` can ask for, per language."""
    from robustir.perturbations.tables.calibrations import find_calibration

    found = find_calibration(None, perturbation.name, spec)
    if hasattr(perturbation, "scope"):
        return str(perturbation.scope)
    if found is None or found.version != perturbation.version:
        return "none; see  robustir calibrate build --help"
    return f"dose='cer:x' for x up to {found.range_text()}"


def _examples(perturbation: Any) -> list[dict[str, str]]:
    """Return the first draw of each language's sample in which something happens."""
    from robustir.noise.applying import at_hand, perturb
    from robustir.types import QuerySet

    if hasattr(perturbation, "apply_queries"):  # noise by query id has none for the samples
        return []
    examples = []
    for lang in at_hand(perturbation, sorted(SAMPLES)):
        clean = SAMPLES[lang]
        queries = QuerySet.from_texts([clean] * _DRAWS, lang=lang)
        noisy = perturb(queries, perturbation, severity=EXAMPLE_SEVERITY).texts
        examples.append({"lang": lang, "clean": clean, "noisy": next((text for text in noisy if text != clean), clean)})
    return examples


def _attack_examples(attack: Any) -> list[dict[str, str]]:
    """Return what the attack makes of the first questions of the mini benchmark that it changes, one per language."""
    from robustir.encoders.adapters import adapt
    from robustir.plugins.registry import create
    from robustir.seeds import derive_keys

    task = create("benchmark", "mini").load(None, None)
    rows: dict[str, list[int]] = {}
    for row, lang in enumerate(task.queries.langs):
        if attack.languages is None or lang in attack.languages:
            rows.setdefault(lang, []).append(row)
    queries = task.queries.select([row for several in rows.values() for row in several[:_ATTACKED]])
    victim: Any = adapt(create("encoder", attack.against or "hashing"))
    if not hasattr(victim, "encode"):
        victim.index(task.corpus)
    keys = derive_keys(("describe",), queries.langs, queries.ids, 0)
    noisy = attack.attack(queries, task, victim, severity=EXAMPLE_SEVERITY, keys=keys).texts
    found: dict[str, dict[str, str]] = {}
    for lang, clean, text in zip(queries.langs, queries.texts, noisy, strict=True):
        if text != clean:
            found.setdefault(lang, {"lang": lang, "clean": clean, "noisy": text})
    return [found[lang] for lang in sorted(found)]
