"""Whether an index fits a suite, before anything runs: its measures, its encoders, its collections, and what is installed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from robustir.errors import InputError
from robustir.measures import Measure, parse_measure
from robustir.planning.suite import Suite
from robustir.ranking.index_kinds import IndexKind, parse_index
from robustir.ranking.indexes import require_faiss
from robustir.types import Task

__all__ = ["check_index"]


def check_index(suite: Suite, tasks: Sequence[Task], encoders: Mapping[str, Any]) -> tuple[str, ...]:
    """Return notes on what the index of a suite does not search; nothing for exact search.

    Raises:
        InputError: for measures that need deeper ranks, encoders that it cannot search, and collections that are too small.
        MissingExtraError: if faiss is not installed.
    """
    index = parse_index(suite.index)
    if index.exact:
        return ()
    _refuse_measures(index, [parse_measure(text) for text in suite.measures])
    without = [name for name, scorer in encoders.items() if not hasattr(scorer, "encode")]
    if len(without) == len(encoders):
        raise InputError(
            f"--index {index} searches vectors, and {', '.join(without)} {'make' if len(without) > 1 else 'makes'} none: "
            "search exactly, or name an encoder that makes vectors"
        )
    for name, scorer in encoders.items():
        if name not in without:
            _check_encoder(index, name, scorer)
    require_faiss()
    for task in tasks:
        pools = np.zeros(len(task.corpus), dtype=np.int32) if task.pools is None else task.pools.passage
        sizes = Counter(zip(pools.tolist(), task.corpus.langs, strict=True))
        (_, lang), fewest = min(sizes.items(), key=lambda item: item[1])
        of_pool = "" if task.pools is None else "a pool of "
        index.check_size(fewest, f"{of_pool}{task.name} in {lang}")
    searches = "search" if len(without) > 1 else "searches"
    return (f"{', '.join(without)} {searches} exactly: {index} is for vectors",) if without else ()


def _check_encoder(index: IndexKind, name: str, scorer: Any) -> None:
    if getattr(scorer, "margin", 0):
        raise InputError(
            f"--index {index}: {name} scores by margins, which need every passage: search exactly, or leave out its margin"
        )
    dimensions = getattr(scorer, "dim", None)
    if isinstance(dimensions, int):
        index.check_width(dimensions, name)


def _refuse_measures(index: IndexKind, measures: Iterable[Measure]) -> None:
    """Raise InputError for measures that need ranks beyond the depth of an index."""
    asked = list(measures)
    distances = [str(measure) for measure in asked if measure.of_average_ranks]
    if distances:
        others = ",".join(str(measure) for measure in asked if not measure.of_average_ranks) or "AP,nDCG@10"
        raise InputError(
            f"{' and '.join(distances)} {'need' if len(distances) > 1 else 'needs'} the rank of every relevant passage, and "
            f"--index {index} stops after {index.depth:,} passages: search exactly, or leave them out with  --measure {others}"
        )
    deep = [measure for measure in asked if (measure.cutoff or 0) > index.depth]
    if deep:
        raise InputError(
            f"{deep[0]} looks at {deep[0].cutoff:,} passages, and --index {index} stops after {index.depth:,}: give the index "
            f"k={deep[0].cutoff}, or name another measure"
        )
