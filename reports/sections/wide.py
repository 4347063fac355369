"""Tables too large for a page: columns split if they do not fit one line, and rows that only the CSV has."""

from __future__ import annotations

from dataclasses import replace

from robustir.reports.blocks import Table
from robustir.reports.formats import join_words

__all__ = ["SHOWN_ROWS", "cut_wide", "rows_note"]

SHOWN_ROWS = 48  # rows of one table in the report; the CSV holds all
_MOST = 16  # columns of numbers that fit a page next to a name of 32 letters
_MISSING = "–"


def cut_wide(table: Table) -> list[Table]:
    """Return the table; one with more columns than fit is split, and its columns without a number are left out.

    The first column has the rows' names. A note below the last table lists the columns left out.
    """
    if len(table.columns) - 1 <= _MOST:
        return [table]
    kept = [at for at in range(1, len(table.columns)) if any(row[at].text != _MISSING for row in table.rows)]
    empty = [column.title for at, column in enumerate(table.columns) if at and at not in kept]
    count = max(1, -(-len(kept) // _MOST))
    size = max(1, -(-len(kept) // count))
    tables = []
    for number, first in enumerate(range(0, max(len(kept), 1), size)):
        chosen = kept[first : first + size]
        titles = [table.columns[at].title for at in chosen]
        tables.append(
            replace(
                table,
                id=table.id if number == 0 else f"{table.id}-{number + 1}",
                caption=f"{table.caption} ({titles[0]} to {titles[-1]})" if count > 1 else table.caption,
                columns=tuple(table.columns[at] for at in (0, *chosen)),
                rows=tuple(tuple(row[at] for at in (0, *chosen)) for row in table.rows),
            )
        )
    if empty:
        left_out = f"Without a number, so not shown: {join_words(empty, 12)}."
        tables[-1] = replace(tables[-1], note=f"{tables[-1].note} {left_out}".strip())
    return tables


def rows_note(shown: int, total: int, table: str) -> str:
    """Return the note on rows that only the CSV of ``table`` has; "" if all are shown."""
    return f"The first {shown} of {total} rows; {table}.csv has all." if shown < total else ""
