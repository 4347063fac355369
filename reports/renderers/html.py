"""A document as one HTML file: no network, light and dark, for reading, printing and screen readers; its script only sorts tables."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, Any

from robustir.reports.blocks import (
    LETTERED,
    Block,
    Document,
    Examples,
    Facts,
    Figure,
    Section,
    Table,
    Tables,
    direction,
    transposed,
)
from robustir.reports.formats import without_folders
from robustir.reports.renderers.figures import columns_of, key_svg, panel_svg
from robustir.reports.renderers.palette import css_rules
from robustir.reports.renderers.panels import AnyPanel, point_tables
from robustir.stats import letter

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["anchor", "render_html"]


def render_html(document: Document) -> str:
    """Return the page. Every text of the document is escaped; the same document gives the same page."""
    from markupsafe import Markup

    # The style sheet and the drawings are ours, and svg.py escapes the document's texts.
    style = Markup(_template("report.css") + css_rules() + _hiding(len(document.encoders)))  # noqa: S704
    template = _environment().get_template("report.html.j2")
    script = _template("sort.js")
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page: str = template.render(
        document=document,
        style=style,
        script=Markup(script),  # noqa: S704 - ours
        allowed=allowed,
        named=document.encoders,
    )
    return page


_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_.-]+")


def anchor(identity: str) -> str:
    """Return an id for HTML and its links: itself if it is plain, else its plain letters and a digest of all of it."""
    if _PLAIN.fullmatch(identity):
        return identity
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{'' if identity[:1].isalpha() and identity[:1].isascii() else 'x-'}{_NOT_PLAIN.sub('-', without_folders(identity)).strip('-')}-{digest}"


def _hiding(encoders: int) -> str:
    """Return the rules by which an unchecked box hides an encoder's rows and columns, without a script."""
    rules = (f"body:has(#show-{letter(at)}:not(:checked)) .of-{letter(at)}{{display:none}}" for at in range(encoders))
    return "\n" + "\n".join(rules)


def _of_encoder(number: int | None) -> str:
    """Return the class of a row or column of an encoder, after a blank; "" of others."""
    return "" if number is None else f" of-{letter(number)}"


def _least_width(block: Tables) -> int:
    """Return the width in rem below which tables do not lie side by side."""
    return max(
        18 if table.columns[1:] and len(table.columns) < 4 else 24 if len(table.columns) < 5 else 60
        for table in block.tables
    )


_PAGE, _GAP = 1136.0, 40.0  # pixels of a desktop page, and between parts that lie side by side
_LETTER, _PADDING = 6.6, 14.0  # of a letter of a table, and the sides of a cell
_WHOLE, _HALF, _THIRD = 24, 12, 8  # parts of a page
_PARTS = (_THIRD, 10, _HALF, _WHOLE)  # that a table may have
_PANEL = 7  # that a panel of a figure needs


def _least_part(block: Block) -> int:
    """Return the least part of a desktop page that a block fits."""
    if isinstance(block, Table):
        columns = zip(*block.rows, strict=True)
        letters = sum(max(len(cell.text) + len(cell.interval) for cell in own) for own in columns)
        wide = _LETTER * letters + _PADDING * len(block.columns)
        return next((part for part in _PARTS if wide <= (_PAGE + _GAP) * part / _WHOLE - _GAP), _WHOLE)
    if isinstance(block, Figure):
        return min(_WHOLE, _PANEL * len(block.panels))
    if isinstance(block, Examples):
        return _HALF if len(block.items) <= 2 else _WHOLE
    return _HALF if isinstance(block, Facts) else _PANEL


def _spans(sections: Sequence[Section]) -> dict[str, int]:
    """Return the part of the page of every section that lies beside a neighbour: rows are filled in order."""
    rows: list[list[tuple[str, int]]] = []
    for section in sections[1:]:
        least = _WHOLE if section.open == 0 else max(map(_least_part, section.blocks[: section.open]), default=_WHOLE)
        if rows and sum(part for _, part in rows[-1]) + least <= _WHOLE:
            rows[-1].append((section.id, least))
        else:
            rows.append([(section.id, least)])
    return {name: part for row in rows if len(row) > 1 for name, part in _filled(row)}


def _filled(row: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the parts of a row that fill the page: a third beside the rest, or equal parts if all fit, else the last one grows."""
    least = [part for _, part in row]
    equal = _WHOLE // len(row)
    if len(row) == 2 and least[0] <= _THIRD < least[1]:
        least = [_THIRD, _WHOLE - _THIRD]
    elif max(least) <= equal:
        least = [equal] * len(row)
    else:
        least[-1] += _WHOLE - sum(least)
    return [(name, part) for (name, _), part in zip(row, least, strict=True)]


def _side_by_side(blocks: Sequence[Block]) -> list[tuple[Block, ...]]:
    """Return the blocks, with neighbouring tables that fit half of a page together."""
    return [
        part
        for small, run in groupby(blocks, lambda block: isinstance(block, Table) and _least_part(block) <= _HALF)
        for part in ([tuple(run)] if small else [(one,) for one in run])
    ]


def _letters(table: Table, *, together: bool) -> int:
    """Return the letters of a row of the widest cells; ``together``: with the small type beside its text."""
    widest = 0
    for column, own in zip(table.columns, zip(*table.rows, strict=True), strict=True):
        badge = 4 if any(cell.key is not None for cell in own) else 0
        cells = (
            len(cell.text) + len(cell.raised) + (len(cell.interval) + 1 if together else 0) + badge for cell in own
        )
        words = (*column.title.split(), column.below)
        widest += max((*cells, *map(len, words)))
    return widest


def _stacks(table: Table) -> bool:
    """Whether small type lies below its text: where both beside each other are wider than the page."""
    return table.stacked and _LETTER * _letters(table, together=True) + _PADDING * len(table.columns) > _PAGE


def _narrow(table: Table) -> list[Table]:
    """Return the table for a narrow screen: noises as rows, in parts of a few encoders, so that none is out of sight."""
    turned = transposed(table)
    columns = range(1, len(turned.columns))
    parts = [[0, *columns[at : at + _NARROW]] for at in range(0, len(columns), _NARROW)]
    return [
        replace(
            turned,
            id=f"{turned.id}-narrow{f'-{number}' if number > 1 else ''}",
            caption=turned.caption if number == 1 else f"{turned.caption}, {number} of {len(parts)}",
            columns=tuple(turned.columns[at] for at in part),
            rows=tuple(tuple(row[at] for at in part) for row in turned.rows),
        )
        for number, part in enumerate(parts, start=1)
    ]


def _turns(table: Table) -> bool:
    """Whether a narrow screen gets the table with noises as rows: if it has several, and encoders are rows."""
    return len(table.columns) > 4 and table.rows[0][0].key is not None


_NARROW = 5  # encoders of a table that fit a phone's screen
_BREAKS = re.compile(r"(?<=[(,=/:_])(?=\S)")


def _breakable(text: str) -> Markup:
    """Return the text escaped, with break points for narrow columns in a spec such as ``name(key='value')``."""
    from markupsafe import Markup, escape

    return Markup("<wbr>").join(escape(part) for part in _BREAKS.split(text))


def _named(context: Mapping[str, Any], text: str) -> Markup:
    """Return a sentence escaped, with the encoders' names in bold."""
    from markupsafe import Markup, escape

    names = sorted(context["named"], key=len, reverse=True)
    pattern = re.compile("(" + "|".join(rf"(?<![\w-]){re.escape(name)}(?![\w-])" for name in names) + ")")
    parts = pattern.split(text) if names else [text]
    return Markup("").join(
        Markup("<b>{}</b>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts)
    )


def _template(name: str) -> str:
    return (files("robustir.reports") / "templates" / name).read_text(encoding="utf-8")


@cache
def _environment() -> Any:
    from jinja2 import Environment, FunctionLoader, StrictUndefined, pass_context
    from markupsafe import Markup

    def panel(figure: Figure, drawn: AnyPanel) -> Markup:
        return Markup(panel_svg(figure, drawn))  # noqa: S704 - panel_svg escapes the document's texts

    @cache
    def key(style: int) -> Markup:
        return Markup(key_svg(style))  # noqa: S704 - holds numbers only

    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    environment.filters["anchor"] = anchor
    environment.filters["named"] = pass_context(_named)
    environment.globals.update(
        kind=lambda block: type(block).__name__,
        direction=direction,
        panel_svg=panel,
        key_svg=key,
        letter=letter,
        of_encoder=_of_encoder,
        narrow=_narrow,
        turns=_turns,
        stacks=_stacks,
        lettered=LETTERED,
        least_width=_least_width,
        spans=_spans,
        side_by_side=_side_by_side,
        point_tables=point_tables,
        columns_of=columns_of,
    )
    return environment
