"""Translation noise per second, beside nlpaug's word augmenters on the same 10,000 questions in one process.

nlpaug's own translation noise needs two neural models and makes a few texts per second; the nearest without a model are
SpellingAug, which replaces words from a dictionary, and RandomWordAug, which drops or swaps them.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from robustir.perturbations.mt_channel import MTChannel
from tests.speed.test_speed_surface2 import PEER_TEXTS, ROUNDS, TEXTS, noise
from tests.speed.test_speed_typos import best_seconds, questions
from tests.strategies import LANGUAGES

pytestmark = [pytest.mark.speed, pytest.mark.slow]


@pytest.mark.parametrize("peer", ["spelling", "delete", "swap"])
def test_mt_channel_beside_nlpaug(benchmark: BenchmarkFixture, root: Path, peer: str) -> None:
    augmenters = pytest.importorskip("nlpaug.augmenter.word", reason="pip install 'robustir[nlpaug]'")
    texts = questions("en", root)
    options = {"aug_p": 0.3, "aug_max": None}
    augmenter = (
        augmenters.SpellingAug(**options) if peer == "spelling" else augmenters.RandomWordAug(action=peer, **options)
    )
    theirs = best_seconds(lambda: [augmenter.augment(text) for text in texts[:PEER_TEXTS]], ROUNDS) / PEER_TEXTS
    work = noise(MTChannel(), texts, "en")
    work()
    ours = best_seconds(work, 2 * ROUNDS) / TEXTS
    noisy = benchmark.pedantic(work, rounds=ROUNDS)
    benchmark.extra_info.update(
        peer=peer,
        texts_per_second=round(1 / ours),
        peer_texts_per_second=round(1 / theirs),
        ratio=round(theirs / ours, 1),
    )
    print(benchmark.extra_info)
    assert len(noisy) == TEXTS
    assert noisy != texts


def test_every_language(benchmark: BenchmarkFixture, root: Path) -> None:
    rates, texts = {}, questions("de", root)
    work = noise(MTChannel(), texts, "de")
    for lang in LANGUAGES:
        texts = questions(lang, root)
        work = noise(MTChannel(), texts, lang)
        work()
        rates[lang] = round(TEXTS / best_seconds(work, 1))
    noisy = benchmark.pedantic(work, rounds=1)
    benchmark.extra_info.update(texts_per_second=rates)
    print(benchmark.extra_info)
    assert noisy != texts
