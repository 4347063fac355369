"""The gradient of a whole contrastive batch through an encoder that sees a part of it at a time.

After Gao et al. (2021, Scaling deep contrastive learning batch size under memory limited setup): encode all parts without
a graph, take the gradient of the loss at the vectors, then encode each part again, with its graph, and go on from there.
Dropout must be the same both times: each part has its own seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

__all__ = ["Parts", "seeded"]


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Let torch's generators start from ``seed``; restore them afterwards."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


class Parts:
    """Some texts, encoded part by part.

    encode: from a part's number to its vectors [n_i, d]; sizes: n_i. Part i draws its dropout from ``seed + i``. cached:
    whether graphs are made again rather than kept, which takes a second pass and the memory of one part.
    """

    def __init__(
        self, encode: Callable[[int], Tensor], sizes: Sequence[int], seed: int, device: torch.device, *, cached: bool
    ) -> None:
        self._encode, self._sizes, self._seed, self._device, self._cached = encode, sizes, seed, device, cached
        self._graphs: list[Tensor] = []

    def part(self, number: int) -> Tensor:
        """Return the vectors of one part, with their graph."""
        with seeded(self._seed + number, self._device):
            return self._encode(number)

    def vectors(self) -> Tensor:
        """Return the vectors of all texts, [n, d], detached."""
        if self._cached:
            with torch.no_grad():
                return torch.cat([self.part(number) for number in range(len(self._sizes))])
        self._graphs = [self.part(number) for number in range(len(self._sizes))]
        return torch.cat([graph.detach() for graph in self._graphs])

    def backward(self, gradient: Tensor) -> None:
        """Add to every parameter's ``grad`` what a gradient at :meth:`vectors`, [n, d], amounts to."""
        for number, slope in enumerate(torch.split(gradient, list(self._sizes))):
            torch.autograd.backward(self.part(number) if self._cached else self._graphs[number], slope)
        self._graphs = []
