"""The section of summaries: worst draws, rankings kept, corruption errors, variance, and many encoders against their trend."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from robustir.reports.blocks import (
    Block,
    Cell,
    Column,
    Figure,
    Heading,
    Panel,
    Paragraph,
    Point,
    Section,
    Series,
    Table,
)
from robustir.reports.formats import interval, measure_name, number, percent, points, severity_text, signed_points
from robustir.reports.sections.focus import axis
from robustir.reports.sections.in_domain import encoder_cell, noted
from robustir.reports.sections.wide import SHOWN_ROWS, cut_wide, rows_note
from robustir.reports.study import Row, Study, value

__all__ = ["summary_section"]

_SHARES = ("group", "question", "language", "interaction", "draw", "seed")
_TITLES = ("between groups", "questions", "languages", "question × language", "draws", "seeds")


def summary_section(study: Study) -> Section | None:
    """Build the tables; None for findings without any of them."""
    blocks: list[Block] = []
    for benchmark in study.benchmarks:
        for setting in study.settings(benchmark):
            made: list[Block] = [
                *_overlaps(study, benchmark, setting),
                *_worst(study, benchmark, setting),
                *_corruption(study, benchmark, setting),
                *_variance(study, benchmark, setting),
                *_trend(study, benchmark, setting),
            ]
            if made:
                blocks += [Heading(f"{benchmark}, {setting}"), *made]
    return Section("summaries", "Summaries over draws, severities and encoders", tuple(blocks)) if blocks else None


def _by_noise(
    study: Study, benchmark: str, setting: str, kind: str, caption: str, cell: Callable[[Row], Cell]
) -> list[Block]:
    """Return a table of contrasts, encoders by noises at the shown severity; nothing if no cell has a number."""
    shown = {noise: severity_text(study.severity_of(benchmark, noise)) for noise in study.perturbations}
    columns = [Column("Encoder", number=False), *(Column(f"{noise}, {severity}") for noise, severity in shown.items())]
    rows = []
    for encoder in study.encoders:
        cells = [encoder_cell(study, benchmark, encoder)]
        for noise in study.perturbations:
            severity = study.severity_of(benchmark, noise)
            where = {"benchmark": benchmark, "setting": setting, "encoder": encoder, "perturbation": noise}
            found = study.macro("contrasts", severity=severity, **where)
            cells.append(cell(found[0]) if found else Cell("–"))
        rows.append(tuple(cells))
    if all(one.text == "–" for row in rows for one in row[1:]):
        return []
    table = Table(f"{kind}-{benchmark}-{setting}", caption, tuple(columns), tuple(rows))
    return [*cut_wide(noted(table))]


def _overlaps(study: Study, benchmark: str, setting: str) -> list[Block]:
    def cell(row: Row) -> Cell:
        return Cell(
            number(value(row, "overlap"), 2), interval(value(row, "overlap_low"), value(row, "overlap_high"), 1, 2)
        )

    caption = "Rank-biased overlap of noisy and clean rankings: 1 if a ranking stayed as it was"
    return _by_noise(study, benchmark, setting, "overlap", caption, cell)


def _worst(study: Study, benchmark: str, setting: str) -> list[Block]:
    rows = study.macro("contrasts", benchmark=benchmark, setting=setting)
    draws = {int(row["draws"]) for row in rows}
    if max(draws, default=0) < 2:
        return []
    named = str(draws.pop()) if len(draws) == 1 else f"{min(draws)} to {max(draws)}"

    def cell(row: Row) -> Cell:
        return Cell(points(value(row, "worst_draw")), interval(value(row, "worst_low"), value(row, "worst_high")))

    caption = f"Score in the worst of {named} draws of each query, in points; it falls with the number of draws"
    return _by_noise(study, benchmark, setting, "worst", caption, cell)


def _corruption(study: Study, benchmark: str, setting: str) -> list[Block]:
    found = study.rows("corruption", benchmark=benchmark, setting=setting, perturbation="all")
    known = [row for row in found if math.isfinite(value(row, "ce"))]
    if not known:
        notes = dict.fromkeys(row["note"] for row in study.rows("corruption", benchmark=benchmark, setting=setting))
        return [Paragraph(f"No corruption errors: {note}.") for note in notes if note]
    rows = []
    for row in known:
        both = [
            Cell(number(value(row, name), 2), interval(value(row, f"{short}_low"), value(row, f"{short}_high"), 1, 2))
            for name, short in (("ce", "ce"), ("relative_ce", "relative"))
        ]
        near = "near its floor" if row["near_floor"] else str(row["note"])
        rows.append((encoder_cell(study, benchmark, row["encoder"]), *both, Cell(str(int(row["kinds"]))), Cell(near)))
    columns = (
        Column("Encoder", number=False),
        Column("mCE"),
        Column("relative mCE"),
        Column("kinds of noise"),
        Column("", number=False),
    )
    caption = f"Mean corruption error, and the same beyond the clean error, relative to {known[0]['reference']}"
    note = "mCE mostly ranks clean scores, relative mCE favours an encoder with little to lose; corruption.csv has each noise."
    return [noted(Table(f"corruption-{benchmark}-{setting}", caption, columns, tuple(rows), note=note))]


def _variance(study: Study, benchmark: str, setting: str) -> list[Block]:
    found = study.rows("variance", benchmark=benchmark, setting=setting)
    rows = []
    for row in found[:SHOWN_ROWS]:
        shares = [Cell(percent(value(row, f"{name}_share"))) for name in _SHARES]
        name = f"{row['perturbation']}, {severity_text(row['severity'])}"
        rows.append(
            (Cell(name), encoder_cell(study, benchmark, row["encoder"]), Cell(points(value(row, "sd"))), *shares)
        )
    if not rows:
        return []
    columns = (Column("Noise", number=False), Column("Encoder", number=False), Column("sd"), *map(Column, _TITLES))
    cut = rows_note(len(rows), len(found), "variance")
    note = f"A dash: the run cannot separate that factor. Method of moments. {cut}".strip()
    caption = "What a change of score varies with: standard deviation in points, and shares of the variance"
    return [noted(Table(f"variance-{benchmark}-{setting}", caption, columns, tuple(rows), 2, note))]


def _trend(study: Study, benchmark: str, setting: str) -> list[Block]:
    made: list[Block] = []
    points_of: dict[tuple[str, str], Sequence[Row]] = {}
    for order in study.rows("orders", benchmark=benchmark, setting=setting):
        noise = order["perturbation"]
        named = f"{noise}, {severity_text(order['severity'])}"
        rows = study.rows("trend", benchmark=benchmark, setting=setting, perturbation=noise)
        if not rows:
            continue
        if order["note"]:
            points_of[noise, str(order["note"])] = rows
            continue
        table = _trend_table(study, benchmark, f"trend-{benchmark}-{setting}-{noise}", named, rows)
        limits = interval(value(order, "tau_low"), value(order, "tau_high"), 1, 2)
        tau = number(value(order, "tau"), 2)
        made += [table, Paragraph(f"{named}: Kendall's tau between the clean and the noisy order is {tau} {limits}.")]
    return [*made, _scatter(study, benchmark, setting, points_of)] if points_of else made


def _scatter(study: Study, benchmark: str, setting: str, points_of: Mapping[tuple[str, str], Sequence[Row]]) -> Figure:
    """Return the scores themselves, clean against noisy, a panel per noise: too few encoders make no trend."""
    panels = []
    for (noise, _), rows in points_of.items():
        series = []
        for row in rows:
            at = Point(100 * value(row, "clean"), 100 * value(row, "noisy"), math.nan, math.nan)
            series.append(Series(row["encoder"], study.key(row["encoder"]) or 0, (at,)))
        panels.append((noise, tuple(series)))
    every = [point for _, drawn in panels for one in drawn for point in one.points]
    most = axis(limit for point in every for limit in (point.x, point.y))[1]
    reasons = "; ".join(dict.fromkeys(reason for _, reason in points_of))
    keys = {one.name: one.style for _, drawn in panels for one in drawn}
    return Figure(
        f"scatter-{benchmark}-{setting}",
        f"Clean and noisy scores, a point per encoder; no effective robustness and no Kendall's tau: {reasons}.",
        f"Scatter of noisy against clean {measure_name(study.measure)}, one panel per noise.",
        f"clean {measure_name(study.measure)} (points)",
        "under noise (points)",
        most,
        min(3, len(panels)),
        tuple(Panel(noise, most, drawn) for noise, drawn in panels),
        tuple(keys.items()),
    )


def _trend_table(study: Study, benchmark: str, name: str, noise: str, rows: Sequence[Row]) -> Table:
    cells = tuple(
        (
            encoder_cell(study, benchmark, row["encoder"]),
            *(Cell(points(value(row, column))) for column in ("clean", "noisy", "expected")),
            Cell(signed_points(value(row, "effective")), interval(value(row, "ci_low"), value(row, "ci_high"))),
        )
        for row in rows
    )
    columns = (Column("Encoder", number=False), *map(Column, ("clean", "noisy", "expected", "effective robustness")))
    caption = f"Effective robustness under {noise}: the noisy score minus the one that the clean score predicts"
    return noted(Table(name, caption, columns, cells))
