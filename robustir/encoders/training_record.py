"""What an encoder of robustir was trained on, from the record beside it: so that tables can say what is no fair test."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from robustir.errors import DataError

__all__ = ["RECORD", "TrainingRecord", "read_training_record"]

RECORD = "training.json"

# Sources of training pairs -> the benchmarks whose sentences they hold. FLORES dev is not the benchmark's devtest.
_HELD = {"tatoeba": ("tatoeba",), "wmt": ("wmt",), "neighbours": ("wmt",)}


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """sampling: "x-x", "x-y" or "hybrid"; noise: specs of the perturbations that training queries met."""

    name: str
    sampling: str
    seed: int
    sources: tuple[str, ...]
    noise: tuple[str, ...]

    def in_domain(self, benchmark: str) -> bool:
        """Whether sentences of the benchmark's own collection were trained on."""
        return any(benchmark in _HELD.get(source, ()) for source in self.sources)


def read_training_record(folder: Path) -> TrainingRecord | None:
    """Read the record of a folder that ``robustir train`` wrote (or of its ``packed``); None where there is none.

    Raises DataError where it is not what ``robustir train`` writes.
    """
    place = folder.parent if folder.name == "packed" else folder
    path = place / RECORD
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        told = content["configuration"]
        noise = tuple(str(entry["spec"]) for entry in content["robust_training"]["queries"])
        return TrainingRecord(
            str(content["name"]), str(told["sampling"]), int(told["seed"]), tuple(map(str, told["sources"])), noise
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no record of a training ({error!r}); train again with  robustir train") from error
