"""Training strategies as encoders: one row of per-query means over the seeds that have all scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from robustir.evidence.scores import QueryScores

__all__ = ["complete_seeds", "mean_over_seeds"]

Floats = NDArray[np.float64]


def mean_over_seeds(block: QueryScores) -> QueryScores:
    """Return the block with one encoder per strategy, its mean over the seeds that have all its scores, before the others."""
    if not block.trained:
        return block
    numbers = complete_seeds(block)
    rest = [number for number, name in enumerate(block.encoders) if name not in block.trained]

    def averaged(values: Floats) -> Floats:
        means = [values[list(of_seed.values())].mean(axis=0) for of_seed in numbers.values()]
        return np.stack([*means, *values[rest]])

    noisy = averaged(block.noisy)
    return replace(
        block,
        encoders=(*numbers, *(block.encoders[number] for number in rest)),
        clean=averaged(block.clean),
        floor=averaged(block.floor),
        noisy=noisy,
        worst=noisy if block.worst is block.noisy else averaged(block.worst),
        tied=None if block.tied is None else averaged(block.tied),
        missed=None if block.missed is None else averaged(block.missed),
        overlap=None if block.overlap is None else averaged(block.overlap),
        draw_variance=None,
        trained={},
    )


def complete_seeds(block: QueryScores) -> dict[str, dict[int, int]]:
    """Return strategy -> seed -> number of its encoder, without seeds that lack some of the others' scores."""
    found: dict[str, dict[int, int]] = {}
    for number, name in enumerate(block.encoders):
        if name in block.trained:
            member = block.trained[name]
            found.setdefault(member.strategy, {})[member.seed] = number
    for of_seed in found.values():
        counts = {
            seed: int(np.isfinite(block.clean[number]).sum() + np.isfinite(block.noisy[number]).sum())
            for seed, number in of_seed.items()
        }
        most = max(counts.values())
        for seed, count in counts.items():
            if count < most:
                del of_seed[seed]
    return found
