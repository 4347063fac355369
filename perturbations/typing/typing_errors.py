"""Where a typist errs and how: every choice is drawn for every unit before severity is looked at, so severities nest.

A unit has its own uniform number and is edited where that is below the severity. The other draws (operation, place,
wrong key) come from slots of their own. An operation that a unit does not allow gives way to the next one that it does,
so that an edited unit always differs from the clean one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.typing.edits import DELETE, INSERT_AFTER, INSERT_BEFORE, REPLACE, TRANSPOSE, Edits
from robustir.perturbations.typing.key_table import INSERT, STACK, KeyTable
from robustir.seeds import uniforms
from robustir.text.blocks import Block, ragged_arange
from robustir.text.classes import LETTER, OPEN
from robustir.text.units import Clusters, word_runs

__all__ = ["OPERATIONS", "Typist"]

OPERATIONS: Final = ("keyboard", "insert", "delete", "transpose")

_SELECT, _OPERATION, _PLACE, _INNER, _WRONG, _TWICE, _SIDE = range(7)  # slots
_NONE = -1
_LONG = 8  # clusters longer than this are not compared code point by code point


@dataclass(frozen=True, slots=True)
class _Targets:
    """Units that are edited: unit number per text (int64 [e]), row (int64 [e]), cluster (int64 [e]), operation (int64 [e])."""

    unit: NDArray[np.int64]
    row: NDArray[np.int64]
    cluster: NDArray[np.int64]
    operation: NDArray[np.int64]


class Typist:
    """One block of texts in one language, to be typed badly. keys: uint64 [texts, 2]."""

    def __init__(self, block: Block, table: KeyTable, keys: NDArray[np.uint64], operations: Sequence[str]) -> None:
        self._block = block
        self._table = table
        self._stream_keys = keys
        self._operations = tuple(operations)
        self.clusters = Clusters.of(block)

    def by_words(self, severity: float) -> Edits:
        """Return one edit inside each chosen word; a word takes part if it has two letters or more."""
        first, last = word_runs(self.clusters)
        row, unit = self._numbered(first)
        chosen = np.flatnonzero(self._draw(row, unit, _SELECT) < severity)
        first, last, row, unit = first[chosen], last[chosen], row[chosen], unit[chosen]
        word = np.repeat(np.arange(len(first)), last - first)
        inside = ragged_arange(first, last - first)
        letters = (self.clusters.kind[inside] & LETTER) != 0
        letters &= np.bincount(word[letters], minlength=len(first))[word] > 1
        inside, word = inside[letters], word[letters]
        joined = np.append((np.diff(inside) == 1) & (np.diff(word) == 0), False)
        possible = self._possible(inside, joined)
        counts = [np.bincount(word[editable], minlength=len(first)) for editable in possible]
        done = _first_possible(self._draw(row, unit, _OPERATION), [count > 0 for count in counts])
        target = np.zeros(len(first), dtype=np.int64)
        place = self._draw(row, unit, _PLACE)
        for number, (editable, count) in enumerate(zip(possible, counts, strict=True)):
            mine = np.flatnonzero(done == number)
            before = np.cumsum(count) - count
            target[mine] = inside[np.flatnonzero(editable)[before[mine] + _scaled(place[mine], count[mine])]]
        kept = np.flatnonzero(done != _NONE)
        return self._edits(_Targets(unit[kept], row[kept], target[kept], done[kept]))

    def by_clusters(self, severity: float) -> Edits:
        """Return edits of chosen letters, one each, for scripts without spaces.

        No letter falls out at the beginning of a run of letters or beside another that falls out, and none changes
        places twice; whether a neighbour is chosen at this severity plays no part, so that severities nest.
        """
        inside = np.flatnonzero(self.clusters.kind & LETTER)
        row, unit = self._numbered(inside)
        joined = np.append(np.diff(inside) == 1, False)[: len(inside)]
        follows = np.append(False, joined[:-1])[: len(inside)]
        possible = self._possible(inside, joined)
        for number, operation in enumerate(self._operations):
            if operation == "delete":
                possible[number] &= follows
        drawn = self._draw(row, unit, _OPERATION)
        done = _first_possible(drawn, possible)
        alone = [
            editable & (operation in ("keyboard", "insert"))
            for operation, editable in zip(self._operations, possible, strict=True)
        ]
        instead = _first_possible(drawn, alone)
        wanted = done == self._number("delete")
        deleted = self._alternating(wanted)
        done = np.where(wanted & ~deleted, instead, done)
        wanted = done == self._number("transpose")
        moved = self._alternating(wanted & ~np.append(deleted[1:], False)[: len(inside)])
        done = np.where(wanted & ~moved, instead, done)
        kept = np.flatnonzero((self._draw(row, unit, _SELECT) < severity) & (done != _NONE))
        return self._edits(_Targets(unit[kept], row[kept], inside[kept], done[kept]))

    def _number(self, operation: str) -> int:
        return self._operations.index(operation) if operation in self._operations else len(self._operations)

    @staticmethod
    def _alternating(wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Keep the first, third, fifth ... of every chain of neighbours that want the same."""
        place = np.arange(len(wanted))
        begins = np.maximum.accumulate(np.where(wanted, 0, place + 1))
        kept: NDArray[np.bool_] = wanted & ((place - begins) % 2 == 0)
        return kept

    def _numbered(self, clusters: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return row and number within the row of units that begin at these clusters."""
        row = self._block.rows(self.clusters.start[clusters])
        place = np.arange(len(row))
        return row, place - np.maximum.accumulate(np.where(np.diff(row, prepend=-1) > 0, place, 0))

    def _draw(self, row: NDArray[np.int64], unit: NDArray[np.int64], slot: int) -> NDArray[np.float64]:
        return uniforms(self._stream_keys.take(row, axis=0), unit, slot)

    def _possible(self, inside: NDArray[np.int64], joined: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
        """Return for each operation where it can edit; inside: clusters; joined: whether the next one is its neighbour and partner."""
        closed = self._closed(inside)
        editable = []
        for operation in self._operations:
            if operation == "keyboard":
                editable.append(self._has_wrong_key(inside))
            elif operation == "transpose":
                both = closed & np.append(closed[1:], False)[: len(inside)]
                editable.append(both & self._differs_from_next(inside, joined))
            else:
                editable.append(closed.copy())
        return editable

    def _closed(self, inside: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether neither the cluster nor its neighbours could join with what an edit puts beside them.

        The first code point counts as well as the last: typed twice, it comes without the marks that closed it.
        """
        last = self._block.kinds.take(self.clusters.start[1:] - 1)
        ends = ((self.clusters.kind | last) & OPEN) != 0
        if not ends.any():
            return np.ones(len(inside), dtype=bool)
        padded = np.concatenate([[False], ends, [False]])
        closed: NDArray[np.bool_] = ~(padded[inside] | padded[inside + 1] | padded[inside + 2])
        return closed

    def _differs_from_next(self, inside: NDArray[np.int64], joined: NDArray[np.bool_]) -> NDArray[np.bool_]:
        differing = np.zeros(len(inside), dtype=bool)
        at = np.flatnonzero(joined)
        start, codes = self.clusters.start, self._block.codes
        first, second = start[inside[at]], start[inside[at] + 1]
        length, other_length = second - first, start[inside[at] + 2] - second
        differs = (length != other_length) | (codes[first] != codes[second])
        for offset in range(1, _LONG):
            rest = np.flatnonzero(~differs & (length > offset))
            if not len(rest):
                break
            differs[rest] = codes[first[rest] + offset] != codes[second[rest] + offset]
        differing[at] = differs
        return differing

    def _keys(self, inside: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the code points that keyboard mistakes can hit, and for each its place in ``inside`` and its context."""
        start = self.clusters.start
        first, length = start[inside], start[inside + 1] - start[inside]
        owner = np.arange(len(inside))
        if self._table.inside_clusters:
            at, owner = ragged_arange(first, length), np.repeat(owner, length)
        else:
            at = first
        return at, owner, np.minimum(length, STACK + 1)[owner] - 1

    def _has_wrong_key(self, inside: NDArray[np.int64]) -> NDArray[np.bool_]:
        at, owner, context = self._keys(inside)
        hit = self._table.count[context, self._table.rows(self._block.codes[at])] > 0
        return hit if not self._table.inside_clusters else np.bincount(owner[hit], minlength=len(inside)) > 0

    def _edits(self, targets: _Targets) -> Edits:
        size = len(targets.unit)
        action = np.full(size, DELETE, dtype=np.uint8)
        at = np.zeros(size, dtype=np.int64)
        start = np.zeros(size, dtype=np.int64)
        length = np.zeros(size, dtype=np.int64)
        typed = self._block.codes[self.clusters.start[targets.cluster]]
        for number, operation in enumerate(self._operations):
            mine = np.flatnonzero(targets.operation == number)
            if operation == "keyboard":
                action[mine] = REPLACE
                at[mine], context = self._wrong_key_place(targets, mine)
                start[mine], length[mine] = self._wrong_key(targets, mine, context, self._block.codes[at[mine]])
            elif operation == "insert":
                action[mine] = self._side(targets, mine)
                start[mine], length[mine] = self._wrong_key(targets, mine, np.full(len(mine), INSERT), typed[mine])
                twice = mine[(self._draw(targets.row[mine], targets.unit[mine], _TWICE) < 0.5) | (length[mine] == 0)]
                start[twice], length[twice] = len(self._table.codes) + twice, 1
            elif operation == "transpose":
                action[mine] = TRANSPOSE
        codes = np.concatenate([self._table.codes, self._table.twice(typed)])
        return Edits(action, targets.cluster, at, start, length, codes)

    def _wrong_key_place(
        self, targets: _Targets, mine: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return which code point of each cluster is typed wrongly, and its context."""
        at, owner, context = self._keys(targets.cluster[mine])
        if not self._table.inside_clusters:
            return at, context
        hit = self._table.count[context, self._table.rows(self._block.codes[at])] > 0
        at, owner, context = at[hit], owner[hit], context[hit]
        count = np.bincount(owner, minlength=len(mine))
        inner = self._draw(targets.row[mine], targets.unit[mine], _INNER)
        which = np.cumsum(count) - count + _scaled(inner, count)
        return at[which], context[which]

    def _wrong_key(
        self, targets: _Targets, mine: NDArray[np.int64], context: NDArray[np.int64], codes: NDArray[np.uint32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return start and length, in the table's codes, of what is typed instead of ``codes``; length 0 for nothing."""
        rows = self._table.rows(codes)
        count = self._table.count[context, rows]
        drawn = self._draw(targets.row[mine], targets.unit[mine], _WRONG)
        if self._table.ranked:
            drawn = drawn * drawn  # the first third of a list is taken in 58% of the cases
        entry = np.where(count > 0, self._table.start[context, rows] + _scaled(drawn, count), 0)
        return self._table.entry_start[entry], np.where(count > 0, self._table.entry_length[entry], 0)

    def _side(self, targets: _Targets, mine: NDArray[np.int64]) -> NDArray[np.uint8]:
        """What slips in goes before or after a letter, but always before one with marks, which stay with it."""
        cluster = targets.cluster[mine]
        single = self.clusters.start[cluster + 1] - self.clusters.start[cluster] == 1
        after = (self._draw(targets.row[mine], targets.unit[mine], _SIDE) < 0.5) & single
        return np.where(after, INSERT_AFTER, INSERT_BEFORE).astype(np.uint8)


def _scaled(drawn: NDArray[np.float64], count: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return floor(drawn * count), which is below count: numbers in [0, 1) have 53 bits."""
    return np.minimum((drawn * count).astype(np.int64), np.maximum(count - 1, 0))


def _first_possible(drawn: NDArray[np.float64], possible: Sequence[NDArray[np.bool_]]) -> NDArray[np.int64]:
    """Return the operation that is drawn, or the next one (in a circle) that is possible, or -1; possible: bool [n] per operation."""
    size = len(possible)
    answers = np.full(
        (1 << size, size), _NONE, dtype=np.int64
    )  # by what is possible, as bits, and by the operation drawn
    for bits in range(1, 1 << size):
        for first in range(size):
            answers[bits, first] = next(
                operation % size for operation in range(first, first + size) if bits >> operation % size & 1
            )
    allowed = np.zeros(len(drawn), dtype=np.int64)
    for operation, editable in enumerate(possible):
        allowed |= editable.astype(np.int64) << operation
    return answers[allowed, (drawn * size).astype(np.int64)]
