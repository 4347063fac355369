"""Typing errors per second, beside nlpaug's KeyboardAug on the same 10,000 English questions in one process."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from robustir.noise.applying import perturb
from robustir.perturbations.shuffle_words import ShuffleWords
from robustir.perturbations.typos import Typos
from robustir.seeds import derive_keys
from robustir.text.distance import realised_dose
from robustir.types import QuerySet
from tests.strategies import LANGUAGES, SENTENCES

pytestmark = [pytest.mark.speed, pytest.mark.slow]

TEXTS = 10_000
ROUNDS = 5


def questions(lang: str, root: Path) -> list[str]:
    """Real questions where the data is there (SQuAD's for English, else XQuAD's), else variations of a sentence."""
    data = Path(os.environ.get("ROBUSTIR_DATA") or root.parent / "shared" / "data")
    english, other = data / "train" / "qa" / "en.jsonl", data / "xquad-r" / f"{lang}.json"
    if lang == "en" and english.is_file():
        found = [json.loads(line)["question"] for line in english.read_text(encoding="utf-8").splitlines()]
    elif other.is_file():
        raw = json.loads(other.read_text(encoding="utf-8"))["data"]
        found = [qa["question"] for article in raw for part in article["paragraphs"] for qa in part["qas"]]
    else:
        found = [f"{SENTENCES[lang][number % 20 :]} {number}" for number in range(TEXTS)]
    return (found * (TEXTS // len(found) + 1))[:TEXTS]


def best_seconds(
    work: Callable[[], object], rounds: int = ROUNDS, clock: Callable[[], float] = time.perf_counter
) -> float:
    found = []
    for _ in range(rounds):
        start = clock()
        work()
        found.append(clock() - start)
    return min(found)


def typist(texts: Sequence[str], lang: str) -> Callable[[], list[str]]:
    langs = [lang] * len(texts)
    keys = derive_keys(("speed",), langs, [str(number) for number in range(len(texts))], 0)
    return lambda: Typos().apply_batch(texts, langs=langs, severity=0.3, keys=keys)


def test_typos_beside_nlpaug(benchmark: BenchmarkFixture, root: Path) -> None:
    keyboard = pytest.importorskip("nlpaug.augmenter.char", reason="pip install 'robustir[nlpaug]'").KeyboardAug
    texts = questions("en", root)
    peer = keyboard(
        aug_word_p=0.3, aug_word_max=None, aug_char_max=1, include_special_char=False, include_numeric=False
    )
    theirs = best_seconds(lambda: [peer.augment(text) for text in texts], rounds=1)
    work = typist(texts, "en")
    work()
    ours = best_seconds(work)
    noisy = benchmark.pedantic(work, rounds=ROUNDS)
    benchmark.extra_info.update(
        texts_per_second=round(TEXTS / ours),
        nlpaug_texts_per_second=round(TEXTS / theirs),
        ratio=round(theirs / ours, 1),
        changed=sum(before != after for before, after in zip(texts, noisy, strict=True)) / TEXTS,
    )
    print(benchmark.extra_info)
    assert len(noisy) == TEXTS


def test_the_public_route_beside_nlpaug(benchmark: BenchmarkFixture, root: Path) -> None:
    """Keys, noise, the check of texts and the realised dose included, a new draw each time; nlpaug with its bare call.

    Both in seconds of one processor, so that other work on the machine plays a small part.
    """
    keyboard = pytest.importorskip("nlpaug.augmenter.char", reason="pip install 'robustir[nlpaug]'").KeyboardAug
    queries = QuerySet.from_texts(questions("en", root), lang="en")
    peer = keyboard(
        aug_word_p=0.3, aug_word_max=None, aug_char_max=1, include_special_char=False, include_numeric=False
    )
    theirs = best_seconds(lambda: [peer.augment(text) for text in queries.texts], rounds=1, clock=time.process_time)
    draws = count(1)
    perturb(queries, "typos", severity=0.3)  # loads the tables and the units of the clean texts
    ours = best_seconds(lambda: perturb(queries, "typos", severity=0.3, draw=next(draws)), 12, time.process_time)
    noisy = benchmark.pedantic(lambda: perturb(queries, "typos", severity=0.3), rounds=1)
    assert noisy.dose is not None
    assert noisy.dose.word_edit_rate.mean() == pytest.approx(0.3, abs=0.02)
    benchmark.extra_info.update(
        queries_per_second=round(TEXTS / ours),
        nlpaug_texts_per_second=round(TEXTS / theirs),
        ratio=round(theirs / ours, 1),
    )
    print(benchmark.extra_info)
    assert theirs / ours > 5


@pytest.mark.parametrize("lang", LANGUAGES)
def test_typos_per_second(benchmark: BenchmarkFixture, lang: str, root: Path) -> None:
    texts = questions(lang, root)
    work = typist(texts, lang)
    work()
    ours = best_seconds(work)
    assert len(benchmark.pedantic(work, rounds=1)) == TEXTS
    benchmark.extra_info.update(texts_per_second=round(TEXTS / ours))
    print(lang, benchmark.extra_info)


def test_dose_and_shuffling_per_second(benchmark: BenchmarkFixture, root: Path) -> None:
    texts = [text for lang in LANGUAGES for text in questions(lang, root)]
    langs = [lang for lang in LANGUAGES for _ in range(TEXTS)]
    keys = derive_keys(("speed",), langs, [str(number) for number in range(len(texts))], 0)
    noisy = Typos().apply_batch(texts, langs=langs, severity=0.3, keys=keys)
    dose = best_seconds(lambda: realised_dose(texts, noisy, langs), rounds=2)

    def shuffle() -> list[str]:
        return ShuffleWords().apply_batch(texts, langs=langs, severity=0.3, keys=keys)

    shuffle()
    benchmark.extra_info.update(
        dose_texts_per_second=round(len(texts) / dose),
        shuffle_texts_per_second=round(len(texts) / best_seconds(shuffle, 2)),
    )
    assert len(benchmark.pedantic(shuffle, rounds=1)) == len(texts)
    print(benchmark.extra_info)
