"""What the words of a run mean: a line for every setting, measure and noise."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

from robustir.errors import RobustirError
from robustir.measures import parse_measure
from robustir.plugins.doses import parse_dose
from robustir.plugins.registry import factory
from robustir.plugins.specs import parse
from robustir.reports.formats import clean_text, setting_name, setting_text
from robustir.reports.study import CONTROL_OF, Study

__all__ = ["explained"]

_SOURCE = re.compile(r" \([^()]*\b\d{4}\)$")  # of a measure, which its page in the docs has


def explained(study: Study) -> tuple[tuple[str, str], ...]:
    """Return name and meaning of every setting, measure and noise; a noise that is not installed has its spec alone."""
    return (*_settings(study), *_measures(study), *_noises(study))


def _settings(study: Study) -> Iterator[tuple[str, str]]:
    for setting in dict.fromkeys(one for benchmark in study.benchmarks for one in study.settings(benchmark)):
        yield (
            f"Setting {setting}",
            f"{setting_name(setting).lower()}: {setting_text(setting).removesuffix(f' ({setting})')}",
        )


def _measures(study: Study) -> Iterator[tuple[str, str]]:
    for measure in study.suite.measures:
        name = clean_text(measure)
        try:
            meaning = _SOURCE.sub("", parse_measure(str(measure)).description)
        except RobustirError:
            meaning = "not a measure of this version"
        yield f"Measure {name}", meaning


def _noises(study: Study) -> Iterator[tuple[str, str]]:
    attacks: dict[str, str] = {}
    for entry in study.manifest.perturbations:
        name = clean_text(entry.name)
        if entry.control or name.startswith(CONTROL_OF):
            continue
        if entry.attacked:
            attacks[parse(entry.spec).name] = entry.spec
            continue
        spec = clean_text(entry.spec)
        given = f" (as {spec})" if spec != name else ""
        yield f"Noise {study.short.get(name, name)}", f"{_meaning(entry.spec)}{given}{_dose(entry.spec)}"
    for name, spec in attacks.items():
        yield f"Attack {clean_text(name)}", _meaning(spec)


def _dose(spec: str) -> str:
    """Say what severity 1 is, if the spec asks for a dose."""
    try:
        asked = dict(parse(spec).kwargs).get("dose")
        return f" Severity 1 is {parse_dose(asked).words}." if asked else ""
    except RobustirError:
        return ""


def _meaning(spec: str) -> str:
    """Return the first line of the perturbation's documentation."""
    try:
        if (parsed := parse(spec)).is_object:
            return "code of the run’s own, which no report runs"
        line = (inspect.getdoc(factory("perturbation", parsed)) or "").partition("\n")[0]
    except RobustirError:
        return "not installed where this report was written"
    return line.replace("``", "")
