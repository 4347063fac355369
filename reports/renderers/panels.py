"""Panels by kind: their height, their drawing, and their points as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from robustir.reports.blocks import Cell, Column, Figure, IntervalPanel, Panel, StripPanel, Table
from robustir.reports.formats import number
from robustir.reports.renderers.drawing import (
    Sheet,
    curve_height,
    draw_curves,
    draw_intervals,
    interval_height,
    interval_text,
    point_text,
)
from robustir.reports.renderers.strips import draw_strips, strip_height

__all__ = ["AnyPanel", "draw_panel", "panel_height", "panel_label", "point_tables"]

AnyPanel: TypeAlias = Panel | IntervalPanel | StripPanel


def panel_height(panel: AnyPanel, width: float, size: float) -> float:
    """Return the height of a panel of this width, without its title."""
    if isinstance(panel, IntervalPanel):
        return interval_height(panel, size)
    return strip_height(panel, size) if isinstance(panel, StripPanel) else curve_height(width)


def draw_panel(sheet: Sheet, figure: Figure, panel: AnyPanel, left: float, top: float, width: float) -> None:
    """Draw one panel, without its title, with its upper left corner at a place of the sheet."""
    if isinstance(panel, IntervalPanel):
        draw_intervals(sheet, figure, panel, left, top, width)
    elif isinstance(panel, StripPanel):
        draw_strips(sheet, figure, panel, left, top, width)
    else:
        draw_curves(sheet, figure, panel, left, top, width)


def panel_label(figure: Figure, panel: AnyPanel) -> str:
    """Return the description of a panel."""
    against = f"{figure.y_label} against {figure.x_label}" if isinstance(panel, Panel) else figure.x_label
    return f"{panel.title}: {against}"


def point_tables(figure: Figure) -> list[Table]:
    """Return the points of every panel as a table, for readers who cannot see the figure."""
    panels: tuple[AnyPanel, ...] = figure.panels
    return [
        _curve_points(figure, panel, at) if isinstance(panel, Panel) else _row_points(figure, panel, at)
        for at, panel in enumerate(panels)
    ]


def _curve_points(figure: Figure, panel: Panel, at: int) -> Table:
    by_series = [{number(point.x): point_text(point) for point in series.points} for series in panel.series]
    places = sorted({(round(point.x, 1), number(point.x)) for series in panel.series for point in series.points})
    rows = [(Cell(text), *(Cell(points.get(text, "–")) for points in by_series)) for _, text in places]
    return _point_table(figure, panel, at, figure.x_label, rows)


def _row_points(figure: Figure, panel: IntervalPanel | StripPanel, at: int) -> Table:
    by_series = [{int(point.y): interval_text(point) for point in series.points} for series in panel.series]
    rows = [(Cell(name), *(Cell(points.get(row, "–")) for points in by_series)) for row, name in enumerate(panel.rows)]
    if isinstance(panel, StripPanel):
        rows = [(*row, Cell(remark)) for row, remark in zip(rows, panel.remarks, strict=True)]
    return _point_table(figure, panel, at, "", rows)


def _point_table(figure: Figure, panel: AnyPanel, at: int, first: str, rows: Sequence[tuple[Cell, ...]]) -> Table:
    remarks = (Column(panel.heading),) if isinstance(panel, StripPanel) else ()
    columns = (Column(first, number=False), *(Column(series.name) for series in panel.series), *remarks)
    return Table(
        f"{figure.id}-points-{at + 1}", f"{panel.title}: {figure.y_label or figure.x_label}", columns, tuple(rows)
    )
