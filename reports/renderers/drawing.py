"""Panels of a figure, drawn by matplotlib: curves with bands, and intervals about zero.

Nothing here uses pyplot or leaves a setting of matplotlib changed. Lengths are points (1/72 inch). Lines differ by hue,
dash, marker and a letter at the line's end, so that they differ without colour too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustir.reports.blocks import Figure, IntervalPanel, Panel, Point, Series
from robustir.reports.formats import axis_step, interval, number
from robustir.reports.renderers.palette import INKS, SERIES
from robustir.stats import letter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = [
    "Sheet",
    "add_line",
    "add_tip",
    "canvas",
    "colour",
    "curve_height",
    "draw_curves",
    "draw_intervals",
    "font",
    "interval_height",
    "interval_text",
    "line_look",
    "marker_look",
    "point_text",
    "quiet_line",
    "scales",
    "settings",
    "shorten",
    "text_width",
    "tick_text",
    "ticks",
]

_DASHES: tuple[Any, ...] = (
    "-", (0, (4.2, 1.8)), (0, (1.2, 1.5)), (0, (5, 1.8, 1.2, 1.8)), (0, (7, 1.8)), (0, (2.4, 1.2)), (0, (0.8, 1.8)),
    (0, (6, 1.2, 1.2, 1.2, 1.2, 1.2)),
)  # fmt: skip
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A drawing in the making: its size, its type size, and the tooltips of artists, by gid."""

    canvas: Canvas
    width: float
    height: float
    font: float
    tips: dict[str, str] = field(default_factory=dict)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return empty axes at a place measured from the upper left corner."""
        place = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        axes = self.canvas.add_axes(place)
        axes.patch.set_visible(False)
        return axes

    def text(self, x: float, y: float, text: str, **look: Any) -> None:
        """Write a text whose baseline begins at a place measured from the upper left corner."""
        style = {"color": INKS["ink"], "va": "baseline", "fontproperties": font(self.font)} | look
        self.canvas.text(x / self.width, 1 - y / self.height, text, parse_math=False, **style)


def canvas(width: float, height: float, size: float) -> Sheet:
    """Return an empty sheet."""
    from matplotlib.figure import Figure as Empty

    made = Empty(figsize=(width / 72, height / 72), dpi=72)
    made.patch.set_visible(False)
    return Sheet(made, width, height, size)


@contextmanager
def settings() -> Iterator[None]:
    """Draw and write with matplotlib's own defaults, without any matplotlibrc, to reproducible bytes."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "robustir", "pdf.fonttype": 42})
        yield


@cache
def font(size: float, *, bold: bool = False) -> Any:
    """Return the font that comes with matplotlib, whatever fonts the machine has."""
    import matplotlib as mpl
    from matplotlib.font_manager import FontProperties

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return FontProperties(
        family=["DejaVu Sans"], size=size, weight="bold" if bold else "normal",
        fname=str(Path(mpl.get_data_path()) / "fonts" / "ttf" / name),
    )  # fmt: skip


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a text in points; characters that the font lacks count as wide as an em."""
    advances = _advances(bold)
    return size * sum(advances.get(ord(character), 1.0) for character in text)


@cache
def _advances(bold: bool) -> dict[int, float]:
    from fontTools.ttLib import TTFont

    with TTFont(font(10.0, bold=bold).get_file(), lazy=True) as opened:
        head: Any = opened["head"]
        widths, em = opened["hmtx"].metrics, head.unitsPerEm
        return {code: widths[name][0] / em for code, name in (opened.getBestCmap() or {}).items()}


def shorten(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Return the text, without its middle if it is wider than ``width``: both ends of a spec identify it."""
    if text_width(text, size, bold=bold) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        cut = f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"
        if text_width(cut, size, bold=bold) <= width:
            return cut
    return "…"


def colour(style: int) -> str:
    """Return the colour of a line on white paper."""
    return SERIES[style % len(SERIES)]


def line_look(style: int, size: float) -> dict[str, Any]:
    """Return the style of a line; hue, dash and marker together repeat only after 24 lines."""
    turn = style // len(SERIES)
    return {
        "color": colour(style), "linewidth": size * 0.16, "linestyle": _DASHES[(style + turn) % len(_DASHES)],
        "solid_joinstyle": "round", "clip_on": False, "zorder": 3,
    }  # fmt: skip


def quiet_line(size: float) -> dict[str, Any]:
    """Return the style of a line in the background."""
    return {
        "color": INKS["quiet"],
        "alpha": 0.4,
        "linewidth": size * 0.12,
        "solid_joinstyle": "round",
        "clip_on": False,
        "zorder": 2,
    }


def marker_look(style: int, size: float) -> dict[str, Any]:
    """Return the style of a point; every second one is open."""
    paint = colour(style)
    return {
        "linestyle": "none", "color": paint, "marker": _MARKERS[style % len(_MARKERS)], "markersize": size * 0.56, "markeredgewidth": size * 0.12,
        "markeredgecolor": paint, "markerfacecolor": INKS["paper"] if style % 2 else paint, "clip_on": False, "zorder": 4,
    }  # fmt: skip


def curve_height(width: float) -> float:
    """Return the height of a panel of curves of this width, without its title."""
    return 0.58 * width


def interval_height(panel: IntervalPanel, size: float) -> float:
    """Return the height of a panel of intervals, without its title."""
    return 0.8 * size + _row_height(panel, size) * len(panel.rows) + 3.7 * size


def ticks(end: float, start: float = 0.0) -> list[float]:
    """Return the ticks of an axis from ``start`` (at most 0) to ``end`` (at least 0), one of them 0."""
    step = axis_step(end - start)
    return [step * position for position in range(-int(-start / step + 1e-9), int(end / step + 1e-9) + 1)]


def tick_text(tick: float) -> str:
    """Return the number at a tick."""
    return number(tick, 0 if float(tick).is_integer() else 1)


def scales(axes: Axes, size: float, *, along: str) -> None:
    """Set the look of ticks, grid and frame; the grid crosses the axis ``along``."""
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set(color=INKS["quiet"], linewidth=size * 0.09)
    axes.set_axisbelow(True)
    axes.grid(visible=True, axis=along, color=INKS["rule"], linewidth=size * 0.08)  # type: ignore[arg-type]
    look: dict[str, Any] = {"color": INKS["quiet"], "labelcolor": INKS["quiet"], "width": size * 0.08}
    axes.tick_params(axis="x", length=size * 0.3, pad=size * 0.35, **look)
    axes.tick_params(axis="y", length=0, pad=size * 0.5, **look)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(font(size))


def draw_curves(sheet: Sheet, figure: Figure, panel: Panel, left: float, top: float, width: float) -> None:
    """Draw curves with their bands."""
    size, height = sheet.font, curve_height(width)
    inner = (width - 6.2 * size, height - 4.9 * size)
    axes = sheet.axes(left + 4.2 * size, top + 1.2 * size, *inner)
    axes.set(xlim=(0, figure.x_max), ylim=(panel.y_min, panel.y_max))
    for set_ticks, found in (
        (axes.set_xticks, ticks(figure.x_max)), (axes.set_yticks, ticks(panel.y_max, panel.y_min)),
    ):  # fmt: skip
        set_ticks(found, [tick_text(tick) for tick in found])
    scales(axes, size, along="y")
    if panel.y_min < 0:
        axes.axhline(0, color=INKS["quiet"], linewidth=size * 0.11, zorder=2)
    sheet.text(left + 4.2 * size + inner[0] / 2, top + height - 0.5 * size, figure.x_label, ha="center")
    label = {"ha": "center", "va": "center", "rotation": 90, "rotation_mode": "anchor"}
    sheet.text(left + 0.75 * size, top + 1.2 * size + inner[1] / 2, figure.y_label, **label)
    for series in sorted(panel.series, key=lambda series: not series.quiet):
        _draw_series(sheet, axes, series, panel)
    for series, at in _letter_places(panel, inner[1], 1.1 * size):
        end = max(other.points[-1].x for other in panel.series if other.points) / figure.x_max
        style: dict[str, Any] = {
            "color": colour(series.style),
            "fontproperties": font(size, bold=True),
            "va": "center_baseline",
        }
        place: dict[str, Any] = {"transform": axes.transAxes, "parse_math": False}
        axes.text(end + 0.75 * size / inner[0], at, letter(series.style), **style, **place)


def add_line(axes: Axes, xs: list[float], ys: list[float], look: dict[str, Any]) -> Any:
    """Add a line or its markers to axes whose limits are set, which is faster than a plot."""
    from matplotlib.lines import Line2D

    return axes.add_artist(Line2D(xs, ys, **look))


def _draw_series(sheet: Sheet, axes: Axes, series: Series, panel: Panel) -> None:
    def held(value: float) -> float:
        return min(max(value, panel.y_min), panel.y_max)

    if series.quiet:
        xs, ys = [point.x for point in series.points], [held(point.y) for point in series.points]
        drawn = add_line(axes, xs, ys, quiet_line(sheet.font))
        ending = series.points[-1]
        add_tip(sheet, drawn, f"{series.name}: {point_text(ending)} at {number(ending.x)}")
        return
    known = [point for point in series.points if math.isfinite(point.low) and math.isfinite(point.high)]
    if len(known) > 1:
        xs = [point.x for point in (*known, *reversed(known))]
        ys = [held(point.high) for point in known] + [held(point.low) for point in reversed(known)]
        axes.fill(xs, ys, color=colour(series.style), alpha=0.14, linewidth=0, clip_on=False, zorder=2)
    ys = [held(point.y) for point in series.points]
    add_line(axes, [point.x for point in series.points], ys, line_look(series.style, sheet.font))
    for point in series.points:
        drawn = add_line(axes, [point.x], [held(point.y)], marker_look(series.style, sheet.font))
        add_tip(sheet, drawn, f"{series.name}: {point_text(point)} at {number(point.x)}")


def point_text(point: Point) -> str:
    """Return the height of a point with its interval."""
    return f"{number(point.y)} {interval(point.low, point.high, 1.0)}".strip()


def add_tip(sheet: Sheet, artist: Any, text: str) -> None:
    """Give an artist a tooltip."""
    gid = f"tip{len(sheet.tips)}"
    artist.set_gid(gid)
    sheet.tips[gid] = text


def _letter_places(panel: Panel, height: float, apart: float) -> list[tuple[Series, float]]:
    """Return each line's letter with its height (0 to 1), pushed apart if lines end together."""
    ends = sorted(
        ((min(max((series.points[-1].y - panel.y_min) / (panel.y_max - panel.y_min), 0.0), 1.0) * height,
        series.style, series) for series in panel.series if series.points and not series.quiet),
        key=lambda end: end[:2],
    )  # fmt: skip
    placed: list[float] = []
    for y, _, _ in ends:
        placed.append(max(y, placed[-1] + apart) if placed else y)
    for position in range(len(placed) - 1, -1, -1):
        limit = placed[position + 1] - apart if position + 1 < len(placed) else height
        placed[position] = min(placed[position], limit)
    return [(series, y / height) for y, (_, _, series) in zip(placed, ends, strict=True)]


def _row_height(panel: IntervalPanel, size: float) -> float:
    return size * (2.0 + 1.05 * len(panel.series))


def draw_intervals(sheet: Sheet, figure: Figure, panel: IntervalPanel, left: float, top: float, width: float) -> None:
    """Draw intervals about 0."""
    size, row_height = sheet.font, _row_height(panel, sheet.font)
    height, inner = row_height * len(panel.rows), width - 2.6 * size
    axes = sheet.axes(left + 1.3 * size, top + 0.8 * size, inner, height)
    axes.set(xlim=(-figure.x_max, figure.x_max), ylim=(height, 0))
    positive = ticks(figure.x_max)
    both = [*(-tick for tick in reversed(positive[1:])), *positive]
    axes.set_xticks(both, [tick_text(tick) for tick in both])
    axes.set_yticks([])
    scales(axes, size, along="x")
    axes.axvline(0, color=INKS["quiet"], linewidth=size * 0.11, zorder=2)
    for row, name in enumerate(panel.rows):
        shown = shorten(name, inner - size, size)
        sheet.text(left + 1.7 * size, top + 0.8 * size + row_height * row + 1.15 * size, shown)
    for order, series in enumerate(panel.series):
        for point in series.points:
            y = row_height * point.y + size * (2.1 + 1.05 * order)
            if math.isfinite(point.low) and math.isfinite(point.high):
                limits = [max(point.low, -figure.x_max), min(point.high, figure.x_max)]
                add_line(axes, limits, [y, y], line_look(series.style, size) | {"linestyle": "-"})
            if math.isfinite(point.x):
                drawn = add_line(axes, [point.x], [y], marker_look(series.style, size))
                add_tip(sheet, drawn, f"{series.name}, {panel.rows[int(point.y)]}: {interval_text(point)}")
    sheet.text(left + width / 2, top + interval_height(panel, size) - 0.5 * size, figure.x_label, ha="center")


def interval_text(point: Point) -> str:
    """Return the estimate of a row with its interval."""
    return f"{number(point.x)} {interval(point.low, point.high, 1.0)}".strip()
