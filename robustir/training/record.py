"""What a training leaves to be read: the log, the manifest and the model card."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from robustir.disk.atomic import write_text_atomically
from robustir.encoders.training_record import RECORD
from robustir.training.card import model_card
from robustir.training.checkpoints import Progress
from robustir.training.config import TrainingConfig
from robustir.training.data.shelves import LICENCES, Pairs
from robustir.version import __version__

__all__ = ["training_manifest", "write_record"]

_VERSIONS = ("numpy", "scipy", "sentencepiece", "tokenizers", "torch", "transformers")


def write_record(folder: Path, encoders: Sequence[Path], progress: Progress, manifest: Mapping[str, Any]) -> None:
    """Write log.jsonl and training.json into ``folder``, and a card beside each encoder."""
    lines = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in progress.log)
    write_text_atomically(folder / "log.jsonl", lines)
    write_text_atomically(folder / RECORD, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    for encoder in encoders:
        write_text_atomically(encoder / "README.md", model_card(manifest))


def training_manifest(
    config: TrainingConfig, pairs: Pairs, progress: Progress, encoder: Mapping[str, Any]
) -> dict[str, Any]:
    """Return everything a training depended on and did; ``encoder``: what the trainee's material says of it."""
    drawn = []
    for key, (count, left, right) in sorted(progress.counts.items()):
        source, kind, one, other = key.split("|")
        drawn.append(
            {"source": source, "kind": kind, "left": one, "right": other, "pairs": count, "tokens": [left, right]}
        )
    items = Counter({(shelf.source, shelf.langs): 0 for shelf in pairs.shelves})
    for shelf in pairs.shelves:
        items[shelf.source, shelf.langs] += len(shelf)
    return {
        "name": config.name,
        "encoder": dict(encoder),
        "configuration": config.model_dump(mode="json"),
        "robust_training": config.robust.model_dump(mode="json"),
        "steps": progress.step,
        "written_step": progress.best() or progress.step,
        "losses": progress.recent(),
        "validation": progress.validation,
        "shelves": [
            {"source": source, "languages": list(langs), "items": count} for (source, langs), count in items.items()
        ],
        "drawn": drawn,
        "dropped_for_test_sets": dict(pairs.dropped),
        "licences": {source: LICENCES[source] for source in config.sources},
        "versions": {
            "robustir": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in _VERSIONS},
        },
    }
