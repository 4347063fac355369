"""What can be trained, as the loop sees it: static_trainee.py and transformer_trainee.py hold the two kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from robustir.training.config import TrainingConfig
from robustir.training.data.sampling import Batch, Sampler

__all__ = ["Material", "Step", "Trainee"]


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did. noise: the perturbation that met its queries, "" for none.

    draw_tokens: the tokens of each of :attr:`Batch.draws`; empty where the batch has none.
    """

    loss: float
    gradient_norm: float
    tokens: tuple[int, int]  # of the left and the right side
    noise: str
    draw_tokens: tuple[tuple[int, int], ...] = ()


class Trainee(Protocol):
    """An encoder in training. Every random choice is a function of (seed, step), so that a state needs no generator."""

    plan: str  # what a step does, in a line

    def step(self, number: int, batch: Batch, rate: float) -> Step:
        """Make one step down the loss of a batch; if the loss or the gradient is not a number, nothing changes."""
        ...

    def validation_loss(self, batches: list[Batch]) -> float:
        """Return the mean loss of held-out batches, clean and whole."""
        ...

    def weights(self) -> dict[str, Any]:
        """Return a copy of what makes the encoder as it is now: tensors, for :meth:`write` and for a checkpoint."""
        ...

    def state(self) -> dict[str, Any]:
        """Return everything that a continued training needs: tensors and plain values."""
        ...

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from :meth:`state`."""
        ...

    def write(self, folder: Path, weights: Mapping[str, Any]) -> list[Path]:
        """Write the encoder of these weights; return the folders that now hold one, each of which gets a model card."""
        ...

    def description(self) -> dict[str, Any]:
        """Return what the manifest says of the encoder.

        ``summary`` and ``limits`` go into the model card, ``adversarial`` says what such noise is on.
        """
        ...


class Material(Protocol):
    """What trainings share that differ in sampling, seed or robust training alone, beside the pairs."""

    def kept(self) -> dict[str, str]:
        """Return what a checkpoint keeps, so that a continued training makes the same material again."""
        ...

    def trainee(self, config: TrainingConfig, sampler: Sampler, *, fresh: bool) -> Trainee:
        """Return the encoder at its start; not ``fresh``: a state is loaded next, so the start may be a cheap one."""
        ...
