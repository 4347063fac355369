"""Where the vectors of pieces start: at random, or from the sentences that pieces share across languages.

A sentence and its translations count as one context (Levy, Søgaard & Goldberg 2017, A strong baseline for learning
cross-lingual word embeddings from sentence alignments); positive pointwise mutual information, then a truncated
singular value decomposition by random projection (Halko, Martinsson & Tropp 2011).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.training.data.shelves import Shelf
from robustir.training.static.table import Bags

__all__ = ["frequencies", "random_start", "svd_start"]

_EXTRA = 20  # directions beyond those asked for
_ROUNDS = 3  # of power iteration


def frequencies(bags: Bags, pieces: int) -> NDArray[np.float64]:
    """Return the relative frequency of each piece, float64 [pieces]."""
    counts = np.bincount(bags.pieces, minlength=pieces).astype(np.float64)
    return np.asarray(counts / max(1.0, counts.sum()))


def random_start(pieces: int, dimensions: int, seed: int) -> NDArray[np.float32]:
    """Return unit vectors in random directions, float32 [pieces, d]."""
    drawn = np.random.Generator(np.random.Philox(key=[seed, 2**40])).standard_normal((pieces, dimensions))
    return _unit(drawn)


def svd_start(bags: Bags, shelves: Sequence[Shelf], pieces: int, dimensions: int, seed: int) -> NDArray[np.float32]:
    """Return unit vectors float32 [pieces, d] by the contexts of all shelves; pieces without any are random."""
    matrix = _contexts(bags, shelves, pieces)
    drawn = np.random.Generator(np.random.Philox(key=[seed, 2**40 + 1]))
    basis = matrix @ drawn.standard_normal((matrix.shape[1], dimensions + _EXTRA)).astype(np.float32)
    for _ in range(_ROUNDS):
        basis, _ = np.linalg.qr(matrix @ (matrix.T @ basis))
    # Left singular vectors of (basis.T @ matrix), by the eigenvectors of its small Gram matrix: the contexts are many.
    projected = matrix.T @ basis
    _, inner = np.linalg.eigh((projected.T @ projected).astype(np.float64))
    found = basis @ inner[:, ::-1][:, :dimensions].astype(np.float32)
    bare = ~found.any(axis=1)
    found[bare] = random_start(pieces, found.shape[1], seed)[bare]
    result = random_start(pieces, dimensions, seed) * 0
    result[:, : found.shape[1]] = _unit(found)
    return result


def _contexts(bags: Bags, shelves: Sequence[Shelf], pieces: int) -> Any:
    """Return the sparse matrix [pieces, contexts] of positive pointwise mutual information."""
    from scipy.sparse import coo_array, csr_array

    context_of: dict[int, int] = {}
    texts: list[int] = []
    contexts: list[int] = []
    for shelf in shelves:
        sides = (shelf.left,) if shelf.whole else (shelf.left, shelf.right)
        for item in range(len(shelf)):
            members = {side[lang][item] for side in sides for lang in shelf.langs}
            known = next((context_of[text] for text in sorted(members) if text in context_of), len(context_of))
            for text in sorted(members):
                context_of[text] = known
                texts.append(text)
                contexts.append(known)
    chosen = bags.take(np.array(texts, dtype=np.int64))
    columns = np.repeat(np.array(contexts, dtype=np.int64), np.diff(chosen.offsets))
    _, columns = np.unique(columns, return_inverse=True)
    shape = (pieces, int(columns.max()) + 1)
    matrix = coo_array((np.ones(len(columns), dtype=np.float32), (chosen.pieces, columns)), shape=shape).tocsr()
    matrix.sum_duplicates()
    matrix.data[:] = 1
    rows, cells = np.asarray(matrix.sum(axis=1)), np.asarray(matrix.sum(axis=0))
    found = matrix.tocoo()
    information = np.log(matrix.nnz / (rows[found.row].astype(np.float64) * cells[found.col]))
    kept = np.maximum(information, 0).astype(np.float32)
    return csr_array((kept, (found.row, found.col)), shape=shape)


def _unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)
