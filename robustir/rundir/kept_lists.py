"""The best passages of every query in few lists, kept by default, and their overlap with the clean ones.

One file per cell, ``rankings/KEY.parquet``: a row per query and list (the candidates' language, or "all" for the pool) with
its rank-biased overlap with the clean list and, if they are kept, the rows of its passages in the corpus, best first. A
query that the noise left unchanged has the clean cell's lists, which are not stored again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from robustir.ranking.pools import Part
from robustir.ranking.top import Top
from robustir.rundir.directory import RunDirectory
from robustir.stats.rank_biased import rank_biased_overlap

__all__ = ["KeptLists", "first_kept", "list_names", "read_kept", "read_overlaps", "wanted_lists", "write_kept"]

Floats = NDArray[np.float64]

_FEW_LANGUAGES = 3  # lists of other languages than the query's are kept up to so many languages
_TABLE = 2**18  # ranks at a time, so many passages times queries: they stay in the second-level cache
_ROWS = 8_192  # lists at a time


def list_names(langs: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the lists over passages in the languages ``langs``: "all", then every language."""
    return ("all", *dict.fromkeys(langs))


def wanted_lists(names: Sequence[str], query_langs: Sequence[str]) -> NDArray[np.intp]:
    """Return the lists kept of every query, as places in ``names``, intp [queries, lists]; -1: none.

    That of the whole pool, that of the query's own language and, if the passages are in at most three languages, those of the
    other ones. They do not depend on the settings, so that a setting can be added to a run.
    """
    place = {name: number for number, name in enumerate(names)}
    columns = [[0] * len(query_langs), [place.get(lang, -1) for lang in query_langs]]
    if len(names) - 1 <= _FEW_LANGUAGES:
        columns += [[-1 if lang == name else place[name] for lang in query_langs] for name in names[1:]]
    return np.array(columns, dtype=np.intp).T


@dataclass(frozen=True, eq=False)
class KeptLists:
    """Lists sorted by query and candidates.

    query [n]: rows of the benchmark's queries; candidates [n]: places in ``names``; passages: int32 [n, K], rows of its
    passages, best first, -1 beyond the end.
    """

    names: tuple[str, ...]
    query: NDArray[np.int64]
    candidates: NDArray[np.int64]
    passages: NDArray[np.int32]

    @classmethod
    def of(
        cls, names: tuple[str, ...], depth: int, parts: Sequence[tuple[Top, Part, NDArray[np.int64], NDArray[np.intp]]]
    ) -> Self:
        """Take lists from the kernel's results, per pool: its lists, the query rows, and the lists to take of each."""
        place = {name: number for number, name in enumerate(names)}
        query, candidates, passages = [], [], []
        for top, part, rows, wanted in parts:
            row, column = np.nonzero(wanted >= 0)
            # A list is looked up by its number: the kernel may have kept more of them, or the same in another order.
            at = (top.lists[row] == wanted[row, column][:, None]).argmax(axis=1)
            found = top.passages[row, at, :depth]
            whole = np.full((len(row), depth), -1, dtype=np.int32)
            whole[:, : found.shape[1]] = np.where(found >= 0, part.passages[found], -1)
            code = np.array([place[name] for name in top.languages], dtype=np.int64)
            query.append(rows[row].astype(np.int64))
            candidates.append(code[wanted[row, column]])
            passages.append(whole)
        if not query:
            none = np.zeros(0, dtype=np.int64)
            return cls(names, none, none, np.zeros((0, depth), dtype=np.int32))
        made = cls(names, np.concatenate(query), np.concatenate(candidates), np.concatenate(passages))
        return made.rows(np.lexsort((made.candidates, made.query)))

    def rows(self, rows: NDArray[Any]) -> Self:
        """Return some of the lists."""
        return type(self)(self.names, self.query[rows], self.candidates[rows], self.passages[rows])

    @property
    def keys(self) -> NDArray[np.int64]:
        """The query and the candidates of each list as one number, ascending."""
        keys: NDArray[np.int64] = self.query * len(self.names) + self.candidates
        return keys

    @property
    def lengths(self) -> NDArray[np.intp]:
        """The number of passages in each list."""
        lengths: NDArray[np.intp] = np.count_nonzero(self.passages >= 0, axis=1)
        return lengths

    def beside(self, other: KeptLists) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the rows, here and there, of the lists that both have."""
        _, here, there = np.intersect1d(self.keys, other.keys, assume_unique=True, return_indices=True)
        return here, there


def overlaps(one: NDArray[np.int32], other: NDArray[np.int32]) -> Floats:
    """Return the rank-biased overlap (p = 0.9, extrapolated) of lists [n, K], float64 [n]; NaN if both are empty."""
    size = int(max(one.max(initial=0), other.max(initial=0))) + 1
    step = max(1, min(_ROWS, _TABLE // size))
    table = np.zeros((step, size), dtype=np.int16)
    found = [np.zeros(0)]
    for first in range(0, len(one), step):
        left, right = one[first : first + step], other[first : first + step]
        row, place = np.nonzero(right >= 0)
        table[row, right[row, place]] = place + 1
        mine, at = np.nonzero(left >= 0)
        rank = table[mine, left[mine, at]]
        table[row, right[row, place]] = 0
        both = rank > 0
        later = np.maximum(rank[both], at[both] + 1).astype(np.intp)
        lengths = np.stack([np.count_nonzero(side >= 0, axis=1) for side in (left, right)], axis=1)
        found.append(rank_biased_overlap(mine[both], later, lengths))
    return np.concatenate(found)


def write_kept(
    run: RunDirectory,
    key: str,
    lists: KeptLists,
    *,
    clean: tuple[str, KeptLists] | None = None,
    scored: NDArray[np.bool_] | None = None,
    with_passages: bool = True,
) -> None:
    """Write the lists of a cell.

    Args:
        run: where to write.
        key: of the cell.
        lists: of the queries that were scored for it.
        clean: key and lists of the clean cell; None: this is it.
        scored: [queries], which other queries have the clean cell's lists; None: all.
        with_passages: False: write the overlaps alone.
    """
    import pyarrow as pa

    facts = {"depth": str(lists.passages.shape[1])}
    if clean is None:
        parts, same = lists, np.zeros(len(lists.query), dtype=np.bool_)
        overlap = np.where(lists.lengths > 0, 1.0, np.nan)
    else:
        facts["clean"] = clean[0]
        parts, same, overlap = _beside_clean(lists, clean[1], scored)
    columns: dict[str, Any] = {
        "query": parts.query.astype(np.int32),
        "candidates": pa.DictionaryArray.from_arrays(parts.candidates.astype(np.int16), list(lists.names)),
        "overlap": overlap.astype(np.float32),
    }
    if with_passages:
        lengths = np.zeros(len(same), dtype=np.int64)
        lengths[~same] = lists.lengths
        values = lists.passages[lists.passages >= 0]
        smallest = np.min_scalar_type(int(values.max(initial=0)))
        offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
        columns |= {"same": same, "passages": pa.ListArray.from_arrays(offsets, pa.array(values.astype(smallest)))}
    run.write_table(run.rankings_path(key), columns, facts)


def _beside_clean(
    lists: KeptLists, clean: KeptLists, scored: NDArray[np.bool_] | None
) -> tuple[KeptLists, NDArray[np.bool_], Floats]:
    """Return all lists of a noisy cell without their passages, which of them are the clean ones, and the overlaps."""
    here, there = lists.beside(clean)
    own = np.full(len(lists.query), np.nan)
    own[here] = overlaps(lists.passages[here], clean.passages[there])
    untouched = ~np.isin(clean.query, lists.query)
    if scored is not None:
        untouched &= scored[clean.query]
    rest = clean.rows(np.flatnonzero(untouched))
    order = np.argsort(np.concatenate((lists.keys, rest.keys)), kind="stable")
    same = (np.arange(len(order)) >= len(lists.query))[order]
    overlap = np.concatenate((own, np.where(rest.lengths > 0, 1.0, np.nan)))[order]
    query = np.concatenate((lists.query, rest.query))[order]
    candidates = np.concatenate((lists.candidates, rest.candidates))[order]
    return KeptLists(lists.names, query, candidates, lists.passages[:0]), same, overlap


def read_overlaps(run: RunDirectory, key: str, names: Sequence[str], queries: int) -> Floats | None:
    """Return the overlaps of a cell's lists with the clean ones, [queries, names]; None if the run did not keep any.

    NaN: no such list, or both are empty.
    """
    path = run.rankings_path(key)
    if not path.exists():
        return None
    table = run.read_table(path, columns=("query", "candidates", "overlap"))
    candidates = _candidates(table, names)
    found = np.full((queries, len(names)), np.nan)
    known = candidates >= 0
    found[table["query"].to_numpy()[known], candidates[known]] = table["overlap"].to_numpy()[known]
    return found


def _candidates(table: Any, names: Sequence[str]) -> NDArray[np.int64]:
    """Return the places in ``names`` of a table's candidates; -1: none of them."""
    column = table["candidates"].combine_chunks()
    place = {name: number for number, name in enumerate(names)}
    code = np.array([place.get(name, -1) for name in column.dictionary.to_pylist()], dtype=np.int64)
    candidates: NDArray[np.int64] = code[column.indices.to_numpy()]
    return candidates


def first_kept(
    run: RunDirectory, key: str, wanted: Collection[tuple[int, str]], depth: int
) -> dict[tuple[int, str], list[int]]:
    """Return the rows of the first ``depth`` passages by (query row, candidates), best first; only of lists that are kept."""
    path = run.rankings_path(key)
    if not wanted or not path.exists():
        return {}
    table = run.read_table(path)
    if "passages" not in table.column_names:
        return {}
    near = np.isin(table["query"].to_numpy(), sorted({query for query, _ in wanted}))
    rows = {(row["query"], row["candidates"]): row for row in table.take(np.flatnonzero(near)).to_pylist()}
    there = [place for place in dict.fromkeys(wanted) if place in rows]
    same = [place for place in there if rows[place]["same"]]
    found = first_kept(run, run.read_facts(path)["clean"], same, depth) if same else {}
    return found | {place: rows[place]["passages"][:depth] for place in there if not rows[place]["same"]}


def read_kept(run: RunDirectory, key: str, names: tuple[str, ...]) -> KeptLists | None:
    """Return the lists of a cell, those of unchanged queries taken from its clean cell; None if they were not kept."""
    path = run.rankings_path(key)
    if not path.exists():
        return None
    table, facts = run.read_table(path), run.read_facts(path)
    if "passages" not in table.column_names:
        return None
    lists = table["passages"].combine_chunks()
    lengths = np.diff(lists.offsets.to_numpy())
    passages = np.full((len(lengths), int(facts["depth"])), -1, dtype=np.int32)
    passages[np.arange(passages.shape[1]) < lengths[:, None]] = lists.values.to_numpy()
    query = table["query"].to_numpy().astype(np.int64)
    found = KeptLists(names, query, _candidates(table, names), passages)
    if "clean" in facts:
        same = np.flatnonzero(table["same"].to_numpy(zero_copy_only=False))
        before = read_kept(run, facts["clean"], names)
        if before is None:
            return None
        here, there = found.rows(same).beside(before)
        passages[same[here]] = before.passages[there]
    return found
