"""How fast a Marian model of OPUS-MT's size translates, by engine: the weights are random, since trained ones are missing where this was written.

Such a model goes on to the longest translation that is allowed, so every engine takes the same steps. Ratios are recorded, never
asserted.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from robustir.perturbations.mt.marian import Marian
from tests.speed.test_speed_typos import questions
from tests.tiny_models import write_marian

pytestmark = [pytest.mark.speed, pytest.mark.slow]

TEXTS, TOKENS = 128, 20
OPUS_MT = {
    "d_model": 512,
    "encoder_layers": 6,
    "decoder_layers": 6,
    "encoder_attention_heads": 8,
    "decoder_attention_heads": 8,
    "encoder_ffn_dim": 2048,
    "decoder_ffn_dim": 2048,
    "max_position_embeddings": 512,
    "init_std": 0.1,
    "scale_embedding": True,
    "static_position_embeddings": True,
    "activation_function": "swish",
}
# engine, dtype, batch size; the first is what runs without the extra, the second with it
WAYS = [
    ("transformers", "float64", 32),
    ("ctranslate2", "float32", 1),
    ("transformers", "float32", 32),
    ("ctranslate2", "float32", 32),
    ("ctranslate2", "int16", 32),
    ("ctranslate2", "int8", 32),
]


@pytest.mark.parametrize("beams", [1, 4])
def test_engines(
    benchmark: BenchmarkFixture, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beams: int
) -> None:
    import torch

    pytest.importorskip("ctranslate2", reason="pip install 'robustir[mt]'")
    monkeypatch.setenv("ROBUSTIR_CACHE", str(tmp_path / "cache"))
    texts = questions("en", root)[:4000]
    write_marian(tmp_path / "model", 0, texts, pieces=3_000, vocabulary=58_101, **OPUS_MT)
    texts = texts[:TEXTS]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    seconds, made = {}, {}
    try:
        for engine, dtype, batch in WAYS:
            marian = Marian(str(tmp_path / "model"), dtype=dtype, engine=engine)

            def work(some: list[str], marian: Marian = marian, batch: int = batch) -> list[str]:
                return marian.translate(some, None, beams=beams, batch=batch, max_length=TOKENS + 2)

            way = f"{engine} {dtype} x{batch}"
            work(texts[:1])  # loads the model
            start = time.process_time()
            made[way] = work(texts)
            seconds[way] = time.process_time() - start
            del marian, work
    finally:
        torch.set_num_threads(threads)
    first = next(iter(seconds))
    for way, taken in seconds.items():
        same = sum(a == b for a, b in zip(made[first], made[way], strict=True)) / TEXTS
        facts = {"texts_per_second": round(TEXTS / taken, 2), "ratio": round(seconds[first] / taken, 2), "same": same}
        benchmark.extra_info[way] = facts
        print(f"beams {beams}  {way:30}  {facts}")
    benchmark.pedantic(lambda: None, rounds=1)
    assert all(any(translations) for translations in made.values())
