"""What a run keeps of its rankings, decided before it begins: the lists, how long they are, and how much disk they take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from robustir.planning.conditions import CLEAN, FLOOR
from robustir.planning.plan import Plan, PlannedTask
from robustir.ranking.pools import largest_pool
from robustir.rundir.kept_lists import list_names, wanted_lists

__all__ = ["Keeping", "keeping"]

_DEPTH = 100
_MOST = 2**30  # bytes of lists under noise; beyond, their overlaps with the clean lists are kept alone


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is kept. whole: passages of every list with scores, for export (0: none); depth: of the default's lists (0: none).

    noisy: whether these are kept under noise too, or their overlaps with the clean ones alone; most: the bytes that the
    default's lists take at most, before compression.
    """

    whole: int = 0
    depth: int = 0
    noisy: bool = True
    most: int = 0


def keeping(plan: Plan, keep_top: int | None) -> Keeping:
    """Return what to keep: ``keep_top`` passages of every list (0: nothing); None: by default 100 of few lists."""
    if keep_top == 0:
        return Keeping()
    depth = min(_DEPTH, keep_top or _DEPTH)
    clean = noisy = 0
    for planned in plan.tasks:
        size = _size(planned, depth)
        conditions = sum(condition not in (CLEAN, FLOOR) for condition in plan.conditions(planned))
        clean += size * len(plan.encoders)
        noisy += size * len(plan.encoders) * conditions
    kept = noisy <= _MOST
    return Keeping(keep_top or 0, depth, kept, clean + noisy * kept)


def _size(planned: PlannedTask, depth: int) -> int:
    """Return the bytes of the lists of one cell."""
    task = planned.task
    passage = np.min_scalar_type(max(len(task.corpus) - 1, 0)).itemsize
    lists = wanted_lists(list_names(task.corpus.langs), task.queries.langs)
    return int(np.count_nonzero(lists >= 0)) * min(depth, largest_pool(task)) * passage
