"""Where a training is: its progress, and the file that an interrupted one continues from."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, Field

from robustir.disk.atomic import write_atomically
from robustir.disk.limits import limited
from robustir.disk.shapes import Shape, shaped
from robustir.errors import RunError

__all__ = ["CHECKPOINT", "Checkpointed", "Progress", "read_checkpoint", "seal", "write_checkpoint"]

CHECKPOINT = "checkpoint.pt"
_CHUNK = 2**20  # bytes
_DIGEST = 64  # the SHA-256 of all before it, as the comment of the archive that torch writes
_RECENT = 100  # steps over which losses are averaged


@dataclass(slots=True)
class Progress:
    """Plain values alone, so that a checkpoint runs no code when it is read."""

    step: int
    log: list[list[Any]]  # [step, kind, source, left language, right language, loss, gradient norm, noise]
    validation: list[list[float]]  # [step, loss]
    counts: dict[str, list[int]]  # "source|kind|left|right" -> [pairs, left tokens, right tokens]
    stopped: bool

    @classmethod
    def fresh(cls) -> Progress:
        """Return the beginning."""
        return cls(0, [], [], {}, stopped=False)

    def recent(self) -> dict[str, float]:
        """Return the mean loss of the last 100 steps per kind of batch."""
        losses: dict[str, list[float]] = defaultdict(list)
        for entry in self.log[-_RECENT:]:
            losses[entry[1]].append(entry[5])
        return {kind: float(np.mean(values)) for kind, values in sorted(losses.items())}

    def best(self) -> int:
        """Return the step of the lowest validation loss, the first of equals; 0 before any validation."""
        return int(min(self.validation, key=lambda row: row[1])[0]) if self.validation else 0

    def validate(self, loss: float, patience: int) -> bool:
        """Note a validation; return whether it is the best so far. After ``patience`` others training stops."""
        self.validation.append([self.step, loss])
        best = self.best()
        self.stopped = sum(row[0] > best for row in self.validation) >= patience
        return best == self.step


class _SavedProgress(BaseModel):
    step: Annotated[int, Field(ge=0)]
    log: list[Annotated[list[Any], Field(min_length=6)]]
    validation: list[Annotated[list[int | float], Field(min_length=2, max_length=2)]]
    counts: dict[str, list[int]]
    stopped: bool


class _Saved(BaseModel):
    configuration: str
    progress: _SavedProgress
    trainee: dict[str, Any]
    best: dict[str, Any] | None
    kept: dict[str, str]


_AGAIN = "delete it to begin again"
_SHAPE = Shape[_Saved](_Saved)


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """What a checkpoint holds. best: the weights of the best validation, None before any."""

    progress: Progress
    trainee: dict[str, Any]
    best: dict[str, Any] | None
    kept: dict[str, str]


def read_checkpoint(path: Path, configuration: str) -> Checkpointed | None:
    """Return the checkpoint of a training with this digest of its configuration, or None if there is none.

    Raises RunError for a file that is damaged or cannot be read, or that is of another configuration.
    """
    import torch

    if not path.is_file():
        return None
    try:
        whole = _is_whole(path)
        saved = torch.load(path, weights_only=True, map_location="cpu") if whole else None
    except Exception as error:  # unpickling raises almost anything for damaged files
        if limit := limited(error):
            raise limit from error
        raise RunError(f"{path} cannot be read ({type(error).__name__}); {_AGAIN}") from error
    if not whole:
        raise RunError(f"{path} is damaged (its bytes are not those that were written); {_AGAIN}")
    found: _Saved = shaped(saved, _SHAPE, str(path), _AGAIN, error=RunError)
    if found.configuration != configuration:
        raise RunError(f"{path.parent} holds a training with another configuration; choose another folder with -o")
    return Checkpointed(Progress(**found.progress.model_dump()), found.trainee, found.best, found.kept)


def write_checkpoint(
    path: Path,
    configuration: str,
    progress: Progress,
    trainee: Mapping[str, Any],
    best: Mapping[str, Any] | None,
    kept: Mapping[str, str],
) -> None:
    """Write a checkpoint over the one before."""
    import torch

    content = {
        "configuration": configuration,
        "progress": asdict(progress),
        "trainee": dict(trainee),
        "best": best,
        "kept": dict(kept),
    }

    def write(temporary: Path) -> None:
        torch.save(content, temporary)
        seal(temporary)

    write_atomically(path, write)


def seal(path: Path) -> None:
    """Append the digest of an archive to it, as its comment, which torch and others leave alone.

    Archives have a checksum for each part, but torch does not check them: one bit would be another weight.
    """
    with path.open("rb+") as handle:
        handle.seek(-2, os.SEEK_END)  # the length of the comment, which is empty
        handle.write(_DIGEST.to_bytes(2, "little"))
        handle.seek(0)
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
        handle.seek(0, os.SEEK_END)
        handle.write(digest.encode())


def _is_whole(path: Path) -> bool:
    left = path.stat().st_size - _DIGEST
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while left > 0 and (chunk := handle.read(min(left, _CHUNK))):
            digest.update(chunk)
            left -= len(chunk)
        return left == 0 and handle.read() == digest.hexdigest().encode()
