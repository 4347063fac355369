"""How fast a transformer encodes, against sentence-transformers on the same models and texts, one after the other in one
process with one thread. Ratios are recorded, never asserted."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustir.encoders.transformers.transformer import TransformerEncoder
from tests.tiny_models import bert_tokenizer, write_bert

pytestmark = pytest.mark.speed

# layers, dimensions, heads, inner dimensions, texts
MODELS = {"tiny": (2, 128, 2, 512, 1500), "minilm": (6, 384, 12, 1536, 160)}
ROUNDS = 3


def make_model(folder: Path, layers: int, width: int, heads: int, inner: int) -> list[str]:
    """Save a BERT with random weights and 20,000 pieces, mean pooling; return its words."""
    words = [f"w{number}" for number in range(20_000)]
    tokenizer = bert_tokenizer(words, lower=False, model_max_length=512)
    write_bert(folder, tokenizer, layers=layers, width=width, heads=heads, inner=inner, positions=512, spread=0.02)
    return words


def make_texts(words: list[str], count: int) -> list[str]:
    """Texts of 3 to about 90 words, as long as questions and passages are."""
    generator = np.random.default_rng(0)
    lengths = np.clip(generator.lognormal(2.8, 0.7, count), 3, 90).astype(int)
    return [" ".join(words[number % len(words)] for number in generator.zipf(1.3, length)) for length in lengths]


def shortest(actions: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The shortest time of each, taken in turns, since the machine is shared."""
    best = dict.fromkeys(actions, float("inf"))
    for _ in range(ROUNDS):
        for name, action in actions.items():
            begin = time.perf_counter()
            action()
            best[name] = min(best[name], time.perf_counter() - begin)
    return best


@pytest.mark.parametrize("size", list(MODELS))
def test_transformer_against_sentence_transformers(benchmark: Any, tmp_path: Path, size: str) -> None:
    import torch

    package = pytest.importorskip("sentence_transformers")
    layers, width, heads, inner, count = MODELS[size]
    texts = make_texts(make_model(tmp_path / size, layers, width, heads, inner), count)
    theirs = package.SentenceTransformer(str(tmp_path / size), device="cpu")
    ours = TransformerEncoder(str(tmp_path / size), "mean", device="cpu", normalize=False)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        expected = theirs.encode(texts[:50], batch_size=32)
        np.testing.assert_allclose(ours.encode(texts[:50], role="query"), expected, atol=1e-4)
        best = shortest(
            {
                "ours": lambda: ours.encode(texts, role="query"),
                "theirs": lambda: theirs.encode(texts, batch_size=32),
            }
        )
    finally:
        torch.set_num_threads(threads)
    facts = {
        "texts_per_second": count / best["ours"],
        "times_as_fast_as_sentence_transformers": best["theirs"] / best["ours"],
    }
    benchmark.extra_info.update(facts)
    print(size, "  ".join(f"{name} {value:,.2f}" for name, value in facts.items()))
    benchmark.pedantic(lambda: ours.encode(texts[:10], role="query"), rounds=1)
