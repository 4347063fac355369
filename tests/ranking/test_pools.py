"""A task in pools gives what each pool gives by itself, for vectors and for a lexical scorer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robustir.benchmarks.bitext import Bitext, pair_task, parallel_task
from robustir.encoders.bm25 import BM25
from robustir.encoders.hashing import HashingEncoder
from robustir.errors import DataError
from robustir.evidence.views import rank_lists, view
from robustir.measures import evaluate, parse_measure
from robustir.planning.conditions import CLEAN
from robustir.planning.plan import make_plan
from robustir.planning.suite import validate_suite
from robustir.ranking.pools import largest_pool, pool_products, split_pools
from robustir.ranking.search import rank_dense, rank_relevant
from robustir.rundir.directory import RunDirectory
from robustir.rundir.manifest import BenchmarkEntry
from robustir.running.runner import execute
from robustir.running.summary import RunOptions
from robustir.types import Corpus, Pools, Qrels, Ranks, Task

LEFT = [f"Satz {word} im Haus {word}" for word in ["Apfel", "Baum", "Café", "Dom", "Esel", "Fisch", "Gras"]]
RIGHT = [f"sentence {word} in house {word}" for word in ["Apfel", "Baum", "Cafe", "Dome", "Donkey", "Fish", "Grass"]]


def bitext_task() -> Task:
    sets = [
        Bitext("one", ("de", "en"), LEFT[:4], RIGHT[:4], list("aabb"), list("wxyz")),
        Bitext("two", ("fr", "en"), LEFT[2:], RIGHT[2:], list("abbcc"), list("12345")),
    ]
    return pair_task("small", sets, group_kind="letter", licence="", source="")


class SmallBenchmark:
    name = "small"
    languages = ("de", "en", "fr")
    folder = None
    licence = source = ""

    def load(self, data: Path | None, languages: object = None) -> Task:
        return bitext_task()


def test_shape() -> None:
    task = bitext_task()
    assert task.settings == ("cross",)
    assert "mono is undefined" in task.settings_note
    assert task.pools is not None
    assert task.pools.query.tolist() == [0] * 4 + [1] * 4 + [2] * 5 + [3] * 5
    assert largest_pool(task) == 5
    assert pool_products(task) == 4 * 4 * 2 + 5 * 5 * 2
    seen = view(task, "cross")
    assert seen.pool_size.tolist() == [4] * 8 + [5] * 10
    assert list(zip(seen.query_lang[[0, 4, 8, 13]], seen.passage_lang[[0, 4, 8, 13]], strict=True)) == [
        ("de", "en"), ("en", "de"), ("fr", "en"), ("en", "fr")
    ]  # fmt: skip
    parts = split_pools(task)
    assert [part.corpus.texts for part in parts] == [
        tuple(RIGHT[:4]),
        tuple(LEFT[:4]),
        tuple(RIGHT[2:]),
        tuple(LEFT[2:]),
    ]


def test_pools_enter_the_digest_and_must_hold_the_judgements() -> None:
    task = bitext_task()
    assert task.pools is not None
    merged = Pools(task.pools.query // 2, task.pools.passage // 2)
    columns = (task.name, task.queries, task.corpus, task.qrels, task.settings)
    assert len({task.digest(), Task(*columns).digest(), Task(*columns, pools=merged).digest()}) == 3
    with pytest.raises(DataError, match="another pool"):
        Task(*columns, pools=Pools(task.pools.query, task.pools.passage[::-1].copy()))


@pytest.mark.parametrize("keep_top", [0, 3])
@pytest.mark.parametrize("encoder", ["hashing", "bm25"])
def test_a_run_equals_each_pool_by_itself(tmp_path: Path, encoder: str, keep_top: int) -> None:
    suite = validate_suite(
        {
            "name": "s",
            "benchmarks": [f"{__name__}:SmallBenchmark"],
            "encoders": [encoder],
            "perturbations": ["typos"],
            "severities": [0.5],
            "draws": 1,
        },
        "test",
    )
    plan = make_plan(suite)
    run = RunDirectory(tmp_path / "run")
    options = RunOptions(jobs=1, cache=tmp_path / "cache", keep_top=keep_top)
    assert execute(plan, run, options).failures == []
    assert execute(plan, run, options).cells_done_before == len(list(plan.cells()))
    task = plan.tasks[0].task
    for condition in plan.conditions(plan.tasks[0]):
        if condition.perturbation.startswith("*"):
            continue
        cell = plan.cell(plan.tasks[0], plan.encoders[0], condition)
        texts = list(task.queries.texts)
        if condition != CLEAN:
            ids, noisy, _ = run.read_noisy(cell.queries_key)
            texts = [
                dict(zip(ids, noisy, strict=True)).get(name, text)
                for name, text in zip(task.queries.ids, texts, strict=True)
            ]
            assert texts != list(task.queries.texts)
        found = run.read_ranks(cell.key)
        for begin, end in ((0, 4), (4, 8), (8, 13), (13, 18)):
            wanted = alone(encoder, task, texts, begin, end)
            if condition == CLEAN or "fr" not in task.queries.langs[begin:end]:
                for name in Ranks.__slots__:
                    assert getattr(found, name)[begin:end].tolist() == getattr(wanted, name).tolist(), (condition, name)
            else:  # typos knows no French: not scored
                assert found.lang_rank[begin:end].tolist() == [0] * (end - begin)
        stored = run.read_task(
            BenchmarkEntry(
                name="s",
                spec="s",
                digest="",
                queries_key=plan.queries_key(plan.tasks[0], CLEAN),
                settings=("cross",),
                languages=task.languages,
                queries=len(task.queries),
                passages=len(task.corpus),
                groups=18,
            )
        )
        assert stored.pools is not None
        assert task.pools is not None
        assert stored.pools.digest() == task.pools.digest()


def alone(encoder: str, task: Task, texts: list[str], begin: int, end: int) -> Ranks:
    part = slice(begin, end)
    queries = task.queries.select(range(begin, end)).with_texts(texts[part])
    corpus = Corpus(task.corpus.ids[part], task.corpus.texts[part], task.corpus.langs[part])
    rows = np.arange(end - begin, dtype=np.int32)
    qrels = Qrels(rows, rows, np.ones(len(rows)))
    if encoder == "hashing":
        made = HashingEncoder()
        asked, found = (made.encode(side, role="query") for side in (queries.texts, corpus.texts))
        return rank_dense(asked, found, corpus, qrels).ranks
    scorer = BM25()
    scorer.index(corpus)
    blocks = scorer.blocks(queries)
    matches_only = getattr(scorer, "matches_only", False)
    return rank_relevant(blocks, corpus, qrels, queries=len(queries), matches_only=matches_only).ranks


def test_a_pivot_asks_for_the_others_and_they_for_it() -> None:
    sentences = {"de": LEFT[:3], "en": RIGHT[:3], "fr": LEFT[:3]}
    with_pivot = parallel_task("p", sentences, list("aab"), pivot="en", group_kind="", licence="", source="")
    everything = parallel_task("p", sentences, list("aab"), pivot=None, group_kind="", licence="", source="")
    pairs = [
        set(zip(v.query_lang, v.passage_lang, strict=True))
        for v in (view(with_pivot, "cross"), view(everything, "cross"))
    ]
    assert pairs[0] == {("de", "en"), ("fr", "en"), ("en", "de"), ("en", "fr")}
    assert pairs[1] == pairs[0] | {("de", "fr"), ("fr", "de")}
    assert pool_products(with_pivot) == 6 * 3 + 3 * 6
    # What a pair's rank is does not depend on the other pairs.
    ranked = {}
    for name, task in (("pivot", with_pivot), ("all", everything)):
        vectors = HashingEncoder().encode(task.queries.texts, role="query")
        seen = view(task, "cross")
        if task.pools is None:
            ranks = rank_dense(vectors, vectors, task.corpus, task.qrels).ranks
            values = evaluate([parse_measure("RR")], rank_lists(seen, ranks))[0]
            ids = [task.queries.ids[row] for row in seen.query]
            ranked[name] = dict(zip(zip(ids, seen.passage_lang, strict=True), values, strict=True))
        else:
            ranked[name] = {}
            for part in split_pools(task):
                rows = np.flatnonzero(task.pools.query == part.number)
                for row in rows:
                    scores = vectors[part.passages] @ vectors[row]
                    for passage in task.qrels.passage[task.qrels.query == row]:
                        lang = task.corpus.langs[passage]
                        rivals = [k for k, where in enumerate(part.passages) if task.corpus.langs[where] == lang]
                        mine = part.place[passage]
                        better = sum(
                            scores[k] > scores[mine]
                            or (scores[k] == scores[mine] and part.corpus.ids[k] > part.corpus.ids[mine])
                            for k in rivals
                        )
                        ranked[name][task.queries.ids[row], lang] = 1 / (1 + better)
    assert {key: ranked["all"][key] for key in ranked["pivot"]} == ranked["pivot"]
