"""The blocks of a report: plain data for every renderer, without markup and without formatting decisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Literal, TypeAlias

from robustir.languages import is_right_to_left

__all__ = [
    "LETTERED",
    "Aside",
    "Block",
    "Cell",
    "Column",
    "Document",
    "Example",
    "Examples",
    "Facts",
    "Figure",
    "Heading",
    "IntervalPanel",
    "Listing",
    "Notice",
    "Panel",
    "Paragraph",
    "Point",
    "Section",
    "Segment",
    "Series",
    "StripPanel",
    "Table",
    "Tables",
    "direction",
    "linked",
    "tables_of",
    "transposed",
    "up_to",
    "walk_texts",
]


LETTERED = 3  # encoders whose names fit above columns; more show their letters alone


def direction(lang: str) -> Literal["ltr", "rtl"]:
    """Return the writing direction of a language."""
    return "rtl" if is_right_to_left(lang) else "ltr"


@dataclass(frozen=True, slots=True)
class Cell:
    """One table cell. ``interval`` follows the text in small type; ``heat`` is -5..5 (diverging) or 0..9 (sequential).

    raised: letters above the line. key: the number of the encoder that the text names, which decides letter and colour.
    hint: more on the cell, for a pointer. links: anchors of the same report; the first one that exists is used.
    example_links: the same for an example of what the cell counts.
    """

    text: str
    interval: str = ""
    heat: int | None = None
    mark: Literal["", "strong", "faint"] = ""
    raised: str = ""
    key: int | None = None
    hint: str = ""
    links: tuple[str, ...] = ()
    example_links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A table column; ``hint`` spells out a short title such as a language code.

    below: a second line of the title, in small type. key: the number of the encoder that the title names. apart: whether
    a line separates it from the columns before it.
    """

    title: str
    number: bool = True
    hint: str = ""
    below: str = ""
    key: int | None = None
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first ``headers`` cells of a row are its heading. ``main`` tables also go to LaTeX.

    stacked: small type lies below the text of its cell. breaks: the rows that begin a new group.
    """

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    headers: int = 1
    note: str = ""
    scale: Literal["", "diverging", "sequential"] = ""
    main: bool = False
    stacked: bool = False
    breaks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables of one form, such as one per setting: side by side where they fit; narrow screens may transpose them.

    ``note`` explains all of them.
    """

    tables: tuple[Table, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a curve, with its interval; ``x`` and ``y`` in the units of the axes (NaN where unknown)."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Series:
    """One encoder's points; ``style`` numbers colour, dash and marker, the same in every panel; ``quiet``: in grey."""

    name: str
    style: int
    points: tuple[Point, ...]
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the small multiples; its vertical axis runs from ``y_min`` to ``y_max``."""

    title: str
    y_max: float
    series: tuple[Series, ...]
    y_min: float = 0.0


@dataclass(frozen=True, slots=True)
class IntervalPanel:
    """Intervals about 0, a row per name in ``rows``: a point's x is the estimate, y its row; the axis ends at +-x_max."""

    title: str
    rows: tuple[str, ...]
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class StripPanel:
    """A row per name in ``rows``, with a dot per series (x: the value, y: its row) and a remark at the right.

    The axis runs from ``x_min`` to ``x_max``; ``heading`` names the remarks; ``id`` is an anchor ("": none).
    """

    title: str
    rows: tuple[str, ...]
    remarks: tuple[str, ...]
    heading: str
    x_min: float
    x_max: float
    series: tuple[Series, ...]
    id: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """Small multiples with one legend; ``keys`` are the (name, style) of the legend, ``columns`` the panels per row."""

    id: str
    caption: str
    alt: str
    x_label: str
    y_label: str
    x_max: float
    columns: int
    panels: tuple[Panel, ...] | tuple[IntervalPanel, ...] | tuple[StripPanel, ...]
    keys: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning that the reader must not overlook."""

    text: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of text; ``changed``: whether the perturbation changed it."""

    text: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Aside:
    """A text beside a query, such as a passage or its translation; ``lang`` is its language code."""

    label: str
    text: str
    lang: str


@dataclass(frozen=True, slots=True)
class Example:
    """One query, clean above noisy; ``lang`` is its language code, ``outcome`` what became of it ("rank 1 → 750")."""

    title: str
    outcome: str
    lang: str
    clean: tuple[Segment, ...]
    noisy: tuple[Segment, ...]
    asides: tuple[Aside, ...]
    query_id: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Examples:
    """A list of queries with a caption."""

    id: str
    caption: str
    items: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Name and value pairs."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Long verbatim text, folded if the medium can fold."""

    title: str
    text: str


Block: TypeAlias = Paragraph | Heading | Notice | Table | Tables | Figure | Examples | Facts | Listing


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of the report; ``id`` is its anchor.

    The first ``open`` blocks (None: all) are what a reader meets; HTML folds the others, and a PDF leaves them for its
    appendix.
    """

    id: str
    title: str
    blocks: tuple[Block, ...]
    open: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report. ``created`` is the run's recorded date (ISO 8601), never the clock's.

    summary: the findings, a sentence or two each. encoders: their names in the order of their letters. notices: one line
    each. sections: the first one belongs to the findings.
    """

    title: str
    description: str
    created: str
    summary: tuple[str, ...]
    notices: tuple[str, ...]
    sections: tuple[Section, ...]
    encoders: tuple[str, ...] = ()


def tables_of(sections: Iterable[Section]) -> Iterator[Table]:
    """Yield every table of the sections; the last of several has the note on all of them."""
    for section in sections:
        for block in section.blocks:
            if isinstance(block, Table):
                yield block
            elif isinstance(block, Tables):
                *before, last = block.tables
                yield from (*before, replace(last, note=f"{last.note} {block.note}".strip()))


def linked(sections: Iterable[Section]) -> Iterator[Section]:
    """Yield the sections with links that lead somewhere: each cell keeps the first of its links that exists, or none."""
    kept = tuple(sections)
    there = {section.id for section in kept} | {table.id for table in tables_of(kept)}
    drawn = [block for section in kept for block in section.blocks if isinstance(block, Figure)]
    there |= {figure.id for figure in drawn}
    there |= {panel.id for figure in drawn for panel in figure.panels if isinstance(panel, StripPanel)}

    there |= {
        item.id for section in kept for block in section.blocks if isinstance(block, Examples) for item in block.items
    }

    def first(links: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(link for link in links if link in there)[:1]

    def table(one: Table) -> Table:
        rows = (
            tuple(
                replace(cell, links=first(cell.links), example_links=first(cell.example_links))
                if cell.links or cell.example_links
                else cell
                for cell in row
            )
            for row in one.rows
        )
        return replace(one, rows=tuple(rows))

    def block(one: Block) -> Block:
        if isinstance(one, Tables):
            return replace(one, tables=tuple(map(table, one.tables)))
        return table(one) if isinstance(one, Table) else one

    for section in kept:
        yield replace(section, blocks=tuple(map(block, section.blocks)))


def transposed(table: Table, corner: str = "Noise") -> Table:
    """Return the table with rows and columns exchanged; ``corner`` is the title of the new first column.

    With many rows, their letters are the headings of the columns.
    """
    short = len(table.rows) > LETTERED
    titles = [row[0] for row in table.rows]
    columns = (
        replace(table.columns[0], title=corner),
        *(Column("" if short and cell.key is not None else cell.text, key=cell.key, hint=cell.text) for cell in titles),
    )
    rows = tuple(
        (Cell(column.title, column.below), *(row[at] for row in table.rows))
        for at, column in enumerate(table.columns)
        if at
    )
    breaks = tuple(at - 1 for at, column in enumerate(table.columns) if column.apart)
    return replace(table, columns=columns, rows=rows, breaks=breaks)


def up_to(blocks: Sequence[Block], kind: type[Table | Figure]) -> int:
    """Return the number of blocks up to the first of a kind, and with it: a natural ``Section.open``."""
    return next((at + 1 for at, block in enumerate(blocks) if isinstance(block, kind)), len(blocks))


def walk_texts(value: object) -> Iterator[str]:
    """Yield every string in a document or a part of it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from walk_texts(item)
    elif is_dataclass(value):
        for column in fields(value):
            yield from walk_texts(getattr(value, column.name))
