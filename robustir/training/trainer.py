"""The loop: from a configuration and a data folder to an encoder with its log, manifest and card."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from robustir.disk.locks import locked
from robustir.errors import DataError, TrainingError
from robustir.training.checkpoints import CHECKPOINT, Progress, read_checkpoint, write_checkpoint
from robustir.training.config import TrainingConfig
from robustir.training.data.sampling import Batch, Draw, Sampler
from robustir.training.data.shelves import Pairs, Shelf, read_pairs
from robustir.training.kinds import read_material
from robustir.training.memory import keep_memory
from robustir.training.record import training_manifest, write_record
from robustir.training.trainee import Material, Trainee

__all__ = ["Outcome", "Prepared", "train"]


class Bars(Protocol):
    """What draws bars, and says a line."""

    def stage(self, name: str, total: int, unit: str = "") -> None: ...

    def step(self, amount: int = 1) -> None: ...

    def say(self, text: str) -> None: ...


class _Silent:
    def stage(self, name: str, total: int, unit: str = "") -> None:
        pass

    def step(self, amount: int = 1) -> None:
        pass

    def say(self, text: str) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training did. losses: mean of the last 100 steps per kind of batch; written: the step of the encoder."""

    folder: Path
    steps: int
    losses: dict[str, float]
    cpu_seconds: float
    written: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """What trainings share that differ in sampling, seed or robust training alone: pairs, pieces, tokens."""

    pairs: Pairs
    held: list[Batch]
    shelves: list[Shelf]
    material: Material

    @classmethod
    def read(
        cls, config: TrainingConfig, data: Path, kept: Mapping[str, str] | None = None, bars: Bars | None = None
    ) -> Prepared:
        """Read the pairs of a configuration and what its kind of encoder needs; ``kept``: by an earlier checkpoint."""
        told = bars or _Silent()
        told.stage("read pairs of texts", 1)
        pairs = read_pairs(data, config.sources, config.languages, longest=config.longest)
        held, shelves = _hold_out(pairs, config)
        told.stage(f"learn or read pieces, tokenise {len(pairs.texts):,} texts", 1)
        Sampler(shelves, config)  # before what takes long: it refuses what cannot be trained
        return cls(pairs, held, shelves, read_material(config, pairs, shelves, kept or {}))


def train(
    config: TrainingConfig,
    data: Path,
    out: Path,
    bars: Bars | None = None,
    *,
    prepared: Prepared | None = None,
    stop_after: int | None = None,
) -> Outcome:
    """Train into ``out``; a checkpoint of the same configuration there is continued, with the same result to the bit.

    The encoder written is the one with the best validation loss; without validations, the last. ``prepared``: of a
    configuration with the same sources, languages and model; read if not given. ``stop_after``: leave after that many
    steps with a checkpoint, as an interruption would. Raises RunError if the folder holds another training or another
    process trains into it, TrainingError if the loss is not a number (the last checkpoint stays).
    """
    with locked(out):
        return _train(config, data, out, bars or _Silent(), prepared, stop_after)


def _train(
    config: TrainingConfig, data: Path, out: Path, told: Bars, prepared: Prepared | None, stop_after: int | None
) -> Outcome:
    keep_memory()
    begin = time.process_time()
    torch.set_num_threads(1)  # sums in one order, whatever the machine
    digest = hashlib.sha256(config.model_dump_json().encode()).hexdigest()
    saved = read_checkpoint(out / CHECKPOINT, digest)
    ready = prepared or Prepared.read(config, data, saved.kept if saved else None, told)
    told.stage("make the encoder to start from", 1)
    sampler = Sampler(ready.shelves, config)
    trainee = ready.material.trainee(config, sampler, fresh=saved is None)
    progress, best = Progress.fresh(), None
    if saved is not None:
        progress, best = saved.progress, saved.best
        trainee.load_state(saved.trainee)

    def keep() -> None:
        write_checkpoint(out / CHECKPOINT, digest, progress, trainee.state(), best, ready.material.kept())

    told.say(f"{config.name}: {config.steps - progress.step:,} steps; {trainee.plan}")
    told.stage(f"train {config.name}", config.steps - progress.step, "steps")
    while progress.step < config.steps and not progress.stopped:
        if stop_after is not None and progress.step >= stop_after:
            keep()
            return _outcome(out, progress, begin)
        _advance(trainee, sampler, config, progress, out)
        if (
            config.validate_every
            and progress.step % config.validate_every == 0
            and _validate(trainee, ready.held, config, progress, out)
        ):
            best = trainee.weights()
        if progress.step % config.checkpoint_every == 0:
            keep()
        told.step()
    told.stage("write the encoder", 1)
    keep()
    encoders = trainee.write(out, trainee.weights() if best is None else best)
    manifest = training_manifest(config, ready.pairs, progress, trainee.description())
    write_record(out, encoders, progress, manifest)
    return _outcome(out, progress, begin)


def _outcome(out: Path, progress: Progress, begin: float) -> Outcome:
    seconds = time.process_time() - begin
    return Outcome(out, progress.step, progress.recent(), seconds, progress.best() or progress.step)


def _advance(trainee: Trainee, sampler: Sampler, config: TrainingConfig, progress: Progress, out: Path) -> None:
    batch = sampler.batch(progress.step)
    step = trainee.step(progress.step, batch, _rate(config, progress.step))
    if not np.isfinite(step.loss) or not np.isfinite(step.gradient_norm):
        raise _no_number(f"the loss of step {progress.step + 1} ({batch.kind}, {batch.source})", out)
    progress.step += 1
    entry: list[Any] = [progress.step, batch.kind, batch.source, *batch.langs]
    progress.log.append([*entry, step.loss, step.gradient_norm, step.noise])
    one = Draw(batch.source, batch.langs, len(batch.left), batch.whole)
    draws = batch.draws if step.draw_tokens else (one,)
    for draw, tokens in zip(draws, step.draw_tokens or (step.tokens,), strict=True):
        kind = draw.kind if step.draw_tokens else batch.kind
        count = progress.counts.setdefault("|".join((draw.source, kind, *draw.langs)), [0, 0, 0])
        for place, more in enumerate((draw.size, *tokens)):
            count[place] += more


def _validate(trainee: Trainee, held: list[Batch], config: TrainingConfig, progress: Progress, out: Path) -> bool:
    loss = trainee.validation_loss(held)
    if not np.isfinite(loss):
        raise _no_number(f"the validation loss after step {progress.step}", out)
    return progress.validate(loss, config.patience)


def _no_number(what: str, out: Path) -> TrainingError:
    path = out / CHECKPOINT
    kept = f"The last good state is {path}" if path.is_file() else "There was no checkpoint yet"
    return TrainingError(f"{what} is not a number; lower optimiser.learning_rate or set optimiser.clip. {kept}")


def _rate(config: TrainingConfig, step: int) -> float:
    optimiser = config.optimiser
    if step < optimiser.warm_up:
        return optimiser.learning_rate * (step + 1) / optimiser.warm_up
    left = 1 - (step - optimiser.warm_up) / max(1, config.steps - optimiser.warm_up)
    return optimiser.learning_rate * (optimiser.last_rate + (1 - optimiser.last_rate) * left)


def _hold_out(pairs: Pairs, config: TrainingConfig) -> tuple[list[Batch], list[Shelf]]:
    """Return held-out batches, one per shelf that is large enough, and the shelves without their items."""
    if not config.validate_every:
        return [], pairs.shelves
    batches, kept = [], []
    for shelf in pairs.shelves:
        held = min(config.validation_pairs, len(shelf) // 10)
        if held < 2:
            kept.append(shelf)
            continue
        one, other = shelf.langs[0], shelf.langs[-1]
        left, right = np.array(shelf.left[one][:held]), np.array(shelf.right[other][:held])
        if shelf.whole and one == other:
            kept.append(shelf)
            continue
        batches.append(Batch("x-x" if one == other else "x-y", shelf.source, (one, other), left, right, shelf.whole))
        sides = [{lang: rows[held:] for lang, rows in side.items()} for side in (shelf.left, shelf.right)]
        kept.append(Shelf(shelf.source, shelf.langs, sides[0], sides[1], shelf.whole))
    if not batches:
        raise DataError(
            "validate_every is set, but nothing can be held out: that needs 20 pairs of one source in the same languages "
            "(in two languages for translations); set it to 0, or add a source"
        )
    return batches, kept
