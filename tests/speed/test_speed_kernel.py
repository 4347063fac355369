"""The rank kernel beside the bare matrix product at the size of XQuAD-R: 13,090 queries x 13,014 passages x 384."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from robustir.ranking.search import rank_dense
from robustir.types import Corpus, Qrels

pytestmark = [pytest.mark.speed, pytest.mark.slow]

QUERIES, PASSAGES, DIMENSIONS, LANGS = 13_090, 13_014, 384, 11


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def multiply(queries: NDArray[np.float32], passages: NDArray[np.float32]) -> None:
    """The bare product, in blocks of 512 rows (the fastest) into one buffer."""
    scores = torch.empty((512, len(passages)))
    transposed = torch.from_numpy(passages).T
    for first in range(0, len(queries), 512):
        part = torch.from_numpy(queries[first : first + 512])
        torch.mm(part, transposed, out=scores[: len(part)])


@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "tied"])
def test_ranks_beside_the_bare_product(benchmark: BenchmarkFixture, threads: int, ties: bool) -> None:
    generator = np.random.default_rng(0)
    queries = generator.standard_normal((QUERIES, DIMENSIONS), dtype=np.float32)
    passages = generator.standard_normal((PASSAGES, DIMENSIONS), dtype=np.float32)
    if ties:
        passages = passages[generator.integers(0, PASSAGES // 2, PASSAGES)]  # most passages have a double
    langs = tuple(str(row * LANGS // PASSAGES) for row in range(PASSAGES))
    ids = tuple(f"p{row * 7919 % PASSAGES}" for row in range(PASSAGES))
    relevant = generator.integers(0, PASSAGES // LANGS, (QUERIES, LANGS)) + np.arange(LANGS) * (PASSAGES // LANGS)
    query = np.repeat(np.arange(QUERIES, dtype=np.int32), LANGS)
    qrels = Qrels(query, relevant.ravel().astype(np.int32), np.ones(len(query)))
    corpus = Corpus(ids, ids, langs)
    products: list[float] = []
    kernels: list[float] = []

    def rank() -> None:
        products.append(seconds(lambda: multiply(queries, passages)))
        kernels.append(seconds(lambda: rank_dense(queries, passages, corpus, qrels)))

    benchmark.pedantic(rank, rounds=4, warmup_rounds=1)
    ratio = float(np.median(np.array(kernels) / np.array(products)))
    benchmark.extra_info |= {"threads": threads, "ratio": ratio, "product_s": min(products), "kernel_s": min(kernels)}
    print(f"\nthreads {threads}: product {min(products):.2f} s, kernel {min(kernels):.2f} s, median ratio {ratio:.2f}")
    assert len(kernels) == len(products) == 5
