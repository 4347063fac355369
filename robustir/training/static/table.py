"""A table of subword vectors that learns: only the rows a batch touches are read, and written.

A dense gradient of 32,000 rows costs more than the similarities of a batch that holds 7,000 of them. Here the gradient
of a row is a sum over the bags that hold the piece, taken by the same kernel that pools (bags of bags), and Adam
(Kingma & Ba 2015) moves those rows alone; moments of other rows rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import embedding_bag

from robustir.text.blocks import ragged_arange

__all__ = ["Bags", "Pooled", "Table"]

_BETAS = (0.9, 0.999)
_EPSILON = 1e-8


@dataclass(frozen=True, slots=True)
class Bags:
    """Texts as pieces. pieces: int32 [tokens]; offsets: int64 [texts + 1], text i is ``pieces[offsets[i]:offsets[i+1]]``."""

    pieces: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def of(cls, rows: list[list[int]]) -> Bags:
        """Make bags of lists of pieces."""
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(np.fromiter(map(len, rows), dtype=np.int64, count=len(rows)), out=offsets[1:])
        pieces = np.fromiter((piece for row in rows for piece in row), dtype=np.int32, count=int(offsets[-1]))
        return cls(pieces, offsets)

    def take(self, rows: NDArray[np.int64]) -> Bags:
        """Return the texts at ``rows``."""
        starts, lengths = self.offsets[rows], self.offsets[rows + 1] - self.offsets[rows]
        offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
        return Bags(self.pieces[ragged_arange(starts, lengths)], offsets)

    def joined(self, other: Bags) -> Bags:
        """Return these texts and then the others."""
        return Bags(
            np.concatenate([self.pieces, other.pieces]),
            np.concatenate([self.offsets, self.offsets[-1] + other.offsets[1:]]),
        )

    def kept(self, chosen: NDArray[np.bool_]) -> Bags:
        """Return the texts with the chosen tokens alone, bool [tokens]; a text that would lose all keeps its own."""
        lengths = np.diff(self.offsets)
        of = np.repeat(np.arange(len(self)), lengths)
        chosen = chosen | (np.bincount(of[chosen], minlength=len(self)) == 0)[of]
        offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.bincount(of[chosen], minlength=len(self)))])
        return Bags(self.pieces[chosen], offsets)


@dataclass(frozen=True, slots=True)
class Pooled:
    """What one forward pass leaves: vectors float32 [texts, d], and the rows it touched."""

    vectors: Tensor
    touched: Tensor  # int64 [rows]
    rows: Tensor  # float32 [rows, d], without their weights
    weight: Tensor  # float32 [rows]
    local: NDArray[np.int64]  # int64 [tokens], each piece as a number of ``touched``
    bags: Bags


class Table:
    """Vectors [pieces, d] and the logarithms of the pieces' weights [pieces], with Adam's moments for both."""

    def __init__(self, vectors: NDArray[np.float32], log_weights: NDArray[np.float32]) -> None:
        self.vectors = torch.from_numpy(vectors.copy())
        self.log_weights = torch.from_numpy(log_weights.copy())
        self._moments = [torch.zeros_like(self.vectors) for _ in range(2)]
        self._weight_moments = [torch.zeros_like(self.log_weights) for _ in range(2)]
        self.steps = 0

    def pool(self, bags: Bags) -> Pooled:
        """Return the weighted mean of each text's pieces."""
        present = np.zeros(len(self.vectors), dtype=bool)
        present[bags.pieces] = True
        touched = np.flatnonzero(present)
        number = np.empty(len(present), dtype=np.int64)
        number[touched] = np.arange(len(touched))
        local = number[bags.pieces]
        at = torch.from_numpy(touched)
        rows, weight = self.vectors.index_select(0, at), self.log_weights.index_select(0, at).exp()
        offsets = torch.from_numpy(bags.offsets[:-1])
        summed = embedding_bag(torch.from_numpy(local), rows * weight[:, None], offsets, mode="sum")
        return Pooled(summed.div_(_counts(bags)), at, rows, weight, local, bags)

    def descend(
        self, pooled: Pooled, gradient: Tensor, rate: float, *, weight_decay: float = 0.0, clip: float | None = None
    ) -> float:
        """Move the touched rows down the gradient at the vectors, float32 [texts, d]; return its norm before clipping."""
        from scipy.sparse import csr_array

        ones = np.ones(len(pooled.local), dtype=np.int8)
        shape = (len(pooled.bags), len(pooled.touched))
        # A counting sort: for each row, the texts that hold it, in their order.
        by_row = csr_array((ones, pooled.local, pooled.bags.offsets), shape=shape).tocsc()
        texts = torch.from_numpy(by_row.indices.astype(np.int64))
        starts = torch.from_numpy(by_row.indptr[:-1].astype(np.int64))
        of_scaled = embedding_bag(texts, gradient / _counts(pooled.bags), starts, mode="sum")
        of_weight = (of_scaled * pooled.rows).sum(dim=1).mul_(pooled.weight)
        of_row = of_scaled.mul_(pooled.weight[:, None])
        norm = float(torch.sqrt(of_row.square().sum() + of_weight.square().sum()))
        if clip is not None and norm > clip:
            of_row.mul_(clip / norm)
            of_weight.mul_(clip / norm)
        self.steps += 1
        if weight_decay:
            pooled.rows.mul_(1 - rate * weight_decay)
        self.vectors.index_copy_(
            0, pooled.touched, self._moved(pooled.rows, of_row, self._moments, pooled.touched, rate)
        )
        logs = self.log_weights.index_select(0, pooled.touched)
        self.log_weights.index_copy_(
            0, pooled.touched, self._moved(logs, of_weight, self._weight_moments, pooled.touched, rate)
        )
        return norm

    def _moved(self, values: Tensor, slope: Tensor, moments: list[Tensor], at: Tensor, rate: float) -> Tensor:
        """Return ``values`` after one step of Adam; the moments of these rows are written back."""
        first = moments[0].index_select(0, at).lerp_(slope, 1 - _BETAS[0])
        second = moments[1].index_select(0, at).mul_(_BETAS[1]).addcmul_(slope, slope, value=1 - _BETAS[1])
        moments[0].index_copy_(0, at, first)
        moments[1].index_copy_(0, at, second)
        size = rate / (1 - _BETAS[0] ** self.steps)
        spread = second.sqrt_().div_((1 - _BETAS[1] ** self.steps) ** 0.5).add_(_EPSILON)
        return values.addcdiv_(first, spread, value=-size)

    def scaled(self) -> NDArray[np.float32]:
        """Return the vectors times their weights, float32 [pieces, d]: what a static encoder adds up."""
        table: NDArray[np.float32] = (self.vectors * self.log_weights.exp()[:, None]).numpy()
        return table

    def state(self) -> dict[str, Any]:
        """Return everything that a continued training needs."""
        names = ("vectors", "log_weights", "first", "second", "weight_first", "weight_second")
        tensors = (self.vectors, self.log_weights, *self._moments, *self._weight_moments)
        return {"steps": torch.tensor(self.steps), **dict(zip(names, tensors, strict=True))}

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from :meth:`state`."""
        self.steps = int(state["steps"])
        self.vectors, self.log_weights = state["vectors"].clone(), state["log_weights"].clone()
        self._moments = [state["first"].clone(), state["second"].clone()]
        self._weight_moments = [state["weight_first"].clone(), state["weight_second"].clone()]


def _counts(bags: Bags) -> Tensor:
    return torch.from_numpy(np.maximum(np.diff(bags.offsets), 1).astype(np.float32))[:, None]
