"""The findings in a few sentences, written from the claims and the numbers of the tables: best, losses, languages, trust."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from robustir.analysis.claims import CURVE
from robustir.reports.formats import (
    clean_text,
    equals_p,
    join_words,
    language_name,
    measure_name,
    percent,
    points,
    setting_name,
    severity_text,
    signed_points,
    thousands,
)
from robustir.reports.overview import EncoderScores, SettingScores, overview
from robustir.reports.sections.comparing import is_primary
from robustir.reports.sections.first_tables import scored_noises, under_noise
from robustir.reports.sections.run_facts import failed_cells, partial_notice
from robustir.reports.sections.strategies import strategy_sentence
from robustir.reports.study import MORE_ROBUST, Row, Study, letter_set, mean, pair, value
from robustir.stats.rounding import above

__all__ = ["first_sentences", "subtitle", "title"]

_UNEQUAL = 2.0  # times the median dose, from which losses of languages are not comparable


def title(study: Study) -> str:
    """Return the title of a report: what was scored under what, and on what."""
    what = join_words(study.encoders) if len(study.encoders) == 1 else _count(len(study.encoders), "encoder")
    noises = _kinds(study)
    under = f" under {noises}" if noises else ""
    return f"{what}{under} on {join_words(study.benchmarks, 3)}"


def _kinds(study: Study) -> str:
    named = join_words(study.scored) if len(study.scored) <= 2 else _count(len(study.scored), "kind") + " of noise"
    attacks = ("attacks" if study.scored else join_words(study.attacks, 2)) if study.attacks else ""
    return join_words([part for part in (named, attacks) if part])


def subtitle(study: Study) -> str:
    """Return the line below the title: the measure, and the severity of all tables that show one."""
    parts = [f"{measure_name(study.measure)} in points (100: every answer first)"]
    if study.severities:
        parts.append(f"severity {severity_text(study.shown_severity)}")
    return " · ".join(parts)


def first_sentences(study: Study) -> tuple[str, ...]:
    """Return the findings: who is best, who loses less, where, and how far to trust it."""
    settings = overview(study).settings
    noisy = bool(study.frames["contrasts"])
    found = [_best(study, settings, noisy=noisy), strategy_sentence(study) or _losses(study, settings), _places(study)]
    return (*(sentence for sentence in found if sentence), _trust(study, noisy=noisy))


def _count(size: int, noun: str) -> str:
    return f"{thousands(size)} {noun}" if size == 1 else f"{thousands(size)} {noun}s"


def _under(study: Study, scores: SettingScores, encoder: EncoderScores) -> float:
    """Return the mean score of an encoder under the noises of a setting."""
    return under_noise(encoder, scored_noises(study, scores))


def _where(study: Study, benchmark: str, setting: str) -> str:
    several = len(study.benchmarks) > 1
    alone = len(study.settings(benchmark)) == 1
    place = setting_name(setting).lower()
    if several:
        return benchmark if alone else f"{benchmark}, {place}"
    return "" if alone else place


def _best(study: Study, settings: Sequence[SettingScores], *, noisy: bool) -> str:
    """Return who finds most in each setting, with and without noise."""
    if len(study.encoders) == 1:
        return _alone(study, settings, noisy=noisy)
    leaders: dict[str, list[str]] = {}
    for scores in settings:
        clean = max(scores.encoders, key=lambda encoder: encoder.clean)
        under = max(scores.encoders, key=lambda encoder: _or_least(_under(study, scores, encoder)))
        where = _where(study, scores.benchmark, scores.setting)
        if not noisy:
            told = f"{points(clean.clean)}{_tied(study, scores, clean, '')}"
            leaders.setdefault(f"{clean.name} finds most", []).append(_at(where, told))
            continue
        ties = _tied(study, scores, under, "noisy")
        if clean is under:
            told = f"{points(clean.clean)} clean, {points(_under(study, scores, under))} under noise{ties}"
            leaders.setdefault(f"{clean.name} finds most, with and without noise", []).append(_at(where, told))
        else:
            told = (
                f"{under.name} {points(_under(study, scores, under))}, from {points(under.clean)}{ties}; clean {clean.name} "
                f"{points(clean.clean)}, which falls to {points(_under(study, scores, clean))}"
            )
            leaders.setdefault("Noise changes who finds most", []).append(_at(where, told))
    kinds = max((len(scored_noises(study, one)) for one in settings), default=0)
    over = f" (mean of {kinds} kinds of noise)" if kinds > 1 else ""
    return " ".join(f"{who}{over}: {'; '.join(what)}." for who, what in leaders.items())


def _alone(study: Study, settings: Sequence[SettingScores], *, noisy: bool) -> str:
    parts = []
    for scores in settings:
        one = scores.encoders[0]
        told = f"{points(one.clean)} clean" + (f", {points(_under(study, scores, one))} under noise" if noisy else "")
        parts.append(_at(_where(study, scores.benchmark, scores.setting), told))
    return f"{study.encoders[0]} scores: {'; '.join(parts)}."


def _at(where: str, told: str) -> str:
    return f"{where} {told}".strip()


def _or_least(score: float) -> float:
    return score if math.isfinite(score) else -1.0


def _tied(study: Study, scores: SettingScores, best: EncoderScores, quantity: str) -> str:
    """Name the encoders that can't be told from the best one under any noise (quantity "": on clean queries)."""
    where = {"benchmark": scores.benchmark, "setting": scores.setting, "quantity": quantity or "clean"}
    shared: Counter[str] = Counter()
    noises = scored_noises(study, scores) if quantity else [""]
    for noise in noises:
        rows = study.rows("rank_groups", **where, perturbation=noise)
        letters = {row["encoder"]: letter_set(row) for row in rows}
        shared.update(
            name for name in letters if name != best.name and letters[name] & letters.get(best.name, frozenset())
        )
    tied = [name for name in study.encoders if shared[name] == len(noises)]
    return f" (not told from {join_words(tied, 3)})" if tied else ""


def _losses(study: Study, settings: Sequence[SettingScores]) -> str:
    """Return who loses less than whom, with levels; without a claim, the range of the losses."""
    found = [
        (row, level)
        for scores in settings
        for noise in scored_noises(study, scores)
        for row in study.compared(scores.benchmark, scores.setting, noise)
        if row["favours"] and (level := _levels(scores, noise, row))
    ]
    claimed = [one for one in found if one[0]["claim"] in MORE_ROBUST]
    if claimed:
        return _claimed(study, claimed)
    if found:
        row, level = max(found, key=lambda one: abs(value(one[0], "difference_in_differences")))
        return f"No encoder was shown to be more robust than another: {row['verdict']} under {_condition(study, row)} ({level})."
    return _range(study, settings)


def _claimed(study: Study, claimed: Sequence[tuple[Row, str]]) -> str:
    wins = Counter(row["favours"] for row, _ in claimed)
    best = max(wins, key=lambda name: wins[name])
    own = [one for one in claimed if one[0]["favours"] == best]
    row, level = max(
        own, key=lambda one: (one[0]["family"] != "exploratory", abs(value(one[0], "difference_in_differences")))
    )
    beaten = dict.fromkeys(name for other, _ in own for name in pair(other) if name != best)
    others = len(claimed) - len(own)
    more = (
        f" {_count(others, 'other claim')} of this kind {'is' if others == 1 else 'are'} in the table."
        if others
        else ""
    )
    counted = f"{best} is more robust than {join_words(list(beaten), 3)}" + (
        f" in {_count(len(own), 'comparison')}; the largest" if len(own) > 1 else ""
    )
    return f"{counted}: {_condition(study, row)}, {level}, adjusted p {equals_p(value(row, 'loss_p_adjusted'))}.{more}"


def _condition(study: Study, row: Row) -> str:
    where = _where(study, row["benchmark"], row["setting"])
    noise = f"{row['perturbation']} (whole curve)" if row["severity"] == CURVE else str(row["perturbation"])
    return f"{noise}, {where}" if where else noise


def _levels(scores: SettingScores, noise: str, row: Row) -> str:
    """Return the scores of both encoders at the severity that the tables show, the favoured one first."""
    by_name = {encoder.name: encoder for encoder in scores.encoders}
    parts = []
    for name in sorted(pair(row), key=lambda name: name != row["favours"]):
        found = next((one for one in by_name[name].noises if one.name == noise), None) if name in by_name else None
        if found is None:
            return ""
        parts.append(f"{name} {points(found.clean)} → {points(found.noisy)}")
    return " against ".join(parts)


def _range(study: Study, settings: Sequence[SettingScores]) -> str:
    """Return the smallest and the largest loss in the first setting, without saying that they differ."""
    judged = [
        (noise.delta, f"{encoder.name} under {noise.name}", noise)
        for encoder in (settings[0].encoders if settings else ())
        for noise in encoder.noises
        if not encoder.near_floor and math.isfinite(noise.delta)
    ]
    if not judged:
        return ""
    least, most = max(judged, key=lambda one: one[0]), min(judged, key=lambda one: one[0])
    where = _where(study, settings[0].benchmark, settings[0].setting)
    told = [
        f"{signed_points(delta)} points for {name} ({points(noise.clean)} → {points(noise.noisy)}{'' if noise.separated else ', not told from no change'})"
        for delta, name, noise in dict.fromkeys((least, most))
    ]
    start = "No encoder was shown to be more robust than another; changes" if len(study.encoders) > 1 else "Changes"
    return f"{start}{f' ({where})' if where else ''}: {' to '.join(told)}."


def _places(study: Study) -> str:
    """Return the language that loses most under the noise that costs most, with the dose there and elsewhere."""
    if not study.severities:
        return ""
    benchmark = study.benchmarks[0]
    setting = study.settings(benchmark)[0]
    losses = {name: _by_language(study, benchmark, setting, name) for name in study.perturbations}
    losses = {name: own for name, own in losses.items() if len(own) > 1}
    if not losses:
        return ""
    noise = min(losses, key=lambda name: mean(losses[name].values()))
    own = losses[noise]
    worst, least = min(own, key=lambda lang: own[lang]), max(own, key=lambda lang: own[lang])
    where = _where(study, benchmark, setting)
    told = (
        f"Under {noise}{f' ({where})' if where else ''}, {language_name(worst)} loses most ({signed_points(own[worst])} points, "
        f"mean of the encoders) and {language_name(least)} least ({signed_points(own[least])})"
    )
    return f"{told}{_doses(study, benchmark, noise, worst)}."


def _by_language(study: Study, benchmark: str, setting: str, noise: str) -> dict[str, float]:
    """Return the mean change of the judged encoders in every query language."""
    severity = study.severity_of(benchmark, noise)
    where = {"benchmark": benchmark, "setting": setting, "perturbation": noise, "severity": severity}
    found = {
        lang: mean(
            value(row, "delta")
            for row in study.rows("contrasts", **where, query_lang=lang)
            if not study.near_floor(benchmark, setting, row["encoder"])
        )
        for lang in study.languages(benchmark)
    }
    return {lang: change for lang, change in found.items() if math.isfinite(change)}


def _doses(study: Study, benchmark: str, noise: str, worst: str) -> str:
    """Say how much of the text the noise changed in that language, and whether languages can be compared."""
    severity = study.severity_of(benchmark, noise)
    rows = study.rows("validity", benchmark=benchmark, perturbation=noise, severity=severity)
    doses = {row["query_lang"]: value(row, "char_error_rate") for row in rows if row["query_lang"] != "all"}
    doses = {lang: dose for lang, dose in doses.items() if math.isfinite(dose)}
    if worst not in doses or len(doses) < 2:
        return ""
    middle = median(doses.values())
    told = f"{percent(doses[worst])} of the characters changed there, against {percent(middle)} in the median language"
    if middle > 0 and above(doses[worst] / middle - _UNEQUAL):
        return f"; {told}, so this does not rank the languages"
    return f"; {told}"


def _trust(study: Study, *, noisy: bool) -> str:
    return " ".join(_trusted(study, noisy=noisy))


def _trusted(study: Study, *, noisy: bool) -> Iterator[str]:
    queries = sum(entry.queries for entry in study.manifest.benchmarks)
    kinds = dict.fromkeys(clean_text(entry.group_kind) or "group" for entry in study.manifest.benchmarks)
    groups = sum(entry.groups for entry in study.manifest.benchmarks)
    languages = {lang for benchmark in study.benchmarks for lang in study.languages(benchmark)}
    kind = next(iter(kinds), "group")
    # A description such as "bucket of sentences (no documents)" has no plural that fits here.
    units = _count(groups, kind if len(kinds) == 1 and kind.isalpha() and not kind.endswith("y") else "group")
    draws = f", {_count(study.suite.draws, 'draw')} of noise" if noisy else ""
    yield f"{thousands(queries)} queries from {units} in {_count(len(languages), 'language')}{draws}; tests resample whole groups."
    rows = [*study.frames["comparisons"]]
    primary = [row for row in rows if is_primary(row)]
    if primary:
        shown = sum(row["claim"] in MORE_ROBUST for row in primary)
        yield (
            f"{_count(len(primary), 'declared comparison')} of encoders {'is' if len(primary) == 1 else 'are'} adjusted together; "
            f"{shown or 'none'} of them {'show' if shown != 1 else 'shows'} one to be more robust."
        )
    elif rows:
        yield f"Nothing was declared beforehand: all {_count(len(rows), 'comparison')} between encoders are exploratory, so take them as leads."
    if not noisy:
        yield (
            "No query was scored under noise, so nothing is said about robustness."
            if study.wanted_noise
            else "The run has no noise, so nothing is said about robustness."
        )
    if failed := len(failed_cells(study)):
        yield f"{_count(failed, 'cell')} {'are missing: the run is unfinished' if partial_notice(study) else 'failed'}."
