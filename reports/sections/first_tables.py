"""The tables of the first screen, one per setting: the score under each noise, what the noise cost, and who is more robust."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from robustir.reports.blocks import LETTERED, Cell, Column, Section, Table, Tables, transposed
from robustir.reports.formats import (
    interval,
    join_words,
    letters_text,
    measure_name,
    percent,
    points,
    setting_text,
    severity_text,
    signed_points,
)
from robustir.reports.overview import EncoderScores, NoiseScores, SettingScores, overview
from robustir.reports.sections.attacks import attack_kind
from robustir.reports.sections.clean_scores import FLOOR_MARK
from robustir.reports.sections.examples import example_id
from robustir.reports.sections.in_domain import MARKED, encoder_cell, is_marked
from robustir.reports.sections.languages import heat_level
from robustir.reports.study import Row, Study, letter_set, mean, value
from robustir.stats import letter

__all__ = ["like_noises", "score_section", "scored_noises", "under_noise"]

_MOST_COLUMNS = 8  # more noises are rows


def score_section(study: Study) -> Section:
    """Build the section: per benchmark and setting one table, encoder by noise at the shown severity."""
    settings = overview(study).settings
    tables = tuple(_table(study, one) for one in settings)
    noisy = any(encoder.noises for one in settings for encoder in one.encoders)
    title = "Score under noise, and what the noise cost" if noisy else "Scores"
    explained = [*_explained(study, settings), *([MARKED] if any(map(is_marked, tables)) else [])]
    return Section("scores", title, (Tables(tables, " ".join(explained)),))


def _table(study: Study, scores: SettingScores) -> Table:
    noises = scored_noises(study, scores)
    attacks = _attacks(study, scores)
    like = like_noises(study, scores)
    ranked = sorted(scores.encoders, key=lambda encoder: _rank(encoder, like))
    rows = []
    for encoder in ranked:
        named = encoder_cell(study, scores.benchmark, encoder.name)
        under = [_noise_cell(study, scores, encoder, one) for one in encoder.noises if one.name in noises]
        rows.append(
            (named, _clean_cell(encoder), *under, *(_attack_cell(found, encoder) for found in attacks.values()))
        )
    columns = (
        Column("Encoder", number=False),
        Column("clean"),
        *(_noise_column(study, scores, name) for name in noises),
        *(Column(kind, below=_aimed(found), apart=at == 0) for at, (kind, found) in enumerate(attacks.items())),
    )
    place = setting_text(scores.setting)
    place = f"{scores.benchmark}, {place}" if len(study.benchmarks) > 1 else f"{place[0].upper()}{place[1:]}"
    table = Table(
        f"scores-{scores.benchmark}-{scores.setting}",
        place,
        columns,
        tuple(rows),
        scale="diverging",
        main=True,
        stacked=len(columns) > 5,
        breaks=_breaks(study, scores, noises, [encoder.name for encoder in ranked]),
    )
    return transposed(table) if len(noises) > _MOST_COLUMNS else table


def _breaks(study: Study, scores: SettingScores, noises: Sequence[str], encoders: Sequence[str]) -> tuple[int, ...]:
    """Return the rows with which a group begins: under every noise, each encoder above is told from each one below."""
    where = {"benchmark": scores.benchmark, "setting": scores.setting}
    conditions = [{"quantity": "noisy", "perturbation": noise} for noise in noises] or [{"quantity": "clean"}]
    told = [
        {row["encoder"]: letter_set(row) for row in study.rows("rank_groups", **where, **condition)}
        for condition in conditions
    ]

    def apart(above: str, below: str) -> bool:
        return all(above in one and below in one and not one[above] & one[below] for one in told)

    return tuple(
        at
        for at in range(1, len(encoders))
        if all(apart(above, below) for above in encoders[:at] for below in encoders[at:])
    )


def scored_noises(study: Study, scores: SettingScores) -> list[str]:
    """Return the noises, other than attacks, with a score in the setting."""
    scored = {noise.name for encoder in scores.encoders for noise in encoder.noises if math.isfinite(noise.noisy)}
    return [name for name in study.perturbations if name in scored]


def like_noises(study: Study, scores: SettingScores) -> list[str]:
    """Return those scored noises that have most languages: a mean over others would mix scores of other languages."""
    scored = {
        noise.name: noise.languages for one in scores.encoders for noise in one.noises if math.isfinite(noise.noisy)
    }
    most = max(scored.values(), default=0)
    return [name for name in scored_noises(study, scores) if scored[name] == most]


def under_noise(encoder: EncoderScores, noises: Sequence[str]) -> tuple[float, float]:
    """Return the mean scores without and under some noises, over the languages of these; NaN without any."""
    scores = [noise for noise in encoder.noises if noise.name in noises]
    return mean(noise.clean for noise in scores), mean(noise.noisy for noise in scores)


def _rank(encoder: EncoderScores, noises: Sequence[str]) -> float:
    """Order by the score under noise, the highest first, or by the clean score without noise."""
    _, score = under_noise(encoder, noises)
    return -(score if math.isfinite(score) else encoder.clean)


def _clean_cell(encoder: EncoderScores) -> Cell:
    mark = FLOOR_MARK if encoder.near_floor else ""
    hint = f"interval {interval(encoder.ci_low, encoder.ci_high)}, floor {points(encoder.floor)}"
    return Cell(points(encoder.clean) + mark, mark="faint" if encoder.near_floor else "", hint=hint)


def _noise_column(study: Study, scores: SettingScores, name: str) -> Column:
    there = _languages(study, scores, name)
    every = set(study.languages(scores.benchmark))
    missing = sorted(every - there)
    below = ""
    if there and missing:
        few = f"without {' '.join(missing)}" if len(missing) <= 3 else " ".join(sorted(there))
        below = few if min(len(missing), len(there)) <= 3 else f"{len(there)} of {len(every)} languages"
    severity = study.severity_of(scores.benchmark, name)
    if severity != study.shown_severity:
        below = f"at {severity_text(severity)}{f', {below}' if below else ''}"
    return Column(name, below=below)


def _languages(study: Study, scores: SettingScores, name: str) -> set[str]:
    where = {"benchmark": scores.benchmark, "setting": scores.setting, "perturbation": name}
    return {row["query_lang"] for row in study.rows("contrasts", **where)} - {"all", ""}


def _noise_cell(study: Study, scores: SettingScores, encoder: EncoderScores, noise: NoiseScores) -> Cell:
    if not math.isfinite(noise.noisy):
        return Cell("–", mark="faint")
    part = f"of {points(noise.clean)} " if 0 < noise.languages < noise.of_languages else ""
    doubt = "" if noise.separated else "≈\u202f"
    kept = "" if noise.unstable else f", keeps {percent(noise.retention)}"
    hint = (
        f"{encoder.name} under {noise.name} at {severity_text(noise.severity)}: {points(noise.noisy)} (clean {points(noise.clean)}), "
        f"change {signed_points(noise.delta)} {interval(noise.ci_low, noise.ci_high)}{kept}"
    )
    return Cell(
        points(noise.noisy) + (FLOOR_MARK if encoder.near_floor else ""),
        f"{part}{doubt}{signed_points(noise.delta)}",
        heat=None if encoder.near_floor else heat_level(noise.delta),
        mark="faint" if encoder.near_floor else "strong",
        raised=_raised(study, noise.more_robust_than),
        hint=hint,
        links=_links(scores, noise.name),
        example_links=tuple(example_id(scores.benchmark, noise.name, one) for one in (encoder.name, *study.encoders)),
    )


def _links(scores: SettingScores, noise: str) -> tuple[str, ...]:
    """Return where a cell leads: to the languages of its noise."""
    return (
        f"strip-{scores.benchmark}-{noise}-{scores.setting}",
        f"heat-{scores.benchmark}-{noise}-{scores.setting}",
        f"strips-{scores.benchmark}",
        "languages",
    )


def _raised(study: Study, names: Sequence[str]) -> str:
    keys = [key for key in map(study.key, names) if key is not None]
    return letters_text(sorted(keys))


def _attacks(study: Study, scores: SettingScores) -> dict[str, list[Row]]:
    """Return the macro rows of each attack and its control at the shown severity."""
    found: dict[str, list[Row]] = {}
    for row in study.macro("attack_contrasts", benchmark=scores.benchmark, setting=scores.setting):
        if value(row, "severity") == study.severity_of(scores.benchmark, row["perturbation"]):
            found.setdefault(attack_kind(row), []).append(row)
    return found


def _victims(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row["attacked"] for row in rows))


def _aimed(rows: Sequence[Row]) -> str:
    victims = _victims(rows)
    return f"attack on {victims[0]}" if len(victims) == 1 else "attack on itself"


def _attack_cell(rows: Sequence[Row], encoder: EncoderScores) -> Cell:
    """Return the worst case of an encoder: under the attack on itself, or under the only one."""
    victims = _victims(rows)
    target = victims[0] if len(victims) == 1 else encoder.name
    own = [row for row in rows if (row["encoder"], row["attacked"]) == (encoder.name, target)]
    row = next((one for one in own if not one["control"]), None)
    if row is None:
        return Cell("–", mark="faint")
    control = next((value(one, "delta") for one in own if one["control"]), math.nan)
    hint = f"change {signed_points(value(row, 'delta'))} {interval(value(row, 'ci_low'), value(row, 'ci_high'))}"
    if math.isfinite(control):
        hint += f"; random control with as many edits: {signed_points(control)}"
    delta = value(row, "delta")
    return Cell(
        points(value(row, "noisy")) + (FLOOR_MARK if encoder.near_floor else ""),
        ("" if row["separated"] else "≈\u202f") + signed_points(delta),
        heat=None if encoder.near_floor else heat_level(delta),
        mark="faint" if encoder.near_floor else "strong",
        hint=hint,
        links=("attacks",),
    )


def _explained(study: Study, settings: Sequence[SettingScores]) -> Iterator[str]:
    """Explain the signs that the tables use."""
    encoders = [encoder for one in settings for encoder in one.encoders]
    noises = [noise for encoder in encoders for noise in encoder.noises if math.isfinite(noise.noisy)]
    judged = [noise for encoder in encoders for noise in encoder.noises if not encoder.near_floor]
    unit = f"{measure_name(study.measure)} in points (hundredths)"
    if noises:
        yield f"Large: {unit} under noise. Small: the change, shaded from 0.5, 2, 5, 10 and 20 points."
        yield "Rows are in the order of the score under noise."
    else:
        yield f"{unit[0].upper()}{unit[1:]}."
    if any(noise.more_robust_than for noise in noises):
        over = " over the whole curve" if len(study.severities) > 1 else ""
        yield f"A raised letter names an encoder that this one is more robust than{over}, after correction for all comparisons."
    if any(not noise.separated for noise in judged if math.isfinite(noise.noisy)):
        yield "≈: not told from no change."
    part = next((noise for noise in noises if 0 < noise.languages < noise.of_languages), None)
    if part is not None:
        yield f"“of {points(part.clean)}”: the clean score over the languages that the noise works in."
    if any(encoder.near_floor for encoder in encoders):
        yield f"{FLOOR_MARK}: near the score of shuffled queries, so nothing is claimed."
    if study.attacks:
        yield "Attacks know the encoder and show its worst case."
    transpose = any(len(scored_noises(study, one)) > _MOST_COLUMNS for one in settings)
    if transpose and len(study.encoders) > LETTERED:
        named = [f"{letter(at)} {name}" for at, name in enumerate(study.encoders)]
        yield f"Encoders: {join_words(named, len(named))}."
