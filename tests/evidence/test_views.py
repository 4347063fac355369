"""The three settings of a task, against a count by hand and a naive one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.evidence.views import rank_lists, view
from robustir.types import SETTINGS, Corpus, Qrels, QuerySet, Ranks, Task


def make_task(query_langs: list[str], passage_langs: list[str], rows: list[tuple[int, int, int]]) -> Task:
    queries = QuerySet.from_texts([""] * len(query_langs), lang=query_langs)
    ids = tuple(f"p{row}" for row in range(len(passage_langs)))
    return Task("toy", queries, Corpus(ids, ids, tuple(passage_langs)), Qrels.from_rows(rows))


def make_ranks(lang: list[int], pool: list[int]) -> Ranks:
    """Ranks with one rival in each tie, which has the smaller id."""
    columns = (
        lang,
        [max(value - 1, 0) for value in lang],
        [1] * len(lang),
        pool,
        [max(value - 1, 0) for value in pool],
        [1] * len(pool),
    )
    return Ranks(*(np.array(column, dtype=np.uint32) for column in columns))


TASK = make_task(
    ["de", "en", "tr"],
    ["en", "de", "en", "de", "de", "ar"],
    [(0, 0, 2), (0, 1, 1), (0, 2, 1), (1, 4, 3), (1, 3, 1), (2, 5, 1)],
)
RANKS = make_ranks([2, 3, 1, 2, 1, 1], [4, 6, 1, 3, 2, 5])


def test_mono_by_hand() -> None:
    mono = view(TASK, "mono")
    assert (mono.query.tolist(), mono.query_lang.tolist(), mono.passage_lang.tolist()) == ([0], ["de"], ["de"])
    assert (mono.pairs.tolist(), mono.starts.tolist(), mono.gains.tolist(), mono.pool_size.tolist()) == (
        [1],
        [0, 1],
        [1],
        [3],
    )
    assert rank_lists(mono, RANKS).ranks.tolist() == [3]


def test_cross_by_hand() -> None:
    cross = view(TASK, "cross")
    assert cross.query.tolist() == [0, 1, 2]
    assert cross.query_lang.tolist() == ["de", "en", "tr"]
    assert cross.passage_lang.tolist() == ["en", "de", "ar"]
    assert cross.pairs.tolist() == [0, 2, 3, 4, 5]
    assert cross.starts.tolist() == [0, 2, 4, 5]
    assert cross.gains.tolist() == [2, 1, 1, 3, 1]
    assert cross.pool_size.tolist() == [2, 3, 1]
    assert rank_lists(cross, RANKS).ranks.tolist() == [2, 1, 2, 1, 1]


def test_multi_by_hand() -> None:
    multi = view(TASK, "multi")
    assert multi.query.tolist() == [0, 1, 2]
    assert multi.passage_lang.tolist() == ["all"] * 3
    assert multi.starts.tolist() == [0, 3, 5, 6]
    assert multi.pool_size.tolist() == [6, 6, 6]
    assert rank_lists(multi, RANKS).ranks.tolist() == [4, 6, 1, 3, 2, 5]


def test_tie_averaged_ranks_leave_what_was_not_scored() -> None:
    ranks = make_ranks([2, 3, 1, 0, 0, 1], [4, 6, 1, 0, 0, 5])
    assert rank_lists(view(TASK, "multi"), ranks, ties="average").ranks.tolist() == [4.5, 6.5, 1.5, 0, 0, 5.5]
    assert rank_lists(view(TASK, "cross"), ranks, ties="average").ranks.tolist() == [2.5, 1.5, 0, 0, 1.5]


def test_a_setting_without_relevant_passages_is_empty() -> None:
    task = make_task(["en", "de"], ["en", "de"], [(0, 0, 1), (1, 1, 1)])
    cross = view(task, "cross")
    assert (
        len(cross) == len(cross.pairs) == len(cross.query_lang) == len(cross.passage_lang) == len(cross.pool_size) == 0
    )
    assert cross.starts.tolist() == [0]
    assert len(rank_lists(cross, make_ranks([1, 1], [1, 2]))) == 0


LANGS = st.sampled_from(["en", "de", "ar"])


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_views_are_those_of_grouping_one_by_one(data: st.DataObject) -> None:
    query_langs = data.draw(st.lists(LANGS, min_size=1, max_size=5))
    passage_langs = data.draw(st.lists(LANGS, min_size=1, max_size=8))
    pair = st.tuples(st.integers(0, len(query_langs) - 1), st.integers(0, len(passage_langs) - 1))
    rows = sorted((query, passage, 1) for query, passage in data.draw(st.sets(pair, min_size=1, max_size=20)))
    task = make_task(query_langs, passage_langs, rows)
    appearance = list(dict.fromkeys(passage_langs))
    for setting in SETTINGS:
        groups: dict[tuple[int, int], list[int]] = {}
        for number, (query, passage, _) in enumerate(rows):
            same = query_langs[query] == passage_langs[passage]
            if setting == "multi" or same == (setting == "mono"):
                lang = -1 if setting == "multi" else appearance.index(passage_langs[passage])
                groups.setdefault((query, lang), []).append(number)
        found = view(task, setting)
        names = [*appearance, "all"]
        expected = [
            (
                query,
                query_langs[query],
                names[lang],
                len(passage_langs) if lang < 0 else passage_langs.count(names[lang]),
                pairs,
            )
            for (query, lang), pairs in sorted(groups.items())
        ]
        pairs = [part.tolist() for part in np.split(found.pairs, found.starts[1:-1])] if len(found) else []
        columns = (
            found.query.tolist(),
            found.query_lang.tolist(),
            found.passage_lang.tolist(),
            found.pool_size.tolist(),
            pairs,
        )
        assert list(zip(*columns, strict=True)) == expected
