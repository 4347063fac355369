"""The frozen lower part of a transformer: what it says of a text is computed once, and kept up to a bound."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from robustir.encoders.transformers.bodies import Row, TransformerBody

__all__ = ["FrozenPart", "frozen_modules"]

_AT_ONCE = 64  # texts on a GPU; on a CPU one, so that what is kept never depends on the texts beside it


class FrozenPart:
    """Embeddings and the lowest layers of a body, which no step changes.

    What they say of a text does not depend on the texts beside it (on a CPU), nor on what was kept or dropped before: a
    continued training finds the same bits.

    Args:
        body: of an architecture in :data:`robustir.encoders.transformers.bodies.PLAIN_STACKS`, on its device.
        layers: how many of the lowest are frozen, 0: the embeddings alone.
        bound: bytes of states to keep; the least recently used are dropped.
        mixed: whether to compute and keep in bfloat16.
    """

    def __init__(self, body: TransformerBody, layers: int, bound: int, *, mixed: bool) -> None:
        self._body, self._bound, self._mixed = body, bound, mixed
        stack = body.model.encoder.layer
        self._lower = _with_layers(body.model, _halved(stack[:layers]) if mixed else stack[:layers])
        self._upper = _with_layers(body.model, stack[layers:])
        self._upper.embeddings = _Given()
        self._kept: OrderedDict[bytes, Tensor] = OrderedDict()
        self._bytes = 0
        self._device = next(body.model.parameters()).device

    def vectors(self, rows: Sequence[Row], prompt: str) -> Tensor:
        """Return the vectors of one batch, float32 [b, d], with the graph of the upper part."""
        return self._body.forward(rows, prompt, (self._upper, self._states(rows)))

    def _states(self, rows: Sequence[Row]) -> list[Tensor]:
        keys = [_key(row) for row in rows]
        missing = {key: row for key, row in zip(keys, rows, strict=True) if key not in self._kept}
        for key, state in self._computed(missing) if missing else ():
            self._kept[key] = state
            self._bytes += state.nbytes
        found = []
        for key in keys:
            self._kept.move_to_end(key)
            found.append(self._kept[key])
        while self._bytes > self._bound:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return found

    def _computed(self, missing: dict[bytes, Row]) -> Iterator[tuple[bytes, Tensor]]:
        size = 1 if self._device.type == "cpu" else _AT_ONCE
        keys = list(missing)
        for first in range(0, len(keys), size):
            some = keys[first : first + size]
            with torch.no_grad():
                states = self._body.states(self._lower, [missing[key] for key in some])
            for key, state in zip(some, states, strict=True):
                yield key, state.to(torch.bfloat16 if self._mixed else torch.float32, copy=True)


def frozen_modules(model: Any, layers: int) -> list[torch.nn.Module]:
    """Return the embeddings and the lowest layers of a model."""
    return [model.embeddings, *model.encoder.layer[:layers]]


class _Given(torch.nn.Module):
    """Takes the place of the embeddings: what was computed before."""

    def forward(self, *, inputs_embeds: Tensor, **others: Any) -> Tensor:
        del others  # ids, places and types of the tokens, which are in it already
        return inputs_embeds


def _halved(layers: torch.nn.ModuleList) -> torch.nn.ModuleList:
    """Return a copy of layers with the weights of products in bfloat16, which autocast would cast again for every text."""
    found = copy.deepcopy(layers)
    for module in found.modules():
        if isinstance(module, torch.nn.Linear):
            module.to(torch.bfloat16)
    return found


def _with_layers(model: Any, layers: torch.nn.ModuleList) -> Any:
    """Return a model of the same modules, but for the layers of its encoder."""
    found, encoder = copy.copy(model), copy.copy(model.encoder)
    for one in (found, encoder):
        one._modules = dict(one._modules)  # noqa: SLF001 - torch's copies share the dictionary
    encoder.layer = layers
    found.encoder = encoder
    return found


def _key(row: Row) -> bytes:
    return np.array([row.ids, row.types or [0] * len(row.ids)], dtype=np.int32).tobytes()
