"""The mark of an encoder that was trained on a benchmark's own collection, where its score is not a fair test."""

from __future__ import annotations

from dataclasses import replace

from robustir.reports.blocks import Cell, Table
from robustir.reports.formats import join_words
from robustir.reports.study import Study

__all__ = ["MARK", "MARKED", "encoder_cell", "in_domain_notices", "is_marked", "marked", "noted"]

MARK = "§"
MARKED = f"{MARK} in-domain: trained on sentences of this benchmark's own collection, so not a fair test."


def marked(study: Study, benchmark: str, encoder: str) -> str:
    """Return the encoder's name, with the mark if it is in-domain on the benchmark."""
    return f"{encoder}\u00a0{MARK}" if study.in_domain(benchmark, encoder) else encoder


def encoder_cell(study: Study, benchmark: str, encoder: str) -> Cell:
    """Return the cell that names an encoder in a table about one benchmark."""
    return Cell(marked(study, benchmark, encoder), key=study.key(encoder))


def noted(table: Table) -> Table:
    """Return the table, with the meaning of the mark below it if a heading of a row or column has one."""
    return replace(table, note=f"{table.note} {MARKED}".strip()) if is_marked(table) else table


def is_marked(table: Table) -> bool:
    """Whether a heading of a row or column has the mark."""
    heads = [cell.text for row in table.rows for cell in row[: table.headers]]
    heads += [text for column in table.columns for text in (column.title, column.hint)]
    return any(MARK in text for text in heads)


def in_domain_notices(study: Study) -> tuple[str, ...]:
    """Return one sentence per benchmark with in-domain encoders, for the first page."""
    found = []
    for benchmark in study.benchmarks:
        known = [encoder for encoder in study.encoders if study.in_domain(benchmark, encoder)]
        if known:
            found.append(
                f"In-domain on {benchmark}, so not a fair test there (marked {MARK} in the tables): {join_words(known)}."
            )
    return tuple(found)
