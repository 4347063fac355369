"""Judgements as they lie in folders, from the loader to the measures, against trec_eval (pytrec_eval) and BEIR's evaluator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytrec_eval

from robustir.benchmarks.beir import Beir
from robustir.evidence.views import rank_lists, view
from robustir.measures import evaluate, parse_measure
from robustir.ranking.search import rank_relevant
from robustir.types import Task

pytestmark = pytest.mark.comparison

Judgements = dict[str, dict[str, int]]
Scores = dict[str, dict[str, float]]

CUTOFFS = (1, 3, 10)
# Our name -> trec_eval's; those that take a relevance threshold, and those that read gains.
BINARY = {"AP": "map", "RR": "recip_rank"} | {
    f"{ours}{{}}@{cutoff}": f"{theirs}_{cutoff}"
    for ours, theirs in (("AP", "map_cut"), ("P", "P"), ("R", "recall"), ("Hit", "success"))
    for cutoff in CUTOFFS
}
GRADED = {"nDCG": "ndcg"} | {f"nDCG@{cutoff}": f"ndcg_cut_{cutoff}" for cutoff in CUTOFFS}


def make_folder(folder: Path, generator: np.random.Generator, gains: list[int]) -> tuple[Judgements, Scores]:
    """Write a collection of 30 passages, 12 of which are queries too, with judgements of every awkward kind."""
    passages = [f"{number}" for number in range(30)]
    queries = [*passages[:12], *(f"q{number}" for number in range(12))]
    qrels: Judgements = {}
    for query in queries[:-2]:  # two without a judgement
        chosen = generator.choice([*passages, "lost-1", "lost-2", "lost-3"], size=6, replace=False).tolist()
        qrels[query] = {passage: int(generator.choice(gains)) for passage in chosen if passage != query}
    qrels["q0"] = dict.fromkeys(passages[:5], 0)
    qrels["q1"] = dict.fromkeys(passages[:3], -1)  # written as -40,000, on which pytrec_eval crashes
    qrels["q2"] = {"lost-1": 1}
    qrels["q3"] = {"lost-1": 0}
    (folder / "qrels").mkdir(parents=True)
    for name, ids in (("corpus", passages), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps({"_id": one, "text": one}) + "\n" for one in ids))
    lines = [
        f"{query}\t{passage}\t{-40_000 if gain < 0 else gain}\n"
        for query, row in qrels.items()
        for passage, gain in row.items()
    ]
    unknown = "nobody\t1\t1\n"
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(lines) + unknown)
    values = generator.integers(0, 12, (len(queries), len(passages))).astype(np.float32)
    run = {query: dict(zip(passages, map(float, row), strict=True)) for query, row in zip(queries, values, strict=True)}
    return qrels, run


def ours(task: Task, run: Scores, names: list[str]) -> dict[tuple[str, str], float]:
    scores = np.array([[run[query][passage] for passage in task.corpus.ids] for query in task.queries.ids], np.float32)
    ranks = rank_relevant([scores], task.corpus, task.qrels, queries=len(task.queries)).ranks
    seen = view(task, "mono")
    values = evaluate([parse_measure(name) for name in names], rank_lists(seen, ranks))
    queries = [task.queries.ids[row] for row in seen.query]
    return {(query, name): values[i, j] for i, name in enumerate(names) for j, query in enumerate(queries)}


def theirs(qrels: Judgements, run: Scores, names: dict[str, str], level: int) -> dict[tuple[str, str], float]:
    wanted = {
        name if name in {"map", "recip_rank", "ndcg"} else f"{name.rpartition('_')[0]}.1,3,10"
        for name in names.values()
    }
    found: dict[str, Any] = pytrec_eval.RelevanceEvaluator(qrels, wanted, relevance_level=level).evaluate(run)
    return {(query, ours): row[name] for query, row in found.items() for ours, name in names.items()}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("level", [1, 2, 3])
def test_values_are_trec_evals_whatever_was_judged(tmp_path: Path, seed: int, level: int) -> None:
    qrels, run = make_folder(tmp_path / "c", np.random.default_rng(seed), [-1, 0, 1, 2, 3])
    task = Beir(str(tmp_path / "c"), exclude_identical_ids=False).load(None)
    threshold = "" if level == 1 else f"(rel={level})"
    names = {
        name.format(threshold) if "{" in name else f"{name}{threshold}": other for name, other in BINARY.items()
    } | (GRADED if level == 1 else {})
    expected = theirs(qrels, run, names, level)
    found = ours(task, run, list(names))
    assert found.keys() == expected.keys()
    assert len(found) == 22 * len(names)
    assert max(abs(found[key] - expected[key]) for key in expected) < 1e-12
    assert {found[query, name] for query in ("q0", "q1", "q2", "q3") for name in names} == {0.0}


def test_gains_of_any_size_are_trec_evals(tmp_path: Path) -> None:
    qrels, run = make_folder(tmp_path / "c", np.random.default_rng(7), [0, 1, 300, 40_000, 70_000])
    found = ours(Beir(str(tmp_path / "c")).load(None), run, list(GRADED))
    expected = theirs(qrels, run, GRADED, 1)
    assert max(abs(found[key] - expected[key]) for key in expected) < 1e-12
    # 2**70 is beyond trec_eval's whole numbers; gains in proportion give the same nDCG.
    path = tmp_path / "c" / "qrels" / "test.tsv"
    rows = [line.split("\t") for line in path.read_text().splitlines()[1:]]
    path.write_text("".join(f"{query}\t{passage}\t{int(gain) * 2**70}\n" for query, passage, gain in rows))
    assert ours(Beir(str(tmp_path / "c")).load(None), run, list(GRADED)) == pytest.approx(found, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_identical_ids_are_excluded_as_beirs_evaluator_does(tmp_path: Path, seed: int) -> None:
    qrels, run = make_folder(tmp_path / "c", np.random.default_rng(seed), [-1, 0, 1, 2, 3])
    with (tmp_path / "c" / "qrels" / "test.tsv").open("a") as lines:
        lines.write("3\t3\t2\n4\t4\t0\n")  # a query among its own relevant passages, which BEIR never finds
    qrels["3"]["3"], qrels["4"]["4"] = 2, 0
    task = Beir(str(tmp_path / "c"), exclude_identical_ids=True).load(None)
    # beir.retrieval.evaluation.EvaluateRetrieval.evaluate(ignore_identical_ids=True): such results are taken out.
    ignoring = {
        query: {passage: score for passage, score in row.items() if passage != query} for query, row in run.items()
    }
    names = {name.format(""): other for name, other in BINARY.items()} | GRADED
    expected = theirs(qrels, ignoring, names, 1)
    found = ours(task, run, list(names))
    assert found.keys() == expected.keys()
    assert max(abs(found[key] - expected[key]) for key in expected) < 1e-12
    kept = theirs(qrels, run, names, 1)
    assert max(abs(found[key] - kept[key]) for key in kept) > 0.1
