"""The similarity that a model's vectors are made for, as inner products, which the rank kernel computes."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.errors import InputError

__all__ = ["Similarity", "as_inner_products", "similarity_named"]

Similarity: TypeAlias = Literal["cosine", "dot", "euclidean"]


def similarity_named(declared: object, owner: str, normalize: bool | None = None) -> Similarity:
    """Return the similarity that a model declares.

    Args:
        declared: a name or an enumeration's member; None: the cosine.
        owner: the model, for messages.
        normalize: True: the cosine, False: the inner product, whatever is declared.

    Raises:
        InputError: for a similarity that inner products cannot order, such as the Manhattan distance.
    """
    if normalize is not None:
        return "cosine" if normalize else "dot"
    name = str(getattr(declared, "value", declared) or "cosine").lower()
    if "cos" in name:
        return "cosine"
    if "dot" in name:
        return "dot"
    if "euclid" in name:
        return "euclidean"
    raise InputError(
        f"{owner} is made for the similarity {name!r}, which inner products of vectors cannot order; give normalize=True "
        "to rank by the cosine instead, or normalize=False for the inner product"
    )


def as_inner_products(vectors: NDArray[np.float32], similarity: Similarity, role: Role) -> NDArray[np.float32]:
    """Return vectors [n, d] or [n, d + 1] whose inner products order passages as the similarity does.

    For the cosine, vectors get unit length (zeros stay). For Euclidean distances, a query q becomes (q, 1) and a passage p
    (p, -|p|**2 / 2), as -|q - p|**2 / 2 is q.p - |p|**2 / 2 plus a term of the query alone.
    """
    if similarity == "dot":
        return vectors
    squared: NDArray[Any] = np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64)
    if similarity == "cosine":
        length = np.sqrt(squared)
        return (vectors / np.where(length == 0, 1.0, length)[:, None]).astype(np.float32)
    last = np.ones(len(vectors)) if role == "query" else -squared / 2
    return np.concatenate([vectors, last[:, None].astype(np.float32)], axis=1)
