"""The loop: from a configuration and a data folder to an encoder with its log, manifest and card."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

import robustir
from robustir.encoders.static_files import write_open, write_packed
from robustir.errors import RunError, TrainingError
from robustir.files import write_atomically, write_text_atomically
from robustir.training.card import model_card
from robustir.training.config import TrainingConfig
from robustir.training.sampling import Batch, Sampler
from robustir.training.shelves import LICENCES, Pairs, Shelf, read_pairs
from robustir.training.start import frequencies, random_start, svd_start
from robustir.training.static_trainee import StaticTrainee
from robustir.training.table import Bags, Table
from robustir.training.vocabulary import learn_tokenizer, read_tokenizer

__all__ = ["Outcome", "Prepared", "train"]

_CHECKPOINT = "checkpoint.pt"
_VERSIONS = ("numpy", "scipy", "sentencepiece", "tokenizers", "torch")


class Progress(Protocol):
    """What draws bars."""

    def stage(self, name: str, total: int) -> None: ...

    def step(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training did. losses: mean of the last 100 steps per kind of batch."""

    folder: Path
    steps: int
    losses: dict[str, float]
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Prepared:
    """What trainings share that differ in sampling, seed or robust training alone: pairs, pieces, tokens."""

    pairs: Pairs
    held: list[Batch]
    shelves: list[Shelf]
    tokenizer: str
    bags: Bags
    tokenize: Callable[[list[str]], list[list[int]]]

    @classmethod
    def read(cls, config: TrainingConfig, data: Path, tokenizer: str | None = None) -> Prepared:
        """Read and tokenise the pairs of a configuration; ``tokenizer`` instead of the one it asks for."""
        pairs = read_pairs(data, config.sources, config.languages, longest=config.longest)
        held, shelves = _hold_out(pairs, config)
        Sampler(shelves, config)  # before what takes long: it refuses what cannot be trained
        pieces = tokenizer if tokenizer is not None else _tokenizer(config, pairs)
        return cls(pairs, held, shelves, pieces, *_tokenised(pieces, pairs.texts))


def train(
    config: TrainingConfig,
    data: Path,
    out: Path,
    progress: Progress | None = None,
    *,
    prepared: Prepared | None = None,
    stop_after: int | None = None,
) -> Outcome:
    """Train into ``out``; a checkpoint of the same configuration there is continued, with the same result to the bit.

    ``prepared``: of a configuration with the same sources, languages and pieces; read if not given. ``stop_after``:
    leave after that many steps with a checkpoint, as an interruption would. Raises RunError where the folder holds
    another training, TrainingError when the loss is no number (the last checkpoint stays).
    """
    begin = time.process_time()
    torch.set_num_threads(1)  # sums in one order, whatever the machine
    digest = hashlib.sha256(config.model_dump_json().encode()).hexdigest()
    saved = _read_checkpoint(out / _CHECKPOINT, digest)
    ready = prepared or Prepared.read(config, data, saved["tokenizer"] if saved else None)
    tokenizer = ready.tokenizer
    sampler = Sampler(ready.shelves, config)
    table = _table(config, ready.bags, ready.shelves, tokenizer, fresh=saved is None)
    trainee = StaticTrainee(table, ready.bags, ready.pairs, config, sampler, ready.tokenize)
    state = _State.fresh() if saved is None else _State(**saved["state"])
    if saved is not None:
        table.load_state(saved["table"])
    if progress is not None:
        progress.stage(f"train {config.name}", config.steps - state.step)
    while state.step < config.steps and not state.stopped:
        if stop_after is not None and state.step >= stop_after:
            _write_checkpoint(out, digest, table, state, tokenizer)
            return Outcome(out, state.step, state.recent(), time.process_time() - begin)
        _advance(trainee, sampler, config, state, out)
        if config.validate_every and state.step % config.validate_every == 0:
            state.validate(trainee.validation_loss(ready.held), config.patience)
        if state.step % config.checkpoint_every == 0:
            _write_checkpoint(out, digest, table, state, tokenizer)
        if progress is not None:
            progress.step()
    _write_checkpoint(out, digest, table, state, tokenizer)
    seconds = time.process_time() - begin
    _write_encoder(out, config, ready.pairs, trainee, state, tokenizer)
    return Outcome(out, state.step, state.recent(), seconds)


@dataclass(slots=True)
class _State:
    """Where a training is; plain values alone, so that a checkpoint runs no code when it is read."""

    step: int
    log: list[list[Any]]  # [step, kind, source, left language, right language, loss, gradient norm, noise]
    validation: list[list[float]]  # [step, loss]
    counts: dict[str, list[int]]  # "source|kind|left|right" -> [pairs, left tokens, right tokens]
    stopped: bool

    @classmethod
    def fresh(cls) -> _State:
        return cls(0, [], [], {}, stopped=False)

    def recent(self) -> dict[str, float]:
        losses: dict[str, list[float]] = defaultdict(list)
        for entry in self.log[-100:]:
            losses[entry[1]].append(entry[5])
        return {kind: float(np.mean(values)) for kind, values in sorted(losses.items())}

    def validate(self, loss: float, patience: int) -> None:
        self.validation.append([self.step, loss])
        best = min(range(len(self.validation)), key=lambda row: self.validation[row][1])
        self.stopped = len(self.validation) - 1 - best >= patience


def _advance(trainee: StaticTrainee, sampler: Sampler, config: TrainingConfig, state: _State, out: Path) -> None:
    batch = sampler.batch(state.step)
    step = trainee.step(state.step, batch, _rate(config, state.step))
    if not np.isfinite(step.loss):
        raise TrainingError(
            f"the loss of step {state.step + 1} ({batch.kind}, {batch.source}) is no number; lower "
            f"optimiser.learning_rate or set optimiser.clip. The last good state is {out / _CHECKPOINT}"
        )
    state.step += 1
    state.log.append([state.step, batch.kind, batch.source, *batch.langs, step.loss, step.gradient_norm, step.noise])
    count = state.counts.setdefault("|".join((batch.source, batch.kind, *batch.langs)), [0, 0, 0])
    for place, more in enumerate((len(batch.left), *step.tokens)):
        count[place] += more


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
    return batches, kept


def _tokenizer(config: TrainingConfig, pairs: Pairs) -> str:
    if config.model.tokenizer is not None:
        return read_tokenizer(config.model.tokenizer)
    return learn_tokenizer(pairs.texts, config.model.pieces)


def _tokenised(tokenizer: str, texts: Sequence[str]) -> tuple[Bags, Any]:
    from tokenizers import Tokenizer

    made = Tokenizer.from_str(tokenizer)
    made.no_padding()
    made.no_truncation()

    def tokenize(some: list[str]) -> list[list[int]]:
        return [encoding.ids for encoding in made.encode_batch_fast(some, add_special_tokens=False)]

    return Bags.of(tokenize(list(texts))), tokenize


def _table(config: TrainingConfig, bags: Bags, shelves: Sequence[Shelf], tokenizer: str, *, fresh: bool) -> Table:
    model = config.model
    pieces = len(json.loads(tokenizer)["model"]["vocab"])
    share = frequencies(bags, pieces)
    weights = np.log(model.frequency_weight / (model.frequency_weight + share)).astype(np.float32)
    if fresh and model.start == "svd":
        vectors = svd_start(bags, shelves, pieces, model.dimensions, config.seed)
    else:
        vectors = random_start(pieces, model.dimensions, config.seed)
    return Table(vectors * np.float32(_LENGTH), weights)


_LENGTH = 0.1  # of a row at the start: Adam moves every number by about the learning rate, whatever its size


def _read_checkpoint(path: Path, digest: str) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        saved: dict[str, Any] = torch.load(path, weights_only=True)
    except Exception as error:  # unpickling raises nearly anything on bad files
        raise RunError(f"{path} cannot be read ({type(error).__name__}); delete it to begin again") from error
    if saved["config"] != digest:
        raise RunError(f"{path.parent} holds a training with another configuration; choose another folder with -o")
    return saved


def _write_checkpoint(out: Path, digest: str, table: Table, state: _State, tokenizer: str) -> None:
    plain = {name: getattr(state, name) for name in ("step", "log", "validation", "counts", "stopped")}
    content = {"config": digest, "table": table.state(), "state": plain, "tokenizer": tokenizer}
    write_atomically(out / _CHECKPOINT, lambda path: torch.save(content, path))


def _write_encoder(
    out: Path, config: TrainingConfig, pairs: Pairs, trainee: StaticTrainee, state: _State, tokenizer: str
) -> None:
    manifest = _manifest(config, pairs, state)
    write_open(out, trainee.scaled(), tokenizer)
    write_packed(out / "packed", trainee.scaled(), tokenizer)
    lines = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in state.log)
    write_text_atomically(out / "log.jsonl", lines)
    write_text_atomically(out / "training.json", json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    for folder in (out, out / "packed"):
        write_text_atomically(folder / "README.md", model_card(manifest))


def _manifest(config: TrainingConfig, pairs: Pairs, state: _State) -> dict[str, Any]:
    drawn = []
    for key, (count, left, right) in sorted(state.counts.items()):
        source, kind, one, other = key.split("|")
        drawn.append(
            {"source": source, "kind": kind, "left": one, "right": other, "pairs": count, "tokens": [left, right]}
        )
    items = Counter({(shelf.source, shelf.langs): 0 for shelf in pairs.shelves})
    for shelf in pairs.shelves:
        items[shelf.source, shelf.langs] += len(shelf)
    return {
        "name": config.name,
        "configuration": config.model_dump(mode="json"),
        "robust_training": config.robust.model_dump(mode="json"),
        "steps": state.step,
        "losses": state.recent(),
        "validation": state.validation,
        "shelves": [
            {"source": source, "languages": list(langs), "items": count} for (source, langs), count in items.items()
        ],
        "drawn": drawn,
        "dropped_for_test_sets": dict(pairs.dropped),
        "licences": {source: LICENCES[source] for source in config.sources},
        "versions": {
            "robustir": robustir.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in _VERSIONS},
        },
    }
