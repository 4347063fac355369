"""From token states to one vector per text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["POOLINGS", "Pooling", "pool"]

Pooling: TypeAlias = Literal["mean", "cls", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]


def _sum(states: Tensor, weights: Tensor) -> Tensor:
    return (states * weights.unsqueeze(-1)).sum(dim=1)


def _mean(states: Tensor, mask: Tensor) -> Tensor:
    weights = mask.to(states.dtype)
    return _sum(states, weights) / weights.sum(dim=1, keepdim=True).clamp(min=1)


def _mean_sqrt(states: Tensor, mask: Tensor) -> Tensor:
    weights = mask.to(states.dtype)
    return _sum(states, weights) / weights.sum(dim=1, keepdim=True).clamp(min=1).sqrt()


def _weighted_mean(states: Tensor, mask: Tensor) -> Tensor:
    import torch

    weights = mask.to(states.dtype) * torch.arange(1, states.shape[1] + 1, device=states.device, dtype=states.dtype)
    return _sum(states, weights) / weights.sum(dim=1, keepdim=True).clamp(min=1)


def _at(states: Tensor, place: Tensor) -> Tensor:
    import torch

    return states[torch.arange(len(states), device=states.device), place]


def _cls(states: Tensor, mask: Tensor) -> Tensor:
    return _at(states, mask.argmax(dim=1))


def _last(states: Tensor, mask: Tensor) -> Tensor:
    place = mask.shape[1] - 1 - mask.flip(1).argmax(dim=1)
    return _at(states, place) * mask.any(dim=1, keepdim=True)


def _max(states: Tensor, mask: Tensor) -> Tensor:
    held = mask.unsqueeze(-1).bool()
    return states.masked_fill(~held, -float("inf")).amax(dim=1).masked_fill(~held.any(dim=1), 0.0)


# The names are those of sentence-transformers.
POOLINGS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mean": _mean,
    "cls": _cls,
    "max": _max,
    "mean_sqrt_len_tokens": _mean_sqrt,
    "weightedmean": _weighted_mean,
    "lasttoken": _last,
}


def pool(states: Tensor, mask: Tensor, *poolings: str) -> Tensor:
    """Return float32 [b, d * number of poolings] from states [b, t, d] and a mask [b, t] (1: a token, 0: padding).

    mean and max are over all tokens, including special ones; mean_sqrt_len_tokens divides by the root of their number;
    weightedmean weighs a token by its place from 1; cls is the first token and lasttoken the last. Sums are in float32
    (float64 states stay as they are). A text without any token has zeros (under cls the first state).
    """
    import torch

    exact = states if states.dtype == torch.float64 else states.float()
    vectors = [POOLINGS[pooling](exact, mask) for pooling in poolings]
    return vectors[0] if len(vectors) == 1 else torch.cat(vectors, dim=1)
