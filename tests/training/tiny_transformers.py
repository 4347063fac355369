"""Tiny transformers that are trained on the tiny pairs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robustir.training import trainer
from robustir.training.config import TrainingConfig
from robustir.training.trainer import Prepared
from robustir.training.transformer.trainee import TransformerTrainee
from tests.tiny_models import bert_tokenizer, write_bert
from tests.training.tiny_pairs import NOUNS, SETTINGS, VERBS

WORDS = [word for words in (*NOUNS, *VERBS) for word in words]
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def write_base(folder: Path, *, layers: int) -> Path:
    """Write a BERT that knows the words of the pairs and no number: pairs are told by their words."""
    pieces = [*WORDS, *_LETTERS, *(f"##{letter}" for letter in _LETTERS), "?"]
    write_bert(folder, bert_tokenizer(pieces), layers=layers, width=32, spread=0.05)
    return folder


def config(model: Mapping[str, Any], changes: Mapping[str, Any], **settings: Any) -> TrainingConfig:
    """Return a configuration of a transformer; changes come last, and those of the model are its own."""
    given: dict[str, Any] = {**SETTINGS, "batch": 8, "optimiser": {"learning_rate": 1e-3, "warm_up": 2}, **settings}
    own = {"kind": "transformer", "max_length": 24, **model, **changes.get("model", {})}
    return TrainingConfig.model_validate({**given, **changes, "model": own})


def trainee(told: TrainingConfig, data: Path) -> tuple[TransformerTrainee, Prepared]:
    """Return a model at its start, and what it is trained on."""
    ready = Prepared.read(told, data)
    made = ready.material.trainee(told, trainer.Sampler(ready.shelves, told), fresh=True)
    assert isinstance(made, TransformerTrainee)
    return made, ready
