"""The section on degradation in numbers: areas under the curves, and macro differences at one severity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from robustir.reports.blocks import (
    Block,
    Cell,
    Column,
    Heading,
    Section,
    Table,
)
from robustir.reports.formats import (
    interval,
    join_words,
    measure_name,
    number,
    p_value,
    percent,
    points,
    severity_text,
    signed_points,
)
from robustir.reports.sections.clean_scores import FLOOR_MARK
from robustir.reports.sections.in_domain import encoder_cell, noted
from robustir.reports.study import Row, Study, value

__all__ = ["area_section"]

_AREA_NOTE = (
    "Area: mean score along the curve divided by the clean score; 1 means no loss. Next to it: the share of edited words at "
    "which a tenth of the clean score is lost (a dash: not reached). A curve needs at least two severities."
)


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


def _area_tables(study: Study, benchmark: str, perturbations: Sequence[str]) -> list[Block]:
    rows, near, short = [], False, False
    for setting in study.settings(benchmark):
        # An encoder near its floor has nothing to lose, so its area says nothing and does not lead the others.
        for encoder in sorted(study.encoders, key=partial(study.near_floor, benchmark, setting)):
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
    caption = f"Normalised area under the curves on {benchmark}: {join_words(perturbations)}"
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
        Cell(
            percent(value(row, "retention")) + unstable,
            interval(value(row, "retention_low"), value(row, "retention_high"), digits=0),
        ),
        Cell(points(value(row, "worst_draw")), mark="faint"),
        Cell(p_value(value(row, "p_adjusted")), mark="" if row["separated"] else "faint"),
    )
