"""Edits of a block of texts as arrays, and their application in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from robustir.text.blocks import Block, ragged_arange
from robustir.text.units import Clusters

__all__ = ["DELETE", "INSERT_AFTER", "INSERT_BEFORE", "REPLACE", "TRANSPOSE", "Edits", "apply"]

REPLACE: Final = 0  # one code point by an entry
INSERT_BEFORE: Final = 1  # an entry before the cluster
INSERT_AFTER: Final = 2  # an entry after it
DELETE: Final = 3  # the cluster
TRANSPOSE: Final = 4  # the cluster with the next one


@dataclass(frozen=True, slots=True)
class Edits:
    """One edit per element: action uint8 [e]; cluster int64 [e], at most one edit each.

    at: int64 [e], the code point that REPLACE takes out; entry_start, entry_length: int64 [e], what comes in, a piece
    of ``codes`` (uint32). A transposed cluster and its partner may have at most one transposition between them; the
    partner may have its own edit, and takes it along.
    """

    action: NDArray[np.uint8]
    cluster: NDArray[np.int64]
    at: NDArray[np.int64]
    entry_start: NDArray[np.int64]
    entry_length: NDArray[np.int64]
    codes: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.action)


def apply(edits: Edits, block: Block, clusters: Clusters) -> Block:
    """Return the block with the edits made; what is not edited is copied unchanged."""
    swapped = edits.cluster[edits.action == TRANSPOSE]
    marked = np.zeros(len(clusters), dtype=bool)
    marked[edits.cluster] = True
    marked[swapped + 1] = True
    touched = np.flatnonzero(marked)
    first, last = clusters.start[touched], clusters.start[touched + 1]
    starts, lengths = _pieces(edits, touched, first, last, len(block.codes))
    change = lengths.sum(axis=1) - (last - first)
    places = np.searchsorted(touched, swapped)
    for pieces in (starts, lengths):
        pieces[places], pieces[places + 1] = pieces[places + 1], pieces[places].copy()
    before = np.append(0, last)  # untouched stretches are between touched clusters
    after = np.append(first, len(block.codes))
    starts = np.column_stack([before[:-1], starts])
    lengths = np.column_stack([after[:-1] - before[:-1], lengths])
    source = np.concatenate([block.codes, edits.codes])
    taken = ragged_arange(np.append(starts.ravel(), before[-1]), np.append(lengths.ravel(), after[-1] - before[-1]))
    grown = np.zeros(len(block) + 1, dtype=np.int64)
    np.cumsum(np.bincount(block.rows(first), weights=change, minlength=len(block)).astype(np.int64), out=grown[1:])
    return Block(source[taken], block.offsets + grown)


def _pieces(
    edits: Edits, touched: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return start and length of up to three pieces that stand for each touched cluster, two int64 arrays [t, 3].

    Starts from ``size`` on point into ``edits.codes``.
    """
    starts = np.zeros((len(touched), 3), dtype=np.int64)
    lengths = np.zeros((len(touched), 3), dtype=np.int64)
    starts[:, 0], lengths[:, 0] = first, last - first
    place = np.searchsorted(touched, edits.cluster)
    entry = size + edits.entry_start

    chosen = edits.action == REPLACE
    row, at = place[chosen], edits.at[chosen]
    starts[row, 1], lengths[row, 1] = entry[chosen], edits.entry_length[chosen]
    lengths[row, 0] = at - first[row]
    starts[row, 2], lengths[row, 2] = at + 1, last[row] - at - 1

    for action, column, new in ((INSERT_BEFORE, 1, 0), (INSERT_AFTER, 0, 1)):
        chosen = edits.action == action
        row = place[chosen]
        starts[row, column], lengths[row, column] = first[row], last[row] - first[row]
        starts[row, new], lengths[row, new] = entry[chosen], edits.entry_length[chosen]

    lengths[place[edits.action == DELETE]] = 0
    return starts, lengths
