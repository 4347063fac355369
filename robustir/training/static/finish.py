"""What is done to a table once it has learnt: the traces of languages taken out, its directions made more equal or fewer.

All is linear, so that they become part of the rows: a text's vector changes, and how it is encoded does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import embedding_bag

from robustir.training.data.shelves import Shelf
from robustir.training.static.table import Bags

__all__ = ["finished", "parallel_texts"]

_NOTHING = 1e-9  # of the largest variance: directions that were taken out


def parallel_texts(shelves: Sequence[Shelf]) -> dict[str, NDArray[np.int64]]:
    """Return, per language, the numbers of texts that say the same: the translations in the most languages.

    Empty where no shelf holds translations.
    """
    whole = [shelf for shelf in shelves if shelf.whole]
    if not whole:
        return {}
    best = max(whole, key=lambda shelf: (len(shelf.langs), len(shelf)))
    return {lang: np.array(best.left[lang], dtype=np.int64) for lang in best.langs}


def finished(
    table: NDArray[np.float32],
    texts: Mapping[str, Bags],
    *,
    language_free: bool = False,
    whitening: float = 0.0,
    reduced_to: int | None = None,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Return a table float32 [pieces, d] whose texts' vectors tell less of their language, or are shorter.

    texts: texts of the same content in several languages, as pieces. language_free: the space that the languages' mean
    vectors span is projected out (after Yang et al. 2021, A simple and effective method to eliminate the self language
    bias in multilingual representations, who take several directions per language). whitening: the variance v of a
    direction, within languages, becomes v ** (1 - 2 * whitening); 0 leaves it, 0.5 makes all equal. reduced_to: the
    directions of the largest variance that are kept, turned at random by ``seed``, so that each number of a row carries
    as much as another and few bits hold it.
    """
    vectors = {lang: _encoded(table, bags) for lang, bags in texts.items()}
    change = np.eye(table.shape[1])
    if language_free:
        means = np.stack([found.mean(axis=0) for found in vectors.values()])
        span, _ = np.linalg.qr(means.T)
        change -= span @ span.T
    if whitening or reduced_to is not None:
        centred = np.concatenate([found - found.mean(axis=0) for found in vectors.values()]) @ change
        variance, directions = np.linalg.eigh(centred.T @ centred / len(centred))
        there = variance > _NOTHING * variance[-1]
        size = (variance[there] / variance[there].mean()) ** -whitening
        change = change @ (directions[:, there] * size)
        change = change @ (directions[:, there].T if reduced_to is None else _turned(change.shape[1], reduced_to, seed))
    return np.asarray(table @ change, dtype=np.float32)


def _turned(directions: int, kept: int, seed: int) -> NDArray[np.float64]:
    """Return float64 [directions, kept] that keeps the last ones and turns them at random."""
    turn = np.zeros((directions, kept))
    count = min(directions, kept)
    random = np.random.Generator(np.random.Philox(key=[seed, 0])).standard_normal((kept, count))
    turn[directions - count :] = np.linalg.qr(random)[0].T
    return turn


def _encoded(table: NDArray[np.float32], bags: Bags) -> NDArray[np.float64]:
    """Return the unit vectors of texts, float64 [texts, d]."""
    summed = embedding_bag(
        torch.from_numpy(bags.pieces.astype(np.int64)),
        torch.from_numpy(table),
        torch.from_numpy(bags.offsets[:-1]),
        mode="sum",
    )
    found = summed.numpy().astype(np.float64)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.where(lengths == 0, 1, lengths))
