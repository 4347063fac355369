"""Scores looked up by rank, where a rank is all that they depend on: one passage per list, all of one gain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robustir.evidence.views import View, ranks_of
from robustir.measures import Measure, RankLists, evaluate
from robustir.types import Ranks

__all__ = ["scores_by_rank"]


def scores_by_rank(measures: Sequence[Measure], seen: View, ranks: Ranks) -> NDArray[np.float64] | None:
    """Return float64 [measures, v], the bits of :func:`robustir.measures.evaluate`, or None if a table would not help.

    Args:
        measures: those of orders; equal scores are ordered as trec_eval does.
        seen: the view.
        ranks: of a cell.
    """
    known = seen.relevance
    last = int(seen.pool_size.max(initial=0))
    if not (known.single and known.alike) or seen.excluded is not None or 2 * last > len(seen):
        return None
    places = np.append(np.arange(last + 1.0), np.inf)
    gains, pools = (np.full(len(places), values[0]) for values in (known.gains, known.pool_size))
    table = evaluate(measures, RankLists(places, gains, np.arange(len(places) + 1), pools))
    rank = ranks_of(seen, ranks)
    rank[seen.pairs < 0] = last + 1
    # What was not retrieved has the largest rank of all. Three times as fast as by an index.
    return table.take(np.minimum(rank, last + 1).astype(np.intp), axis=1)
