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
_MANY = 6  # a slot of pairs is one that many rows have if more than a sixth of them do
_GROUP = 64  # columns per running count; what is left of a group is counted on demand


@dataclass(frozen=True, slots=True)
class SparseColumns:
    """The order of a pool's passages, as sparse rows need it.

    column, position [n]: where a passage stands in the order of ``columns``, and in descending byte order of the ids;
    language [n]: the number of its language. by_id [languages]: the languages in descending byte order of their ids, where
    each language's ids stand together in that order, as they do where ids begin with the language; else None.
    """

    columns: Columns
    column: NDArray[np.int32]
    position: NDArray[np.int32]
    language: NDArray[np.int16]
    by_id: NDArray[np.intp] | None

    @classmethod
    def of(cls, columns: Columns) -> SparseColumns:
        """Prepare the order of ``columns``."""
        language = columns.language[columns.column].astype(np.int16)
        position = columns.position[columns.column].astype(np.int32)
        sizes, firsts = columns.ends - columns.starts, columns.position[columns.starts]
        lasts = columns.position[columns.ends - 1]
        by_id = np.argsort(firsts) if (lasts - firsts == sizes - 1).all() else None
        return cls(columns, columns.column.astype(np.int32), position, language, by_id)


@dataclass(frozen=True, slots=True)
class SparseRows:
    """Rows of scores, those that are not 0 alone.

    row [e], ascending, passage [e]: which query and passage; value: float32 [e], no NaN and no 0; bounds [b + 1]: where each
    row's entries begin, closed by their number.
    """

    row: NDArray[np.intp]
    passage: NDArray[np.integer[Any]]
    value: NDArray[np.float32]
    bounds: NDArray[np.int64]

    @classmethod
    def of(cls, block: Any) -> SparseRows:
        """Take a scipy CSR matrix of float32 without repeated entries; stored zeros are left out."""
        if not block.data.all():
            block = block.copy()
            block.eliminate_zeros()
        row = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
        return cls(row, block.indices, block.data, block.indptr.astype(np.int64))

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def at(self, row: NDArray[np.intp], passage: NDArray[np.intp], passages: int) -> NDArray[np.float32]:
        """Return the scores of pairs [m] that have an entry, float32 [m]."""
        from scipy.sparse import csr_matrix

        matrix = csr_matrix((self.value, self.passage, self.bounds), shape=(len(self), passages))
        return np.asarray(matrix[row, passage], dtype=np.float32).ravel()


class _Presence:
    """Which columns have an entry, in some order, and how many before a given one."""

    def __init__(self, rows: SparseRows, order: NDArray[np.int32], width: int) -> None:
        from scipy.sparse import csr_matrix

        wide = -(-width // _GROUP) * _GROUP
        set_ones = np.ones(len(rows.value), dtype=np.bool_)
        # scipy writes them in half the time of numpy's indexed assignment.
        self.mask: NDArray[np.bool_] = csr_matrix(
            (set_ones, order[rows.passage], rows.bounds), shape=(len(rows), wide)
        ).toarray()
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
        _count_entries(rows, part, limit, scored, order, tally)
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
    if order.by_id is not None:
        in_order = zeros[:, order.by_id]
        above_in_order = np.empty_like(zeros)
        above_in_order[:, order.by_id] = np.cumsum(in_order, axis=1) - in_order
        tally.pool_before[which] = above_in_order[np.arange(len(which)), language] + tally.lang_before[which]
        return
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
    """Count among the entries for pairs [m] with a score of their own, ``limit``; ``which`` names them in the tally."""
    columns = order.columns
    pair, entry = _not_below(rows, pairs, limit)
    same_language = order.language[rows.passage[entry]] == columns.language[pairs.column].astype(np.int16)[pair]
    level = np.flatnonzero(rows.value[entry] == limit[pair])  # few, and the pair's own entry among them
    passage, own = rows.passage[entry[level]], pairs.column[pair[level]]
    other = order.column[passage] != own
    earlier = other & (order.position[passage] < columns.position[own])
    same = same_language[level]

    def count(some: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.bincount(some, minlength=len(pairs))

    tally.pool_above[which] = count(pair) - count(pair[level])
    tally.lang_above[which] = count(pair[same_language]) - count(pair[level[same]])
    tally.pool_tied[which] = count(pair[level[other]])
    tally.lang_tied[which] = count(pair[level[other & same]])
    tally.pool_before[which] = count(pair[level[earlier]])
    tally.lang_before[which] = count(pair[level[earlier & same]])


def _not_below(
    rows: SparseRows, pairs: Pairs, limit: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (pair, entry) wherever an entry of a pair's row is no lower than the pair's limit.

    A slot of pairs that many rows have is compared with all entries, 1.5 ns each; the others' entries are picked, 10 ns each.
    """
    sizes = np.diff(rows.bounds)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    few: list[NDArray[np.intp]] = []
    for slot in pairs.slots():
        if _MANY * len(slot) < len(rows):
            few.append(slot)
            continue
        of_row = np.full(len(rows), np.nan, dtype=np.float32)
        of_row[pairs.row[slot]] = limit[slot]
        entry = np.flatnonzero(rows.value >= np.repeat(of_row, sizes))
        pair_of = np.zeros(len(rows), dtype=np.int64)
        pair_of[pairs.row[slot]] = slot
        found.append((pair_of[rows.row[entry]], entry))
    if few:
        pair = np.concatenate(few)
        row = pairs.row[pair]
        picked = ragged_arange(rows.bounds[row], sizes[row])
        kept = np.flatnonzero(rows.value[picked] >= np.repeat(limit[pair], sizes[row]))
        found.append((np.repeat(pair, sizes[row])[kept], picked[kept]))
    return np.concatenate([pair for pair, _ in found]), np.concatenate([entry for _, entry in found])
