"""A run directory of the size of XQuAD-R with made-up ranks, written by the project's own writers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustir.planning.conditions import CLEAN, FLOOR
from robustir.planning.plan import make_plan
from robustir.planning.suite import Noise, Suite
from robustir.rundir.directory import RunDirectory
from robustir.running.recording import finished, new_manifest
from robustir.running.summary import RunSummary
from robustir.types import Corpus, Dose, Qrels, QuerySet, Ranks, Task

LANGS = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
QUESTIONS, ARTICLES, PASSAGES = 1190, 48, 1183
NOISES = (
    "typos",
    "casing",
    "delete",
    "insert",
    "keyboard",
    "punctuation",
    "shuffle-words",
    "spacing",
    "transpose",
    "asr",
)
SEVERITIES = (0.1, 0.2, 0.3, 0.5)


def task() -> Task:
    """Return 1,190 questions in 48 articles and 11 languages, each with its passage in every language."""
    article = np.sort(np.random.default_rng(0).integers(0, ARTICLES, QUESTIONS))
    rows = [(lang, number) for lang in LANGS for number in range(QUESTIONS)]
    queries = QuerySet(
        tuple(f"{lang}-{number:04d}" for lang, number in rows),
        tuple(f"question {number} {lang}" for lang, number in rows),
        tuple(lang for lang, _ in rows),
        tuple(f"q{number:04d}" for _, number in rows),
        tuple(f"a{article[number]:02d}" for _, number in rows),
    )
    places = [(lang, number) for lang in LANGS for number in range(PASSAGES)]
    corpus = Corpus(
        tuple(f"p-{lang}-{number:04d}" for lang, number in places),
        ("",) * len(places),
        tuple(lang for lang, _ in places),
    )
    query = np.repeat(np.arange(len(rows), dtype=np.int32), len(LANGS))
    answer = np.array([number % PASSAGES for _, number in rows])
    passage = (answer[:, None] + PASSAGES * np.arange(len(LANGS))).ravel().astype(np.int32)
    return Task("synthetic", queries, corpus, Qrels(query, passage, np.ones(len(query))))


def _ranks(rng: np.random.Generator, base: NDArray[np.float64], loss: float) -> Ranks:
    """Return ranks around ``base``, worse by a factor."""
    within = np.minimum(np.ceil(base * np.exp(rng.normal(loss, 0.5, len(base)))), PASSAGES).astype(np.uint32)
    pool = np.minimum(within * rng.integers(1, 11, len(base), dtype=np.uint32), PASSAGES * len(LANGS)).astype(np.uint32)
    none = np.zeros(len(base), dtype=np.uint32)
    return Ranks(within, within - 1, none, pool, pool - 1, none)


def synthetic_run(path: Path, *, encoders: int = 8, noises: int = 10, draws: int = 3) -> RunDirectory:
    """Write a finished run; every encoder and noise has its own loss."""
    suite = Suite(
        name="synthetic",
        benchmarks=("live('synthetic')",),
        encoders=tuple(f"hashing(seed={number})" for number in range(encoders)),
        perturbations=tuple(Noise(spec=name) for name in NOISES[:noises]),
        severities=SEVERITIES,
        draws=draws,
        measures=("AP", "nDCG@10", "R@100", "nRankDistance"),
    )
    plan = make_plan(suite, live={"live('synthetic')": task()})
    run, rng = RunDirectory(path), np.random.default_rng(1)
    planned = plan.tasks[0]
    queries = planned.task.queries
    with run.locked():
        run.write_manifest(new_manifest(plan))
        run.write_task(plan.queries_key(planned, CLEAN), planned.task)
        for condition in plan.conditions(planned):
            if condition in (CLEAN, FLOOR):
                continue
            dose = np.full(len(queries), condition.severity)
            noisy = QuerySet(
                queries.ids, tuple(f"{text}!" for text in queries.texts), queries.langs, queries.source_ids,
                queries.groups, Dose(dose, dose / 5),
            )  # fmt: skip
            run.write_queries(plan.queries_key(planned, condition), noisy)
        for number, encoder in enumerate(plan.encoders):
            base = np.exp(rng.exponential(1.0 + 0.1 * number, len(planned.task.qrels)))
            for condition in plan.conditions(planned):
                loss = 6.0 if condition == FLOOR else condition.severity * (1 + 0.2 * number)
                run.write_ranks(plan.cell(planned, encoder, condition).key, _ranks(rng, base, loss))
        run.write_manifest(finished(new_manifest(plan), RunSummary()))
    return run
