"""Counting in sparse scores: what a lexical scorer leaves out has score 0, and zeros are counted without being written.

A question shares words with some 5% of XQuAD-R's passages. Pairs with a score are compared with the row's entries alone;
pairs at 0 are answered by how many passages have no entry, in the language and before the pair's id, from running counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.counting import Columns, Pairs, Tally, add_bytes
from robustir.text.blocks import ragged_arange

__all__ = ["SparseColumns", "SparseRows", "count_sparse_rows"]

_WORD = 8
_GROUP = 64  # columns per running count; what is left of a group is counted on demand


@dataclass(frozen=True, slots=True)
class SparseColumns:
    """The order of a pool's passages, as sparse rows need it.

    column, position [n]: where a passage stands in the order of ``columns``, and in descending byte order of the ids.
    """

    columns: Columns
    column: NDArray[np.intp]
    position: NDArray[np.intp]

    @classmethod
    def of(cls, columns: Columns) -> SparseColumns:
        """Prepare the order of ``columns``."""
        return cls(columns, columns.column, columns.position[columns.column])


@dataclass(frozen=True, slots=True)
class SparseRows:
    """Rows of scores, those that are not 0 alone.

    row [e], ascending, passage [e]: which query and passage; value: float32 [e], no NaN and no 0; ends [b]: the end of each
    row's entries.
    """

    row: NDArray[np.intp]
    passage: NDArray[np.integer[Any]]
    value: NDArray[np.float32]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, block: Any) -> SparseRows:
        """Take a scipy CSR matrix of float32 without repeated entries; stored zeros are left out."""
        if not block.data.all():
            block = block.copy()
            block.eliminate_zeros()
        row = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
        return cls(row, block.indices, block.data, block.indptr[1:].astype(np.int64))

    def __len__(self) -> int:
        return len(self.ends)

    def at(self, row: NDArray[np.intp], passage: NDArray[np.intp], passages: int) -> NDArray[np.float32]:
        """Return the scores of pairs [m] that have an entry, float32 [m]."""
        from scipy.sparse import csr_matrix

        matrix = csr_matrix((self.value, self.passage, np.concatenate(([0], self.ends))), shape=(len(self), passages))
        return np.asarray(matrix[row, passage], dtype=np.float32).ravel()


class _Presence:
    """Which columns have an entry, in some order, and how many before a given one."""

    def __init__(self, rows: SparseRows, order: NDArray[np.intp], width: int) -> None:
        wide = -(-width // _GROUP) * _GROUP
        self.mask = np.zeros((len(rows), wide), dtype=np.bool_)
        self.mask.ravel()[rows.row * wide + order[rows.passage]] = True
        self._words = self.mask.view(np.uint64)
        groups = add_bytes(np.add.reduceat(self._words, np.arange(0, wide // _WORD, _GROUP // _WORD), axis=1))
        self._before = np.zeros((len(rows), groups.shape[1] + 1), dtype=np.int64)
        np.cumsum(groups, axis=1, out=self._before[:, 1:])

    def before(self, row: NDArray[np.intp], place: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return how many of the columns before ``place`` [m] have an entry in ``row`` [m], int64 [m]."""
        group = place // _GROUP
        first = group * (_GROUP // _WORD)
        words = self._words[row[:, np.newaxis], first[:, np.newaxis] + np.arange(_GROUP // _WORD)]
        # Of each word, the bytes of columns before the place: all eight, some or none.
        inside = np.clip((place - group * _GROUP)[:, np.newaxis] - np.arange(0, _GROUP, _WORD), 0, _WORD)
        rest = add_bytes(words & _FIRST_BYTES[inside]).sum(axis=1)
        before: NDArray[np.int64] = self._before[row, group] + rest.astype(np.int64)
        return before


# Words that keep their first 0 to 8 bytes, in the order of memory.
_FIRST_BYTES = np.array(
    [int.from_bytes(b"\xff" * size + b"\0" * (_WORD - size), "little") for size in range(_WORD + 1)], dtype="<u8"
).astype(np.uint64)


def count_sparse_rows(rows: SparseRows, pairs: Pairs, order: SparseColumns) -> Tally:
    """Count for every pair what :func:`robustir.counting.count_rows` counts, where scores without an entry are 0."""
    columns = order.columns
    by_language = _Presence(rows, order.column, columns.width)
    sizes = columns.ends - columns.starts
    entries = _per_language(by_language.mask, columns)
    tally = Tally(*np.zeros((6, len(pairs)), dtype=np.int64))
    has_entry = by_language.mask[pairs.row, pairs.column]
    _count_zeros(rows, pairs, np.flatnonzero(~has_entry), order, by_language, entries, tally)
    scored = np.flatnonzero(has_entry)
    if len(scored):
        part = Pairs(pairs.row[scored], pairs.column[scored])
        limit = rows.at(part.row, columns.passage[part.column], len(columns.column))
        for slot in part.slots():
            _count_entries(rows, Pairs(part.row[slot], part.column[slot]), limit[slot], scored[slot], order, tally)
        below = scored[limit < 0]  # every passage without an entry stands above them
        absent = (sizes - entries)[pairs.row[below]]
        tally.lang_above[below] += absent[np.arange(len(below)), columns.language[pairs.column[below]]]
        tally.pool_above[below] += absent.sum(axis=1)
    return tally


def _per_language(mask: NDArray[np.bool_], columns: Columns) -> NDArray[np.int64]:
    """Return how many columns of each language are set, int64 [rows, languages]."""
    firsts, language = columns.sums()
    sums = add_bytes(np.add.reduceat(mask[:, : columns.width].view(np.uint64), firsts, axis=1)).astype(np.int64)
    return np.add.reduceat(sums, np.searchsorted(language, np.arange(len(columns.languages))), axis=1)


def _count_zeros(
    rows: SparseRows,
    pairs: Pairs,
    which: NDArray[np.intp],
    order: SparseColumns,
    by_language: _Presence,
    entries: NDArray[np.int64],
    tally: Tally,
) -> None:
    """Count for the pairs ``which``, whose score is 0."""
    if not len(which):
        return
    columns = order.columns
    row, column = pairs.row[which], pairs.column[which]
    language = columns.language[column]
    positive = entries
    if float(rows.value.min(initial=0.0)) < 0:
        above = rows.value > 0
        number = len(columns.languages)
        cell = rows.row[above] * number + columns.language[order.column[rows.passage[above]]]
        positive = np.bincount(cell, minlength=len(rows) * number).reshape(len(rows), number)
    tally.lang_above[which] = positive[row, language]
    tally.pool_above[which] = positive[row].sum(axis=1)
    zeros = columns.ends - columns.starts - entries[row]
    tally.lang_tied[which] = zeros[np.arange(len(which)), language] - 1
    tally.pool_tied[which] = zeros.sum(axis=1) - 1
    earlier = np.cumsum(entries, axis=1) - entries  # entries in the languages before
    start = columns.starts[language]
    tally.lang_before[which] = column - start - (by_language.before(row, column) - earlier[row, language])
    place = columns.position[column]
    by_id = _Presence(rows, order.position, len(columns.column))
    tally.pool_before[which] = place - by_id.before(row, place)


def _count_entries(
    rows: SparseRows,
    pairs: Pairs,
    limit: NDArray[np.float32],
    which: NDArray[np.intp],
    order: SparseColumns,
    tally: Tally,
) -> None:
    """Count among the entries for pairs of distinct rows with a score of their own; ``which`` names them in the tally."""
    columns = order.columns
    of_row = np.full(len(rows), np.nan, dtype=np.float32)
    of_row[pairs.row] = limit
    sizes = np.diff(rows.ends, prepend=0)
    if 2 * len(pairs) < len(rows):  # few questions share a word with a third relevant passage: their entries are picked
        entries = ragged_arange((rows.ends - sizes)[pairs.row], sizes[pairs.row])
        found = entries[rows.value[entries] >= np.repeat(limit, sizes[pairs.row])]
    else:
        found = np.flatnonzero(rows.value >= np.repeat(of_row, sizes))
    row, passage = rows.row[found], rows.passage[found]
    own_column = np.zeros(len(rows), dtype=np.intp)
    own_column[pairs.row] = pairs.column
    own = own_column[row]
    above = rows.value[found] > of_row[row]
    same_language = columns.language[order.column[passage]] == columns.language[own]
    other = ~above & (order.column[passage] != own)
    earlier = other & (order.position[passage] < columns.position[own])
    for counts, chosen in (
        (tally.pool_above, above),
        (tally.lang_above, above & same_language),
        (tally.pool_tied, other),
        (tally.lang_tied, other & same_language),
        (tally.pool_before, earlier),
        (tally.lang_before, earlier & same_language),
    ):
        counts[which] += np.bincount(row[chosen], minlength=len(rows))[pairs.row]
