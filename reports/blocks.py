"""The blocks of a report: plain data for every renderer, without markup and without formatting decisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Literal, TypeAlias

from robustir.languages import is_right_to_left

__all__ = [
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
    "direction",
    "first_table",
    "walk_texts",
]


def direction(lang: str) -> Literal["ltr", "rtl"]:
    """Return the writing direction of a language."""
    return "rtl" if is_right_to_left(lang) else "ltr"


@dataclass(frozen=True, slots=True)
class Cell:
    """One table cell. ``interval`` follows the text in small type; ``heat`` is -5..5 (diverging) or 0..9 (sequential)."""

    text: str
    interval: str = ""
    heat: int | None = None
    mark: Literal["", "strong", "faint"] = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A table column; ``hint`` spells out a short title such as a language code."""

    title: str
    number: bool = True
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first ``headers`` cells of a row are its heading. ``main`` tables also go to LaTeX."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    headers: int = 1
    note: str = ""
    scale: Literal["", "diverging", "sequential"] = ""
    main: bool = False


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

    The axis runs from ``x_min`` to ``x_max``; ``heading`` names the remarks.
    """

    title: str
    rows: tuple[str, ...]
    remarks: tuple[str, ...]
    heading: str
    x_min: float
    x_max: float
    series: tuple[Series, ...]


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


Block: TypeAlias = Paragraph | Heading | Notice | Table | Figure | Examples | Facts | Listing


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
    """A whole report. ``created`` is the run's recorded date (ISO 8601), never the clock's."""

    title: str
    description: str
    created: str
    summary: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    notices: tuple[str, ...]
    sections: tuple[Section, ...]


def first_table(blocks: Sequence[Block]) -> int:
    """Return the number of blocks up to the first table, and the figures before it: a natural ``Section.open``."""
    return next((at + 1 for at, block in enumerate(blocks) if isinstance(block, Table)), len(blocks))


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
