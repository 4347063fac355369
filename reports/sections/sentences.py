"""The question and the findings, in three sentences written from the numbers."""

from __future__ import annotations

import math

from robustir.reports.formats import (
    clean_text,
    equals_p,
    interval,
    join_words,
    lead,
    measure_name,
    percent,
    severity_text,
    signed_points,
)
from robustir.reports.sections.comparing import counted_claims, is_primary, levels
from robustir.reports.sections.strategies import strategy_sentence
from robustir.reports.study import Row, Study, value
from robustir.stats.rounding import below

__all__ = ["three_sentences"]


def three_sentences(study: Study) -> tuple[str, str, str]:
    """Return the question, the largest and smallest change, and the comparisons, with their uncertainty."""
    return _question(study), _change(study), strategy_sentence(study) or _comparisons(study)


def _question(study: Study) -> str:
    noises = join_words(study.perturbations, 6)
    measure = measure_name(study.measure)
    languages = sorted({lang for benchmark in study.benchmarks for lang in study.languages(benchmark)})
    where = f"on {join_words(study.benchmarks, 6)} in {_count(len(languages), 'language')}"
    encoders = _count(len(study.encoders), "encoder")
    asked = clean_text(study.suite.question).strip()
    lead = f"“{asked}” is answered here by" if asked else "The question was"
    changes = f"{lead} how much the {measure} of {encoders} {where} changes when queries"
    attacks = join_words(study.attacks, 6)
    if study.severities:
        low, high = severity_text(study.severities[0]), severity_text(study.severities[-1])
        strength = f"severity {low}" if low == high else f"severities {low} to {high}"
        return f"{changes} carry {noises} at {strength}{f', and under attack by {attacks}' if attacks else ''}."
    if attacks:
        return f"{changes} are attacked by {attacks}."
    clean = f"This run measured the clean {measure} of {encoders} {where}"
    if study.wanted_noise:
        reason = "no query was scored under noise (see “Failed cells” and “What the noise really did”)"
        return f"{clean}; {reason}, so it says nothing about robustness."
    return f"{clean}; it has no perturbation, so it says nothing about robustness."


def _count(size: int, noun: str) -> str:
    return f"{size} {noun}" if size == 1 else f"{size} {noun}s"


def _lead_setting(study: Study, benchmark: str) -> str:
    return next(iter(study.settings(benchmark)), "mono")


def _change(study: Study) -> str:
    if not study.severities or not study.benchmarks:
        attacked = bool(study.frames["attack_contrasts"])
        return "The section on attacks shows what they changed." if attacked else "No query was scored under noise."
    benchmark = study.benchmarks[0]
    setting = _lead_setting(study, benchmark)
    severity = study.severities[-1]
    rows = study.macro("contrasts", benchmark=benchmark, setting=setting, severity=severity)
    rows = [row for row in rows if math.isfinite(value(row, "delta"))]
    floored = [encoder for encoder in study.encoders if study.near_floor(benchmark, setting, encoder)]
    judged = sorted((row for row in rows if row["encoder"] not in floored), key=lambda row: value(row, "delta"))
    aside = (
        f"; {join_words(floored)} {'are' if len(floored) > 1 else 'is'} near the floor and cannot be judged"
        if floored
        else ""
    )
    where = f"At severity {severity_text(severity)} in the {setting} setting" + (
        f" of {benchmark}" if len(study.benchmarks) > 1 else ""
    )
    if not judged:
        return f"{where} no encoder could be judged{aside}."
    first, last = judged[0], judged[-1]
    if first is last:
        return f"{where}, {_named(first)}{aside}."
    return f"{where}, the change was worst for {_named(first)} and mildest for {_named(last)}{aside}."


def _named(row: Row) -> str:
    low_high = interval(value(row, "ci_low"), value(row, "ci_high"))
    band = f", interval {low_high}" if low_high else ""
    doubt = "" if row["separated"] else ", not separated from no change"
    idle = value(row, "unchanged")
    silent = (
        f", with {percent(idle)} of the queries left unchanged" if math.isfinite(idle) and not below(idle, 0.5) else ""
    )
    points = signed_points(value(row, "delta"))
    return f"{row['encoder']} under {row['perturbation']} ({points} points{band}{doubt}{silent})"


def _comparisons(study: Study) -> str:
    rows = study.frames["comparisons"]
    primary = [row for row in rows if is_primary(row)]
    if not rows:
        return "No encoders were compared, so the run does not show which one is more robust."
    if not primary:
        return f"All {_count(len(rows), 'comparison')} between encoders are exploratory, so none of them is a finding by itself."
    total = f"Of {_count(len(primary), 'declared comparison')} between encoders, {counted_claims(primary)}"
    claims = [row for row in primary if row["favours"]]
    if not claims:
        return f"{total}; no encoder was shown to lose less than another."
    best = max(claims, key=lambda row: (row["claim"] == "more robust", abs(value(row, "difference_in_differences"))))
    return f"{total}; the largest difference: {_claim(best)}."


def _claim(row: Row) -> str:
    difference, low, high = (value(row, name) for name in ("difference_in_differences", "ci_low", "ci_high"))
    much = lead((row["encoder_a"], row["encoder_b"]), difference, low, high)[2]
    severity = severity_text(row["severity"])
    over = "over the whole curve" if severity == "curve" else f"at severity {severity}"
    both = "; ".join(f"{row[f'encoder_{one}']} {levels(row, one)}" for one in "ab")
    return (
        f"{row['verdict']} under {row['perturbation']} in the {row['setting']} setting {over} ({both}; changes apart {much}, "
        f"adjusted p {equals_p(value(row, 'loss_p_adjusted'))})"
    )
