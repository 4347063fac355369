"""Excluded passages, passages that the corpus lacks, queries without a relevant one, and thresholds, by enumeration."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from robustir.evidence.expected import expected_scores
from robustir.evidence.views import rank_lists, tied_and_missed, view
from robustir.measures import evaluate, parse_measure
from robustir.planning.limits import limited
from robustir.ranking.search import rank_relevant
from robustir.types import SETTINGS, Corpus, Qrels, QuerySet, Ranks, Setting, Task

LANGS = ("en", "de")
NAMES = ["AP", "AP(rel=2)@3", "RR", "R(rel=2)@2", "P@2", "Hit(rel=3)@2", "nDCG", "nDCG@2"]
MEASURES = [parse_measure(name) for name in NAMES]


def make(seed: int, passages: int) -> tuple[Task, np.ndarray]:
    """Passages a, b, ... of two languages, the first four of which are queries too; scores with many ties."""
    generator = np.random.default_rng(seed)
    ids = tuple("abcdefghijkl"[:passages])
    corpus = Corpus(ids, ids, tuple(LANGS[row % 2] for row in range(passages)))
    names = (*ids[:4], "x", "y", "z")
    queries = QuerySet(names, names, tuple(LANGS[int(row)] for row in generator.integers(0, 2, 7)), names, names)
    rows = [
        (query, int(passage), int(generator.integers(0, 4)))
        for query in range(5)
        for passage in generator.choice(passages, 3, replace=False)
    ]
    rows += [(5, 0, 0), (5, 3, 0), (6, 1, 0)]  # nothing is relevant for y; z looks for what the corpus lacks
    qrels = Qrels.from_rows(rows, lost=[(0, 2), (4, 1), (6, 3)])
    scores = generator.integers(0, 4, (7, passages)).astype(np.float32)
    return Task("t", queries, corpus, qrels, exclude_identical_ids=True), scores


def rows_by_hand(task: Task, setting: Setting) -> Iterator[tuple[int, str, list[int], dict[int, int], list[int]]]:
    """Yield query, passage language, candidates, relevant gains and gains that are never found, row by row."""
    qrels = task.qrels
    for query, (name, own) in enumerate(zip(task.queries.ids, task.queries.langs, strict=True)):
        judged = {int(p): int(g) for q, p, g in zip(qrels.query, qrels.passage, qrels.gain, strict=True) if q == query}
        relevant = {p: g for p, g in judged.items() if g > 0}
        counted = relevant or {p: g for p, g in judged.items() if task.corpus.ids[p] != name}
        for lang in ("all",) if setting == "multi" else LANGS:
            if setting != "multi" and (lang == own) != (setting == "mono"):
                continue
            inside = [p for p, other in enumerate(task.corpus.langs) if lang in ("all", other)]
            if not set(inside) & set(counted):
                continue
            lost = [int(g) for q, g in zip(qrels.lost_query, qrels.lost_gain, strict=True) if q == query]
            lost = lost if lang in ("all", own) else []
            lost += [g for p, g in relevant.items() if p in inside and task.corpus.ids[p] == name]
            candidates = [p for p in inside if task.corpus.ids[p] != name]
            yield query, lang, candidates, {p: g for p, g in relevant.items() if p in candidates}, lost


def values_of(ranking: list[int], gains: dict[int, int], lost: list[int]) -> list[float]:
    """Walk down a ranking, as the definitions of NAMES read."""
    found = [gains.get(passage, 0) for passage in ranking]

    def hits(rel: int) -> list[bool]:
        return [gain >= rel for gain in found]

    def total(rel: int) -> int:
        return sum(gain >= rel for gain in (*gains.values(), *lost))

    def precision(rel: int, depth: int) -> float:
        marks = hits(rel)[:depth]
        return sum(sum(marks[: i + 1]) / (i + 1) for i, hit in enumerate(marks) if hit) / max(total(rel), 1)

    def dcg(some: list[int], depth: int) -> float:
        return float(sum(gain / np.log2(place + 2) for place, gain in enumerate(some[:depth])))

    ideal = sorted((*gains.values(), *lost), reverse=True)
    first = next((1 / (i + 1) for i, hit in enumerate(hits(1)) if hit), 0.0)
    ndcg = [dcg(found, depth) / (dcg(ideal, depth) or 1) for depth in (99, 2)]
    return [
        precision(1, 99), precision(2, 3), first, sum(hits(2)[:2]) / max(total(2), 1), sum(hits(1)[:2]) / 2,
        float(any(hits(3)[:2])), *ndcg,
    ]  # fmt: skip


def ranked(task: Task, scores: np.ndarray) -> Ranks:
    return rank_relevant([scores], task.corpus, task.qrels, queries=len(task.queries)).ranks


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("seed", range(12))
def test_values_are_those_of_walking_the_candidates(seed: int, setting: Setting) -> None:
    task, scores = make(seed, passages=12)
    seen = view(task, setting)
    found = evaluate(MEASURES, rank_lists(seen, ranked(task, scores)))
    by_hand = list(rows_by_hand(task, setting))
    assert list(zip(seen.query.tolist(), seen.passage_lang.tolist(), strict=True)) == [row[:2] for row in by_hand]
    assert seen.pool_size.tolist() == [len(row[2]) for row in by_hand]
    for column, (query, _, candidates, gains, lost) in enumerate(by_hand):
        ranking = sorted(candidates, key=lambda p: (scores[query, p], task.corpus.ids[p]), reverse=True)
        np.testing.assert_allclose(found[:, column], values_of(ranking, gains, lost), atol=1e-12)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("seed", range(4))
def test_means_over_ties_are_those_of_all_orders(seed: int, setting: Setting) -> None:
    task, scores = make(seed, passages=6)
    seen, ranks = view(task, setting), ranked(task, scores)
    found = expected_scores(MEASURES, seen, ranks)
    for column, (query, _, candidates, gains, lost) in enumerate(rows_by_hand(task, setting)):
        orders = [
            values_of(list(order), gains, lost)
            for order in itertools.permutations(candidates)
            if all(scores[query, a] >= scores[query, b] for a, b in itertools.pairwise(order))
        ]
        np.testing.assert_allclose(found[:, column], np.mean(orders, axis=0), atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_shares_of_tied_and_missed_passages(seed: int) -> None:
    task, scores = make(seed, passages=12)
    tied, missed = tied_and_missed(view(task, "multi"), ranked(task, scores))
    for column, (query, _, candidates, gains, lost) in enumerate(rows_by_hand(task, "multi")):
        total = len(gains) + len(lost)
        alike = sum(sum(scores[query, p] == scores[query, other] for other in candidates) > 1 for p in gains)
        expected = (alike / total, len(lost) / total) if total else (np.nan, np.nan)
        np.testing.assert_allclose((tied[column], missed[column]), expected)


def test_what_was_not_scored_is_nan_whatever_was_judged() -> None:
    task, scores = make(0, passages=12)
    ranks = ranked(task, scores)
    for name in Ranks.__slots__:
        getattr(ranks, name)[np.isin(task.qrels.query, (0, 5, 6))] = 0
    for setting in SETTINGS:
        seen = view(task, setting)
        for values in (evaluate(MEASURES, rank_lists(seen, ranks)), expected_scores(MEASURES, seen, ranks)):
            assert np.isnan(values).all(axis=0).tolist() == np.isin(seen.query, (0, 5, 6)).tolist()


def test_a_limit_keeps_what_a_query_lacks() -> None:
    task, _ = make(3, passages=12)
    some = limited(task, 2)
    kept = [task.queries.ids.index(name) for name in some.queries.ids]
    assert 0 < len(kept) < len(task.queries)
    for new, old in enumerate(kept):
        for part in ("gain", "lost_gain"):
            owner = "lost_query" if part == "lost_gain" else "query"
            before, after = (
                getattr(t.qrels, part)[getattr(t.qrels, owner) == row].tolist() for t, row in ((task, old), (some, new))
            )
            assert before == after
    assert sum(len(t.qrels.lost_query) for t in (some,)) == sum(row in (0, 4, 6) for row in kept)
