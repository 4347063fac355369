"""The settings as views of one table of ranks: which query is measured against which candidates.

mono: candidates in the query's language; cross: candidates in one other language, one row per query and language that
holds a relevant passage; multi: the whole pool. Queries without a relevant passage in a setting are not in its view.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from robustir.measures import RankLists
from robustir.types import NOT_RETRIEVED, Ranks, Setting, Task

__all__ = ["View", "rank_lists", "tied_and_missed", "view"]


@dataclass(frozen=True, slots=True)
class View:
    """One setting of a task: v rows, ordered by query and then by the candidates' language (first in the pool first).

    query [v]: row in the task's queries; query_lang, passage_lang [v]: object arrays of str, passage_lang "all" in
    multi; pairs [k]: qrels rows, view row after view row; starts [v + 1]: where each view row's pairs begin; gains [k];
    pool_size [v]: the number of candidates.
    """

    setting: Setting
    query: NDArray[np.intp]
    query_lang: NDArray[np.object_]
    passage_lang: NDArray[np.object_]
    pairs: NDArray[np.intp]
    starts: NDArray[np.intp]
    gains: NDArray[np.int16]
    pool_size: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.query)


def view(task: Task, setting: Setting) -> View:
    """Return one setting of a task; empty where no query has a relevant passage in it."""
    numbers = {lang: number for number, lang in enumerate(dict.fromkeys((*task.corpus.langs, *task.queries.langs)))}
    names = np.array(list(numbers), dtype=object)
    passage_lang = np.array([numbers[lang] for lang in task.corpus.langs], dtype=np.intp)
    query_lang = np.array([numbers[lang] for lang in task.queries.langs], dtype=np.intp)
    query = task.qrels.query.astype(np.intp)
    candidate = passage_lang[task.qrels.passage]
    own = candidate == query_lang[query]
    if setting == "multi":
        pairs, part = np.arange(len(query)), np.zeros(len(query), dtype=np.intp)
    else:
        pairs, part = np.flatnonzero(own if setting == "mono" else ~own), candidate
    pairs = pairs[np.lexsort((part[pairs], query[pairs]))]
    key = query[pairs] * len(names) + part[pairs]
    firsts = np.flatnonzero(np.diff(key, prepend=-1))
    first_pairs = pairs[firsts]
    rows = query[first_pairs]
    sizes = _pool_sizes(task, passage_lang, len(names))[0 if task.pools is None else task.pools.query[rows]]
    if setting == "multi":
        langs, pool_size = np.full(len(rows), "all", dtype=object), np.broadcast_to(sizes.sum(axis=-1), len(rows))
    else:
        langs = names[candidate[first_pairs]]
        pool_size = np.broadcast_to(sizes, (len(rows), len(names)))[np.arange(len(rows)), candidate[first_pairs]]
    starts = np.append(firsts, len(pairs))
    return View(setting, rows, names[query_lang[rows]], langs, pairs, starts, task.qrels.gain[pairs], pool_size)


def _pool_sizes(task: Task, passage_lang: NDArray[np.intp], languages: int) -> NDArray[np.intp]:
    """Return the number of passages of each pool and language, [pools, languages]."""
    pool = np.zeros(len(task.corpus), dtype=np.intp) if task.pools is None else task.pools.passage.astype(np.intp)
    pools = 1 if task.pools is None else len(task.pools)
    counts = np.bincount(pool * languages + passage_lang, minlength=pools * languages)
    return counts.reshape(pools, languages)


def rank_lists(view: View, ranks: Ranks, *, ties: Literal["id", "average"] = "id") -> RankLists:
    """Return the ranks of a view's relevant passages among its candidates.

    ties: "id" orders equal scores as trec_eval does, and a passage that was not retrieved has the rank inf; "average"
    gives each the mean of the ranks that its tie spans (float64; 0, not scored, stays 0), for floors and rank distances,
    where ids should not speak.
    """
    kind = "pool" if view.setting == "multi" else "lang"
    place = getattr(ranks, f"{kind}_rank")[view.pairs].astype(np.int64)
    if ties == "id":
        missed = place == NOT_RETRIEVED
        if missed.any():
            return RankLists(np.where(missed, np.inf, place), view.gains, view.starts, view.pool_size)
        return RankLists(place, view.gains, view.starts, view.pool_size)
    above, tied = (getattr(ranks, f"{kind}_{part}")[view.pairs].astype(np.float64) for part in ("above", "tied"))
    return RankLists(np.where(place > 0, above + tied / 2 + 1, 0.0), view.gains, view.starts, view.pool_size)


def tied_and_missed(view: View, ranks: Ranks) -> NDArray[np.float64]:
    """Return float64 [2, v]: the shares of a row's relevant passages that are tied with another candidate, and not retrieved.

    NaN for a row that was not scored.
    """
    kind = "pool" if view.setting == "multi" else "lang"
    place, tied = (getattr(ranks, f"{kind}_{part}")[view.pairs] for part in ("rank", "tied"))
    missed = place == NOT_RETRIEVED
    parts = np.stack([(tied > 0) & ~missed, missed]).astype(np.float64)
    parts[:, place == 0] = np.nan
    shares: NDArray[np.float64] = np.add.reduceat(parts, view.starts[:-1], axis=1) / np.diff(view.starts)
    return shares
