"""The settings as views of one table of ranks: the candidates of each query.

mono: candidates in the query's language; cross: candidates in one other language, one row per query and language that
holds a relevant passage; multi: the whole pool. Queries without a relevant passage in a setting are not in its view.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from robustir.measures import RankLists, Relevance
from robustir.types import NOT_RETRIEVED, Ranks, Setting, Task

__all__ = ["Places", "View", "places", "rank_lists", "ranks_of", "tied_and_missed", "view"]


@dataclass(frozen=True, slots=True)
class View:
    """One setting of a task: v rows, ordered by query and then by the candidates' language (first in the pool first).

    query [v]: row in the task's queries; query_lang, passage_lang [v]: object arrays of str, passage_lang "all" in
    multi; pairs [k]: qrels rows, view row after view row, -1 for a relevant passage that the corpus does not hold;
    starts [v + 1]: where each view row's pairs begin; gains [k]; pool_size [v]: the number of candidates; excluded [v]:
    qrels row of the passage that is not a candidate of the query as it has the query's id, or -1; None where all are;
    pair_langs [k]: numbers of the passages' languages, -1 for a passage that the corpus does not hold; relevance: what
    the measures need of gains, starts and pool_size, which all cells share.
    """

    setting: Setting
    query: NDArray[np.intp]
    query_lang: NDArray[np.object_]
    passage_lang: NDArray[np.object_]
    pairs: NDArray[np.intp]
    starts: NDArray[np.intp]
    gains: NDArray[np.float64]
    pool_size: NDArray[np.intp]
    excluded: NDArray[np.intp] | None = None
    pair_langs: NDArray[np.intp] | None = None
    relevance: Relevance = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "relevance", Relevance(self.gains, self.starts, self.pool_size))

    def lists(self, ranks: NDArray[np.float64]) -> RankLists:
        """Return rank lists of the view's passages from their ranks [k]."""
        return RankLists(ranks, self.gains, self.starts, self.pool_size, self.pair_langs, relevance=self.relevance)

    def __len__(self) -> int:
        return len(self.query)


def view(task: Task, setting: Setting) -> View:
    """Return one setting of a task; empty if no query has a relevant passage in it.

    A query without relevant passages is in the views of the passages that were judged for it. A relevant passage outside
    the corpus counts as being in the corpus's language or, if there are several, in the query's.
    """
    numbers = {lang: number for number, lang in enumerate(dict.fromkeys((*task.corpus.langs, *task.queries.langs)))}
    names = np.array(list(numbers), dtype=object)
    passage_lang = np.array([numbers[lang] for lang in task.corpus.langs], dtype=np.intp)
    query_lang = np.array([numbers[lang] for lang in task.queries.langs], dtype=np.intp)
    query = task.qrels.query.astype(np.intp)
    candidate = passage_lang[task.qrels.passage]
    identical = task.identical_judgements()
    shown = _shown(task, identical)
    if setting == "multi":
        pairs, part = np.flatnonzero(shown), np.zeros(len(query), dtype=np.intp)
    else:
        own = candidate == query_lang[query]
        pairs, part = np.flatnonzero(shown & (own if setting == "mono" else ~own)), candidate
    pairs = pairs[np.lexsort((part[pairs], query[pairs]))]
    key = query[pairs] * len(names) + part[pairs]
    firsts = np.flatnonzero(np.diff(key, prepend=-1))
    first_pairs = pairs[firsts]
    rows, lang = query[first_pairs], candidate[first_pairs]
    sizes = _pool_sizes(task, passage_lang, len(names))[0 if task.pools is None else task.pools.query[rows]]
    if setting == "multi":
        langs, pool_size = np.full(len(rows), "all", dtype=object), np.broadcast_to(sizes.sum(axis=-1), len(rows))
    else:
        langs = names[lang]
        pool_size = np.broadcast_to(sizes, (len(rows), len(names)))[np.arange(len(rows)), lang]
    starts, gains = np.append(firsts, len(pairs)), task.qrels.gain[pairs]
    if len(task.qrels.lost_query):
        only = len(set(task.corpus.langs)) == 1
        takes_lost = np.ones(len(rows), dtype=np.bool_) if only or setting == "multi" else lang == query_lang[rows]
        pairs, starts, gains = _with_lost(task, rows, takes_lost, pairs, starts, gains)
    excluded = None
    if identical is not None:
        excluded = identical[rows]
        if setting != "multi":
            excluded[(excluded >= 0) & (candidate[excluded] != lang)] = -1
        pool_size = pool_size - (excluded >= 0)
    held = np.where(pairs >= 0, candidate[pairs], -1)
    return View(setting, rows, names[query_lang[rows]], langs, pairs, starts, gains, pool_size, excluded, held)


def _shown(task: Task, identical: NDArray[np.intp] | None) -> NDArray[np.bool_]:
    """Return which judgements make view rows: the relevant ones, or all of a query without relevant passages."""
    query = task.qrels.query
    relevant = task.qrels.gain > 0
    answered = np.zeros(len(task.queries), dtype=np.bool_)
    answered[query[relevant]] = True
    others = ~answered[query]
    if identical is not None:  # judged only to be removed from the candidates
        others[identical[identical >= 0]] = False
    return np.asarray(relevant | others, dtype=np.bool_)


def _with_lost(
    task: Task,
    rows: NDArray[np.intp],
    takes_lost: NDArray[np.bool_],
    pairs: NDArray[np.intp],
    starts: NDArray[np.intp],
    gains: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return pairs, starts and gains with the passages outside the corpus, in one row of each query."""
    place = np.full(len(task.queries), -1, dtype=np.intp)
    place[rows[takes_lost]] = np.flatnonzero(takes_lost)
    at = place[task.qrels.lost_query]
    owner = np.concatenate((np.repeat(np.arange(len(rows)), np.diff(starts)), at[at >= 0]))
    order = np.argsort(owner, kind="stable")
    merged = np.concatenate((pairs, np.full((at >= 0).sum(), -1, dtype=np.intp)))
    all_gains = np.concatenate((gains, task.qrels.lost_gain[at >= 0]))
    begins = np.searchsorted(owner[order], np.arange(len(rows) + 1))
    return merged[order], begins, all_gains[order]


def _pool_sizes(task: Task, passage_lang: NDArray[np.intp], languages: int) -> NDArray[np.intp]:
    """Return the number of passages of each pool and language, [pools, languages]."""
    pool = np.zeros(len(task.corpus), dtype=np.intp) if task.pools is None else task.pools.passage.astype(np.intp)
    pools = 1 if task.pools is None else len(task.pools)
    counts = np.bincount(pool * languages + passage_lang, minlength=pools * languages)
    return counts.reshape(pools, languages)


@dataclass(frozen=True, slots=True)
class Places:
    """The places of a view's passages among the candidates of their rows.

    Args:
        rank: [k], with equal scores ordered as trec_eval does; 0: not scored, infinity: never found.
        above, tied: [k], how many candidates score higher and the same.
        absent: [k], passages that are never found: not retrieved, not in the corpus, or with their query's own id.
    """

    rank: NDArray[np.float64]
    above: NDArray[np.int64]
    tied: NDArray[np.int64]
    absent: NDArray[np.bool_]


def places(view: View, ranks: Ranks) -> Places:
    """Return the places of a view's passages among the candidates alone."""
    kind = _kind(view)

    def column(part: str, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        return getattr(ranks, f"{kind}_{part}")[rows].astype(np.int64)  # type: ignore[no-any-return]

    rank, above, tied = (column(part, view.pairs) for part in ("rank", "above", "tied"))
    lost = view.pairs < 0
    absent, unscored = lost | (rank == NOT_RETRIEVED), (rank == 0) & ~lost
    if view.excluded is not None:
        excluded = np.repeat(view.excluded, np.diff(view.starts))
        there = (excluded >= 0) & ~unscored
        absent |= there & (excluded == view.pairs)
        its_above = column("above", excluded)
        rank -= there & (column("rank", excluded) < rank)
        above, tied = above - (there & (its_above < above)), tied - (there & (its_above == above))
    return Places(np.where(unscored, 0.0, np.where(absent, np.inf, rank)), above, tied, absent)


def _kind(view: View) -> str:
    return "pool" if view.setting == "multi" else "lang"


def ranks_of(view: View, ranks: Ranks) -> NDArray[np.uint32]:
    """Return the stored ranks of a view's passages, uint32 [k]; any number for one that the corpus does not hold."""
    found: NDArray[np.uint32] = getattr(ranks, f"{_kind(view)}_rank")[view.pairs]
    return found


def rank_lists(view: View, ranks: Ranks, *, ties: Literal["id", "average"] = "id") -> RankLists:
    """Return the ranks of a view's relevant passages among its candidates, infinite for passages that are never found.

    Args:
        view: the setting.
        ranks: of a cell.
        ties: "id" orders equal scores as trec_eval does; "average" gives each the mean of the ranks of its tie (0, not
            scored, stays 0), for floors and rank distances, where ids should not matter. All passages that were not
            retrieved are one tie.
    """
    if ties == "id" and view.excluded is None:
        place = ranks_of(view, ranks).astype(np.float64)
        place[(view.pairs < 0) | (place == NOT_RETRIEVED)] = np.inf
        return view.lists(place)
    placed = places(view, ranks)
    place = placed.rank
    if ties == "average":
        retrieved = ~placed.absent | (view.pairs >= 0) & (ranks_of(view, ranks) == NOT_RETRIEVED)
        place = np.where((place > 0) & retrieved, placed.above + placed.tied / 2 + 1, place)
    return view.lists(place)


def tied_and_missed(view: View, ranks: Ranks) -> NDArray[np.float64]:
    """Return float64 [2, v]: per row, the share of relevant passages tied with another candidate, and of those not retrieved.

    NaN for a row that was not scored, or without relevant passages.
    """
    placed = places(view, ranks)
    relevant = view.gains > 0
    parts = np.stack([(placed.tied > 0) & ~placed.absent, placed.absent]) & relevant
    counts = np.add.reduceat(np.stack([*parts, relevant]).astype(np.float64), view.starts[:-1], axis=1)
    counts[2, (counts[2] == 0) | (np.minimum.reduceat(placed.rank, view.starts[:-1]) == 0)] = np.nan
    shares: NDArray[np.float64] = counts[:2] / counts[2]
    return shares
