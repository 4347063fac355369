"""The floor: vectors that do not depend on a text's meaning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.errors import SpecError
from robustir.plugins.shown import Shown
from robustir.seeds import derive_key, key_array, uniforms

__all__ = ["RandomEncoder"]

_SUMMANDS = 4


class RandomEncoder(Shown):
    """Gives every (role, text) a random unit vector, to show the score of retrieval by chance.

    A coordinate is the sum of four uniform numbers (close to normal, so directions are close to uniform on the sphere),
    computed from whole numbers: the same bits on every machine. The vector depends on the role, so that a query that
    equals a passage does not find it.

    Args:
        dim: dimensions of the vectors.
        seed: of the random numbers.
    """

    name = "random"
    uses_langs = False
    batch_invariant = True

    def __init__(self, dim: int = 64, seed: int = 0) -> None:
        if dim < 1:
            raise SpecError(f"dim={dim!r}: a vector needs at least one dimension")
        self.dim = dim
        self.seed = seed
        self.revision = f"1 dim={dim} seed={seed}"

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Return float32 vectors [len(texts), dim] of unit length."""
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        words = key_array([derive_key("random-encoder", self.seed, role, text) for text in texts])
        keys = np.repeat(words, self.dim, axis=0)
        columns = np.tile(np.arange(self.dim, dtype=np.int64), len(texts))
        # Whole numbers below 2**16: their sums of squares stay below 2**53, exact in any order.
        total = np.zeros(len(keys), dtype=np.float64)
        for slot in range(_SUMMANDS):
            total += np.floor(uniforms(keys, columns, slot) * 2**16)
        centred = 2.0 * total.reshape(len(texts), self.dim) - _SUMMANDS * (2**16 - 1)
        length = np.sqrt((centred * centred).sum(axis=1, keepdims=True))
        return (centred / np.where(length == 0, 1.0, length)).astype(np.float32)
