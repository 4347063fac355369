"""The sections on degradation: curves with bands, areas, macro differences, and the language heat maps."""

from __future__ import annotations

import math
from collections.abc import Sequence

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
from robustir.reports.formats import (
    axis_step,
    interval,
    measure_name,
    number,
    p_value,
    percent,
    points,
    severity_text,
    signed_points,
)
from robustir.reports.sections.clean_scores import FLOOR_MARK, language_columns
from robustir.reports.sections.in_domain import encoder_cell, marked, noted
from robustir.reports.sections.wide import cut_wide
from robustir.reports.study import Row, Study, mean, value
from robustir.stats.rounding import below

__all__ = ["area_section", "curve_section", "heat_level", "language_section"]

_PANELS_PER_ROW = 3
_AREA_NOTE = (
    "Area: mean score along the curve divided by the clean score; 1 means no loss. Next to it: the share of edited words at "
    "which a tenth of the clean score is lost (a dash: not reached). A curve needs at least two severities."
)
_SHOWN_CURVES = 8  # encoders per figure; a reader cannot distinguish more lines
_HEAT_STEPS = (0.005, 0.02, 0.05, 0.10, 0.20)  # least differences of the steps 1..5


def heat_level(delta: float) -> int | None:
    """Return the step -5..5 of the diverging scale (limits 0.5, 2, 5, 10 and 20 points); None for NaN."""
    if not math.isfinite(delta):
        return None
    step = sum(not below(abs(delta), limit) for limit in _HEAT_STEPS)
    return -step if delta < 0 else step


def curve_section(study: Study) -> Section | None:
    """Build the section of the curves; None without noise."""
    figures = [figure for benchmark in study.benchmarks for figure in _figures(study, benchmark) if figure.panels]
    if not study.severities or not figures:
        return None
    return Section("curves", "Scores as noise grows", tuple(figures))


def area_section(study: Study) -> Section | None:
    """Build the section of the areas under the curves and of the macro differences at one severity; None without noise."""
    if not study.severities:
        return None
    blocks: list[Block] = []
    for benchmark in study.benchmarks:
        if len(study.benchmarks) > 1:
            blocks.append(Heading(benchmark))
        blocks += [table for names in study.perturbation_blocks() for table in _area_tables(study, benchmark, names)]
        blocks += [noted(_difference_table(study, benchmark, perturbation)) for perturbation in study.perturbations]
    return Section("degradation", "Degradation in numbers", tuple(blocks))


def _figures(study: Study, benchmark: str) -> list[Figure]:
    """Return one figure for all settings if the perturbations fit into one row of panels, else one per setting."""
    settings = study.settings(benchmark)
    if len(study.perturbations) <= _PANELS_PER_ROW:
        return [_curves(study, benchmark, settings)]
    return [_curves(study, benchmark, (setting,)) for setting in settings]


def _curves(study: Study, benchmark: str, settings: Sequence[str]) -> Figure:
    shown = _shown_encoders(study, benchmark)
    panels = [panel for setting in settings for panel in _panels(study, benchmark, setting, shown)]
    doses = [point.x for panel in panels for series in panel.series for point in series.points]
    more = len(study.encoders) - len(shown)
    left_out = f" The {len(shown)} encoders with the highest clean scores are drawn; curves.csv has {more} more."
    measure = measure_name(study.measure)
    return Figure(
        f"curves-{benchmark}-{'-'.join(settings)}",
        f"{measure} on {benchmark} against the realised share of edited words, from clean queries (0) to the "
        "highest severity; bands are confidence intervals. Vertical axes are shared within a setting, not between "
        f"settings.{left_out if more else ''}",
        f"Small multiples, one per perturbation and setting: {measure} against edited words. The tables that follow have "
        "areas and differences.",
        "edited words (%)",
        f"{measure} (points)",
        _axis_end(max(doses, default=1.0)),
        min(_PANELS_PER_ROW, max(1, len(study.perturbations))),
        tuple(panels),
        tuple((marked(study, benchmark, encoder), style) for style, encoder in enumerate(shown)),
    )


def _panels(study: Study, benchmark: str, setting: str, encoders: Sequence[str]) -> list[Panel]:
    """Return one panel per perturbation; they share the vertical axis of their setting."""
    drawn = {}
    for perturbation in study.perturbations:
        where = {"benchmark": benchmark, "setting": setting, "perturbation": perturbation}
        lines = (Series(name, style, _curve(study, encoder=name, **where)) for style, name in enumerate(encoders))
        drawn[perturbation] = tuple(line for line in lines if line.points)
    tops = [
        point.high if math.isfinite(point.high) else point.y
        for lines in drawn.values()
        for line in lines
        for point in line.points
    ]
    end = _axis_end(max(tops, default=1.0))
    return [Panel(f"{name} · {setting}", end, lines) for name, lines in drawn.items() if lines]


def _shown_encoders(study: Study, benchmark: str) -> tuple[str, ...]:
    """Return the encoders to draw: all, or those with the highest clean macro scores, in the suite's order."""
    if len(study.encoders) <= _SHOWN_CURVES:
        return study.encoders
    best = {
        encoder: mean(value(row, "clean") for row in study.macro("scores", benchmark=benchmark, encoder=encoder))
        for encoder in study.encoders
    }
    kept = sorted(study.encoders, key=lambda encoder: -best[encoder] if math.isfinite(best[encoder]) else 1.0)[
        :_SHOWN_CURVES
    ]
    return tuple(encoder for encoder in study.encoders if encoder in kept)


def _curve(study: Study, **where: str) -> tuple[Point, ...]:
    rows = sorted(study.macro("curves", **where), key=lambda row: value(row, "severity"))
    made = (
        Point(
            100 * value(row, "word_edit_rate"),
            100 * value(row, "mean"),
            100 * value(row, "ci_low"),
            100 * value(row, "ci_high"),
        )
        for row in rows
    )
    return tuple(point for point in made if math.isfinite(point.x) and math.isfinite(point.y))


def _axis_end(largest: float) -> float:
    """Return the end of an axis in percent or points: the first tick at or above the largest value."""
    step = axis_step(largest)
    return float(max(step, step * math.ceil(largest / step - 1e-9)))


def _area_tables(study: Study, benchmark: str, perturbations: Sequence[str]) -> list[Block]:
    rows, near, short = [], False, False
    for setting in study.settings(benchmark):
        for encoder in study.encoders:
            cells = [Cell(setting), encoder_cell(study, benchmark, encoder)]
            for perturbation in perturbations:
                where = {"benchmark": benchmark, "setting": setting, "encoder": encoder, "perturbation": perturbation}
                row: Row = next(iter(study.macro("areas", **where)), {})
                near |= bool(row) and row["near_floor"]
                short |= bool(row) and bool(row["note"]) and not math.isfinite(value(row, "auc"))
                cells += _area_cells(row)
            rows.append(tuple(cells))
    columns = [Column("Setting", number=False), Column("Encoder", number=False)]
    for perturbation in perturbations:
        columns += [Column(f"{perturbation}: area"), Column("10\u202f% lost at")]
    identity = f"areas-{benchmark}-{perturbations[0]}"
    caption = f"Normalised area under the curves on {benchmark}"
    note = _AREA_NOTE + (f" {FLOOR_MARK} near its floor, with nothing left to lose: no claim." if near else "")
    note += " An area needs scores at every severity." if short else ""
    table = Table(identity, caption, tuple(columns), tuple(rows), 2, note, main=True)
    return [noted(table)] if any(cell.text != "–" for row in rows for cell in row[2:]) else []


def _area_cells(row: Row) -> list[Cell]:
    near = bool(row) and bool(row["near_floor"])
    text = number(value(row, "auc"), 3) + (FLOOR_MARK if near else "")
    band = interval(value(row, "ci_low"), value(row, "ci_high"), 1.0, 3)
    area = Cell(text, band, mark="faint" if near else "")
    return [area, Cell(percent(value(row, "dose_at_10_percent_loss")), mark="faint")]


def _difference_table(study: Study, benchmark: str, perturbation: str) -> Table:
    severity = study.severity_of(benchmark, perturbation)
    rows = []
    unstable = False
    for setting in study.settings(benchmark):
        for encoder in study.encoders:
            found = study.macro(
                "contrasts",
                benchmark=benchmark,
                setting=setting,
                encoder=encoder,
                perturbation=perturbation,
                severity=severity,
            )
            if found:
                unstable |= bool(found[0].get("unstable", False))
                whole = study.macro("scores", benchmark=benchmark, setting=setting, encoder=encoder)
                every = max((int(row["languages"]) for row in whole), default=0)
                cells = _difference_cells(found[0], every)
                rows.append((Cell(setting), encoder_cell(study, benchmark, encoder), *cells))
    titles = ("Clean", "Noisy", "Difference", "Retained", "Worst draw", "Adjusted p")
    note = "Worst draw: the mean over queries of each query's worst draw."
    if unstable:
        note += " ‡ unstable: the clean score is too low for a meaningful ratio."
    return Table(
        f"differences-{benchmark}-{perturbation}",
        f"{perturbation} at severity {severity_text(severity)} on {benchmark}: change of "
        f"{measure_name(study.measure)} in points",
        (Column("Setting", number=False), Column("Encoder", number=False), *(Column(title) for title in titles)),
        tuple(rows),
        2,
        note,
        main=True,
    )


def _difference_cells(row: Row, every: int) -> tuple[Cell, ...]:
    """Return clean and noisy scores and their difference; ``every``: how many languages have a clean score."""
    part = int(row["languages"])
    over = f" ({part} of {every} languages)" if 0 < part < every else ""
    unstable = "‡" if row["unstable"] else ""
    delta = value(row, "delta")
    return (
        Cell(points(value(row, "clean")) + over),
        Cell(points(value(row, "noisy"))),
        Cell(
            signed_points(delta),
            interval(value(row, "ci_low"), value(row, "ci_high")),
            mark="strong" if row["separated"] else "",
        ),
        Cell(percent(value(row, "retention")) + unstable),
        Cell(points(value(row, "worst_draw")), mark="faint"),
        Cell(p_value(value(row, "p_adjusted")), mark="" if row["separated"] else "faint"),
    )


def language_section(study: Study) -> Section | None:
    """Build the heat maps: the change in every query language, per benchmark, perturbation and setting; None without noise."""
    blocks: list[Block] = [
        Paragraph(
            "Each number is the change in points against the clean queries of that language, at one severity. Shades "
            "change at 0.5, 2, 5, 10 and 20 points. Bold marks a change separated from zero after correction; these tests are "
            "exploratory. Means over several passage languages (cross) are not tested here: contrasts.csv tests each pair of "
            "languages."
        )
    ]
    for benchmark in study.benchmarks:
        if len(study.benchmarks) > 1:
            blocks.append(Heading(benchmark))
        for perturbation in study.perturbations:
            blocks += _language_tables(study, benchmark, perturbation)
    return Section("languages", "Language by language", tuple(blocks), open=2) if len(blocks) > 1 else None


def _language_tables(study: Study, benchmark: str, perturbation: str) -> list[Table]:
    severity = study.severity_of(benchmark, perturbation)
    languages = study.languages(benchmark)
    tables = []
    for setting in study.settings(benchmark):
        rows = []
        for encoder in study.encoders:
            cells = [
                _language_cell(
                    study.rows(
                        "contrasts", benchmark=benchmark, perturbation=perturbation, severity=severity, setting=setting,
                        encoder=encoder, query_lang=lang,
                    )
                )
                for lang in languages
            ]  # fmt: skip
            rows.append((encoder_cell(study, benchmark, encoder), *cells))
        if any(cell.heat is not None for row in rows for cell in row[1:]):
            over = ", mean over passage languages" if setting == "cross" else ""
            where = f"{perturbation} at severity {severity_text(severity)}, {setting}{over}"
            caption = f"{where}: change in points by query language"
            columns = (Column("Encoder", number=False), *language_columns(languages))
            identity = f"heat-{benchmark}-{perturbation}-{setting}"
            tables += cut_wide(noted(Table(identity, caption, columns, tuple(rows), scale="diverging")))
    return tables


def _language_cell(rows: Sequence[Row]) -> Cell:
    delta = mean(value(row, "delta") for row in rows)
    certain = len(rows) == 1 and rows[0]["separated"]
    return Cell(signed_points(delta), heat=heat_level(delta), mark="strong" if certain else "")
