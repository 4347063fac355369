"""Columnar rows check their own consistency."""

from __future__ import annotations

import pytest

from robustir.errors import DataError
from robustir.types import Corpus, Qrels, QuerySet, Task


def test_query_sets() -> None:
    queries = QuerySet.from_texts(["a", "b"], lang="en")
    assert queries.ids == queries.source_ids == queries.groups == ("0", "1")
    assert queries.with_texts(["c", "d"]).texts == ("c", "d")
    assert queries.select([1]).texts == ("b",)
    assert queries.digest() != queries.with_texts(["a", "c"]).digest()
    with pytest.raises(DataError, match="'x' stands twice"):
        QuerySet.from_texts(["a", "b"], lang="en", ids=["x", "x"])
    with pytest.raises(DataError, match="query 2 has an empty id"):
        QuerySet.from_texts(["a", "b"], lang="en", ids=["x", ""])
    with pytest.raises(DataError, match="2 ids but 1 texts"):
        queries.with_texts(["only one"])


def test_digests_do_not_join() -> None:
    assert QuerySet.from_texts(["ab", "c"], lang="en").digest() != QuerySet.from_texts(["a", "bc"], lang="en").digest()


def test_tasks() -> None:
    queries, corpus = QuerySet.from_texts(["a"], lang="en"), Corpus(("p", "q"), ("x", "y"), ("en", "de"))
    qrels = Qrels.from_rows([(0, 1, 1), (0, 0, 2)])
    assert qrels.passage.tolist() == [0, 1]
    assert Task("t", queries, corpus, qrels).languages == ("en",)
    with pytest.raises(DataError, match="empty"):
        Corpus((), (), ())
    with pytest.raises(DataError, match="no query has a relevant passage"):
        Task("t", queries, corpus, Qrels.from_rows([(0, 0, 0)]))
    with pytest.raises(DataError, match="do not exist"):
        Task("t", queries, corpus, Qrels.from_rows([(0, 2, 1)]))
    with pytest.raises(DataError, match="stands twice"):
        Qrels.from_rows([(0, 1, 1), (0, 1, 2)])
