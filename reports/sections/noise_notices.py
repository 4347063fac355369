"""What must be known of the noise before its numbers are read: where it did nothing or little, and where it did most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from robustir.analysis.inputs import MOSTLY
from robustir.analysis.uneven import UnevenDoses, uneven_doses
from robustir.reports.formats import join_words, language_name
from robustir.reports.study import Row, Study, value
from robustir.stats.rounding import above

__all__ = ["NOTHING", "no_op_notices", "noise_notices", "uneven_sentences", "unreached_languages"]

NOTHING = 0.999  # unchanged share from which a perturbation counts as having changed nothing
_LITTLE = 0.5  # unchanged share from which a perturbation gets a warning
_NAMED, _LANGUAGES = 3, 4  # noises that a notice of the first page names, and languages of each


def noise_notices(study: Study) -> tuple[str, ...]:
    """Return at most one line per kind of trouble, for the first page; the section on the noise has all of each."""
    nothing, little = _unchanged(study, NOTHING, 2.0), _unchanged(study, _LITTLE, NOTHING)
    uneven = {(one.benchmark, one.perturbation): tuple(one.doses) for one in _uneven(study)}
    found = (
        (
            "Noise changed nothing in some languages even at its highest severity, so scores there are not evidence of robustness",
            nothing,
        ),
        ("Noise left at least half of the queries unchanged in some languages at its highest severity", little),
        (
            "Noise changed over twice as much text in some languages as in the median one, so compare at equal dose",
            uneven,
        ),
        (
            "Noise left most of the queries that it changed the same to some encoder, so nothing is claimed about it there",
            unreached_languages(study),
        ),
    )
    return tuple(f"{said}: {_named(study, where)}." for said, where in found if where)


def unreached_languages(study: Study) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the languages in which some encoder read most changed queries as the clean ones, by benchmark and noise."""
    found = {}
    for benchmark in study.benchmarks:
        for noise in study.perturbations:
            rows = study.rows("inputs", benchmark=benchmark, perturbation=noise)
            langs = {row["query_lang"] for row in rows if above(value(row, "same_input_share") - MOSTLY)} - {"all"}
            if langs:
                found[benchmark, noise] = tuple(sorted(langs))
    return found


def _named(study: Study, where: Mapping[tuple[str, str], tuple[str, ...]]) -> str:
    """Name the first few noises with their benchmarks and languages, and count the others."""
    several = len(study.benchmarks) > 1
    noises: dict[str, list[str]] = {}
    for (benchmark, noise), langs in where.items():
        listed = join_words([language_name(lang) for lang in langs], _LANGUAGES)
        noises.setdefault(noise, []).append(f"{benchmark}: {listed}" if several else listed)
    parts = []
    for noise, places in list(noises.items())[:_NAMED]:
        shown = (
            places if len(places) <= _NAMED else [*places[: _NAMED - 1], f"{len(places) - _NAMED + 1} more benchmarks"]
        )
        parts.append(f"{noise} ({'; '.join(shown)})")
    left = len(noises) - _NAMED
    return join_words([*parts, f"{left} more"] if left > 0 else parts, _NAMED + 1)


def _unchanged(study: Study, least: float, below: float) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the languages whose unchanged share lies in a range, by benchmark and noise.

    Each language is judged at its highest severity: noise that changes nothing there changes nothing at a lower one.
    """
    found = {}
    for benchmark in study.benchmarks:
        for noise in study.perturbations:
            top: dict[str, Row] = {}
            for row in study.rows("validity", benchmark=benchmark, perturbation=noise):
                best = top.get(row["query_lang"])
                if row["query_lang"] != "all" and (best is None or value(row, "severity") > value(best, "severity")):
                    top[row["query_lang"]] = row
            langs = [lang for lang, row in sorted(top.items()) if least <= value(row, "unchanged_share") < below]
            if langs:
                found[benchmark, noise] = tuple(langs)
    return found


def no_op_notices(study: Study) -> tuple[str, ...]:
    """Return one sentence per perturbation that left all or at least half of a language's queries unchanged."""
    return tuple(_sentences(study))


def _sentences(study: Study) -> Iterator[str]:
    for (benchmark, noise), langs in _unchanged(study, NOTHING, 2.0).items():
        yield (
            f"{noise} changed nothing in {join_words([language_name(lang) for lang in langs])} ({benchmark}) even at its highest "
            "severity: unchanged scores are not evidence of robustness there."
        )
    for (benchmark, noise), langs in _unchanged(study, _LITTLE, NOTHING).items():
        yield (
            f"{noise} left at least half of the queries in {join_words([language_name(lang) for lang in langs])} ({benchmark}) "
            "unchanged at its highest severity."
        )


def uneven_sentences(study: Study) -> tuple[str, ...]:
    """Return one sentence per noise that, at the shown severity, gave a language over twice the median language's dose."""
    several = len(study.benchmarks) > 1
    return tuple(f"{f'{one.benchmark}: ' if several else ''}{one.sentence}" for one in _uneven(study))


def _uneven(study: Study) -> list[UnevenDoses]:
    return uneven_doses(
        row
        for benchmark in study.benchmarks
        for noise in study.perturbations
        for row in study.rows(
            "validity", benchmark=benchmark, perturbation=noise, severity=study.severity_of(benchmark, noise)
        )
    )
