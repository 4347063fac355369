"""The ratio margin: cosine over the mean of both sides' nearest neighbours (Artetxe & Schwenk 2019, arXiv 1811.01136).

    score(x, y) = cos(x, y) / (mean of x's k nearest y' / 2 + mean of y's k nearest x' / 2)

x is a query and y a passage; y' are the passages of y's language, x' the *clean* queries of x's language, so that what
noise does to one query never changes another's score. As in LASER's xsim the margin orders the k passages nearest to a
query; the others follow in order of cosine (at a resolution of 5e-7). Neighbours are those of one pool and language pair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from robustir.ranking.counting import Columns
from robustir.ranking.search import DenseScorer
from robustir.types import Corpus

__all__ = ["Neighbourhoods", "unit_length"]

Vectors = NDArray[np.float32]

_SMALLEST = 1e-6  # without a positive neighbourhood the ratio has no meaning; it grows to cosine / 1e-6
_BEHIND = np.float32(4.0)  # other passages score their cosine minus this, at most -3; candidates more than -3


def unit_length(vectors: Vectors) -> Vectors:
    """Return vectors [n, d] divided by their length; zeros stay."""
    length = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))
    return (vectors / np.where(length == 0, 1.0, length)[:, None]).astype(np.float32)


class Neighbourhoods:
    """The mean cosine of every passage of a pool with its k nearest clean queries, per query language.

    Args:
        queries: unit vectors [n, d] of the clean queries.
        langs: their languages.
        passages: unit vectors [len(corpus), d].
        corpus: the pool's passages.
        k: how many neighbours.
        device: where torch computes.
    """

    def __init__(
        self, queries: Vectors, langs: Sequence[str], passages: Vectors, corpus: Corpus, *, k: int, device: str = "cpu"
    ) -> None:
        self._k = k
        self._columns = Columns.of(corpus)
        self._means: dict[str, NDArray[np.float64]] = {}
        scorer = DenseScorer(passages[self._columns.passage], device=device)
        names = np.array(langs, dtype=object)
        for lang in dict.fromkeys(langs):
            best = np.full((0, self._columns.width), 0, dtype=np.float32)
            for block in scorer.blocks(queries[names == lang]):
                best = _largest(np.concatenate((best, block)), k)
            self._means[lang] = best.mean(axis=0, dtype=np.float64)

    def adjust(self, langs: Sequence[str]) -> Callable[[NDArray[np.float32], int], None]:
        """Return a function that turns a block of cosines into scores, in place.

        Its arguments are the cosines, float32 [b, width] in the order of the columns, and the row of the block's first
        query. langs: the language of every ranked query.
        """

        def work(scores: NDArray[np.float32], first: int) -> None:
            means = np.stack([self._means[lang] for lang in langs[first : first + len(scores)]])
            for start, end in zip(self._columns.starts, self._columns.ends, strict=True):
                self._reorder(scores[:, start:end], means[:, start:end])

        return work

    def _reorder(self, scores: NDArray[np.float32], means: NDArray[np.float64]) -> None:
        nearest = _largest(scores.T, self._k)  # [k, b]
        own = nearest.mean(axis=0, dtype=np.float64)
        # All passages that are level with the k-th nearest are candidates: ids do not decide.
        row, column = np.nonzero(scores >= nearest.min(axis=0)[:, None])
        cosine = scores[row, column].astype(np.float64)
        margin = cosine / np.maximum((own[row] + means[row, column]) / 2, _SMALLEST)
        scores -= _BEHIND
        # Margins below -2 (negative cosines in sparse neighbourhoods) are pressed into (-3, -2) in their order.
        scores[row, column] = np.where(margin < -2, 1 / np.maximum(-margin - 1, 1) - 3, margin)


def _largest(values: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """Return the k largest values of every column, or all if there are fewer, in any order."""
    surplus = len(values) - k
    return values if surplus <= 0 else np.partition(values, surplus, axis=0)[surplus:]
