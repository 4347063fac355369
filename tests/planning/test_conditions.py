"""Conditions: how the floor pairs queries."""

from __future__ import annotations

from robustir.planning.conditions import shuffled_rows
from robustir.types import QuerySet


def test_the_floor_pairs_queries_of_one_language_and_other_groups() -> None:
    size = 60
    queries = QuerySet(
        tuple(str(row) for row in range(size)), ("x",) * size, tuple("en" if row % 2 else "de" for row in range(size)),
        tuple(str(row) for row in range(size)), tuple(str(row // 10) for row in range(size)),
    )  # fmt: skip
    partner = shuffled_rows(queries, 7)
    assert all(queries.langs[row] == queries.langs[other] for row, other in enumerate(partner))
    assert all(queries.groups[row] != queries.groups[other] for row, other in enumerate(partner))
    assert partner.tolist() == shuffled_rows(queries, 7).tolist()
    assert partner.tolist() != shuffled_rows(queries, 8).tolist()
    alone = QuerySet.from_texts(["x"], lang="en")
    assert shuffled_rows(alone, 0).tolist() == [0]
