"""Surface perturbations per second, beside nlpaug's nearest augmenters on the same English questions in one process."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from robustir.plugins.registry import create
from robustir.seeds import derive_keys
from tests.strategies import SENTENCES

pytestmark = [pytest.mark.speed, pytest.mark.slow]

TEXTS = 10_000
THEIRS = 1_000  # texts that the slower side is timed on
NEAREST: dict[str, tuple[str, str, dict[str, Any]]] = {
    "keyboard": ("char", "KeyboardAug", {"aug_word_p": 0.3, "aug_word_max": None, "aug_char_max": 1}),
    "insert": (
        "char",
        "RandomCharAug",
        {"action": "insert", "aug_word_p": 0.3, "aug_word_max": None, "aug_char_max": 1},
    ),
    "delete": (
        "char",
        "RandomCharAug",
        {"action": "delete", "aug_word_p": 0.3, "aug_word_max": None, "aug_char_max": 1},
    ),
    "transpose": (
        "char",
        "RandomCharAug",
        {"action": "swap", "aug_word_p": 0.3, "aug_word_max": None, "aug_char_max": 1},
    ),
    "phonetic": ("word", "SpellingAug", {"aug_p": 0.3, "aug_max": None}),
    "asr": ("word", "SpellingAug", {"aug_p": 0.3, "aug_max": None}),
    "chat": ("word", "SpellingAug", {"aug_p": 0.3, "aug_max": None}),
    "casing": ("word", "RandomWordAug", {"action": "swap", "aug_p": 0.3, "aug_max": None}),
    "punctuation": (
        "char",
        "RandomCharAug",
        {"action": "insert", "aug_word_p": 0.3, "aug_word_max": None, "aug_char_max": 1},
    ),
    "spacing": ("word", "SplitAug", {"aug_p": 0.3, "aug_max": None}),
    "stopwords": ("word", "RandomWordAug", {"action": "delete", "aug_p": 0.3, "aug_max": None}),
}


def questions() -> list[str]:
    """Real questions where the data is there (SQuAD's), else variations of a sentence."""
    path = Path(os.environ.get("ROBUSTIR_DATA", "../shared/data")) / "train" / "qa" / "en.jsonl"
    if path.is_file():
        with path.open(encoding="utf-8") as lines:
            return [json.loads(line)["question"] for line, _ in zip(lines, range(TEXTS), strict=False)]
    return [f"{SENTENCES['en'][number % 20 :]} {number}" for number in range(TEXTS)]


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


@pytest.mark.parametrize("name", NEAREST)
def test_texts_per_second(benchmark: BenchmarkFixture, name: str) -> None:
    module, kind, options = NEAREST[name]
    peers = pytest.importorskip(f"nlpaug.augmenter.{module}", reason="pip install 'robustir[nlpaug]'")
    texts = questions()
    peer = getattr(peers, kind)(**options)
    theirs = seconds(lambda: [peer.augment(text) for text in texts[:THEIRS]]) / min(THEIRS, len(texts))
    made = create("perturbation", name)
    langs = ["en"] * len(texts)
    keys = derive_keys(("speed",), langs, [str(number) for number in range(len(texts))], 0)

    def work() -> Any:
        return made.apply_batch(texts, langs=langs, severity=0.3, keys=keys)

    first = seconds(work) / len(texts)  # with the tables to be read and every word new
    ours = min(seconds(work) for _ in range(3)) / len(texts)
    noisy = benchmark.pedantic(work, rounds=1)
    benchmark.extra_info.update(
        nearest=kind,
        texts_per_second=round(1 / ours),
        first_texts_per_second=round(1 / first),
        nlpaug_texts_per_second=round(1 / theirs),
        ratio=round(theirs / ours, 1),
    )
    print(name, benchmark.extra_info)
    assert len(noisy) == len(texts)
