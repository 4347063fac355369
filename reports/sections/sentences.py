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
from robustir.reports.sections.first_tables import like_noises, scored_noises, under_noise
from robustir.reports.sections.run_facts import failed_cells, partial_notice
from robustir.reports.sections.strategies import strategy_sentence
from robustir.reports.study import MORE_ROBUST, Row, Study, letter_set, mean, pair, value
from robustir.stats.rounding import above

__all__ = ["first_sentences", "subtitle", "title"]

_NOBODY = "No encoder was shown to be more robust than another"
_PLACES = 4  # settings and benchmarks that a sentence lists
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


def _under(study: Study, scores: SettingScores, encoder: EncoderScores) -> tuple[float, float]:
    """Return the mean scores of an encoder without and under the noises of a setting, over the same languages."""
    return under_noise(encoder, like_noises(study, scores))


def _where(study: Study, benchmark: str, setting: str) -> str:
    several = len(study.benchmarks) > 1
    alone = len(study.settings(benchmark)) == 1
    place = setting_name(setting).lower()
    if several:
        return benchmark if alone else f"{benchmark}, {place}"
    return "" if alone else place


def _best(study: Study, settings: Sequence[SettingScores], *, noisy: bool) -> str:
    """Return who finds most in each setting, with and without noise."""
    leaders: dict[str, list[str]] = {}
    turned: list[str] = []
    untold: list[str] = []
    for scores in settings:
        clean = max(scores.encoders, key=lambda encoder: encoder.clean)
        under = (
            max(scores.encoders, key=lambda encoder: _or_least(_under(study, scores, encoder)[1])) if noisy else clean
        )
        where = _where(study, scores.benchmark, scores.setting)
        levels = [_fall(study, scores, one) if noisy else points(one.clean) for one in (clean, under)]
        tied = _tied(study, scores, under, "noisy" if noisy else "")
        if clean is under:
            remarks = [
                levels[0],
                f"not told from {join_words(tied, 3)}" if tied else "",
                "near the floor" if clean.near_floor else "",
            ]
            leaders.setdefault(clean.name, []).append(f"{where} {', '.join(filter(None, remarks))}".strip())
        elif clean.name in tied:
            untold.append(f"{where} {clean.name} {levels[0]} and {under.name} {levels[1]}".strip())
        else:
            told = f"{clean.name} leads on clean queries ({levels[0]}), {under.name} under noise ({levels[1]})"
            turned.append(f"{where}: {told}" if where else told)
    alone, always = len(study.encoders) == 1, "finds most, with and without noise" if noisy else "finds most"
    found = [
        (f"{name} {'scores' if alone else always if at == 0 else 'does'}", places)
        for at, (name, places) in enumerate(leaders.items())
    ]
    found += [("Noise changes who finds most", turned)] if turned else []
    found += [("Not told apart", untold)] if untold else []
    legend = f" ({measure_name(study.measure)}, clean → {_mean_of(study, settings)})" if noisy else ""
    parts = [f"{who}{'' if at else legend}: {_listed(places)}." for at, (who, places) in enumerate(found)]
    return " ".join(parts)


def _listed(places: Sequence[str]) -> str:
    """Return the first few places, and the number of the others."""
    left = len(places) - _PLACES
    return "; ".join(places if left <= 1 else [*places[:_PLACES], f"and {left} more"])


def _mean_of(study: Study, settings: Sequence[SettingScores]) -> str:
    kinds = max((len(like_noises(study, one)) for one in settings), default=0)
    some = any(len(like_noises(study, one)) < len(scored_noises(study, one)) for one in settings)
    alike = " in the same languages" if some else ""
    return f"mean of {kinds} kinds of noise{alike}" if kinds > 1 else f"under noise{alike}"


def _fall(study: Study, scores: SettingScores, encoder: EncoderScores) -> str:
    """Return the clean score of an encoder, and its score under noise."""
    return " → ".join(map(points, _under(study, scores, encoder)))


def _or_least(score: float) -> float:
    return score if math.isfinite(score) else -1.0


def _tied(study: Study, scores: SettingScores, best: EncoderScores, quantity: str) -> list[str]:
    """Return the encoders that can't be told from the best one under any noise (quantity "": on clean queries)."""
    where = {"benchmark": scores.benchmark, "setting": scores.setting, "quantity": quantity or "clean"}
    shared: Counter[str] = Counter()
    noises = scored_noises(study, scores) if quantity else [""]
    for noise in noises:
        rows = study.rows("rank_groups", **where, perturbation=noise)
        letters = {row["encoder"]: letter_set(row) for row in rows}
        shared.update(
            name for name in letters if name != best.name and letters[name] & letters.get(best.name, frozenset())
        )
    return [name for name in study.encoders if shared[name] == len(noises)]


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
        return f"{_NOBODY}. The largest difference: {row['verdict']} ({_condition(study, row)}: {level})."
    return _range(study, settings)


def _claimed(study: Study, claimed: Sequence[tuple[Row, str]]) -> str:
    """Return the encoder with most claims in its favour, the encoders that it beats, and the largest of these differences."""
    wins = Counter(row["favours"] for row, _ in claimed)
    best = max(wins, key=lambda name: wins[name])
    own = [one for one in claimed if one[0]["favours"] == best]
    row, level = max(
        own, key=lambda one: (one[0]["family"] != "exploratory", abs(value(one[0], "difference_in_differences")))
    )
    beaten = join_words(list(dict.fromkeys(name for other, _ in own for name in pair(other) if name != best)), 3)
    if len(own) == 1:
        said = f"{best} is more robust than {beaten} ({_condition(study, row)}): {level}"
    else:
        said = f"{best} is more robust than {beaten} in {len(own)} comparisons. The largest difference ({_condition(study, row)}): {level}"
    return f"{said}, adjusted p {equals_p(value(row, 'loss_p_adjusted'))}."


def _condition(study: Study, row: Row) -> str:
    where = _where(study, row["benchmark"], row["setting"])
    noise = f"{row['perturbation']}{', all severities' if row['severity'] == CURVE else ''}"
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
    return ", ".join(parts)


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
    start = f"{_NOBODY}. Changes" if len(study.encoders) > 1 else "Changes"
    return f"{start}{f' ({where})' if where else ''}: {' to '.join(told)}."


def _places(study: Study) -> str:
    """Return the languages that lose most and least under the noise that costs most, with the dose in each."""
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
    ends = min(own, key=lambda lang: own[lang]), max(own, key=lambda lang: own[lang])
    doses = _doses(study, benchmark, noise)
    where = _where(study, benchmark, setting)
    shares = [percent(doses[lang]) if lang in doses else "" for lang in ends]
    equal = shares[0] == shares[1]
    most, least = (
        f"({signed_points(own[lang])}{unit}{'' if equal or not share else f', {share} of its characters changed'})"
        for lang, share, unit in zip(ends, shares, (" points", ""), strict=True)
    )
    told = (
        f"Under {noise}{f' ({where})' if where else ''}, {language_name(ends[0])} loses most on average {most} and "
        f"{language_name(ends[1])} least {least}"
    )
    if equal and shares[0]:
        told += f"; {shares[0]} of the characters changed in both"
    middle = median(doses.values()) if len(doses) > 1 else math.nan
    if ends[0] in doses and middle > 0 and above(doses[ends[0]] / middle - _UNEQUAL):
        return f"{told}. The median language has {percent(middle)} changed, so this does not rank the languages."
    return f"{told}."


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


def _doses(study: Study, benchmark: str, noise: str) -> dict[str, float]:
    """Return the share of characters that a noise changed, by language."""
    severity = study.severity_of(benchmark, noise)
    rows = study.rows("validity", benchmark=benchmark, perturbation=noise, severity=severity)
    doses = {row["query_lang"]: value(row, "char_error_rate") for row in rows if row["query_lang"] != "all"}
    return {lang: dose for lang, dose in doses.items() if math.isfinite(dose)}


def _trust(study: Study, *, noisy: bool) -> str:
    return " ".join(_trusted(study, noisy=noisy))


def _trusted(study: Study, *, noisy: bool) -> Iterator[str]:
    queries = sum(entry.queries for entry in study.manifest.benchmarks)
    kinds = dict.fromkeys(clean_text(entry.group_kind) or "group" for entry in study.manifest.benchmarks)
    groups = sum(entry.groups for entry in study.manifest.benchmarks)
    languages = {lang for benchmark in study.benchmarks for lang in study.languages(benchmark)}
    kind = next(iter(kinds), "group")
    # A description such as "bucket of sentences (no documents)" has no plural that fits here.
    unit = kind if len(kinds) == 1 and kind.isalpha() and not kind.endswith("y") else "group"
    draws = f", {_count(study.suite.draws, 'draw')} of noise" if noisy else ""
    yield f"{thousands(queries)} queries from {_count(groups, unit)} in {_count(len(languages), 'language')}{draws}; tests resample whole {unit}s."
    rows = [*study.frames["comparisons"]]
    primary = [row for row in rows if is_primary(row)]
    if primary:
        shown = sum(row["claim"] in MORE_ROBUST for row in primary)
        told = f"{thousands(shown) if shown else 'None'} of {_count(len(primary), 'declared comparison')} {'shows' if shown == 1 else 'show'}"
        yield f"{told} one encoder to be more robust, after correction for all of them."
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
