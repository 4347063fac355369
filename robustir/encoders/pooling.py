"""From token states to one vector per text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["POOLINGS", "Pooling", "pool"]

Pooling: TypeAlias = Literal["mean", "cls", "max"]


def _mean(states: Tensor, mask: Tensor) -> Tensor:
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def _cls(states: Tensor, mask: Tensor) -> Tensor:  # noqa: ARG001 - one signature for all poolings
    return states[:, 0]


def _max(states: Tensor, mask: Tensor) -> Tensor:
    held = mask.unsqueeze(-1).bool()
    return states.masked_fill(~held, -float("inf")).amax(dim=1).masked_fill(~held.any(dim=1), 0.0)


POOLINGS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {"mean": _mean, "cls": _cls, "max": _max}


def pool(states: Tensor, mask: Tensor, pooling: Pooling) -> Tensor:
    """Return float32 [b, d] from states [b, t, d] and a mask [b, t] (1: a token, 0: padding).

    mean and max are over tokens, the special ones included; cls is the first token. Sums are in float32 whatever the
    dtype of the states. A text without any token has zeros under mean and max.
    """
    return POOLINGS[pooling](states.float(), mask)
