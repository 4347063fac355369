"""Strips: a row per language with a dot per encoder, its interval, and a remark at the right."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from robustir.reports.blocks import Series, StripPanel
from robustir.reports.renderers.drawing import (
    Sheet,
    add_line,
    add_tip,
    colour,
    font,
    interval_text,
    line_look,
    marker_look,
    scales,
    shorten,
    text_width,
    tick_text,
    ticks,
)
from robustir.reports.renderers.palette import INKS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from robustir.reports.blocks import Figure
from robustir.stats import letter

__all__ = ["draw_strips", "strip_height"]

_NAMES = 0.3  # of the width at most for the names of rows


def strip_height(panel: StripPanel, size: float) -> float:
    """Return the height of a panel of strips, without its title."""
    return 2.2 * size + _row(panel, size) * len(panel.rows) + 3.7 * size


def _loud(panel: StripPanel) -> list[Series]:
    return [series for series in panel.series if not series.quiet]


def _row(panel: StripPanel, size: float) -> float:
    """Return the height of a row: the dots of a row lie one below another, so that none hides another."""
    return size * (0.35 + 0.45 * max(1, len(_loud(panel))))


def draw_strips(sheet: Sheet, figure: Figure, panel: StripPanel, left: float, top: float, width: float) -> None:
    """Draw the rows, with a scale below and the remarks at the right."""
    size, high = sheet.font, _row(panel, sheet.font)
    widest = max((text_width(name, size) for name in panel.rows), default=0.0)
    names = min(_NAMES * width, widest) + 0.8 * size
    remarks = max(text_width(text, size) for text in (panel.heading, *panel.remarks)) + 0.8 * size
    inner, height = width - names - remarks, high * len(panel.rows)
    axes = sheet.axes(left + names, top + 2.2 * size, inner, height)
    axes.set(xlim=(panel.x_min, panel.x_max), ylim=(height, 0))
    found = ticks(panel.x_max, panel.x_min)
    axes.set_xticks(found, [tick_text(tick) for tick in found])
    axes.set_yticks([])
    scales(axes, size, along="x")
    axes.axvline(0, color=INKS["quiet"], linewidth=size * 0.11, zorder=2)
    quiet: dict[str, Any] = {"color": INKS["quiet"]}
    sheet.text(left + width, top + 1.2 * size, panel.heading, ha="right", **quiet)
    for row, (name, remark) in enumerate(zip(panel.rows, panel.remarks, strict=True)):
        middle = top + 2.2 * size + high * (row + 0.5) + 0.35 * size
        sheet.text(left + names - 0.6 * size, middle, shorten(name, names - 0.8 * size, size), ha="right")
        sheet.text(left + width, middle, remark, ha="right", **quiet)
        if row:
            axes.axhline(high * row, color=INKS["rule"], linewidth=size * 0.05, zorder=1)
    loud = _loud(panel)
    for series in panel.series:
        if series.quiet:
            _quiet_dots(sheet, axes, panel, series, high)
    for order, series in enumerate(loud):
        _dots(sheet, axes, panel, series, high, (order + 0.5) / len(loud))
    sheet.text(left + names + inner / 2, top + strip_height(panel, size) - 0.5 * size, figure.x_label, ha="center")


def _held(panel: StripPanel, value: float) -> float:
    return min(max(value, panel.x_min), panel.x_max)


def _dots(sheet: Sheet, axes: Axes, panel: StripPanel, series: Series, high: float, place: float) -> None:
    size = sheet.font
    inset = 0.18 * size  # the dots of two rows just touch
    for point in series.points:
        y = high * point.y + inset + place * (high - 2 * inset)
        if math.isfinite(point.low) and math.isfinite(point.high):
            limits = [_held(panel, point.low), _held(panel, point.high)]
            add_line(axes, limits, [y, y], line_look(series.style, size) | {"linestyle": "-", "linewidth": size * 0.12})
        x = _held(panel, point.x)
        drawn = add_line(
            axes,
            [x],
            [y],
            marker_look(series.style, size)
            | {"marker": "o", "markersize": size * 0.8, "markerfacecolor": colour(series.style)},
        )
        style: dict[str, Any] = {"fontproperties": font(size * 0.62, bold=True), "color": INKS["paper"], "zorder": 5}
        axes.text(x, y, letter(series.style), ha="center", va="center_baseline", parse_math=False, **style)
        add_tip(sheet, drawn, f"{series.name}, {panel.rows[int(point.y)]}: {interval_text(point)}")


def _quiet_dots(sheet: Sheet, axes: Axes, panel: StripPanel, series: Series, high: float) -> None:
    look: dict[str, Any] = {
        "linestyle": "none", "marker": "o", "markersize": sheet.font * 0.4, "color": INKS["quiet"], "alpha": 0.5, "clip_on": False, "zorder": 2,
    }  # fmt: skip
    for point in series.points:
        drawn = add_line(axes, [_held(panel, point.x)], [high * (point.y + 0.5)], look)
        add_tip(sheet, drawn, f"{series.name}, {panel.rows[int(point.y)]}: {interval_text(point)}")
