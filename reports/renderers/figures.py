"""Figures of a report: single panels for a page that reflows, and whole figures with their legend for paper."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from robustir.disk.atomic import write_atomically, write_text_atomically
from robustir.reports.blocks import Document, Figure
from robustir.reports.renderers.drawing import (
    Sheet,
    add_line,
    canvas,
    colour,
    font,
    line_look,
    marker_look,
    settings,
    shorten,
    text_width,
)
from robustir.reports.renderers.panels import AnyPanel, draw_panel, panel_height, panel_label
from robustir.reports.renderers.svg import drawing_svg
from robustir.stats import letter

__all__ = ["columns_of", "figure_svg", "figures_by_page", "key_svg", "panel_svg", "write_figures"]

_WEB_WIDTH, _WEB_FONT = 320.0, 10.5
_PAGE_WIDTH, _PAGE_FONT = 482.0, 7.0  # a page's text is 170 mm wide
_PAGE_HEIGHT = 600.0  # the height of a page below a caption
_GAP = 8.0
_ALONE = 260.0  # the width of a panel alone in its row


def panel_svg(figure: Figure, panel: AnyPanel) -> str:
    """Return one panel as SVG in the colours of the page; its title is text of the page."""
    with settings():
        sheet = canvas(_WEB_WIDTH, panel_height(panel, _WEB_WIDTH, _WEB_FONT), _WEB_FONT)
        draw_panel(sheet, figure, panel, 0, 0, _WEB_WIDTH)
        return drawing_svg(sheet, panel_label(figure, panel), themed=True)


def key_svg(style: int) -> str:
    """Return the legend's sample of one line, in the colours of the page."""
    with settings():
        sheet = canvas(34, 14, _WEB_FONT)
        _sample(sheet, style, 1, 0, 32, 14)
        return drawing_svg(sheet, "", themed=True)


def _sample(sheet: Sheet, style: int, left: float, top: float, width: float, height: float) -> None:
    axes = sheet.axes(left, top, width, height)
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(-1, 1))
    add_line(axes, [0, 1], [0, 0], line_look(style, sheet.font))
    add_line(axes, [0.5], [0], marker_look(style, sheet.font))


def figures_by_page(figure: Figure) -> list[Figure]:
    """Return the figure, split if its panels do not fit a page; each part has the whole legend."""
    height = _legend_rows(figure)[1] * 1.7 * _PAGE_FONT
    pages: list[list[AnyPanel]] = [[]]
    used = height
    for row in _rows(figure):
        high = _row_height(figure, row)
        if pages[-1] and used + high > _PAGE_HEIGHT:
            pages.append([])
            used = height
        pages[-1] += row
        used += high
    if len(pages) == 1:
        return [figure]
    names = [figure.id, *(f"{figure.id}-{at}" for at in range(2, len(pages) + 1))]
    parts: list[Any] = [tuple(page) for page in pages]  # each of one kind of panel, as the figure's own are
    return [replace(figure, id=name, panels=part) for name, part in zip(names, parts, strict=True)]


@lru_cache(maxsize=32)
def figure_svg(figure: Figure) -> str:
    """Return the whole figure as SVG on white paper, as wide as the text of a page; drawn once for PDF and file."""
    with settings():
        return drawing_svg(_sheet(figure), figure.alt, themed=False)


def _figure_pdf(figure: Figure) -> bytes:
    written = io.BytesIO()
    with settings():
        nothing = {"CreationDate": None, "Creator": None, "Producer": None}
        _sheet(figure).canvas.savefig(written, format="pdf", dpi=72, metadata=nothing)
    return written.getvalue()


def write_figures(document: Document, folder: Path) -> None:
    """Write every figure as ``NAME.svg`` and ``NAME.pdf`` for papers: the same document gives the same bytes."""
    names: set[str] = set()
    for figure in _all_figures(document):
        stem = re.sub(r"[^A-Za-z0-9]+", "-", figure.id).strip("-")[:80] or "figure"
        name = next(name for name in _numbered(stem) if name not in names)
        names.add(name)
        write_text_atomically(folder / f"{name}.svg", figure_svg(figure))
        content = _figure_pdf(figure)
        write_atomically(folder / f"{name}.pdf", partial(_write, content))


def _write(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    for at in range(2, 10_000):
        yield f"{stem}-{at}"


def _all_figures(document: Document) -> Iterator[Figure]:
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Figure):
                yield from figures_by_page(block)


def columns_of(figure: Figure) -> int:
    """Return the number of panels in a row: three if the figure has a single column."""
    return min(figure.columns if figure.columns > 1 else 3, len(figure.panels)) or 1


def _panel_width(figure: Figure) -> float:
    columns = columns_of(figure)
    return min(_ALONE, (_PAGE_WIDTH - _GAP * (columns - 1)) / columns)


def _rows(figure: Figure) -> list[list[AnyPanel]]:
    columns = columns_of(figure)
    return [list(figure.panels[at : at + columns]) for at in range(0, len(figure.panels), columns)]


def _row_height(figure: Figure, row: Sequence[AnyPanel]) -> float:
    width = _panel_width(figure)
    return 1.9 * _PAGE_FONT + max(panel_height(panel, width, _PAGE_FONT) for panel in row) + _GAP


def _legend_rows(figure: Figure) -> tuple[int, int]:
    """Return the columns and rows of the legend: as many columns as fit the longest name."""
    widest = max((text_width(name, _PAGE_FONT) for name, _ in figure.keys), default=0.0) * 1.05 + 45
    columns = max(1, min(len(figure.keys), int(_PAGE_WIDTH / widest)))
    return columns, -(-len(figure.keys) // columns)


def _sheet(figure: Figure) -> Sheet:
    """Draw the legend, then the panels row by row, each below its title."""
    size, (columns, lines) = _PAGE_FONT, _legend_rows(figure)
    rows = _rows(figure)
    line = 1.7 * size
    sheet = canvas(_PAGE_WIDTH, lines * line + sum(_row_height(figure, row) for row in rows), size)
    for at, (name, style) in enumerate(figure.keys):
        left, top = (at % columns) * _PAGE_WIDTH / columns, (at // columns) * line
        _sample(sheet, style, left + 2, top, 22, line)
        look: dict[str, Any] = {"color": colour(style), "fontproperties": font(size, bold=True)}
        sheet.text(left + 28, top + 1.15 * size, letter(style), **look)
        sheet.text(left + 37, top + 1.15 * size, shorten(name, _PAGE_WIDTH / columns - 40, size))
    top, width = lines * line + 0.5 * size, _panel_width(figure)
    for row in rows:
        for at, panel in enumerate(row):
            left = at * (width + _GAP)
            title = shorten(panel.title, width - size, size, bold=True)
            sheet.text(left + 1.3 * size, top + 1.3 * size, title, fontproperties=font(size, bold=True))
            draw_panel(sheet, figure, panel, left, top + 1.9 * size, width)
        top += _row_height(figure, row)
    return sheet
