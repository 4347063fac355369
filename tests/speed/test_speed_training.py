"""How fast a step of a static encoder is, beside a plain loop with a dense gradient. Ratios are recorded, never asserted."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import torch

from robustir.training.losses import info_nce
from robustir.training.static.table import Bags, Table

pytestmark = [pytest.mark.speed, pytest.mark.usefixtures("one_thread")]

PIECES, DIMENSIONS = 32_000, 256


def bags_of(texts: int) -> Bags:
    generator = np.random.default_rng(0)
    # Lengths and frequencies as in natural text: about 20 pieces, by Zipf's law.
    rows = [generator.zipf(1.2, length) % PIECES for length in generator.integers(5, 40, texts)]
    return Bags.of([row.tolist() for row in rows])


class Naive:
    """As one would write it: a padded batch through an Embedding, the mean by a mask, Adam over the whole table."""

    def __init__(self, vectors: np.ndarray[Any, Any]) -> None:
        self.embedding = torch.nn.Embedding.from_pretrained(torch.from_numpy(vectors.copy()), freeze=False)
        self.weights = torch.nn.Parameter(torch.zeros(PIECES))
        self.optimiser = torch.optim.Adam([self.embedding.weight, self.weights], lr=0.01)

    def step(self, bags: Bags) -> float:
        lengths = np.diff(bags.offsets)
        padded = torch.zeros((len(bags), int(lengths.max())), dtype=torch.long)
        mask = torch.zeros(padded.shape)
        for row, (start, stop) in enumerate(zip(bags.offsets[:-1], bags.offsets[1:], strict=True)):
            padded[row, : stop - start] = torch.from_numpy(bags.pieces[start:stop].astype(np.int64))
            mask[row, : stop - start] = 1
        weight = mask * self.weights[padded].exp()
        means = (self.embedding(padded) * weight[:, :, None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
        half = len(bags) // 2
        sides = [torch.nn.functional.normalize(side, dim=1) for side in (means[:half], means[half:])]
        scores, labels = sides[0] @ sides[1].T / 0.05, torch.arange(half)
        cross_entropy = torch.nn.functional.cross_entropy
        loss = (cross_entropy(scores, labels) + cross_entropy(scores.T, labels)) / 2
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return float(loss.detach())


@pytest.mark.parametrize("pairs", [128, 768])
def test_a_step_against_a_dense_gradient(benchmark: Any, pairs: int) -> None:
    vectors = np.random.default_rng(1).standard_normal((PIECES, DIMENSIONS)).astype(np.float32)
    bags = bags_of(2 * pairs)
    table, naive = Table(vectors, np.zeros(PIECES, dtype=np.float32)), Naive(vectors)

    def ours() -> float:
        pooled = table.pool(bags)
        loss, left, right = info_nce(pooled.vectors[:pairs], pooled.vectors[pairs:], 0.05)
        table.descend(pooled, torch.cat([left, right]), 0.01)
        return loss

    assert ours() == pytest.approx(naive.step(bags), rel=1e-4)
    spent = {"ours": float("inf"), "theirs": float("inf")}
    for _ in range(5):  # in turn, as the machine is shared
        for name, action in (("ours", ours), ("theirs", lambda: naive.step(bags))):
            begin = time.process_time()
            action()
            spent[name] = min(spent[name], time.process_time() - begin)
    facts = {"pairs_per_second": pairs / spent["ours"], "times_as_fast_as_dense": spent["theirs"] / spent["ours"]}
    benchmark.extra_info.update(facts)
    print("  ".join(f"{name} {value:,.2f}" for name, value in facts.items()))
    benchmark.pedantic(ours, rounds=1)
