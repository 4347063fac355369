from __future__ import annotations

import math

import pytest
import torch

from robustir.training.losses import adversarial_shift, info_nce


def oracle(queries: torch.Tensor, passages: torch.Tensor, temperature: float) -> torch.Tensor:
    """As one would write it, with the gradient left to autograd."""
    scores = torch.nn.functional.normalize(queries, dim=1) @ torch.nn.functional.normalize(passages, dim=1).T
    labels = torch.arange(len(queries))
    one, other = (torch.nn.functional.cross_entropy(side / temperature, labels) for side in (scores, scores.T))
    return (one + other) / 2


@pytest.mark.parametrize("temperature", [0.05, 1.0])
def test_loss_and_gradients_are_those_of_autograd(temperature: float) -> None:
    generator = torch.Generator().manual_seed(1)
    queries, passages = (
        torch.randn(9, 5, generator=generator, dtype=torch.float64, requires_grad=True) for _ in range(2)
    )
    expected = oracle(queries, passages, temperature)
    of_queries, of_passages = torch.autograd.grad(expected, (queries, passages))
    loss, left, right = info_nce(queries.detach(), passages.detach(), temperature)
    assert loss == pytest.approx(float(expected.detach()), rel=1e-10)
    torch.testing.assert_close(left, of_queries, rtol=1e-8, atol=1e-12)
    torch.testing.assert_close(right, of_passages, rtol=1e-8, atol=1e-12)


def test_two_pairs_by_hand() -> None:
    axes = torch.eye(2)
    loss, _, _ = info_nce(axes * 3, axes, 1.0)
    assert loss == pytest.approx(math.log(1 + math.exp(-1)), rel=1e-6)


def test_the_adversarial_step_has_its_radius_and_raises_the_loss() -> None:
    generator = torch.Generator().manual_seed(2)
    queries, passages = (torch.randn(12, 6, generator=generator) for _ in range(2))
    loss, left, right = info_nce(queries, passages, 0.1)
    shift = adversarial_shift(queries, left, 0.05)
    torch.testing.assert_close(shift.norm(dim=1), 0.05 * queries.norm(dim=1))
    raised, _, _ = info_nce(queries + shift, passages + adversarial_shift(passages, right, 0.05), 0.1)
    random = torch.randn(12, 6, generator=generator)
    blurred, _, _ = info_nce(queries + adversarial_shift(queries, random, 0.05), passages, 0.1)
    assert raised > blurred
    assert raised > loss
