"""Clean XQuAD-R scores of a run against pytrec_eval on full rankings: mono, cross and multi, ties included."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustir.encoders.adapters import adapt
from robustir.evidence.gather import benchmarks, score_view
from robustir.evidence.views import view
from robustir.measures import parse_measure
from robustir.planning.conditions import CLEAN
from robustir.planning.plan import Plan, make_plan
from robustir.planning.suite import load_suite
from robustir.plugins.registry import create
from robustir.ranking.search import DenseScorer
from robustir.rundir.directory import RunDirectory
from robustir.running.orchestration import execute_plan
from robustir.running.summary import RunOptions
from robustir.types import Task

pytestmark = [pytest.mark.comparison, pytest.mark.slow, pytest.mark.long, pytest.mark.data]
NAMES = {"AP": "map", "RR": "recip_rank", "nDCG@10": "ndcg_cut_10", "R@10": "recall_10"}
EVERY = 13  # every 13th query of all languages: 1,007 full rankings of 13,014 passages


@pytest.fixture(scope="module")
def plan(data: Path) -> Plan:
    return make_plan(load_suite("xquad-r").replaced(perturbations=(), draws=1), data)


@pytest.fixture(scope="module")
def run(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    directory = RunDirectory(tmp_path_factory.mktemp("xquad") / "run")
    execute_plan(plan, directory, RunOptions(jobs=2), formats=("csv",))
    return directory


def full_scores(name: str, task: Task, rows: np.ndarray) -> np.ndarray:
    """Scores of some queries against every passage, float32 [rows, passages], without the rank kernel."""
    scorer: Any = adapt(create("encoder", name))
    if hasattr(scorer, "encode"):
        passages = scorer.encode(task.corpus.texts, role="passage", langs=task.corpus.langs)
        queries = scorer.encode(task.queries.texts, role="query", langs=task.queries.langs)
        blocks = [block.copy() for block in DenseScorer(passages).blocks(queries)]
    else:
        scorer.index(task.corpus)
        blocks = [block.copy() for block in scorer.blocks(task.queries)]
    return np.concatenate(blocks)[rows]


@pytest.mark.parametrize("name", ["hashing", "bm25"])
def test_every_setting_agrees_with_pytrec_eval(name: str, plan: Plan, run: RunDirectory) -> None:
    import pytrec_eval

    task = plan.tasks[0].task
    rows = np.arange(0, len(task.queries), EVERY)
    scores = full_scores(name, task, rows)
    relevant: dict[int, list[int]] = defaultdict(list)
    for query, passage in zip(task.qrels.query.tolist(), task.qrels.passage.tolist(), strict=True):
        relevant[query].append(passage)
    langs = np.array(task.corpus.langs)
    members = {lang: np.flatnonzero(langs == lang) for lang in task.languages}
    members["all"] = np.arange(len(langs))

    stored = benchmarks(run)[0]
    encoder = next(encoder for encoder in plan.encoders if encoder.spec == name)
    ranks = run.read_ranks(plan.cell(plan.tasks[0], encoder, CLEAN).key)
    measures = [parse_measure(measure) for measure in NAMES]
    compared = 0
    for setting in ("mono", "cross", "multi"):
        seen = view(stored.task, setting)
        values = score_view(measures, seen, ranks)
        position = {row: place for place, row in enumerate(rows.tolist())}
        for at in np.flatnonzero(np.isin(seen.query, rows)):
            if setting == "cross" and at % 5:  # a fifth of the language pairs of every query
                continue
            query, candidates = int(seen.query[at]), members[seen.passage_lang[at]]
            wanted = set(relevant[query])
            scored = {passage: float(scores[position[query], passage]) for passage in candidates}
            # What bm25 gives no score shares no word with the query: it is not retrieved.
            ranking = {task.corpus.ids[passage]: one for passage, one in scored.items() if one > 0 or name != "bm25"}
            qrels = {task.corpus.ids[passage]: 1 for passage in candidates if int(passage) in wanted}
            evaluator = pytrec_eval.RelevanceEvaluator({"q": qrels}, set(NAMES.values()))
            judged = evaluator.evaluate({"q": ranking}).get("q", {})
            expected = [judged.get(trec, 0.0) for trec in NAMES.values()]
            np.testing.assert_allclose(values[:, at], expected, atol=1e-9, rtol=0)
            compared += 1
    assert compared > 3 * len(rows)


def test_the_macro_average_is_the_mean_of_the_languages(run: RunDirectory) -> None:
    rows = list(csv.DictReader((run.path / "findings" / "scores.csv").open(encoding="utf-8")))
    for encoder in ("hashing", "bm25"):
        chosen = [row for row in rows if (row["encoder"], row["setting"], row["measure"]) == (encoder, "mono", "AP")]
        languages = [float(row["clean"]) for row in chosen if row["query_lang"] != "all"]
        macro = next(float(row["clean"]) for row in chosen if row["query_lang"] == "all")
        assert len(languages) == 11
        assert macro == pytest.approx(np.mean(languages), abs=1e-9)
        assert {row["n"] for row in chosen if row["query_lang"] != "all"} == {"1190"}
