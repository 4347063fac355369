"""What is registered, as rows for ``list`` and ``describe``. A plugin that fails to import is named; the others are listed all the same."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from robustir.contracts import CLAIMS
from robustir.errors import RobustirError, UnknownNameError
from robustir.kit.docstrings import explained
from robustir.noise.prepared import PreparedAttack, PreparedPerturbation, prepare
from robustir.planning.suite import suite_names
from robustir.plugins.paths import hint, kind_at
from robustir.plugins.registry import KINDS, Kind, Registered, canonical, factory, kinds_of, registered, set_aside
from robustir.plugins.specs import Spec

__all__ = ["EXAMPLE_SEVERITY", "SAMPLES", "describe", "find", "listing"]

# One question per language for examples; written for this project.
SAMPLES: Mapping[str, str] = {
    "ar": "كيف تتكوّن الجبال البركانية في قاع المحيط؟",
    "de": "Wie entstehen Vulkane auf dem Grund des größten Ozeans?",
    "el": "Πώς σχηματίζονται τα ηφαιστειακά βουνά στον βυθό του ωκεανού;",
    "en": "How do volcanic mountains really form on the ocean floor?",
    "es": "¿Cómo se forman las montañas volcánicas en el fondo del océano?",
    "hi": "समुद्र की तलहटी पर ज्वालामुखी पहाड़ कैसे बनते हैं?",
    "ru": "Где ещё на дне океана образуются вулканические горы?",
    "th": "ภูเขาไฟใต้มหาสมุทรเกิดขึ้นได้อย่างไร",
    "tr": "Okyanus tabanında volkanik dağlar nasıl oluşur?",
    "vi": "Núi lửa dưới đáy đại dương hình thành như thế nào?",
    "zh": "海底的火山是怎样形成的？",
}

EXAMPLE_SEVERITY = 0.4
_PERTURBATION_FACTS = (
    "version",
    "embedded_lang",
    "severity_meaning",
    "nested",
    "nesting_note",
    "inside_clusters",
    "needs",
    "source",
)
_DRAWS = 20  # of each sample; the first that something happens to is shown
_ATTACKED = 3  # questions per language


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _languages(known: Iterable[str] | None) -> list[str] | str:
    return "any" if known is None else sorted(known)


def _languages_of(make: Any) -> list[str] | str:
    """Return the languages of what a plugin's class makes; of an instance where the class has only a property."""
    known = getattr(make, "languages", None)
    try:
        return _languages(known if known is None or isinstance(known, Iterable) else make().languages)
    except Exception:  # noqa: BLE001 - foreign code, or it needs arguments
        return []


def _row(entry: Registered) -> dict[str, Any]:
    try:
        make = entry.load()
    except RobustirError as error:
        return {"name": entry.name, "package": entry.package, "description": "", "error": str(error)}
    row: dict[str, Any] = {"name": entry.name, "package": entry.package, "description": _first_line(make)}
    if entry.kind != "encoder":
        row["languages"] = _languages_of(make)
    return row


def listing(kind: str) -> list[dict[str, Any]]:
    """Return a row per entry of ``kind`` (perturbations, encoders, benchmarks, suites or measures), each with a ``name``."""
    if kind == "suites":
        from robustir.planning.suite import load_suite

        return [{"name": name, "description": load_suite(name).description} for name in suite_names()]
    if kind == "measures":
        from robustir.measures import MEASURES

        return [{"name": str(measure), "description": measure.description} for measure in MEASURES]
    singular: Kind = next(known for known in KINDS if f"{known}s" == kind)
    rows = [_row(entry) for entry in registered(singular).values()]
    rows += [
        {"name": name, "package": "", "description": "", "error": why}
        for name, why in set_aside(singular).items()
        if name not in registered(singular)
    ]
    return sorted(rows, key=itemgetter("name"))


def find(name: str) -> tuple[Kind, str]:
    """Return (kind, name) of ``name`` or ``kind:name``; an ambiguous one is an error that shows both spellings.

    A path is what its files say; a ``package.module:object`` what the object implements.
    """
    prefix, _, rest = name.partition(":")
    named: list[Kind] = [kind for kind in KINDS if kind == prefix and rest]
    if named:
        return named[0], rest
    bare = name.partition("(")[0]
    spec = Spec(bare)
    if spec.is_path:
        return ("benchmark" if kind_at(bare) == "benchmark" else "encoder"), name
    kinds: list[Kind] = kinds_of(spec) if spec.is_object else [kind for kind in KINDS if bare in registered(kind)]
    if not kinds:
        raise UnknownNameError(
            f"{bare!r} is not known; {hint(bare) or 'see  robustir list perturbations|encoders|benchmarks'}, "
            "or write  kind:package.module:object"
        )
    if len(kinds) > 1:
        raise UnknownNameError(f"{bare!r} is ambiguous; write  {'  or  '.join(f'{kind}:{name}' for kind in kinds)}")
    return kinds[0], name


def describe(name: str) -> dict[str, Any]:
    """Return everything a user wants to know about one entry: parameters, languages, meaning of severity, source, examples.

    parameters: a row each, with name, type, default (as written in a spec, None without one) and meaning. raises: when,
    by error. examples: a row per language, with lang, clean and noisy. problem: why the entry cannot be made here.
    """
    kind, spec = find(name)
    make: Any = factory(kind, spec)
    row: dict[str, Any] = {
        "name": spec,
        "kind": kind,
        **({"spec": canonical(kind, spec)} if Spec(spec).is_path else {}),
    }
    told = explained(make)
    row["description"] = told.description
    row["parameters"] = _parameters(make, told.parameters)
    row["raises"] = told.raises
    if kind == "perturbation":
        return row | _perturbation_facts(make, spec)
    row |= _facts(make, ("source", "licence", "folder"))
    if isinstance(getattr(make, "settings", None), Mapping):
        row["settings"] = dict(make.settings)
    if kind == "benchmark":
        row["languages"] = _languages_of(make)
        if spec in suite_names():
            row["also"] = f"a suite has this name too:  robustir describe suite:{spec}"
    return row


def _perturbation_facts(make: Any, spec: str) -> dict[str, Any]:
    """Return what a perturbation says about itself; if it cannot be made here, what its class says."""
    try:
        perturbation = prepare(spec)
    except RobustirError as error:
        return {"problem": str(error), **_facts(PreparedPerturbation(make), _PERTURBATION_FACTS)}
    row = _facts(
        perturbation, [name for name in _PERTURBATION_FACTS if name != "version" or not perturbation.downloads]
    )
    if perturbation.nested:
        row.pop("nesting_note", None)
    row["claims"] = [f"{claim} ({CLAIMS[claim]})" for claim in CLAIMS if claim in perturbation.claims]
    row["languages"] = _languages(perturbation.languages)
    if row["languages"] and not perturbation.downloads:
        row.pop("needs", None)
    row["severity"] = EXAMPLE_SEVERITY
    if isinstance(perturbation, PreparedAttack):
        return row | {"examples": _attack_examples(perturbation)}
    return row | {"examples": _examples(perturbation), "doses": _doses(perturbation, canonical("perturbation", spec))}


def _facts(thing: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return the attributes that are strings or bools; a version that cannot be determined here is left out."""
    facts: dict[str, Any] = {}
    for name in names:
        try:
            value = getattr(thing, name, "")
        except RobustirError:
            continue
        if isinstance(value, (str, bool)) and value != "":
            facts[name] = value
    return facts


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


def _doses(perturbation: PreparedPerturbation, spec: str) -> str:
    """Return which character error rates ``dose='cer:x'`` can ask for, per language."""
    from robustir.perturbations.tables.calibrations import find_calibration

    if perturbation.scope:
        return perturbation.scope
    calibration = find_calibration(None, perturbation.name, spec)
    if calibration is None or calibration.version != perturbation.version:
        return "none; see  robustir calibrate build --help"
    return f"dose='cer:x' for x up to {calibration.range_text()}"


def _examples(perturbation: PreparedPerturbation) -> list[dict[str, str]]:
    """Return the first draw of each language's sample in which something happens."""
    from robustir.noise.applying import perturb
    from robustir.types import QuerySet

    if perturbation.needs_queries:  # noise by query id has none for the samples
        return []
    examples = []
    for lang in perturbation.ready(sorted(SAMPLES)):
        clean = SAMPLES[lang]
        queries = QuerySet.from_texts([clean] * _DRAWS, lang=lang)
        noisy = perturb(queries, perturbation, severity=EXAMPLE_SEVERITY).texts
        examples.append({"lang": lang, "clean": clean, "noisy": next((text for text in noisy if text != clean), clean)})
    return examples


def _attack_examples(attack: PreparedAttack) -> list[dict[str, str]]:
    """Return what the attack makes of the first questions of the mini benchmark that it changes, one per language."""
    from robustir.kit.attacks import mini_task, victim_of
    from robustir.seeds import derive_keys

    task = mini_task()
    rows: dict[str, list[int]] = {}
    works = set(attack.applicable(task.queries.langs))
    for row, lang in enumerate(task.queries.langs):
        if lang in works:
            rows.setdefault(lang, []).append(row)
    queries = task.queries.select([row for several in rows.values() for row in several[:_ATTACKED]])
    keys = derive_keys(("describe",), queries.langs, queries.ids, 0)
    (outcome,) = attack.attack(queries, task, victim_of(attack, task), severities=(EXAMPLE_SEVERITY,), keys=keys)
    examples: dict[str, dict[str, str]] = {}
    for lang, clean, noisy in zip(queries.langs, queries.texts, outcome.texts, strict=True):
        if noisy != clean:
            examples.setdefault(lang, {"lang": lang, "clean": clean, "noisy": noisy})
    return [examples[lang] for lang in sorted(examples)]
