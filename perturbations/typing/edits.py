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
    change = lengths[:-1, 1] + lengths[:-1, 2] + lengths[:-1, 3] - (last - first)
    places = np.searchsorted(touched, swapped)
    for pieces in (starts[:, 1:], lengths[:, 1:]):
        pieces[places], pieces[places + 1] = pieces[places + 1], pieces[places].copy()
    starts[1:, 0] = last  # untouched stretches are between touched clusters
    lengths[:-1, 0], lengths[-1, 0] = first, len(block.codes)
    lengths[:, 0] -= starts[:, 0]
    source = np.concatenate([block.codes, edits.codes])
    taken = ragged_arange(starts.ravel(), lengths.ravel())
    grown = np.append(0, np.cumsum(change))[np.searchsorted(first, block.offsets)]
    return Block(source.take(taken), block.offsets + grown)


def _pieces(
    edits: Edits, touched: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return start and length of up to three pieces that stand for each touched cluster, two int64 arrays [t + 1, 4].

    Starts from ``size`` on point into ``edits.codes``. The first of four pieces and the last row are left to what is untouched.
    """
    starts = np.zeros((len(touched) + 1, 4), dtype=np.int64)
    lengths = np.zeros((len(touched) + 1, 4), dtype=np.int64)
    starts[:-1, 1], lengths[:-1, 1] = first, last - first
    place = np.searchsorted(touched, edits.cluster)
    entry = size + edits.entry_start

    chosen = edits.action == REPLACE
    row, at = place[chosen], edits.at[chosen]
    starts[row, 2], lengths[row, 2] = entry[chosen], edits.entry_length[chosen]
    lengths[row, 1] = at - first[row]
    starts[row, 3], lengths[row, 3] = at + 1, last[row] - at - 1

    for action, column, new in ((INSERT_BEFORE, 2, 1), (INSERT_AFTER, 1, 2)):
        chosen = edits.action == action
        row = place[chosen]
        starts[row, column], lengths[row, column] = first[row], last[row] - first[row]
        starts[row, new], lengths[row, new] = entry[chosen], edits.entry_length[chosen]

    lengths[place[edits.action == DELETE]] = 0
    return starts, lengths
