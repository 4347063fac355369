"""How many of the nearest passages an index found: per encoder and condition, on the samples that the cells measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from robustir.evidence.gather import StoredBenchmark
from robustir.planning.conditions import CLEAN, FLOOR
from robustir.ranking.index_kinds import parse_index
from robustir.rundir.index_recall import IndexRecall, read_recall

__all__ = ["recall_rows"]


def recall_rows(stored: StoredBenchmark, index: str) -> Iterator[dict[str, Any]]:
    """Yield a row per encoder and condition, draws averaged; nothing for cells that were searched exactly."""
    kind = parse_index(index)
    for encoder in stored.encoders if not kind.exact else ():
        found: dict[tuple[str, float], list[IndexRecall]] = {}
        for cell in stored.cells(encoder):
            known = None if cell.condition == FLOOR else read_recall(stored.run, cell.key)
            if known is not None:
                name = "clean" if cell.condition == CLEAN else cell.perturbation
                found.setdefault((name, cell.severity), []).append(known)
        for (perturbation, severity), draws in found.items():
            means = {depth: float(np.mean([one.shares[depth] for one in draws])) for depth in draws[0].shares}
            yield {
                "benchmark": stored.name,
                "encoder": encoder,
                "perturbation": perturbation,
                "severity": severity,
                "index": index,
                "depth": kind.depth,
                "queries": sum(one.queries for one in draws),
                "recall_at_10": means.get(10, np.nan),
                "recall_at_100": means.get(100, np.nan),
                "recall_at_depth": means[kind.depth],
            }
