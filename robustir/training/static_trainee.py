"""A static encoder in training: a batch of pairs in, one step of the table out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from robustir.conditions import applicable_languages, perturb
from robustir.registry import create
from robustir.training.config import Noise, TrainingConfig
from robustir.training.losses import adversarial_shift, info_nce
from robustir.training.sampling import Batch, Sampler
from robustir.training.shelves import Pairs
from robustir.training.table import Bags, Table
from robustir.types import QuerySet

__all__ = ["StaticTrainee", "Step"]

# Numbers of the random streams of a step (Sampler.stream) that are used here; 0 to 3 choose the pairs.
_PARTS, _GAUSSIAN, _NOISE = 4, 5, 6


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did. noise: the perturbation that met its queries, "" for none."""

    loss: float
    gradient_norm: float
    tokens: tuple[int, int]  # of the left and the right side
    noise: str


class StaticTrainee:
    """Trains a :class:`Table` on tokenised pairs; ``tokenize`` is for queries that are perturbed on the way."""

    def __init__(
        self,
        table: Table,
        bags: Bags,
        pairs: Pairs,
        config: TrainingConfig,
        sampler: Sampler,
        tokenize: Callable[[list[str]], list[list[int]]],
    ) -> None:
        self.table = table
        self._bags, self._pairs, self._config, self._sampler, self._tokenize = bags, pairs, config, sampler, tokenize
        self._noises = [(noise, create("perturbation", noise.spec)) for noise in config.robust.queries]

    def step(self, number: int, batch: Batch, rate: float) -> Step:
        """Make one step down the loss of a batch; a loss that is no number moves nothing and is returned."""
        config, optimiser = self._config, self._config.optimiser
        left, noise = self._left(number, batch)
        right = self._bags.take(batch.right)
        pooled = self.table.pool(left.joined(right))
        size = len(left)
        vectors = self._blurred(pooled.vectors, number)
        loss, of_left, of_right = info_nce(vectors[:size], vectors[size:], optimiser.temperature)
        if config.robust.adversarial > 0:
            shift = adversarial_shift(vectors, torch.cat([of_left, of_right]), config.robust.adversarial)
            vectors = vectors + shift
            loss, of_left, of_right = info_nce(vectors[:size], vectors[size:], optimiser.temperature)
        tokens = (len(left.pieces), len(right.pieces))
        if not np.isfinite(loss):
            return Step(loss, float("nan"), tokens, noise)
        norm = self.table.descend(
            pooled,
            torch.cat([of_left, of_right]),
            rate,
            weight_decay=optimiser.weight_decay,
            clip=optimiser.clip,
        )
        return Step(loss, norm, tokens, noise)

    def _left(self, number: int, batch: Batch) -> tuple[Bags, str]:
        stream = self._sampler.stream(number, _NOISE)
        bags, named = self._bags.take(batch.left), ""
        for noise, plugin in self._noises:
            if stream.random() < noise.share and applicable_languages(plugin, batch.langs[:1]):
                bags, named = self._perturbed(number, batch, noise, plugin), noise.spec
                break
        parts = self._config.monolingual_parts if batch.whole and batch.kind == "x-x" else self._config.parts
        if parts == 0 or self._config.parts == 0:
            return bags, named
        stream = self._sampler.stream(number, _PARTS)
        kept = 1 - parts * stream.random(len(bags))
        return bags.kept(stream.random(len(bags.pieces)) < np.repeat(kept, np.diff(bags.offsets))), named

    def _perturbed(self, number: int, batch: Batch, noise: Noise, plugin: object) -> Bags:
        texts = [self._pairs.texts[row] for row in batch.left]
        ids = [f"{number}-{row}" for row in range(len(texts))]
        queries = QuerySet.from_texts(texts, lang=batch.langs[0], ids=ids)
        noisy = perturb(queries, plugin, severity=noise.severity, seed=self._config.seed)
        return Bags.of(self._tokenize(list(noisy.texts)))

    def _blurred(self, vectors: torch.Tensor, number: int) -> torch.Tensor:
        radius = self._config.robust.gaussian
        if radius == 0:
            return vectors
        drawn = self._sampler.stream(number, _GAUSSIAN).standard_normal(tuple(vectors.shape), dtype=np.float32)
        # Scaled so that the noise of a vector has about ``radius`` times its length.
        size = radius * vectors.norm(dim=1, keepdim=True) / vectors.shape[1] ** 0.5
        blurred: torch.Tensor = vectors + torch.from_numpy(drawn) * size
        return blurred

    def validation_loss(self, batches: list[Batch]) -> float:
        """Return the mean loss of held-out batches, clean and whole."""
        losses = []
        for batch in batches:
            pooled = self.table.pool(self._bags.take(batch.left).joined(self._bags.take(batch.right)))
            size = len(batch.left)
            losses.append(info_nce(pooled.vectors[:size], pooled.vectors[size:], self._config.optimiser.temperature)[0])
        return float(np.mean(losses))

    def scaled(self) -> NDArray[np.float32]:
        """Return the table of the encoder, float32 [pieces, d]."""
        return self.table.scaled()
