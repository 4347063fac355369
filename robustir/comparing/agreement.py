"""The agreement of two runs: the order of encoders, their rankings, and, for the same system run twice, the exact ranks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robustir.comparing.joined import Pair, Shared
from robustir.evidence.gather import StoredBenchmark
from robustir.planning.conditions import FLOOR
from robustir.rundir.kept_lists import list_names, read_kept
from robustir.rundir.kept_lists import overlaps as rank_overlaps
from robustir.rundir.manifest import CellEntry
from robustir.rundir.rankings import read_top
from robustir.stats.rank_biased import rank_biased_overlap
from robustir.types import NOT_RETRIEVED, Ranks

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEWEST_ENCODERS", "orders", "overlaps", "reproduction"]

FEWEST_ENCODERS = 3  # the order of two can only agree or not
_CONDITION = ("run", "benchmark", "setting", "measure", "perturbation", "severity")
Cells = Mapping[tuple[str, float, int], CellEntry]


def orders(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return Kendall's tau-b of the encoders' order in both runs, for every condition with three or more shared encoders."""
    from scipy.stats import kendalltau

    conditions: dict[tuple[Any, ...], list[dict[Any, Any]]] = {}
    for row in table.to_dict("records"):
        if row["quantity"] != "change":
            conditions.setdefault(tuple(row[name] for name in _CONDITION), []).append(row)
    found = []
    for key, rows in conditions.items():
        if len(rows) < FEWEST_ENCODERS:
            continue
        levels = {side: np.array([row[side] for row in rows], dtype=np.float64) for side in ("baseline", "new")}
        tau = float(np.asarray(kendalltau(levels["baseline"], levels["new"]))[0])
        best = {f"best_{side}": rows[int(values.argmax())]["baseline_encoder"] for side, values in levels.items()}
        found.append({**dict(zip(_CONDITION, key, strict=True)), "encoders": len(rows), "tau": tau, **best})
    return found


def _cells(stored: StoredBenchmark, encoder: str, names: Mapping[str, str]) -> Cells:
    """Return the cells of an encoder by condition, named as in the baseline; without the floor."""
    return {
        (names.get(cell.perturbation, cell.perturbation), cell.severity, cell.draw): cell
        for cell in stored.cells(encoder)
        if cell.perturbation != FLOOR.perturbation
    }


def _both(shared: Shared, pair: Pair) -> Iterator[tuple[tuple[str, float, int], str, str]]:
    """Yield condition, the baseline's cell and the new run's."""
    ours = _cells(shared.baseline, pair[0], {})
    theirs = _cells(shared.new, pair[1], shared.perturbations)
    for condition in ours:
        if condition in theirs:
            yield condition, ours[condition].key, theirs[condition].key


def overlaps(shared: Sequence[Shared], pair: Pair) -> list[dict[str, Any]]:
    """Return the mean rank-biased overlap (p = 0.9) of the rankings per condition, if both runs kept them."""
    found: dict[tuple[str, str, str, float], list[float]] = {}
    for one in shared:
        runs = one.baseline.run, one.new.run
        for (name, severity, _), ours, theirs in _both(one, pair):
            paths = runs[0].top_path(ours), runs[1].top_path(theirs)
            if all(path.exists() for path in paths):
                tables = [_lists(stored, key, one.queries) for stored, key in ((one.baseline, ours), (one.new, theirs))]
                by_setting = _by_setting(*tables)
            else:
                by_setting = _of_kept(one, ours, theirs)
            for setting, values in by_setting:
                found.setdefault((one.baseline.name, setting, name, severity), []).extend(values)
    names = ("benchmark", "setting", "perturbation", "severity")
    return [
        {**dict(zip(names, key, strict=True)), "overlap": float(np.mean(values)), "n": len(values)}
        for key, values in found.items()
        if values
    ]


def _of_kept(shared: Shared, ours: str, theirs: str) -> Iterator[tuple[str, list[float]]]:
    """Yield the overlaps of the lists that runs keep by default, by setting; nothing if one of the runs has none."""
    task, other = shared.baseline.task, shared.new.task
    names = tuple(dict.fromkeys((*list_names(task.corpus.langs), *other.corpus.langs)))
    left, right = read_kept(shared.baseline.run, ours, names), read_kept(shared.new.run, theirs, names)
    if left is None or right is None:
        return
    queries, passages = _places(task.queries.ids, other.queries.ids), _places(task.corpus.ids, other.corpus.ids)
    # A passage that the baseline lacks has a number of its own, so that it takes its rank and agrees with none.
    passages = np.where(passages < 0, np.arange(len(passages)) + len(task.corpus), passages).astype(np.int32)
    right = replace(
        right,
        query=queries[right.query],
        passages=np.where(right.passages >= 0, passages[right.passages], -1),
    )
    right = right.rows(np.flatnonzero(right.query >= 0))
    right = right.rows(np.lexsort((right.candidates, right.query)))
    here, there = left.beside(right)
    values = rank_overlaps(left.passages[here], right.passages[there])
    query, candidates = left.query[here], np.array(names, dtype=object)[left.candidates[here]]
    langs, ids = (np.array(column, dtype=object)[query] for column in (task.queries.langs, task.queries.ids))
    setting = np.where(candidates == "all", "multi", np.where(candidates == langs, "mono", "cross"))
    known = np.isin(ids, list(shared.queries)) & np.isfinite(values)
    for one in task.settings:
        yield one, values[known & (setting == one)].tolist()


def _places(ids: Sequence[str], others: Sequence[str]) -> NDArray[np.int64]:
    """Return the place among ``ids`` of each of the others, -1 for one that is not there."""
    place = {name: number for number, name in enumerate(ids)}
    return np.array([place.get(name, -1) for name in others], dtype=np.int64)


def _lists(stored: StoredBenchmark, key: str, queries: frozenset[str]) -> pd.DataFrame:
    """Return the rankings of a cell: query_id, setting, candidates, rank, passage_id."""
    frame = read_top(stored.run, key).select(["query", "candidates", "rank", "passage_id"]).to_pandas()
    ids, langs = (np.array(column, dtype=object) for column in (stored.task.queries.ids, stored.task.queries.langs))
    own = langs[frame["query"]]
    candidates = frame["candidates"].to_numpy(dtype=object)
    setting = np.where(candidates == "all", "multi", np.where(candidates == own, "mono", "cross"))
    frame = frame.assign(query_id=ids[frame["query"]], setting=setting)
    return frame[frame["query_id"].isin(queries) & frame["setting"].isin(stored.task.settings)]


def _by_setting(ours: pd.DataFrame, theirs: pd.DataFrame) -> Iterator[tuple[str, list[float]]]:
    key = ["setting", "query_id", "candidates"]
    lengths = (
        ours.groupby(key, sort=False)
        .size()
        .to_frame("ours")
        .join(theirs.groupby(key, sort=False).size().to_frame("theirs"), how="outer")
        .fillna(0)
        .sort_index()
    )
    place = {name: row for row, name in enumerate(lengths.index)}
    both = ours.merge(theirs, on=[*key, "passage_id"], suffixes=("_ours", "_theirs"))
    query = np.array([place[name] for name in zip(*(both[one] for one in key), strict=True)], dtype=np.intp)
    later = both[["rank_ours", "rank_theirs"]].max(axis=1).to_numpy(dtype=np.intp)
    found = rank_biased_overlap(query, later, lengths.to_numpy().astype(np.intp))
    settings = lengths.index.get_level_values("setting").to_numpy()
    for setting in dict.fromkeys(settings):
        yield setting, found[settings == setting].tolist()


def reproduction(shared: Sequence[Shared], pair: Pair) -> dict[str, Any] | None:
    """Return the agreement of the ranks of one system, run twice; None if the runs share no cell.

    identical_ranks: the share of equal ranks of the relevant passages, in their language and in the whole pool;
    largest_rank_difference: of the passages that both retrieved.
    """
    same = total = largest = cells = 0
    for one in shared:
        rows = _judgements(one)
        for _, ours, theirs in _both(one, pair):
            first, second = one.baseline.ranks(ours), one.new.ranks(theirs)
            for kind in ("lang_rank", "pool_rank"):
                left, right = _ranks(first, kind)[rows[0]], _ranks(second, kind)[rows[1]]
                same += int(np.count_nonzero(left == right))
                total += len(left)
                apart = np.abs(left - right)[(left < _FAR) & (right < _FAR)]
                largest = max(largest, int(apart.max(initial=0)))
            cells += 1
    if not total:
        return None
    return {"cells": cells, "ranks": total, "identical_ranks": same / total, "largest_rank_difference": largest}


_FAR = int(NOT_RETRIEVED)


def _ranks(ranks: Ranks, kind: str) -> NDArray[np.int64]:
    values: NDArray[np.int64] = getattr(ranks, kind).astype(np.int64)
    return values


def _judgements(shared: Shared) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows of the shared queries' judgements that both runs have."""
    tables = []
    for task in (shared.baseline.task, shared.new.task):
        ids, passages = task.queries.ids, task.corpus.ids
        named = ((ids[q], passages[p]) for q, p in zip(task.qrels.query, task.qrels.passage, strict=True))
        tables.append({name: row for row, name in enumerate(named)})
    both = [name for name in tables[0] if name in tables[1] and name[0] in shared.queries]
    ours, theirs = (np.array([table[name] for name in both], dtype=np.intp) for table in tables)
    return ours, theirs
