"""Which kinds of encoders can be trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from robustir.training.config import TrainingConfig, TransformerModel
from robustir.training.data.shelves import Pairs, Shelf
from robustir.training.static.trainee import StaticMaterial
from robustir.training.trainee import Material

__all__ = ["read_material"]


def read_material(config: TrainingConfig, pairs: Pairs, shelves: Sequence[Shelf], kept: Mapping[str, str]) -> Material:
    """Return what the configuration's kind of encoder needs beside the pairs; ``kept``: by an earlier checkpoint."""
    if isinstance(config.model, TransformerModel):
        from robustir.training.transformer.start import TransformerMaterial

        return TransformerMaterial.read(config, pairs, kept)
    return StaticMaterial.read(config, pairs, shelves, kept)
