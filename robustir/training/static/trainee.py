"""A static encoder in training: a batch of pairs in, one step of the table out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from robustir.encoders.static_files import write_open, write_packed
from robustir.errors import DataError
from robustir.training.config import StaticModel, TrainingConfig
from robustir.training.data.sampling import Batch, Sampler
from robustir.training.data.shelves import Pairs, Shelf
from robustir.training.losses import adversarial_shift, info_nce
from robustir.training.robust import QueryNoise, blurred, kept_pieces
from robustir.training.static.finish import finished, parallel_texts
from robustir.training.static.start import frequencies, random_start, svd_start
from robustir.training.static.table import Bags, Table
from robustir.training.static.vocabulary import learn_tokenizer, read_tokenizer
from robustir.training.trainee import Step

__all__ = ["StaticMaterial", "StaticTrainee"]

_LENGTH = 0.1  # of a row at the start: Adam moves every number by about the learning rate, whatever its size


@dataclass(frozen=True, slots=True)
class StaticMaterial:
    """The pieces and the pairs as pieces. tokenizer: the text of its tokenizer.json."""

    pairs: Pairs
    shelves: Sequence[Shelf]  # without what is held out
    tokenizer: str
    bags: Bags
    tokenize: Callable[[list[str]], list[list[int]]]

    @classmethod
    def read(
        cls, config: TrainingConfig, pairs: Pairs, shelves: Sequence[Shelf], kept: Mapping[str, str]
    ) -> StaticMaterial:
        """Learn the pieces, or read them; then tokenise all texts."""
        model = _static(config)
        if model.finished and not parallel_texts(shelves):
            raise DataError(
                "model.language_free, model.whitening and model.reduced_to need translations: add a source that has them (tatoeba, wmt, "
                "flores, mkqa), or leave them out"
            )
        if "tokenizer" in kept:
            tokenizer = kept["tokenizer"]
        elif model.tokenizer is not None:
            tokenizer = read_tokenizer(model.tokenizer)
        else:
            tokenizer = learn_tokenizer(pairs.texts, model.pieces)
        return cls(pairs, shelves, tokenizer, *_tokenised(tokenizer, pairs.texts))

    def kept(self) -> dict[str, str]:
        """Return the tokenizer."""
        return {"tokenizer": self.tokenizer}

    def trainee(self, config: TrainingConfig, sampler: Sampler, *, fresh: bool) -> StaticTrainee:
        """Return the table at its start."""
        return StaticTrainee(self._table(config, fresh=fresh), self, config, sampler)

    def _table(self, config: TrainingConfig, *, fresh: bool) -> Table:
        model = _static(config)
        pieces = len(json.loads(self.tokenizer)["model"]["vocab"])
        share = frequencies(self.bags, pieces)
        weights = np.log(model.frequency_weight / (model.frequency_weight + share)).astype(np.float32)
        if fresh and model.start == "svd":
            vectors = svd_start(self.bags, self.shelves, pieces, model.dimensions, config.seed)
        else:
            vectors = random_start(pieces, model.dimensions, config.seed)
        return Table(vectors * np.float32(_LENGTH), weights)


def _static(config: TrainingConfig) -> StaticModel:
    assert isinstance(config.model, StaticModel)
    return config.model


def _tokenised(tokenizer: str, texts: Sequence[str]) -> tuple[Bags, Any]:
    from tokenizers import Tokenizer

    made = Tokenizer.from_str(tokenizer)
    made.no_padding()
    made.no_truncation()

    def tokenize(some: list[str]) -> list[list[int]]:
        return [encoding.ids for encoding in made.encode_batch_fast(some, add_special_tokens=False)]

    return Bags.of(tokenize(list(texts))), tokenize


class StaticTrainee:
    """Trains a :class:`Table` on tokenised pairs."""

    def __init__(self, table: Table, material: StaticMaterial, config: TrainingConfig, sampler: Sampler) -> None:
        self.table = table
        self._material, self._bags = material, material.bags
        self._config, self._sampler = config, sampler
        self._noise = QueryNoise(config, material.pairs.texts, sampler)
        pieces, dimensions = table.vectors.shape
        self.plan = f"a table of {pieces:,} pieces in {dimensions:,} dimensions; {config.batch} pairs a step"

    def step(self, number: int, batch: Batch, rate: float) -> Step:
        """Make one step down the loss of a batch; a loss that is not a number changes nothing and is returned."""
        config, optimiser = self._config, self._config.optimiser
        left, noise = self._left(number, batch)
        right = self._bags.take(batch.right)
        pooled = self.table.pool(left.joined(right))
        size = len(left)
        vectors = blurred(pooled.vectors, config, self._sampler, number)
        loss, of_left, of_right = info_nce(vectors[:size], vectors[size:], optimiser.temperature)
        if config.robust.adversarial > 0:
            shift = adversarial_shift(vectors, torch.cat([of_left, of_right]), config.robust.adversarial)
            vectors = vectors + shift
            loss, of_left, of_right = info_nce(vectors[:size], vectors[size:], optimiser.temperature)
        tokens = (len(left.pieces), len(right.pieces))
        ends = np.cumsum([draw.size for draw in batch.draws], dtype=np.int64)
        sides = [np.diff(side.offsets[ends], prepend=0).tolist() for side in (left, right)]
        of_draws = tuple(zip(*sides, strict=True))
        if not np.isfinite(loss):
            return Step(loss, float("nan"), tokens, noise, of_draws)
        norm = self.table.descend(
            pooled,
            torch.cat([of_left, of_right]),
            rate,
            weight_decay=optimiser.weight_decay,
            clip=optimiser.clip,
        )
        return Step(loss, norm, tokens, noise, of_draws)

    def _left(self, number: int, batch: Batch) -> tuple[Bags, str]:
        texts, named = self._noise(number, batch)
        bags = self._bags.take(batch.left) if texts is None else Bags.of(self._material.tokenize(texts))
        kept = kept_pieces(self._config, self._sampler, number, batch, np.diff(bags.offsets))
        return bags if kept is None else bags.kept(kept), named

    def validation_loss(self, batches: list[Batch]) -> float:
        """Return the mean loss of held-out batches, clean and whole."""
        losses = []
        for batch in batches:
            pooled = self.table.pool(self._bags.take(batch.left).joined(self._bags.take(batch.right)))
            size = len(batch.left)
            losses.append(info_nce(pooled.vectors[:size], pooled.vectors[size:], self._config.optimiser.temperature)[0])
        return float(np.mean(losses))

    def weights(self) -> dict[str, torch.Tensor]:
        """Return the table of the encoder, float32 [pieces, d]."""
        return {"table": torch.from_numpy(self.table.scaled())}

    def state(self) -> dict[str, Any]:
        """Return the table with Adam's moments."""
        return self.table.state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from :meth:`state`."""
        self.table.load_state(state)

    def write(self, folder: Path, weights: Mapping[str, torch.Tensor]) -> list[Path]:
        """Write the layout of Sentence Transformers, and rows of few bits in ``packed``."""
        model, tokenizer = _static(self._config), self._material.tokenizer
        table = weights["table"].numpy()
        if model.finished:
            parallel = parallel_texts(self._material.shelves)
            texts = {lang: self._bags.take(numbers) for lang, numbers in parallel.items()}
            table = finished(
                table,
                texts,
                language_free=model.language_free,
                whitening=model.whitening,
                reduced_to=model.reduced_to,
                seed=self._config.seed,
            )
        write_open(folder, table, tokenizer)
        write_packed(folder / "packed", table, tokenizer, model.packed_bits)
        return [folder, folder / "packed"]

    def description(self) -> dict[str, Any]:
        """Return what manifest and card say."""
        model = _static(self._config)
        return {
            "kind": "static",
            "summary": f"A table of {model.pieces:,} subword vectors of {model.reduced_to or model.dimensions} dimensions; a "
            f"text is the mean of its pieces, to unit length.{_finish(model)}",
            "adversarial": "vectors",
            "limits": "it has no word order and knows the words of a small collection; languages with few pairs (Thai, "
            "Vietnamese, Hindi) are weak.",
        }


def _finish(model: StaticModel) -> str:
    """Say in sentences what was done to the table once it had learnt."""
    done = []
    if model.language_free:
        done.append("the mean vectors of the languages were projected out")
    if model.whitening:
        done.append(f"the variance v of every direction became v ** {1 - 2 * model.whitening:.3g}")
    if model.reduced_to is not None:
        done.append(f"of {model.dimensions} directions the {model.reduced_to} of the largest variance were kept")
    return f" Once it had learnt, {', '.join(done)}." if done else ""
