"""Calibrates perturbations: the character error rate that each severity gives, per language, on training text.

The text is FLORES dev, the one collection that is parallel in all eleven languages and in ordinary case and punctuation:
languages are compared on the same sentences. Verified on other text: the questions of XQuAD-R.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.disk.atomic import write_text_atomically
from robustir.disk.parsing import parse_json
from robustir.errors import DataError, NotApplicableError, SpecError
from robustir.noise.applying import perturb
from robustir.noise.prepared import PreparedAttack, PreparedPerturbation, prepare
from robustir.plugins.registry import canonical, create, registered
from robustir.resources.parallel_text import flores_dev, flores_dev_path
from robustir.types import QuerySet

__all__ = [
    "DRAWS",
    "FLORES",
    "LEFT_OUT",
    "SEVERITIES",
    "Realised",
    "calibrate",
    "flores",
    "measure",
    "questions",
    "record",
    "shipped_specs",
    "verify",
    "write_calibration",
]

Texts = Mapping[str, Sequence[str]]

SEVERITIES = (0.05, *(tenth / 10 for tenth in range(1, 11)))
DRAWS = 2
_BUILD_SEED, _VERIFY_SEED = 0, 1
_DIGITS = 5
FLORES = "FLORES dev (flores/dev), CC BY-SA 4.0"

# Registered with robustir, but without a table of its own.
LEFT_OUT: Mapping[str, str] = {
    "adversarial": "an attack: severity is its budget, and equal edits are what its random control is for",
    "adversarial-homoglyph": "an attack, as adversarial",
    "code-switch": "a table from FLORES falls up to 47% short on XQuAD-R (tr); calibrate it on queries of your own kind",
    "compose": "made of others: give its parts a dose each, or calibrate the whole",
    "mt-channel": "severity is a scale of its own, the excess errors of measured systems, and words that move do not nest",
    "nlpaug": "needs the extra, and its edits do not nest; calibrate the augmenter that you use",
    "one-of": "made of others: give its parts a dose each, or calibrate the whole",
    "opus-mt": "needs models, and severity is a step of a ladder",
    "round-trip": "needs the extra, and severity is a number of rounds",
    "textattack": "an attack, as adversarial",
    "recorded": "the noise is what was recorded; severity is the share of queries that take it",
}


def shipped_specs() -> list[str]:
    """Return the specs whose tables come with robustir: every built-in with its defaults, except those LEFT_OUT."""
    entries = registered("perturbation").items()
    return [name for name, entry in entries if entry.package == "robustir" and name not in LEFT_OUT]


def flores(data: Path, languages: Sequence[str]) -> dict[str, list[str]]:
    """Return the lines of FLORES dev by language; raise DataError if one is missing."""
    found = {lang: flores_dev(data, lang) for lang in languages}
    for lang, lines in found.items():
        if not lines:
            raise DataError(
                f"{flores_dev_path(data, lang)} is not there; give the folder that holds flores/dev with --data, "
                f"or --texts {lang}=FILE"
            )
    return found


def questions(data: Path | None, languages: Sequence[str] | None = None) -> dict[str, tuple[str, ...]]:
    """Return the questions of XQuAD-R by language."""
    queries = create("benchmark", "xquad-r").load(data, languages).queries
    rows: dict[str, list[str]] = {}
    for lang, text in zip(queries.langs, queries.texts, strict=True):
        rows.setdefault(lang, []).append(text)
    return {lang: tuple(texts) for lang, texts in rows.items()}


@dataclass(frozen=True, slots=True)
class Realised:
    """What a perturbation did to the texts of one language: means over texts and draws.

    severity: the perturbation's own; asked: the dose that was asked for, None for a nominal severity.
    """

    perturbation: str
    lang: str
    severity: float
    char_error_rate: float
    word_edit_rate: float
    unchanged: float
    asked: float | None = None


def measure(
    perturbation: object,
    spec: str,
    texts: Texts,
    severities: Sequence[float],
    *,
    seed: int = _VERIFY_SEED,
    draws: int = DRAWS,
) -> Iterator[Realised]:
    """Yield what ``perturbation`` (built from ``spec``) does in each of its languages at each severity, a mean over draws."""
    prepared = prepare(perturbation)
    for lang in prepared.applicable(list(texts)):
        queries = QuerySet.from_texts(texts[lang], lang=lang)
        for severity in severities:
            yield _realised(prepared, spec, queries, lang, severity, seed, draws)


def _realised(
    perturbation: PreparedPerturbation, spec: str, queries: QuerySet, lang: str, severity: float, seed: int, draws: int
) -> Realised:
    found = []
    for draw in range(draws):
        noisy = perturb(queries, perturbation, severity=severity, seed=seed, draw=draw)
        assert noisy.dose is not None
        same = [one == other for one, other in zip(queries.texts, noisy.texts, strict=True)]
        found.append((noisy.dose.char_error_rate.mean(), noisy.dose.word_edit_rate.mean(), np.mean(same)))
    char_error_rate, word_edit_rate, unchanged = np.mean(found, axis=0).tolist()
    return Realised(spec, lang, severity, char_error_rate, word_edit_rate, unchanged)


def calibrate(spec: str, texts: Texts, source: str = FLORES) -> tuple[str, str, dict[str, Any]]:
    """Return (perturbation name, canonical spec, entry of its table): the monotone curve of every language.

    Raises SpecError for an attack and for a spec that has a dose already, NotApplicableError where no text is in a
    language that it knows.
    """
    perturbation = prepare(spec)
    spelled = canonical("perturbation", spec)
    if isinstance(perturbation, PreparedAttack) or perturbation.needs_queries or perturbation.dose:
        raise SpecError(
            f"{spelled} cannot be calibrated: attacks, recorded noise and perturbations with a dose have no curve of their own"
        )
    doses: dict[str, list[float]] = {}
    for row in measure(perturbation, spelled, texts, SEVERITIES, seed=_BUILD_SEED):
        doses.setdefault(row.lang, []).append(row.char_error_rate)
    if not doses:
        raise NotApplicableError(
            f"{spelled} does not know any of {', '.join(texts)}; it works in: {', '.join(sorted(perturbation.languages or ()))}"
        )
    counts = sorted({len(texts[lang]) for lang in doses})
    size = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    entry = {
        "version": perturbation.version,
        "source": f"{source}; {size} texts per language, {DRAWS} draws; robustir calibrate build",
        "severities": list(SEVERITIES),
        "languages": {
            lang: [round(value, _DIGITS) for value in _rising(np.array(doses[lang])).tolist()] for lang in doses
        },
    }
    return perturbation.name, spelled, entry


def _rising(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the nearest curve that never falls (isotonic regression, Barlow et al. 1972)."""
    from scipy.optimize import isotonic_regression

    found: NDArray[np.float64] = isotonic_regression(values).x
    return found


def write_calibration(folder: Path, name: str, spec: str, entry: Mapping[str, Any]) -> Path:
    """Add an entry to ``folder/NAME.json``, beside those of other specs; return the file."""
    from robustir.perturbations.tables.calibrations import read_calibrations

    path = folder / f"{name}.json"
    content: dict[str, Any] = {}
    if path.is_file():
        read_calibrations(path)  # a damaged file is an error, and is left alone
        content = parse_json(path.read_text(encoding="utf-8"))
    content[spec] = entry
    shown = json.dumps(dict(sorted(content.items())), indent=1, ensure_ascii=False)
    shown = re.sub(
        r"\[[\d\s.,e-]+\]", lambda found: f"[{', '.join(found.group()[1:-1].replace(',', ' ').split())}]", shown
    )
    write_text_atomically(path, shown + "\n")
    read_calibrations.cache_clear()
    return path


def verify(
    spec: str, texts: Texts, doses: Sequence[float], calibration: Path | None = None, draws: int = DRAWS
) -> Iterator[Realised]:
    """Yield what each dose gives in every language that can reach it, even if it is refused there for its error.

    A language that reaches none of the doses is asked for what it reaches, in two digits rounded down.
    """
    from robustir.perturbations.tables.calibrations import find_calibration

    spelled = canonical("perturbation", spec)
    for dose in doses:
        yield from _verified(spelled, texts, dose, calibration, draws)
    found = find_calibration(calibration, create("perturbation", spelled).name, spelled)
    for lang, curve in (found.curves if found else {}).items():
        if lang in texts and 0 < curve.greatest < min(doses):
            with localcontext(prec=2, rounding=ROUND_DOWN):
                least = float(+Decimal(str(curve.greatest)))
            yield from _verified(spelled, {lang: texts[lang]}, least, calibration, draws)


def _verified(spec: str, texts: Texts, dose: float, calibration: Path | None, draws: int) -> Iterator[Realised]:
    from robustir.perturbations.dosed import Dosed

    folder = None if calibration is None else str(calibration)
    try:
        perturbation = Dosed(spec, dose=f"cer:{dose!r}", calibration=folder, checked=False)
    except NotApplicableError:
        return  # out of reach in every language
    for row in measure(perturbation, spec, texts, [1.0], draws=draws):
        yield replace(row, severity=perturbation.nominal(row.lang, 1.0), asked=dose)


def record(folder: Path, rows: Sequence[Realised]) -> None:
    """Write into the tables of ``folder`` by how much each language missed its doses at most; rows: of :func:`verify`."""
    worst: dict[str, dict[str, float]] = {}
    for row in rows:
        assert row.asked is not None
        error, found = row.char_error_rate / row.asked - 1, worst.setdefault(row.perturbation, {})
        found[row.lang] = max(found.get(row.lang, 0.0), error, key=abs)
    for spec, missed in worst.items():
        name = create("perturbation", spec).name
        entry = parse_json((folder / f"{name}.json").read_text(encoding="utf-8"))[spec]
        told = {lang: round(error, 3) for lang, error in sorted(missed.items())}
        write_calibration(folder, name, spec, entry | {"missed": told})
