"""The section on equivalence: which changes, and which differences between losses, are shown to be within the margins."""

from __future__ import annotations

from collections.abc import Sequence

from robustir.analysis.claims import EQUIVALENT
from robustir.analysis.equivalence import CHANGE, LOSS
from robustir.reports.blocks import Block, Cell, Column, Paragraph, Section, Table, up_to
from robustir.reports.formats import clean_text, interval, number, p_value, percent, severity_text, signed_points
from robustir.reports.sections.in_domain import marked, noted
from robustir.reports.sections.wide import SHOWN_ROWS, rows_note
from robustir.reports.study import SETTINGS, Row, Study, value

__all__ = ["equivalence_section"]

_TITLES = {CHANGE: "Noisy against clean", LOSS: "Losses of two encoders"}


def equivalence_section(study: Study) -> Section | None:
    """Build the tables of equivalence, one encoder at a time and in pairs; None if the suite sets no margins."""
    rows = study.frames["equivalence"]
    asked = study.suite.equivalence
    if not rows or asked is None:
        return None
    points = "point" if asked.absolute == 1 else "points"
    blocks: list[Block] = [
        Paragraph(
            f"The suite set margins of {asked.absolute:g} {points} and {percent(asked.relative)} of the score beforehand: "
            f"{clean_text(asked.reason).rstrip('.')}. Two one-sided tests on both scales show that a change is within them; its 90\u202f% "
            "interval then is, too. “Not shown” means neither that nor the opposite. Losing, keeping and gaining are the shares of "
            "queries whose score changes by 0.01 or more, or does not."
        )
    ]
    for quantity, title in _TITLES.items():
        here = [row for row in rows if row["quantity"] == quantity]
        if here:
            blocks.append(_table(study, quantity, title, here))
    return Section("equivalence", "Equivalence", tuple(blocks), open=up_to(blocks, Table))


def _table(study: Study, quantity: str, title: str, rows: Sequence[Row]) -> Table:
    several = len(study.benchmarks) > 1
    names = (
        *(("Benchmark",) if several else ()),
        "Noise",
        "Setting",
        "Encoder" if quantity == CHANGE else "A against B",
    )
    columns = [Column(name, number=False) for name in names]
    columns += [Column(name) for name in ("Change, points", "Ratio", "Losing", "Keeping", "Gaining", "Adjusted\u00a0p")]
    columns.append(Column("Verdict", number=False))
    ordered = sorted(rows, key=lambda row: _place(study, row))
    shown = tuple(_row(study, row, several=several) for row in ordered[:SHOWN_ROWS])
    note = rows_note(len(shown), len(rows), "equivalence")
    return noted(Table(f"equivalence-{quantity}", title, tuple(columns), shown, len(names), note))


def _place(study: Study, row: Row) -> tuple[bool, int, int, int, str]:
    """Order declared rows first, then by benchmark, perturbation, setting and severity."""
    return (
        row["family"] == "exploratory",
        study.benchmarks.index(row["benchmark"]),
        study.perturbations.index(row["perturbation"]),
        SETTINGS.index(row["setting"]),
        str(row["severity"]),
    )


def _row(study: Study, row: Row, *, several: bool) -> tuple[Cell, ...]:
    severity = "whole curve" if row["severity"] == "curve" else severity_text(row["severity"])
    encoders = [marked(study, row["benchmark"], row[name]) for name in ("encoder_a", "encoder_b") if row[name]]
    points = interval(value(row, "low"), value(row, "high"))
    shares = interval(value(row, "ratio_low"), value(row, "ratio_high"), 1.0, 3)
    note = f" ({row['note']})" if row["note"] else ""
    return (
        *((Cell(row["benchmark"]),) if several else ()),
        Cell(f"{row['perturbation']}, {severity}"),
        Cell(row["setting"]),
        Cell(" against ".join(encoders)),
        Cell(signed_points(value(row, "difference")), points),
        Cell(number(value(row, "ratio"), 3), shares),
        *(Cell(percent(value(row, name))) for name in ("harmed_share", "same_share", "helped_share")),
        Cell(p_value(value(row, "p_adjusted"))),
        Cell(f"{row['verdict']}{note}", mark="strong" if row["verdict"].startswith(EQUIVALENT) else "faint"),
    )
