"""Misread characters, look-alikes and marks per second, beside nlpaug on the same 10,000 questions in one process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from robustir.perturbations.diacritics import Diacritics
from robustir.perturbations.homoglyph import Homoglyph
from robustir.perturbations.ocr import Ocr
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.seeds import derive_keys
from tests.speed.test_speed_typos import best_seconds, questions
from tests.strategies import LANGUAGES

pytestmark = [pytest.mark.speed, pytest.mark.slow]

TEXTS = 10_000
PEER_TEXTS = 2_000  # nlpaug goes text by text: its rate does not depend on their number
ROUNDS = 3


def noise(perturbation: RuleBased, texts: Sequence[str], lang: str) -> Callable[[], list[str]]:
    langs = [lang] * len(texts)
    keys = derive_keys(("speed",), langs, [str(number) for number in range(len(texts))], 0)
    return lambda: perturbation.apply_batch(texts, langs=langs, severity=0.3, keys=keys)


@pytest.mark.parametrize(
    ("perturbation", "lang", "peer"),
    [
        (Ocr(), "en", "OcrAug"),
        (Homoglyph(), "en", "OcrAug"),
        (Diacritics(), "de", "RandomCharAug"),
    ],
    ids=["ocr", "homoglyph", "diacritics"],
)
def test_surface_noise_beside_nlpaug(
    benchmark: BenchmarkFixture, root: Path, perturbation: RuleBased, lang: str, peer: str
) -> None:
    augmenters = pytest.importorskip("nlpaug.augmenter.char", reason="pip install 'robustir[nlpaug]'")
    texts = questions(lang, root)
    augmenter = getattr(augmenters, peer)(aug_word_p=0.3, aug_word_max=None, aug_char_max=1)
    theirs = best_seconds(lambda: [augmenter.augment(text) for text in texts[:PEER_TEXTS]], rounds=1) / PEER_TEXTS
    work = noise(perturbation, texts, lang)
    work()
    ours = best_seconds(work, ROUNDS) / TEXTS
    noisy = benchmark.pedantic(work, rounds=ROUNDS)
    benchmark.extra_info.update(
        peer=peer,
        texts_per_second=round(1 / ours),
        peer_texts_per_second=round(1 / theirs),
        ratio=round(theirs / ours, 1),
    )
    assert len(noisy) == TEXTS
    assert noisy != texts


@pytest.mark.parametrize("perturbation", [Ocr(), Homoglyph(), Diacritics()], ids=["ocr", "homoglyph", "diacritics"])
def test_every_language(benchmark: BenchmarkFixture, root: Path, perturbation: RuleBased) -> None:
    rates, texts = {}, questions("de", root)
    work = noise(perturbation, texts, "de")
    for lang in LANGUAGES:
        if perturbation.languages is not None and lang in perturbation.languages:
            texts = questions(lang, root)
            work = noise(perturbation, texts, lang)
            work()
            rates[lang] = round(TEXTS / best_seconds(work, 1))
    noisy = benchmark.pedantic(work, rounds=1)
    benchmark.extra_info.update(texts_per_second=rates)
    assert noisy != texts
