"""Counting in sparse scores: entries that a lexical scorer leaves out are 0, and are counted without being stored.

A question shares words with some 5% of XQuAD-R's passages. Entries are put in the order of (row, column) once, so that
a language is a run of a row's entries: pairs with a score are compared with these alone, and pairs at 0 are answered by
how many passages have no entry, in the language and before the pair's id, from where the pair would be among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.ranking.counting import Columns, Pairs, Tally

__all__ = ["SparseColumns", "count_sparse_rows"]

_MANY = 2  # a slot of pairs is one that many rows have if more than half of them do


@dataclass(frozen=True, slots=True)
class SparseColumns:
    """The order of a pool's passages, as sparse rows need it.

    Args:
        columns: the order of dense rows.
        column, position: [n], each passage's place in the order of ``columns``, and in descending byte order of the ids.
        by_id: [languages], the languages in descending byte order of their ids, if each language's ids are contiguous in
            that order (as they are if ids begin with the language); else None.
    """

    columns: Columns
    column: NDArray[np.int32]
    position: NDArray[np.int32]
    by_id: NDArray[np.intp] | None

    @classmethod
    def of(cls, columns: Columns) -> SparseColumns:
        """Prepare the order of ``columns``."""
        position = columns.position[columns.column].astype(np.int32)
        sizes, firsts = columns.ends - columns.starts, columns.position[columns.starts]
        lasts = columns.position[columns.ends - 1]
        by_id = np.argsort(firsts) if (lasts - firsts == sizes - 1).all() else None
        return cls(columns, columns.column.astype(np.int32), position, by_id)


@dataclass(frozen=True, slots=True)
class SparseRows:
    """The nonzero scores of some rows, ordered by row and column.

    Args:
        width: columns of a row.
        key: int32 or int64 [e], ascending: row * width + column.
        value: float32 [e], without NaN and 0.
        bounds: [b + 1], where each row's entries begin, closed by their number.
    """

    width: int
    key: NDArray[np.signedinteger[Any]]
    value: NDArray[np.float32]
    bounds: NDArray[np.int64]

    @classmethod
    def of(cls, block: Any, column: NDArray[np.int32], width: int) -> SparseRows:
        """Order a scipy CSR matrix of float32 without repeated entries; stored zeros are left out.

        column [n]: the place of each of the matrix's columns in the new order.
        """
        from scipy.sparse import csr_matrix

        if not block.data.all():
            block = block.copy()
            block.eliminate_zeros()
        moved: Any = csr_matrix(
            (block.data, np.take(column, block.indices), block.indptr), shape=(block.shape[0], width)
        )
        # Transposing twice orders the entries; sorting every row takes 1.4 times as long.
        moved = moved.tocsc().tocsr()
        bounds = moved.indptr.astype(np.int64)
        kind = np.int32 if block.shape[0] * width < 2**31 else np.int64
        key = np.repeat(np.arange(block.shape[0], dtype=kind) * kind(width), np.diff(bounds)) + moved.indices
        return cls(width, key, moved.data, bounds)

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def find(self, row: NDArray[np.intp], column: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the first entry of ``row`` [m] that is at ``column`` [m] or after it, else the row's end."""
        found: NDArray[np.intp] = np.searchsorted(self.key, (row * self.width + column).astype(self.key.dtype))
        return found

    def languages(self, columns: Columns) -> NDArray[np.intp]:
        """Return where the entries of each language begin in each row, closed by the row's end, [rows, languages + 1]."""
        edges = np.append(columns.starts, self.width)
        return self.find(np.arange(len(self))[:, np.newaxis], edges)


def count_sparse_rows(block: Any, pairs: Pairs, order: SparseColumns) -> Tally:
    """Count as :func:`robustir.ranking.counting.count_rows` does; scores without an entry are 0.

    Args:
        block: scipy CSR matrix float32 [b, passages] without repeated entries and NaN.
        pairs: the relevant pairs.
        order: the order of the passages.
    """
    columns = order.columns
    rows = SparseRows.of(block, order.column, columns.width)
    edges = rows.languages(columns)
    absent = columns.ends - columns.starts - np.diff(edges, axis=1)  # passages at 0, [rows, languages]
    tally = Tally(*np.zeros((6, len(pairs)), dtype=np.int64))
    place = rows.find(pairs.row, pairs.column)
    has_entry = np.zeros(len(pairs), dtype=np.bool_)
    inside = np.flatnonzero(place < len(rows.key))
    has_entry[inside] = rows.key[place[inside]] == pairs.row[inside] * rows.width + pairs.column[inside]
    zero, scored = np.flatnonzero(~has_entry), np.flatnonzero(has_entry)
    if len(zero):
        part = Pairs(pairs.row[zero], pairs.column[zero])
        tally.put(_count_zeros(rows, part, place[zero], edges, absent, block, order), zero)
    if len(scored):
        part = Pairs(pairs.row[scored], pairs.column[scored])
        tally.put(_count_entries(rows, part, place[scored], edges, absent, order), scored)
    return tally


def _count_zeros(
    rows: SparseRows,
    pairs: Pairs,
    place: NDArray[np.intp],
    edges: NDArray[np.intp],
    absent: NDArray[np.int64],
    block: Any,
    order: SparseColumns,
) -> Tally:
    """Count for pairs whose score is 0; ``place``: the first entry after each one's column."""
    columns = order.columns
    row, column = pairs.row, pairs.column
    language = columns.language[column]
    positive = np.diff(edges, axis=1)
    if float(rows.value.min(initial=0.0)) < 0:
        running = np.concatenate(([0], np.cumsum(rows.value > 0)))
        positive = np.diff(running[edges], axis=1)
    lang_before = column - columns.starts[language] - (place - edges[row, language])
    if order.by_id is not None:
        in_order = absent[:, order.by_id]
        above_in_order = np.empty_like(absent)
        above_in_order[:, order.by_id] = np.cumsum(in_order, axis=1) - in_order
        pool_before = above_in_order[row, language] + lang_before
    else:
        position = columns.position[column]
        by_id = SparseRows.of(block, order.position, len(columns.column))
        pool_before = position - (by_id.find(row, position) - by_id.bounds[row])
    return Tally(
        positive[row, language],
        absent[row, language] - 1,
        lang_before,
        positive.sum(axis=1)[row],
        absent.sum(axis=1)[row] - 1,
        pool_before,
    )


def _count_ties(
    counts: NDArray[np.int64], pair: NDArray[np.intp], in_language: NDArray[np.bool_], earlier: NDArray[np.bool_]
) -> None:
    """Count the entries with a pair's own score, that of the pair itself among them: in all, and those that come earlier."""
    _, lang_tied, lang_before, _, pool_tied, pool_before = counts
    for count, which in (
        (lang_tied, in_language),
        (lang_before, in_language & earlier),
        (pool_tied, slice(None)),
        (pool_before, earlier),
    ):
        count[:] = np.bincount(pair[which], minlength=len(count))
    lang_tied -= 1
    pool_tied -= 1


def _count_entries(
    rows: SparseRows,
    pairs: Pairs,
    place: NDArray[np.intp],
    edges: NDArray[np.intp],
    absent: NDArray[np.int64],
    order: SparseColumns,
) -> Tally:
    """Count for pairs with a nonzero score, at the entry ``place``."""
    columns = order.columns
    language = columns.language[pairs.column]
    limit = rows.value[place]
    counts = np.zeros((6, len(pairs)), dtype=np.int64)
    lang_above, _, _, pool_above, _, _ = counts
    first, last = edges[pairs.row, language], edges[pairs.row, language + 1]
    level: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    for slot in pairs.slots():
        chosen, at = pairs.row[slot], np.arange(len(slot))
        if _MANY * len(slot) > len(rows):  # all rows in place: those without a pair have a limit that no score meets
            chosen, at = np.arange(len(rows)), chosen
            value = rows.value
        else:
            spans = zip(rows.bounds[chosen].tolist(), rows.bounds[chosen + 1].tolist(), strict=True)
            value = np.concatenate([rows.value[start:end] for start, end in spans])
        sizes = rows.bounds[chosen + 1] - rows.bounds[chosen]
        moved = rows.bounds[chosen] - (np.cumsum(sizes) - sizes)  # from a place in value to its entry
        limits = np.full(len(chosen), np.nan, dtype=np.float32)
        limits[at] = limit[slot]
        repeated = np.repeat(limits, sizes)
        running = np.zeros(len(value) + 1, dtype=np.int32)
        np.cumsum(value > repeated, out=running[1:])
        start, end = rows.bounds[pairs.row[slot]], rows.bounds[pairs.row[slot] + 1]
        pool_above[slot] = running[end - moved[at]] - running[start - moved[at]]
        lang_above[slot] = running[last[slot] - moved[at]] - running[first[slot] - moved[at]]
        same = np.flatnonzero(value == repeated)  # few, including the pairs' own entries
        pair = np.zeros(len(chosen), dtype=np.intp)
        pair[at] = slot
        line = np.searchsorted(np.cumsum(sizes), same, side="right")
        level.append((pair[line], same + moved[line]))
    pair, entry = (np.concatenate(part) for part in zip(*level, strict=True))
    position = columns.position[rows.key[entry] % rows.width]
    _count_ties(
        counts, pair, (entry >= first[pair]) & (entry < last[pair]), position < columns.position[pairs.column[pair]]
    )
    below = np.flatnonzero(limit < 0)  # every passage without an entry is above them
    lang_above[below] += absent[pairs.row[below], language[below]]
    pool_above[below] += absent[pairs.row[below]].sum(axis=1)
    return Tally(*counts)
