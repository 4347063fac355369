"""What a step does to its texts and vectors beside the sampling: noise on queries, parts of sentences, noise on vectors."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from robustir.noise.applying import perturb
from robustir.noise.prepared import prepare
from robustir.training.config import TrainingConfig
from robustir.training.data.sampling import Batch, Draw, Sampler
from robustir.types import QuerySet

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["QueryNoise", "blurred", "kept_pieces"]

# Numbers of the random streams of a step (Sampler.stream) that are used here; 0 to 3 choose the pairs.
_PARTS, _GAUSSIAN, _NOISE = 4, 5, 6


class QueryNoise:
    """The perturbations of ``robust.queries``; each meets the left side of its share of the batches, in every language that it knows."""

    def __init__(self, config: TrainingConfig, texts: list[str], sampler: Sampler) -> None:
        self._config, self._texts, self._sampler = config, texts, sampler
        self._noises = [(noise, prepare(noise.spec)) for noise in config.robust.queries]

    def __call__(self, number: int, batch: Batch) -> tuple[list[str] | None, str]:
        """Return the perturbed queries of a step and the perturbation's spec, or (None, "") if it has none."""
        stream = self._sampler.stream(number, _NOISE)
        parts = batch.draws or (Draw(batch.source, batch.langs, len(batch.left), batch.whole),)
        for noise, perturbation in self._noises:
            fitting = [bool(perturbation.applicable(part.langs[:1])) for part in parts]
            if stream.random() < noise.share and any(fitting):
                texts = [self._texts[row] for row in batch.left]
                ends = [0, *accumulate(part.size for part in parts)]
                for part, fits, (first, last) in zip(parts, fitting, pairwise(ends), strict=True):
                    if fits:
                        ids = [f"{number}-{row}" for row in range(first, last)]
                        queries = QuerySet.from_texts(texts[first:last], lang=part.langs[0], ids=ids)
                        noisy = perturb(queries, perturbation, severity=noise.severity, seed=self._config.seed)
                        texts[first:last] = noisy.texts
                return texts, noise.spec
        return None, ""


def kept_pieces(
    config: TrainingConfig, sampler: Sampler, number: int, batch: Batch, lengths: NDArray[np.int64]
) -> NDArray[np.bool_] | None:
    """Return which pieces of its queries a step keeps, bool [sum of lengths], or None for all of them.

    lengths: pieces per query, int64 [b].
    """
    if config.parts == 0:
        return None
    whole = (
        np.repeat([draw.whole for draw in batch.draws], [draw.size for draw in batch.draws])
        if batch.draws
        else batch.whole
    )
    parts = np.where(whole, config.monolingual_parts, config.parts) if batch.kind == "x-x" else config.parts
    if not np.any(parts):
        return None
    stream = sampler.stream(number, _PARTS)
    kept = 1 - parts * stream.random(len(lengths))
    return np.asarray(stream.random(int(lengths.sum())) < np.repeat(kept, lengths))


def blurred(vectors: Tensor, config: TrainingConfig, sampler: Sampler, number: int) -> Tensor:
    """Return vectors [n, d] plus Gaussian noise of about ``robust.gaussian`` times each one's length."""
    import torch

    radius = config.robust.gaussian
    if radius == 0:
        return vectors
    drawn = sampler.stream(number, _GAUSSIAN).standard_normal(tuple(vectors.shape), dtype=np.float32)
    size = radius * vectors.norm(dim=1, keepdim=True) / vectors.shape[1] ** 0.5
    found: Tensor = vectors + torch.from_numpy(drawn).to(vectors.device, vectors.dtype) * size
    return found
