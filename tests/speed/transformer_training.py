"""What a step of training a transformer costs, in processor time and memory, by what is frozen and computed in half of the bits:

    python -m tests.speed.transformer_training models/multilingual-e5-small --data DATA

Every row is a process of its own: 32 pairs of passages a step, cut at 64 tokens. Processor seconds are the smallest of the
steps after the first; texts are new in every step, so that states of frozen layers are computed, not found. The last column
is what the training takes beside model and pairs, as measured and as it was estimated before the first step.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import psutil

from robustir.training.config import TrainingConfig
from robustir.training.data.sampling import Sampler
from robustir.training.memory import keep_memory
from robustir.training.trainer import Prepared

_HALF: Final = ["embeddings", "layers:6"]
# dtype, what is frozen, micro_batch, steps
VARIANTS: Final[tuple[tuple[str, list[str], int, int], ...]] = (
    ("float32", [], 32, 2),
    ("float32", _HALF, 32, 3),
    ("bfloat16", _HALF, 32, 4),
    ("bfloat16", _HALF, 8, 3),
)


def measure(model: str, data: Path, dtype: str, freeze: list[str], micro_batch: int, steps: int) -> dict[str, Any]:
    """Take some steps; return seconds of processor time and bytes."""
    told = TrainingConfig.model_validate(
        {
            "name": "cost",
            "sampling": "hybrid",
            "sources": ["contexts"],
            "languages": ["en", "de"],
            "longest": 600,
            "steps": steps,
            "batch": 32,
            "model": {
                "kind": "transformer",
                "base": model,
                "pooling": "mean",
                "max_length": 64,
                "dtype": dtype,
                "freeze": freeze,
                "micro_batch": micro_batch,
                "kept_states": 64,
            },
        }
    )
    keep_memory()
    ready = Prepared.read(told, data)
    sampler = Sampler(ready.shelves, told)
    trainee: Any = ready.material.trainee(told, sampler, fresh=True)
    before = psutil.Process().memory_info().rss
    times, tokens = [], 0
    for number in range(steps):
        begin = time.process_time()
        step = trainee.step(number, sampler.batch(number), 1e-5)
        times.append(time.process_time() - begin)
        tokens = sum(step.tokens)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    needs, micro = trainee._needs, told.model.micro_batch  # type: ignore[union-attr]
    return {
        "seconds": min(times[1:]),
        "tokens": tokens / 64,
        "beside": peak - before,
        "peak": peak,
        "estimated": needs.fixed + needs.per_text * needs.graphs(micro, twice=False),
        "plan": trainee.plan,
    }


def main() -> None:
    """Print a row per variant."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("model")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", type=int)
    asked = parser.parse_args()
    if asked.only is not None:
        print(json.dumps(measure(asked.model, asked.data, *VARIANTS[asked.only])))
        return
    first = None
    for number, (dtype, freeze, micro_batch, _) in enumerate(VARIANTS):
        command = [sys.executable, "-m", __spec__.name, asked.model, "--data", str(asked.data), "--only", str(number)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        first = first or found["seconds"]
        gib = {name: found[name] / 2**30 for name in ("beside", "estimated", "peak")}
        print(
            f"{dtype:8} {' '.join(freeze) or '-':20} micro_batch {micro_batch:2}  {found['seconds']:6.2f} CPU s  "
            f"{first / found['seconds']:5.1f} times  {found['tokens']:.0f} tokens a text  "
            f"{gib['beside']:.2f} GiB (estimated {gib['estimated']:.2f}), {gib['peak']:.2f} in all",
            flush=True,
        )


if __name__ == "__main__":
    main()
