from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.training.losses import info_nce
from robustir.training.static.table import Bags, Table

pytestmark = pytest.mark.usefixtures("one_thread")

TEXTS = st.lists(st.lists(st.integers(0, 19), min_size=1, max_size=8), min_size=4, max_size=4)


def fresh(pieces: int = 20, dimensions: int = 6) -> Table:
    generator = np.random.default_rng(5)
    vectors = generator.standard_normal((pieces, dimensions)).astype(np.float32)
    return Table(vectors, generator.standard_normal(pieces).astype(np.float32))


@given(TEXTS)
@settings(max_examples=60, deadline=None)
def test_pooling_is_the_weighted_mean(rows: list[list[int]]) -> None:
    table = fresh()
    pooled = table.pool(Bags.of(rows)).vectors.numpy()
    scaled = table.scaled()
    for row, pieces in enumerate(rows):
        np.testing.assert_allclose(pooled[row], scaled[pieces].mean(axis=0), rtol=1e-4, atol=1e-6)


@given(TEXTS)
@settings(max_examples=40, deadline=None)
def test_the_first_step_is_that_of_adam_on_a_dense_gradient(rows: list[list[int]]) -> None:
    table = fresh()
    vectors, logs = table.vectors.clone().requires_grad_(), table.log_weights.clone().requires_grad_()
    optimiser = torch.optim.Adam([vectors, logs], lr=0.01)
    scaled = vectors * logs.exp()[:, None]
    means = torch.stack([scaled[pieces].mean(dim=0) for pieces in rows])
    sides = torch.nn.functional.normalize(means[:2], dim=1), torch.nn.functional.normalize(means[2:], dim=1)
    scores = sides[0] @ sides[1].T / 0.1
    labels = torch.arange(2)
    loss = (torch.nn.functional.cross_entropy(scores, labels) + torch.nn.functional.cross_entropy(scores.T, labels)) / 2
    loss.backward()
    if vectors.grad is None or float(vectors.grad.abs().max()) < 1e-4:
        return  # at gradients near nothing Adam's first step is a sign, and rounding decides it
    steady = (vectors.grad.abs() > 1e-5) | (vectors.grad == 0)
    optimiser.step()
    pooled = table.pool(Bags.of(rows))
    value, left, right = info_nce(pooled.vectors[:2], pooled.vectors[2:], 0.1)
    table.descend(pooled, torch.cat([left, right]), 0.01)
    assert value == pytest.approx(float(loss.detach()), rel=1e-4, abs=1e-6)
    torch.testing.assert_close(table.vectors[steady], vectors.detach()[steady], rtol=1e-3, atol=1e-4)


def test_rows_that_no_text_holds_stay() -> None:
    table = fresh()
    before = table.vectors.clone()
    pooled = table.pool(Bags.of([[1, 2], [3]]))
    table.descend(pooled, torch.ones(2, 6), 0.1)
    changed = (table.vectors != before).any(dim=1).nonzero().flatten().tolist()
    assert changed == [1, 2, 3]


def test_clipping_bounds_the_gradient() -> None:
    loose, tight = fresh(), fresh()
    gradient = torch.ones(2, 6) * 100
    norm = loose.descend(loose.pool(Bags.of([[1, 2], [3]])), gradient, 0.1)
    assert tight.descend(tight.pool(Bags.of([[1, 2], [3]])), gradient, 0.1, clip=1.0) == pytest.approx(norm)
    first = tight.state()["first"].norm().item() ** 2 + tight.state()["weight_first"].norm().item() ** 2
    assert first**0.5 == pytest.approx(0.1, rel=1e-3)  # (1 - 0.9) times a gradient of norm 1


def test_bags_take_join_and_keep() -> None:
    bags = Bags.of([[1, 2, 3], [], [4]])
    taken = bags.take(np.array([2, 0]))
    assert (taken.pieces.tolist(), taken.offsets.tolist()) == ([4, 1, 2, 3], [0, 1, 4])
    assert bags.joined(taken).offsets.tolist() == [0, 3, 3, 4, 5, 8]
    kept = bags.kept(np.array([False, True, False, False]))
    assert (kept.pieces.tolist(), kept.offsets.tolist()) == ([2, 4], [0, 1, 1, 2])


def test_state_goes_on_to_the_bit() -> None:
    one, bags = fresh(), Bags.of([[1, 2], [3]])
    one.descend(one.pool(bags), torch.ones(2, 6), 0.1)
    other = fresh()
    other.load_state({name: value.clone() for name, value in one.state().items()})
    for table in (one, other):
        table.descend(table.pool(bags), torch.ones(2, 6), 0.1)
    assert all(torch.equal(value, other.state()[name]) for name, value in one.state().items())
