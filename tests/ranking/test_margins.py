"""The ratio margin against the published definition, computed pair by pair in plain Python."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from robustir.encoders.hashing import HashingEncoder
from robustir.errors import SpecError
from robustir.planning.conditions import CLEAN
from robustir.planning.plan import make_plan
from robustir.planning.suite import validate_suite
from robustir.plugins.registry import canonical, create
from robustir.ranking.margins import Neighbourhoods, unit_length
from robustir.ranking.search import rank_dense
from robustir.rundir.directory import RunDirectory
from robustir.running.runner import execute
from robustir.running.summary import RunOptions
from robustir.types import Corpus, Qrels

Rows = Sequence[Sequence[float]]


def cosine(x: Sequence[float], y: Sequence[float]) -> float:
    lengths = math.sqrt(sum(a * a for a in x)) * math.sqrt(sum(b * b for b in y))
    return sum(a * b for a, b in zip(x, y, strict=True)) / lengths if lengths else 0.0


def xsim_order(x: Sequence[float], clean: Rows, passages: Rows, k: int) -> list[int]:
    """Passages best first: the k nearest by their margin, then the others by cosine."""
    to_y = [cosine(x, y) for y in passages]
    nearest = sorted(range(len(passages)), key=lambda j: -to_y[j])
    mean_x = sum(to_y[j] for j in nearest[:k]) / min(k, len(passages))
    margins = {}
    for j in nearest[:k]:
        from_y = sorted((cosine(z, passages[j]) for z in clean), reverse=True)[:k]
        margins[j] = to_y[j] / ((mean_x + sum(from_y) / len(from_y)) / 2)
    return sorted(nearest[:k], key=lambda j: -margins[j]) + nearest[k:]


@pytest.mark.parametrize("k", [1, 2, 4, 9, 30])
def test_ranks_are_those_of_the_definition(k: int) -> None:
    rng = np.random.default_rng(k)
    clean = rng.normal(size=(23, 6)).astype(np.float32) + 1.5  # so that neighbourhoods are positive
    passages = (clean + rng.normal(size=(23, 6)) * 0.8).astype(np.float32)
    noisy = (clean + rng.normal(size=(23, 6)) * 0.4).astype(np.float32)
    corpus = Corpus(tuple(f"p{j:02d}" for j in range(23)), ("",) * 23, ("en",) * 23)
    rows = np.arange(23, dtype=np.int32)
    qrels = Qrels(rows, rows, np.ones(23))
    near = Neighbourhoods(unit_length(clean), ["de"] * 23, unit_length(passages), corpus, k=k)
    for queries in (clean, noisy):
        found = rank_dense(unit_length(queries), unit_length(passages), corpus, qrels, adjust=near.adjust(["de"] * 23))
        wanted = [
            xsim_order(x, clean.tolist(), passages.tolist(), k).index(j) + 1 for j, x in enumerate(queries.tolist())
        ]
        assert found.ranks.lang_rank.tolist() == wanted
    assert (
        wanted != rank_dense(unit_length(noisy), unit_length(passages), corpus, qrels).ranks.lang_rank.tolist()
        or k == 1
    )


def test_neighbourhoods_are_of_one_language_pair() -> None:
    rng = np.random.default_rng(5)
    clean, passages = (rng.normal(size=(20, 5)).astype(np.float32) + 0.5 for _ in range(2))
    langs, passage_langs = ["de"] * 12 + ["fr"] * 8, ["en"] * 9 + ["es"] * 11
    corpus = Corpus(tuple(f"p{j:02d}" for j in range(20)), ("",) * 20, tuple(passage_langs))
    pairs = [(query, passage) for query in range(20) for passage in range(20)]
    qrels = Qrels.from_rows((query, passage, 1) for query, passage in pairs)
    near = Neighbourhoods(unit_length(clean), langs, unit_length(passages), corpus, k=4)
    found = rank_dense(unit_length(clean), unit_length(passages), corpus, qrels, adjust=near.adjust(langs)).ranks
    for (query, passage), rank in zip(pairs, found.lang_rank.tolist(), strict=True):
        own = [j for j in range(20) if passage_langs[j] == passage_langs[passage]]
        x = [clean[i].tolist() for i in range(20) if langs[i] == langs[query]]
        order = xsim_order(clean[query].tolist(), x, [passages[j].tolist() for j in own], 4)
        assert order.index(own.index(passage)) + 1 == rank


def test_vectors_of_zeros_and_opposite_ones_have_scores() -> None:
    clean = np.array([[0, 0], [1, 0], [-1, 0]], dtype=np.float32)
    passages = np.array([[-1, 0], [0, 0], [0, 1]], dtype=np.float32)
    corpus = Corpus(("a", "b", "c"), ("",) * 3, ("en",) * 3)
    rows = np.arange(3, dtype=np.int32)
    near = Neighbourhoods(clean, ["de"] * 3, passages, corpus, k=2)
    ranks = rank_dense(clean, passages, corpus, Qrels(rows, rows, np.ones(3)), adjust=near.adjust(["de"] * 3))
    assert ranks.ranks.lang_rank.min() >= 1


@pytest.fixture
def suite_ranks(tmp_path: Path) -> dict[str, np.ndarray]:
    suite = validate_suite(
        {
            "name": "s",
            "benchmarks": ["mini"],
            "languages": ["de", "en"],
            "encoders": ["hashing", "ratio-margin(hashing)"],
            "perturbations": ["typos"],
            "severities": [0.4],
            "draws": 1,
        },
        "test",
    )
    plan = make_plan(suite)
    run = RunDirectory(tmp_path / "run")
    summary = execute(plan, run, RunOptions(jobs=1, cache=tmp_path / "cache"))
    assert summary.failures == []
    # The margin takes its vectors from the store where the encoder itself left them.
    assert summary.texts_reused >= summary.texts_encoded
    found = {}
    for encoder in plan.encoders:
        for condition in plan.conditions(plan.tasks[0]):
            cell = plan.cell(plan.tasks[0], encoder, condition)
            found[f"{encoder.spec} {'clean' if condition == CLEAN else condition}"] = run.read_ranks(cell.key).lang_rank
            if str(condition).startswith("typos"):
                found["texts"] = np.array(run.read_noisy(cell.queries_key)[1], dtype=object)
    return found


def test_a_run_scores_noisy_queries_against_clean_neighbourhoods(suite_ranks: dict[str, np.ndarray]) -> None:
    task = create("benchmark", "mini").load(None, ["de", "en"])
    encode = HashingEncoder().encode
    clean, passages = (
        encode(task.queries.texts, role="query").tolist(),
        encode(task.corpus.texts, role="passage").tolist(),
    )
    noisy = encode(list(suite_ranks["texts"]), role="query").tolist()
    langs, passage_langs = task.queries.langs, task.corpus.langs
    for name, queries in (("clean", clean), ("typos at 0.4, draw 0", noisy)):
        found = suite_ranks[f"{canonical('encoder', 'ratio-margin(hashing)')} {name}"]
        hits = 0
        for row in range(0, len(task.qrels), 7):
            query, passage = int(task.qrels.query[row]), int(task.qrels.passage[row])
            own = [j for j in range(len(passages)) if passage_langs[j] == passage_langs[passage]]
            x = [clean[i] for i in range(len(clean)) if langs[i] == langs[query]]
            order = xsim_order(queries[query], x, [passages[j] for j in own], 4)
            hits += (order[0] == own.index(passage)) == (found[row] == 1)
        assert hits >= 0.99 * len(range(0, len(task.qrels), 7)), name  # equal cosines may be ordered in two ways


def test_specs() -> None:
    assert create("encoder", "ratio-margin(hashing(dim=64), k=2)").margin == 2
    assert canonical("encoder", "ratio-margin(hashing, k=4)") == canonical("encoder", "ratio-margin(encoder=hashing)")
    assert (
        create("encoder", "ratio-margin(hashing)").revision != create("encoder", "ratio-margin(hashing, k=5)").revision
    )
    with pytest.raises(SpecError, match="bm25 makes no vectors"):
        create("encoder", "ratio-margin(bm25)")
    with pytest.raises(SpecError, match="not a margin over it"):
        create("encoder", "ratio-margin(ratio-margin(hashing))")
    with pytest.raises(SpecError, match="k=0"):
        create("encoder", "ratio-margin(hashing, k=0)")
