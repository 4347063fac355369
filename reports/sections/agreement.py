"""The section that holds synthetic noise against the natural noise it imitates, at one realised dose."""

from __future__ import annotations

import math
from collections.abc import Sequence

from robustir.analysis.agreement import FEWEST_FOR_TAU
from robustir.reports.blocks import Block, Cell, Column, Paragraph, Section, Table
from robustir.reports.formats import interval, measure_name, number, percent, signed_points
from robustir.reports.sections.in_domain import marked, noted
from robustir.reports.sections.wide import SHOWN_ROWS, rows_note
from robustir.reports.study import Row, Study, value

__all__ = ["agreement_section"]

_DOSES = {"word_edit_rate": "words", "char_error_rate": "characters"}
_ALL = "all"


def agreement_section(study: Study) -> Section | None:
    """Build a table over all encoders and one per encoder; None if no noise of the run imitates a natural one."""
    rows = study.frames["agreement"]
    if not rows:
        return None
    together = [row for row in rows if row["encoder"] == _ALL]
    apart = [row for row in rows if row["encoder"] != _ALL and row["synthetic"]]
    blocks: list[Block] = [
        Paragraph(
            f"Natural noise is a recording of what people, or systems at work, made of the same queries. Changes are "
            f"{measure_name(study.measure)} in points. The synthetic change is read off its curve at the dose of the natural noise. "
            "Size is the natural loss divided by the synthetic one: 1 if the synthetic noise foretells the loss, below 1 if it "
            "overstates it. Tau, Kendall's, is 1 if both order the encoders by their losses alike, and 0 if the orders have nothing "
            "in common; an interval that holds 0 shows no agreement."
        )
    ]
    several = len(study.benchmarks) > 1
    if together:
        blocks.append(_together(together, several=several))
    if apart:
        blocks.append(_apart(study, apart, several=several))
    return Section("agreement", "Natural against synthetic noise", tuple(blocks), open=2)


def _head(row: Row, *, several: bool) -> tuple[Cell, ...]:
    return (
        *((Cell(f"{row['benchmark']}, {row['setting']}"),) if several else ()),
        Cell(row["natural"]),
        Cell(row["synthetic"] or "–"),
    )


def _columns(*, several: bool) -> list[Column]:
    names = (*(("Benchmark",) if several else ()), "Natural noise", "Synthetic noise")
    return [Column(name, number=False) for name in names]


def _changes(row: Row) -> tuple[Cell, ...]:
    """Return the cells of both changes and of their ratio."""
    sides = [
        Cell(
            signed_points(value(row, f"{side}_delta")), interval(value(row, f"{side}_low"), value(row, f"{side}_high"))
        )
        for side in ("natural", "synthetic")
    ]
    ratio = Cell(number(value(row, "ratio"), 2), interval(value(row, "ratio_low"), value(row, "ratio_high"), 1, 2))
    return (*sides, ratio)


def _together(rows: Sequence[Row], *, several: bool) -> Table:
    columns = _columns(several=several)
    columns += [Column(name) for name in ("Dose", "Natural", "Synthetic", "Size", "Tau", "Encoders")]
    columns.append(Column("", number=False))
    shown = []
    for row in rows[:SHOWN_ROWS]:
        dose = f"{percent(value(row, 'natural_dose'))} of {_DOSES[row['dose_kind']]}"
        tau = Cell(number(value(row, "tau"), 2), interval(value(row, "tau_low"), value(row, "tau_high"), 1, 2))
        counted = Cell(str(int(row["encoders"])))
        shown.append(
            (*_head(row, several=several), Cell(dose), *_changes(row), tau, counted, Cell(row["note"], mark="faint"))
        )
    few = any(math.isnan(value(row, "tau")) and row["synthetic"] for row in rows)
    why = f"Tau needs a size, and {FEWEST_FOR_TAU} encoders that are not variants of one another. " if few else ""
    note = f"Means over encoders that are not near their floor. {why}{rows_note(len(shown), len(rows), 'agreement')}"
    return Table(
        "agreement-all",
        "Natural noise and the synthetic noise that imitates it, at the dose of the natural one",
        tuple(columns),
        tuple(shown),
        len(columns) - 7,
        note.strip(),
        main=True,
    )


def _apart(study: Study, rows: Sequence[Row], *, several: bool) -> Table:
    columns = [*_columns(several=several), Column("Encoder", number=False)]
    columns += [Column(name) for name in ("Natural", "Synthetic", "Size")]
    columns.append(Column("", number=False))
    shown = tuple(
        (
            *_head(row, several=several),
            Cell(marked(study, row["benchmark"], row["encoder"])),
            *_changes(row),
            Cell("near its floor" if row["near_floor"] else row["note"], mark="faint"),
        )
        for row in rows[:SHOWN_ROWS]
    )
    note = rows_note(len(shown), len(rows), "agreement")
    caption = "The same for each encoder"
    return noted(Table("agreement-encoders", caption, tuple(columns), shown, len(columns) - 4, note))
