"""How much memory a training will take, estimated before it starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import psutil
import torch
from torch import Tensor

from robustir.errors import InputError

__all__ = ["Needs", "free_memory"]

_GIB = 2**30
_SLACK = 1.8  # of what a graph keeps: what a step makes and drops beside it, and what the allocator holds back


@dataclass(frozen=True, slots=True)
class Needs:
    """What a training takes beside the weights, which are in memory when it is asked.

    fixed: bytes that do not depend on micro_batch: gradients, AdamW's two moments, the best weights, kept states.
    per_text: bytes of the graph of one text, of the longest.
    texts: of a step, on both sides.
    """

    fixed: int
    per_text: int
    texts: int

    @classmethod
    def of(cls, graph: Callable[[int], Tensor], parameters: Iterable[Tensor], *, texts: int, kept: int) -> Needs:
        """Estimate them from what one and three of the longest texts keep for their gradient.

        Args:
            graph: from a number of texts to their vectors, with their graph.
            parameters: that change.
            texts: of a step, on both sides.
            kept: bytes of states of frozen layers.
        """
        changing = list(parameters)
        one, three = (_saved(partial(graph, count), changing) for count in (1, 3))
        per_text = max(1, (three - one) // 2)
        trained = sum(each.numel() for each in changing)
        return cls(4 * 4 * trained + kept + max(0, one - per_text), int(_SLACK * per_text), texts)

    def graphs(self, micro_batch: int, *, twice: bool) -> int:
        """Return how many texts have their graph at a time. twice: adversarial steps, which make all graphs again."""
        return min(micro_batch, self.texts) if self.in_parts(micro_batch) or twice else self.texts

    def in_parts(self, micro_batch: int) -> bool:
        """Whether a side of a batch does not fit into one part, so that graphs are made again part by part."""
        return self.texts > 2 * micro_batch

    def check(self, micro_batch: int, free: int, *, twice: bool = False) -> int:
        """Return the bytes that a training with this micro_batch takes. Raises InputError if they are not free."""
        asked = self.fixed + self.per_text * self.graphs(micro_batch, twice=twice)
        if asked <= free:
            return asked
        fits = (free - self.fixed) // self.per_text
        fits = min(fits, -(-self.texts // 2) - 1)  # so that graphs are made part by part
        advice = (
            f"set model.micro_batch = {fits}"
            if fits >= 1
            else "no micro_batch fits: freeze layers (model.freeze), or lower model.max_length or model.kept_states"
        )
        raise InputError(
            f"training with model.micro_batch = {micro_batch} takes about {asked / _GIB:.1f} GiB beside the weights "
            f"({self.per_text / 2**20:.0f} MiB per text), but {free / _GIB:.1f} GiB are free; {advice}"
        )


def free_memory(device: torch.device) -> int:
    """Return how many bytes are free on a device."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def _saved(make: Callable[[], Tensor], changing: Iterable[Tensor]) -> int:
    """Return the bytes that a graph keeps for its gradient, weights apart."""
    weights = {each.untyped_storage().data_ptr() for each in changing}
    held: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            held[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        graph = make()  # alive until all is noted, so that no two tensors are counted as one
    del graph
    return sum(held.values())
