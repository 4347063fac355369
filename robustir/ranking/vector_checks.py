"""Checks before vectors are multiplied: float32 of one width, finite, and without a product that overflows.

Whether a sum that passes the largest float32 comes out as infinity, as NaN or as a number depends on the order in which
a machine's kernel adds. So vectors are checked beforehand, and the answer is the same on every machine and device.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustir.errors import EncoderError

__all__ = ["check_products", "check_vectors"]

# Half of the largest float32: rounding in a sum of millions of terms cannot make up the other half.
_LARGEST = float(np.finfo(np.float32).max) / 2
_ROWS = 256  # doubtful rows checked together


def check_vectors(vectors: NDArray[np.float32], what: str, dimensions: int | None, scorer: str) -> None:
    """Raise EncoderError, naming ``scorer``, unless ``vectors`` are finite float32 [n, dimensions] (None: of any width)."""
    if vectors.dtype != np.float32 or vectors.ndim != 2 or dimensions not in (None, vectors.shape[1]):
        shape = f"[n, {dimensions if dimensions is not None else 'd'}]"
        raise EncoderError(
            f"{scorer}: the {what} vectors are {vectors.dtype} of shape {vectors.shape}; they must be float32 {shape}"
        )
    if not np.isfinite(vectors).all():
        row = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
        raise EncoderError(
            f"{scorer}: the vector of {what} row {row} is not finite; check the text of that row and the weights"
        )


def check_products(queries: NDArray[np.float32], passages: NDArray[np.float32], scorer: str) -> None:
    """Raise EncoderError, naming the first query row, if an inner product of two rows can overflow float32.

    queries, passages: finite float32 [n, d]. A product can overflow if the sum of its terms' sizes passes half of the
    largest float32: then some order of adding does. The lengths alone clear all rows of ordinary vectors.
    """
    # No sum of sizes exceeds the product of the lengths (Cauchy-Schwarz); a length that overflows is infinite here.
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = [np.sqrt(np.einsum("ij,ij->i", side, side).astype(np.float64)) for side in (queries, passages)]
        doubtful = np.flatnonzero(~(lengths[0] * lengths[1].max(initial=0.0) < _LARGEST))
    if not len(doubtful) or not len(passages):
        return
    sizes = np.abs(passages.astype(np.float64)).T
    for first in range(0, len(doubtful), _ROWS):
        rows = doubtful[first : first + _ROWS]
        largest = (np.abs(queries[rows].astype(np.float64)) @ sizes).max(axis=1)
        bad = np.flatnonzero(largest >= _LARGEST)
        if len(bad):
            row = int(rows[bad[0]])
            raise EncoderError(
                f"{scorer}: a score of query row {row} overflows float32 (its terms add up to {largest[bad[0]]:.1e}); "
                "check its text and the weights, or normalise the vectors"
            )
