"""Kernel, views and measures together against trec_eval (pytrec_eval, ir_measures), ties and all settings included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ir_measures
import numpy as np
import pytest
import pytrec_eval
from numpy.typing import NDArray

from robustir.benchmarks.mini import Mini
from robustir.encoders.bm25 import BM25
from robustir.evidence.views import rank_lists, view
from robustir.measures import evaluate, parse_measure
from robustir.ranking.search import rank_relevant, rank_sparse
from robustir.types import SETTINGS, Corpus, Qrels, QuerySet, Setting, Task

pytestmark = pytest.mark.comparison

CUTOFFS = (1, 3, 10, 100)
NAMES = [
    "AP",
    "RR",
    "nDCG",
    *(f"{name}@{cutoff}" for name in ("AP", "RR", "nDCG", "P", "R", "Hit") for cutoff in CUTOFFS),
]
LANGS = ("ar", "en", "th", "zh")
ID_LETTERS = tuple("aZ09-_éßกあ\ue000\uffee😀")
Scores = NDArray[np.float32]
Judgements = dict[str, dict[str, int]]
Run = dict[str, dict[str, float]]


def make_task(generator: np.random.Generator, queries: int, passages: int) -> Task:
    """Make a task with ids in several scripts; a third of the queries have one relevant passage, one has very many."""
    ids: set[str] = set()
    while len(ids) < passages:
        ids.add("".join(generator.choice(ID_LETTERS, size=int(generator.integers(1, 6)))))
    names = tuple(str(name) for name in generator.permutation(sorted(ids)))
    corpus = Corpus(names, names, tuple(str(lang) for lang in generator.choice(LANGS, size=passages)))
    query_set = QuerySet.from_texts([""] * queries, lang=[LANGS[row % 4] for row in range(queries)])
    rows = []
    for query in range(queries):
        size = 1 if query % 3 == 0 else passages // 2 if query == 1 else int(generator.integers(2, 12))
        rows += [
            (query, int(passage), int(generator.integers(1, 4)))
            for passage in generator.choice(passages, size, replace=False)
        ]
    return Task("random", query_set, corpus, Qrels.from_rows(rows))


def scores_of(kind: str, generator: np.random.Generator, task: Task) -> Scores:
    """Return scores [queries, passages] of one kind."""
    shape = (len(task.queries), len(task.corpus))
    scores = {
        "distinct": lambda: generator.standard_normal(shape),
        "ties": lambda: generator.integers(0, 5, shape),
        "lexical": lambda: np.maximum(generator.standard_normal(shape) - 1.5, 0),
        "constant": lambda: np.full(shape, 0.25),
        "signed zeros": lambda: np.where(generator.random(shape) < 0.5, 0.0, -0.0),
        "float32 neighbours": lambda: 1 + generator.integers(0, 6, shape) * 2.0**-23,
        "tiny": lambda: generator.integers(0, 4, shape) * 2.0**-149,
        "relevant last": lambda: np.zeros(shape),
    }[kind]()
    if kind == "relevant last":
        scores[task.qrels.query, task.qrels.passage] = -1
    return scores.astype(np.float32)


def naive_views(task: Task, scores: Scores, setting: Setting) -> Iterator[tuple[str, Judgements, Run]]:
    """Yield (passage language, qrels, run) of a setting, built query by query as trec_eval reads them."""
    for lang in ("all",) if setting == "multi" else LANGS:
        judgements: Judgements = {}
        run: Run = {}
        for query, own in enumerate(task.queries.langs):
            if setting != "multi" and (own == lang) != (setting == "mono"):
                continue
            candidates = {row for row, other in enumerate(task.corpus.langs) if lang in ("all", other)}
            rows = zip(
                task.qrels.query.tolist(), task.qrels.passage.tolist(), map(int, task.qrels.gain.tolist()), strict=True
            )
            relevant = {
                task.corpus.ids[passage]: gain for row, passage, gain in rows if row == query and passage in candidates
            }
            if relevant:
                judgements[str(query)] = relevant
                run[str(query)] = {task.corpus.ids[row]: float(scores[query, row]) for row in candidates}
        yield lang, judgements, run


def ours(
    task: Task, scores: Scores, setting: Setting, *, matches_only: bool = False
) -> dict[tuple[str, str, str], float]:
    """Return every value by (query, passage language, measure)."""
    ranked = rank_relevant(
        np.array_split(scores, 3), task.corpus, task.qrels, queries=len(task.queries), matches_only=matches_only
    )
    rows = view(task, setting)
    values = evaluate([parse_measure(name) for name in NAMES], rank_lists(rows, ranked.ranks))
    keys = [(str(query), lang) for query, lang in zip(rows.query.tolist(), rows.passage_lang.tolist(), strict=True)]
    return {
        (*key, name): float(values[number, row]) for row, key in enumerate(keys) for number, name in enumerate(NAMES)
    }


def by_pytrec_eval(judgements: Judgements, run: Run) -> dict[str, dict[str, float]]:
    """Return {query: {our name: value}}; RR at a cutoff is RR of the run cut there in trec_eval's order."""
    cutoffs = ",".join(map(str, CUTOFFS))
    wanted = {
        "map",
        "recip_rank",
        "ndcg",
        *(f"{name}.{cutoffs}" for name in ("map_cut", "ndcg_cut", "P", "recall", "success")),
    }
    found = pytrec_eval.RelevanceEvaluator(judgements, wanted).evaluate(run)
    names = {"map_cut": "AP", "ndcg_cut": "nDCG", "P": "P", "recall": "R", "success": "Hit"}
    values = {query: {"AP": row["map"], "RR": row["recip_rank"], "nDCG": row["ndcg"]} for query, row in found.items()}
    for query, row in found.items():
        values[query] |= {f"{names[name]}@{cutoff}": row[f"{name}_{cutoff}"] for name in names for cutoff in CUTOFFS}
    for cutoff in CUTOFFS:
        cut = {
            query: dict(sorted(passages.items(), key=lambda item: (item[1], item[0].encode()), reverse=True)[:cutoff])
            for query, passages in run.items()
        }
        for query, row in pytrec_eval.RelevanceEvaluator(judgements, {"recip_rank"}).evaluate(cut).items():
            values[query][f"RR@{cutoff}"] = row["recip_rank"]
    return values


KINDS = ["distinct", "ties", "lexical", "constant", "signed zeros", "float32 neighbours", "tiny", "relevant last"]


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_measure_is_trec_evals(kind: str, setting: Setting) -> None:
    generator = np.random.default_rng([KINDS.index(kind), 20])
    task = make_task(generator, queries=24, passages=160)
    scores = scores_of(kind, generator, task)
    expected = {
        (query, lang, name): value
        for lang, judgements, run in naive_views(task, scores, setting)
        if judgements
        for query, row in by_pytrec_eval(judgements, run).items()
        for name, value in row.items()
    }
    found = ours(task, scores, setting)
    assert found.keys() == expected.keys()
    assert len(found) >= 20 * len(NAMES) or setting == "mono"
    difference = max(abs(found[key] - expected[key]) for key in expected)
    assert difference < 1e-9


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("kind", ["ties", "lexical"])
def test_what_is_not_retrieved_is_found_nowhere(kind: str, setting: Setting) -> None:
    """A run that lists only passages with a score above 0; a query without any has a line of a passage beyond the pool."""
    generator = np.random.default_rng([KINDS.index(kind), 21])
    task = make_task(generator, queries=24, passages=160)
    scores = scores_of(kind, generator, task)
    scores[generator.random(scores.shape) < 0.7] = 0
    expected = {
        (query, lang, name): value
        for lang, judgements, run in naive_views(task, scores, setting)
        if judgements
        for query, row in by_pytrec_eval(
            judgements,
            {query: {name: s for name, s in row.items() if s > 0} or {"*": 1.0} for query, row in run.items()},
        ).items()
        for name, value in row.items()
    }
    found = ours(task, scores, setting, matches_only=True)
    assert found.keys() == expected.keys()
    assert max(abs(found[key] - expected[key]) for key in expected) < 1e-9
    assert max(abs(value - expected[key]) for key, value in ours(task, scores, setting).items()) > 0.001


@pytest.mark.parametrize("setting", SETTINGS)
def test_bm25_is_scored_as_a_search_engine_that_lists_what_matches(setting: Setting) -> None:
    task = Mini().load(None, LANGS)
    scorer = BM25()
    scorer.index(task.corpus)
    scores = np.concatenate(list(scorer.blocks(task.queries)))
    expected = {
        (query, lang): row["map"]
        for lang, judgements, run in naive_views(task, scores, setting)
        if judgements
        for query, row in pytrec_eval.RelevanceEvaluator(judgements, {"map"})
        .evaluate({query: {name: s for name, s in row.items() if s > 0} or {"*": 1.0} for query, row in run.items()})
        .items()
    }
    ranked = rank_sparse(
        scorer.sparse_blocks(task.queries),
        task.corpus,
        task.qrels,
        queries=len(task.queries),
        matches_only=scorer.matches_only,
    )
    seen = view(task, setting)
    found = evaluate([parse_measure("AP")], rank_lists(seen, ranked.ranks))[0]
    keys = [(str(query), lang) for query, lang in zip(seen.query.tolist(), seen.passage_lang.tolist(), strict=True)]
    assert dict(zip(keys, found.tolist(), strict=True)) == pytest.approx(expected, abs=1e-9)
    assert 0 < np.mean(found) < 1


@pytest.mark.parametrize("setting", SETTINGS)
def test_names_mean_what_they_mean_in_ir_measures(setting: Setting) -> None:
    generator = np.random.default_rng(9)
    task = make_task(generator, queries=16, passages=90)
    scores = scores_of("ties", generator, task)
    names = [name for name in NAMES if not name.startswith("RR@")]  # there another provider, with another order of ties
    measures: dict[Any, str] = {ir_measures.parse_measure(name.replace("Hit", "Success")): name for name in names}
    found = ours(task, scores, setting)
    compared = 0
    for lang, judgements, run in naive_views(task, scores, setting):
        for metric in ir_measures.iter_calc(list(measures), judgements, run) if judgements else ():
            assert metric.value == pytest.approx(found[metric.query_id, lang, measures[metric.measure]], abs=1e-9)
            compared += 1
    assert compared == len(names) * len({key[:2] for key in found}) > 0


def test_names_print_as_in_ir_measures() -> None:
    for name in [*NAMES, "AP(rel=2)", "AP(rel=3)@100", "RR(rel=2)@10", "P(rel=2)@5", "R(rel=2)@50", "Hit(rel=2)@1"]:
        theirs = str(ir_measures.parse_measure(name.replace("Hit", "Success")))
        assert str(parse_measure(theirs)) == name
