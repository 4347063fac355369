"""``limit``: the same few queries per language every time, translations together, all passages kept."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np

import robustir
from robustir.planning.limits import limited
from robustir.types import Pools


def test_the_mini_collection() -> None:
    task = robustir.benchmark("mini")
    few, more = limited(task, 7), limited(task, 20)
    assert Counter(few.queries.langs) == dict.fromkeys(task.languages, 7)
    assert few.corpus is task.corpus
    # Its questions are parallel: one question is there in all languages, or in none.
    assert len(set(few.queries.source_ids)) == 7
    assert set(few.queries.ids) < set(more.queries.ids) < set(task.queries.ids)
    assert limited(task, 7).digest() == few.digest()
    assert limited(task, 100) is task


def test_judgements_follow_their_queries() -> None:
    task = robustir.benchmark("mini")

    def pairs(one: robustir.Task) -> set[tuple[str, str, int]]:
        rows = zip(one.qrels.query, one.qrels.passage, one.qrels.gain, strict=True)
        return {(one.queries.ids[query], one.corpus.ids[passage], int(gain)) for query, passage, gain in rows}

    few = limited(task, 5)
    assert pairs(few) == {pair for pair in pairs(task) if pair[0] in set(few.queries.ids)}


def test_every_pool_keeps_its_share() -> None:
    task = robustir.benchmark("mini")
    langs = {lang: number for number, lang in enumerate(task.languages)}
    mono = np.array(
        [
            task.queries.langs[q] == task.corpus.langs[p]
            for q, p in zip(task.qrels.query, task.qrels.passage, strict=True)
        ]
    )
    qrels = dataclasses.replace(
        task.qrels, query=task.qrels.query[mono], passage=task.qrels.passage[mono], gain=task.qrels.gain[mono]
    )
    pools = Pools(
        *(
            np.array([langs[lang] for lang in column], dtype=np.int32)
            for column in (task.queries.langs, task.corpus.langs)
        )
    )
    apart = dataclasses.replace(task, qrels=qrels, pools=pools)
    few = limited(apart, 3)
    assert few.pools is not None
    assert Counter(few.pools.query.tolist()) == dict.fromkeys(range(len(langs)), 3)
    assert [langs[lang] for lang in few.queries.langs] == few.pools.query.tolist()
