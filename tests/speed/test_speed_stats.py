"""Time of the analysis at the size of XQuAD-R, and of the randomisation test against scipy's."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from scipy import stats as scipy_stats

from robustir.analysis import AnalysisOptions, analyse
from robustir.evidence.scores import QueryScores
from robustir.stats import ClusterSums, bootstrap_weights, interval, moments, randomisation_test, sign_flips
from robustir.types import Setting

pytestmark = pytest.mark.speed

QUESTIONS, ARTICLES = 1190, 48
LANGS = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
MEASURES = ("AP", "nDCG@10", "R@100")
CONDITIONS = tuple((name, severity) for name in ("typos", "shuffle-words") for severity in (0.1, 0.2, 0.3, 0.5))


def _column(values: list[str]) -> Any:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def xquad_like(setting: Setting, encoders: int) -> QueryScores:
    """Random scores with the rows of XQuAD-R: 11 languages or 110 pairs of them, 1,190 questions in 48 articles."""
    rng = np.random.default_rng(0)
    views = {
        "mono": [(lang, lang) for lang in LANGS],
        "cross": [(query, passage) for query in LANGS for passage in LANGS if query != passage],
        "multi": [(lang, "all") for lang in LANGS],
    }[setting]
    article = np.sort(rng.integers(0, ARTICLES, QUESTIONS))
    rows = len(views) * QUESTIONS
    severity = np.array([value for _, value in CONDITIONS])
    clean = rng.uniform(0.3, 1.0, (encoders, len(MEASURES), rows))
    loss = rng.uniform(-0.3, 1.0, (encoders, len(CONDITIONS), len(MEASURES), rows))
    noisy = clean[:, None] - 0.3 * severity[None, :, None, None] * loss
    dose = np.repeat(severity[:, None], rows, axis=1)
    return QueryScores(
        benchmark="xquad-r",
        setting=setting,
        query_id=_column([f"{query}-{q:04d}" for query, _ in views for q in range(QUESTIONS)]),
        source_id=_column([f"{q:04d}" for _ in views for q in range(QUESTIONS)]),
        group=_column([f"{article[q]:02d}" for _ in views for q in range(QUESTIONS)]),
        query_lang=_column([query for query, _ in views for _ in range(QUESTIONS)]),
        passage_lang=_column([passage for _, passage in views for _ in range(QUESTIONS)]),
        encoders=tuple(f"encoder-{number}" for number in range(encoders)),
        measures=MEASURES,
        conditions=CONDITIONS,
        draws=3,
        clean=clean,
        floor=rng.uniform(0, 0.01, clean.shape),
        noisy=noisy,
        worst=noisy,
        word_edit_rate=dose,
        char_error_rate=dose,
        unchanged=1 - dose,
    )


@pytest.mark.parametrize("encoders", [2, 4])
def test_analysis_of_xquad_r(benchmark: Any, encoders: int) -> None:
    settings: tuple[Setting, ...] = ("mono", "cross", "multi")
    blocks = [xquad_like(setting, encoders) for setting in settings]
    begin = time.process_time()
    found = benchmark.pedantic(lambda: analyse(blocks, AnalysisOptions()), rounds=1, iterations=1)
    rows = sum(len(table) for table in found.tables().values())
    benchmark.extra_info.update(cpu_seconds=round(time.process_time() - begin, 2), rows=rows)
    print(f"\n{encoders} encoders: {time.process_time() - begin:.2f} s of CPU for {rows:,} rows of findings")
    assert len(found.comparisons) == encoders * (encoders - 1) // 2 * 10 * len(MEASURES) * 3


def test_randomisation_against_scipy(benchmark: Any) -> None:
    contributions = np.random.default_rng(0).standard_normal((64, ARTICLES))
    flips = sign_flips(ARTICLES, 10_000, 0)
    zeros = np.zeros_like(contributions)

    def peer() -> Any:
        return scipy_stats.permutation_test(
            (contributions, zeros),
            lambda x, y, axis: np.sum(x - y, axis=axis),
            permutation_type="samples",
            n_resamples=10_000,
            vectorized=True,
            axis=1,
            batch=100,
            rng=np.random.default_rng(1),
        ).pvalue

    begin = time.process_time()
    theirs = peer()
    peer_seconds = time.process_time() - begin
    begin = time.process_time()
    for _ in range(5):
        randomisation_test(contributions, flips)
    own_seconds = (time.process_time() - begin) / 5
    ours = benchmark.pedantic(lambda: randomisation_test(contributions, flips), rounds=5, iterations=1)
    benchmark.extra_info["times_scipy"] = round(peer_seconds / own_seconds, 1)
    print(f"\nrandomisation tests: {peer_seconds / own_seconds:.0f} times scipy's speed")
    assert ours == pytest.approx(theirs, abs=0.03)


def test_an_interval_over_a_hundred_languages_that_share_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 2, size=(112, 100)).astype(np.float64)
    clusters = ClusterSums(counts * rng.uniform(0, 1, (1, 112, 100)) / 112, counts)
    weights = bootstrap_weights(100, 2000, 0)

    def seconds() -> float:
        begin = time.process_time()
        interval(clusters, weights)
        return time.process_time() - begin

    by_group = min(seconds() for _ in range(3))
    monkeypatch.setattr(moments, "_DEAR", 0)  # products of all pairs of languages
    by_pair = seconds()
    print(f"\nan interval over 112 languages: {by_group:.2f} s, {by_pair / by_group:.0f} times the speed of pairs")
    assert by_pair > 5 * by_group
