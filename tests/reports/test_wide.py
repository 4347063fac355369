"""Tables over many languages are cut into readable ones, and nothing is lost silently."""

from __future__ import annotations

from robustir.reports.blocks import Cell, Column, Table
from robustir.reports.sections.wide import cut_wide


def table(languages: int, missing: int = 0) -> Table:
    columns = (Column("Encoder", number=False), *(Column(f"l{at:03d}") for at in range(languages)))
    cells = tuple(Cell("–" if at < missing else str(at)) for at in range(languages))
    return Table("t", "caption", columns, ((Cell("hashing"), *cells), (Cell("bm25"), *cells)), scale="sequential")


def test_few_languages_stay_as_they_are() -> None:
    whole = table(16, missing=3)
    assert cut_wide(whole) == [whole]


def test_many_are_cut_evenly() -> None:
    parts = cut_wide(table(113))
    assert [len(part.columns) - 1 for part in parts] == [15, 15, 15, 15, 15, 15, 15, 8]
    assert [part.id for part in parts] == ["t", *(f"t-{at}" for at in range(2, 9))]
    assert parts[1].caption == "caption (l015 to l029)"
    assert [column.title for part in parts for column in part.columns[1:]] == [f"l{at:03d}" for at in range(113)]
    assert parts[7].rows[1][0].text == "bm25"
    assert parts[7].rows[1][-1].text == "112"


def test_columns_without_a_number_are_named_instead() -> None:
    (part,) = cut_wide(table(113, missing=102))
    assert [column.title for column in part.columns[1:]] == [f"l{at:03d}" for at in range(102, 113)]
    assert part.caption == "caption"
    assert part.note.startswith("Without a number, so not shown: l000, l001,")
    assert part.note.endswith("and 90 more.")
    (nothing,) = cut_wide(table(113, missing=113))
    assert len(nothing.columns) == 1
