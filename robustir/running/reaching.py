"""Whether noise reached an encoder: which changed queries it reads as it reads the clean ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.errors import EncoderError

__all__ = ["reads_tokens", "same_tokens", "same_vectors"]

# Of the length of a vector: an encoder's batches change its last bits (about 1e-7), another token far more (above 1e-3).
_ROUNDING = 1e-5


def reads_tokens(encoder: Any) -> bool:
    """Whether an encoder or scorer says what it reads of a text."""
    return callable(getattr(_inner(encoder), "tokens", None))


def same_tokens(
    encoder: Any, noisy: Sequence[str], clean: Sequence[str], langs: Sequence[str]
) -> NDArray[np.bool_] | None:
    """Return for each pair of texts [n] whether their tokens are equal; None if the encoder does not say.

    Raises:
        EncoderError: if it returns another number of texts.
    """
    if not reads_tokens(encoder):
        return None
    both = [list(_inner(encoder).tokens(list(texts), role="query", langs=list(langs))) for texts in (noisy, clean)]
    if any(len(read) != len(noisy) for read in both):
        raise EncoderError(f"tokens() of {encoder.name} must return one item per text, in their order")
    return np.array([tuple(one) == tuple(other) for one, other in zip(*both, strict=True)], dtype=np.bool_)


def same_vectors(noisy: NDArray[np.float32], clean: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return for each pair of vectors [n, d] whether they are equal but for rounding."""
    apart = np.linalg.norm((noisy - clean).astype(np.float64), axis=1)
    return np.asarray(apart <= _ROUNDING * np.linalg.norm(clean.astype(np.float64), axis=1), dtype=np.bool_)


def _inner(encoder: Any) -> Any:
    while hasattr(encoder, "vectors_of"):
        encoder = encoder.vectors_of
    return encoder
