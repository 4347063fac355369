"""Curves with confidence bands as SVG, drawn by hand: small, the same bytes every time, and themed from outside.

For HTML every colour is a CSS variable, so that a figure follows the light or dark theme; for PDF the paint is fixed.
Encoders differ by colour, dash, marker and a letter at the line's end, so that print without colour tells them apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import Literal

from robustir.reports.blocks import Figure, IntervalPanel, Panel, Point, Series
from robustir.reports.formats import MINUS, axis_step

__all__ = ["PRINT_COLOURS", "Medium", "key_svg", "letter", "panel_svg"]

Medium = Literal["web", "print"]

# After Okabe & Ito (2008), darkened to a contrast of 3:1 on white; report.css holds the pair for dark paper.
PRINT_COLOURS = ("#0067a5", "#c4500a", "#00805c", "#a3458a", "#946600", "#4a4a4a", "#3f86c9", "#7a1f2b")
_DASHES = ("", "7 3", "2 2.5", "8 3 2 3", "12 3", "4 2", "1 3", "10 2 2 2 2 2")
_WIDTH, _HEIGHT = 320.0, 232.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 38.0, 298.0, 12.0, 192.0  # the plotting area inside the drawing
_LABEL_GAP = 11.0  # least distance between two letters


@dataclass(frozen=True, slots=True)
class _Axes:
    x_max: float
    y_max: float

    def x(self, value: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * value / self.x_max

    def y(self, value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * min(max(value, 0.0), self.y_max) / self.y_max


def letter(style: int) -> str:
    """Return the letter that stands for an encoder at the end of its lines."""
    return chr(ord("A") + style % 26)


def _paint(role: str, medium: Medium) -> str:
    if medium == "web":
        return f"var(--{role})"
    if role.startswith("s"):
        return PRINT_COLOURS[int(role[1:])]
    return {"ink": "#1d1b18", "quiet": "#6a655c", "rule": "#d9d4c9", "paper": "#ffffff"}[role]


def _series_role(style: int) -> str:
    return f"s{style % len(PRINT_COLOURS)}"


def _dash(style: int) -> str:
    pattern = _DASHES[(style + style // len(_DASHES)) % len(_DASHES)]
    return f";stroke-dasharray:{pattern}" if pattern else ""


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _marker(style: int, x: float, y: float, paint: str, paper: str) -> str:
    """Return one of eight markers; every second one is open."""
    r, half = 3.4, 3.0
    far = r + 0.6
    fill = paper if style % 2 else paint
    look = f'style="fill:{fill};stroke:{paint};stroke-width:1.4"'
    shapes = {
        0: f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(r - 0.2)}" {look}/>',
        1: f'<rect x="{_n(x - half)}" y="{_n(y - half)}" width="{_n(2 * half)}" height="{_n(2 * half)}" {look}/>',
        2: f'<path d="M{_n(x)} {_n(y - r)}L{_n(x + r)} {_n(y + r)}H{_n(x - r)}Z" {look}/>',
        3: f'<path d="M{_n(x)} {_n(y - far)}l{_n(far)} {_n(far)}l{_n(-far)} {_n(far)}l{_n(-far)} {_n(-far)}Z" {look}/>',
        4: f'<path d="M{_n(x)} {_n(y + r)}L{_n(x + r)} {_n(y - r)}H{_n(x - r)}Z" {look}/>',
        5: f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(r)}" {look}/>',
        6: f'<rect x="{_n(x - r)}" y="{_n(y - 1.6)}" width="{_n(2 * r)}" height="3.2" {look}/>',
        7: f'<rect x="{_n(x - 1.6)}" y="{_n(y - r)}" width="3.2" height="{_n(2 * r)}" {look}/>',
    }
    return shapes[style % len(shapes)]


def _text(
    x: float, y: float, text: str, paint: str, *, anchor: str = "start", bold: bool = False, turn: bool = False
) -> str:
    weight = ";font-weight:600" if bold else ""
    turned = f' transform="rotate(-90 {_n(x)} {_n(y)})"' if turn else ""
    style = f"fill:{paint};font-size:10.5px{weight}"
    place = f'x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}"{turned}'
    return f'<text {place} style="{style}">{escape(text)}</text>'


def _grid(axes: _Axes, figure: Figure, medium: Medium) -> list[str]:
    rule, quiet, ink = (_paint(role, medium) for role in ("rule", "quiet", "ink"))
    parts = []
    for tick in _ticks(axes.y_max):
        y = axes.y(tick)
        parts.append(f'<path d="M{_n(_LEFT)} {_n(y)}H{_n(_RIGHT)}" style="stroke:{rule};stroke-width:0.8"/>')
        parts.append(_text(_LEFT - 6, y + 3.6, f"{tick:g}", quiet, anchor="end"))
    for tick in _ticks(axes.x_max):
        x = axes.x(tick)
        parts.append(f'<path d="M{_n(x)} {_n(_BOTTOM)}v3.5" style="stroke:{quiet};stroke-width:0.8"/>')
        parts.append(_text(x, _BOTTOM + 15, f"{tick:g}", quiet, anchor="middle"))
    parts.append(f'<path d="M{_n(_LEFT)} {_n(_BOTTOM)}H{_n(_RIGHT)}" style="stroke:{quiet};stroke-width:1"/>')
    parts.append(_text((_LEFT + _RIGHT) / 2, _BOTTOM + 32, figure.x_label, ink, anchor="middle"))
    parts.append(_text(10, (_TOP + _BOTTOM) / 2, figure.y_label, ink, anchor="middle", turn=True))
    return parts


def _ticks(end: float) -> list[float]:
    step = axis_step(end)
    return [step * position for position in range(int(end / step + 1e-9) + 1)]


def _band(points: tuple[Point, ...], axes: _Axes, paint: str) -> str:
    known = [point for point in points if math.isfinite(point.low) and math.isfinite(point.high)]
    if len(known) < 2:
        return ""
    upper = [f"{_n(axes.x(point.x))} {_n(axes.y(point.high))}" for point in known]
    lower = [f"{_n(axes.x(point.x))} {_n(axes.y(point.low))}" for point in reversed(known)]
    return f'<path d="M{"L".join(upper + lower)}Z" style="fill:{paint};fill-opacity:0.14;stroke:none"/>'


def _line(series: Series, axes: _Axes, paint: str) -> str:
    path = "L".join(f"{_n(axes.x(point.x))} {_n(axes.y(point.y))}" for point in series.points)
    style = f"fill:none;stroke:{paint};stroke-width:1.7;stroke-linejoin:round{_dash(series.style)}"
    return f'<path d="M{path}" style="{style}"/>'


def _letters(panel: Panel, axes: _Axes, medium: Medium) -> list[str]:
    """Return the letters at the line ends, pushed apart where lines end together."""
    ends = sorted((axes.y(series.points[-1].y), series.style, axes.x(series.points[-1].x)) for series in panel.series)
    placed: list[float] = []
    for y, _, _ in ends:
        placed.append(max(y, placed[-1] + _LABEL_GAP) if placed else y)
    for position in range(len(placed) - 1, -1, -1):
        limit = placed[position + 1] - _LABEL_GAP if position + 1 < len(placed) else _BOTTOM - 2
        placed[position] = min(placed[position], limit)
    right = max(x for _, _, x in ends) + 8
    return [
        _text(right, y + 3.8, letter(style), _paint(_series_role(style), medium), bold=True)
        for y, (_, style, _) in zip(placed, ends, strict=True)
    ]


def panel_svg(figure: Figure, panel: Panel | IntervalPanel, medium: Medium) -> str:
    """Return one panel as an SVG element; its title is outside, as text of the page."""
    if isinstance(panel, IntervalPanel):
        return _intervals_svg(figure, panel, medium)
    axes = _Axes(figure.x_max, panel.y_max)
    parts = _grid(axes, figure, medium)
    paints = {series.style: _paint(_series_role(series.style), medium) for series in panel.series}
    parts += [_band(series.points, axes, paints[series.style]) for series in panel.series]
    parts += [_line(series, axes, paints[series.style]) for series in panel.series]
    for series in panel.series:
        parts += [
            _marker(series.style, axes.x(point.x), axes.y(point.y), paints[series.style], _paint("paper", medium))
            for point in series.points
        ]
    parts += _letters(panel, axes, medium)
    return _svg(_WIDTH, _HEIGHT, "".join(parts), medium, f"{panel.title}: {figure.y_label} against {figure.x_label}")


def _intervals_svg(figure: Figure, panel: IntervalPanel, medium: Medium) -> str:
    rule, quiet, ink, paper = (_paint(role, medium) for role in ("rule", "quiet", "ink", "paper"))
    left, right, top, apart = 14.0, _WIDTH - 14.0, 8.0, 11.0
    height = 22.0 + apart * len(panel.series)  # of one row: its name, and below it an interval per series
    bottom = top + height * len(panel.rows)
    middle, scale = (left + right) / 2, (right - left) / 2 / figure.x_max
    parts = []
    for tick in _ticks(figure.x_max):
        for x in {middle - scale * tick, middle + scale * tick}:
            line = f"stroke:{rule if tick else quiet};stroke-width:{1 if tick == 0 else 0.8}"
            parts.append(f'<path d="M{_n(x)} {_n(top)}V{_n(bottom)}" style="{line}"/>')
        parts += [
            _text(
                middle + scale * sign * tick,
                bottom + 14,
                f"{sign * tick:g}".replace("-", MINUS),
                quiet,
                anchor="middle",
            )
            for sign in ((1,) if tick == 0 else (-1, 1))
        ]
    parts += [_text(left + 4, top + height * row + 12, name, ink) for row, name in enumerate(panel.rows)]
    for order, series in enumerate(panel.series):
        paint = _paint(_series_role(series.style), medium)
        for point in series.points:
            y = top + height * point.y + 22 + apart * order
            if math.isfinite(point.low) and math.isfinite(point.high):
                ends = f"M{_n(middle + scale * point.low)} {_n(y)}H{_n(middle + scale * point.high)}"
                parts.append(f'<path d="{ends}" style="stroke:{paint};stroke-width:1.7"/>')
            if math.isfinite(point.x):
                parts.append(_marker(series.style, middle + scale * point.x, y, paint, paper))
    parts.append(_text(middle, bottom + 31, figure.x_label, ink, anchor="middle"))
    return _svg(_WIDTH, bottom + 38, "".join(parts), medium, f"{panel.title}: {figure.x_label}")


def key_svg(style: int, medium: Medium) -> str:
    """Return the legend's sample of one line."""
    paint = _paint(_series_role(style), medium)
    line = f'<path d="M1 7H33" style="fill:none;stroke:{paint};stroke-width:1.7{_dash(style)}"/>'
    return _svg(34, 14, line + _marker(style, 17, 7, paint, _paint("paper", medium)), medium, "")


def _svg(width: float, height: float, inside: str, medium: Medium, label: str) -> str:
    font = "" if medium == "web" else ' font-family="DejaVu Sans"'
    role = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    size = f'width="{_n(width)}" height="{_n(height)}"'
    box = f'viewBox="0 0 {_n(width)} {_n(height)}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} {size} {role}{font}>{inside}</svg>'
