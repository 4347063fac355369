"""Cached gradients against one graph over the whole batch, in float64."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from robustir.encoders.transformers.bodies import TransformerBody, TransformerOptions
from robustir.encoders.transformers.checkpoint import Checkpoint
from robustir.training.losses import info_nce
from robustir.training.transformer.gradient_cache import Parts, seeded
from tests.tiny_models import tiny_bert

__all__ = ["tiny_bert"]

CPU = torch.device("cpu")
TEXTS = [
    "where is the nile",
    "the river is long",
    "a river",
    "what is the nile ?",
    "in africa",
    "rivers",
    "long",
    "who",
]
TEMPERATURE = 0.1


@pytest.fixture
def body(tiny_bert: Path) -> TransformerBody:
    options = TransformerOptions(
        ("mean",), include_prompt=True, layer=None, max_length=12, lower_case=False, dtype="float64"
    )
    made = TransformerBody.load(Checkpoint(str(tiny_bert)), options)
    made.model.train()
    return made


def encode(body: TransformerBody, sizes: list[int]) -> Callable[[int], Tensor]:
    rows = body.rows(TEXTS)
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    return lambda number: body.forward(rows[starts[number] : starts[number] + sizes[number]], "")


def gradients(body: TransformerBody) -> list[Tensor]:
    found = [parameter.grad.clone() for parameter in body.model.parameters() if parameter.grad is not None]
    body.model.zero_grad()
    return found


def plain_loss(vectors: Tensor) -> Tensor:
    left, right = torch.nn.functional.normalize(vectors, dim=1).chunk(2)
    scores, labels = left @ right.T / TEMPERATURE, torch.arange(len(left))
    cross_entropy: Any = torch.nn.functional.cross_entropy
    loss: Tensor = (cross_entropy(scores, labels) + cross_entropy(scores.T, labels)) / 2
    return loss


def by_parts(body: TransformerBody, sizes: list[int], *, cached: bool) -> tuple[float, list[Tensor]]:
    parts = Parts(encode(body, sizes), sizes, 5, CPU, cached=cached)
    vectors = parts.vectors()
    assert not vectors.requires_grad
    loss, left, right = info_nce(vectors[:4], vectors[4:], TEMPERATURE)
    parts.backward(torch.cat([left, right]))
    return loss, gradients(body)


@pytest.mark.parametrize("sizes", [[8], [4, 4], [3, 1, 3, 1], [1] * 8])
@pytest.mark.parametrize("cached", [True, False])
def test_with_dropout_the_gradient_is_that_of_one_graph(body: TransformerBody, sizes: list[int], cached: bool) -> None:
    forward, graphs = encode(body, sizes), []
    for number in range(len(sizes)):
        with seeded(5 + number, CPU):
            graphs.append(forward(number))
    expected = plain_loss(torch.cat(graphs))
    expected.backward()  # type: ignore[no-untyped-call]
    whole = gradients(body)
    loss, found = by_parts(body, sizes, cached=cached)
    assert loss == pytest.approx(float(expected.detach()), rel=1e-12)
    assert len(found) == len(whole) > 30
    for one, other in zip(found, whole, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-9)
    assert max(float(each.abs().max()) for each in whole) > 1e-3


def test_dropout_is_on_and_parts_do_not_share_it(body: TransformerBody) -> None:
    parts = Parts(encode(body, [4, 4]), [4, 4], 5, CPU, cached=True)
    assert torch.equal(parts.part(0), parts.part(0))
    other = Parts(encode(body, [4, 4]), [4, 4], 6, CPU, cached=True)
    assert not torch.allclose(parts.part(0), other.part(0))


def test_without_dropout_parts_make_no_difference(body: TransformerBody) -> None:
    body.model.eval()
    (loss, whole), (other, found) = by_parts(body, [8], cached=False), by_parts(body, [3, 2, 2, 1], cached=True)
    assert other == pytest.approx(loss, rel=1e-12)
    for one, two in zip(found, whole, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-6, atol=1e-9)


def test_the_generator_of_others_is_left_alone(body: TransformerBody) -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    by_parts(body, [4, 4], cached=True)
    assert torch.equal(torch.rand(3), expected)
