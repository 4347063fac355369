"""The agreement of two runs: the order of encoders, their rankings, and, for the same system run twice, the exact ranks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robustir.comparing.joined import Pair, Shared
from robustir.evidence.gather import StoredBenchmark
from robustir.planning.conditions import FLOOR
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
            if not all(path.exists() for path in paths):
                continue
            tables = [_lists(stored, key, one.queries) for stored, key in ((one.baseline, ours), (one.new, theirs))]
            for setting, values in _by_setting(*tables):
                found.setdefault((one.baseline.name, setting, name, severity), []).extend(values)
    names = ("benchmark", "setting", "perturbation", "severity")
    return [
        {**dict(zip(names, key, strict=True)), "overlap": float(np.mean(values)), "n": len(values)}
        for key, values in found.items()
        if values
    ]


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
