"""Columnar rows check their own consistency."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from robustir.errors import DataError
from robustir.types import Corpus, Dose, Pools, Qrels, QuerySet, Ranks, Task


def test_query_sets() -> None:
    queries = QuerySet.from_texts(["a", "b"], lang="en")
    assert queries.ids == queries.source_ids == queries.groups == ("0", "1")
    assert queries.with_texts(["c", "d"]).texts == ("c", "d")
    assert queries.select([1]).texts == ("b",)
    assert queries.digest() != queries.with_texts(["a", "c"]).digest()
    with pytest.raises(DataError, match="'x' occurs twice"):
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
    with pytest.raises(DataError, match="occurs twice"):
        Qrels.from_rows([(0, 1, 1), (0, 1, 2)])
    with pytest.raises(DataError, match=r"above 1e\+200"):
        Qrels.from_rows([(0, 1, 10**300)])


def test_qrels_hold_gains_of_any_size_and_queries_for_which_nothing_is_relevant() -> None:
    qrels = Qrels.from_rows(
        [(0, 1, 2**70), (0, 0, -40_000), (1, 2, 0), (1, 0, -3)], lost=[(1, 70_000), (0, 1)]
    ).ranking([(0, 3), (0, 1)])
    assert (qrels.query.tolist(), qrels.passage.tolist(), qrels.gain.tolist()) == (
        [0, 0, 1, 1],
        [1, 3, 0, 2],
        [2.0**70, 0, 0, 0],
    )
    assert (qrels.lost_query.tolist(), qrels.lost_gain.tolist()) == ([0, 1], [1, 70_000])
    small, same = (Qrels.from_rows([(0, 1, 1), (1, 2, 3)]), Qrels.from_rows([(1, 2, 3), (0, 1, 1), (0, 0, 0)]))
    assert small.digest() == same.digest()
    others = [Qrels.from_rows([(0, 1, 1), (1, 2, gain)], lost=lost) for gain in (3, 65_539) for lost in ((), [(0, 1)])]
    assert len({one.digest() for one in others}) == 4  # 65,539 is 3 in sixteen bits
    assert others[0].digest() == small.digest()


NOISY = QuerySet.from_texts(["a", "b"], lang=["en", "de"]).with_texts(
    ["x", "b"], Dose(np.array([1.0, 0.0]), np.array([1.0, 0.0]))
)
TOY = Task(
    "t",
    NOISY,
    Corpus(("p", "q"), ("x", "y"), ("de", "de")),
    Qrels.from_rows([(0, 1, 1), (1, 0, 2)]),
    settings=("cross",),
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (NOISY, "QuerySet(2 queries: en 1, de 1, with noise)"),
        (QuerySet.from_texts(["a"], lang="en"), "QuerySet(1 query: en)"),
        (QuerySet.from_texts([""] * 5_000, lang=list("abcde") * 1_000), "QuerySet(5,000 queries: 5 languages)"),
        (NOISY.dose, "Dose(2 queries; mean word edit rate 0.500, character error rate 0.500)"),
        (TOY.corpus, "Corpus(2 passages: de)"),
        (TOY.qrels, "Qrels(2 judgements of 2 queries)"),
        (TOY, "Task('t': 2 queries, 2 passages, 2 judgements; en 1, de 1; cross)"),
        (Pools(np.array([0, 1], dtype=np.int32), np.array([0], dtype=np.int32)), "Pools(2 pools)"),
        (Ranks(*(np.ones(3, dtype=np.uint32) for _ in range(6))), "Ranks(3 ranks)"),
    ],
)
def test_a_notebook_shows_a_line(value: object, shown: str) -> None:
    assert repr(value) == shown


def test_tables_for_pandas() -> None:
    assert NOISY.to_pandas().to_dict("records") == [
        {"_id": "0", "text": "x", "lang": "en", "source_id": "0", "group": "0", "word_edit_rate": 1.0, "char_error_rate": 1.0},
        {"_id": "1", "text": "b", "lang": "de", "source_id": "1", "group": "1", "word_edit_rate": 0.0, "char_error_rate": 0.0},
    ]  # fmt: skip
    assert TOY.corpus.to_pandas().to_dict("list") == {"_id": ["p", "q"], "text": ["x", "y"], "lang": ["de", "de"]}
    assert TOY.qrels.to_pandas().to_dict("list") == {"query": [0, 1], "passage": [1, 0], "gain": [1, 2]}
    assert TOY.to_pandas().to_dict("records") == [
        {"query_id": "0", "query_lang": "en", "passage_id": "q", "passage_lang": "de", "gain": 1},
        {"query_id": "1", "query_lang": "de", "passage_id": "p", "passage_lang": "de", "gain": 2},
    ]
    ranks = Ranks(*(np.full(1, row, dtype=np.uint32) for row in range(6))).to_pandas()
    assert ranks.to_dict("records") == [
        {"lang_rank": 0, "lang_above": 1, "lang_tied": 2, "pool_rank": 3, "pool_above": 4, "pool_tied": 5}
    ]


@pytest.mark.parametrize(
    ("texts", "lang", "ids", "message"),
    [
        (
            "where is the nile",
            "en",
            None,
            r"texts must be a list of strings such as \['where is the nile'\], not one string",
        ),
        (5, "en", None, "texts must be a list of strings .*, not of type int"),
        (["a", None], "en", None, "texts must be strings; number 2 is of type NoneType: None"),
        (["a"], None, None, "lang must be a list of strings .*, not of type NoneType"),
        (["a"], "en", "q1", "ids must be a list of strings .*, not one string"),
        (["a"], "en", [1], "ids must be strings; number 1 is of type int: 1"),
        (["a", "b"], ["en"], None, "2 ids but 1 langs"),
    ],
)
def test_wrong_types_are_one_sentence(texts: Any, lang: Any, ids: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        QuerySet.from_texts(texts, lang=lang, ids=ids)
    assert QuerySet.from_texts((text for text in ("a", "b")), lang="en").ids == ("0", "1")  # any iterable will do
