"""A released transformer beside sentence-transformers and OpenVINO, in one process with one thread:

    python -m tests.speed.real_encoders models/multilingual-e5-small --data DATA

The texts are every sixth English question and sentence of XQuAD-R for the times, and all of them for the ranks. Times are
seconds of processor time, the best of several rounds taken in turns. OpenVINO is no dependency of robustir: without
``pip install openvino`` its rows are missing. It runs the same batches of the same tokens as robustir does.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.benchmarks.xquad_r import XQuADR
from robustir.encoders.batching import plan_batches
from robustir.encoders.transformers.transformer import _BATCH_SIZES, _USUAL_LENGTH, DTypeName, TransformerEncoder
from robustir.types import Task

_PREFIX = "query: "  # on both sides; E5 wants one, and to other encoders it is a word like any other
_TIMED = 6  # every sixth text
_ROUNDS = 2
_DTYPES: tuple[DTypeName, ...] = ("float32", "bfloat16")

Encode = Callable[[Sequence[str]], NDArray[np.float32]]


def ours(model: Path, dtype: DTypeName) -> TransformerEncoder:
    """Return the encoder of robustir."""
    return TransformerEncoder(str(model), query_prefix=_PREFIX, passage_prefix=_PREFIX, dtype=dtype, device="cpu")


def theirs(model: Path, dtype: str) -> Encode:
    """Return the encoder of sentence-transformers, with its default batch of 32 texts."""
    import torch

    package: Any = importlib.import_module("sentence_transformers")
    made = package.SentenceTransformer(str(model), device="cpu", model_kwargs={"dtype": getattr(torch, dtype)})

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = made.encode([_PREFIX + text for text in texts], normalize_embeddings=True)
        return vectors

    return encode


def by_openvino(model: Path, precision: str) -> Encode:
    """Return the transformer and its mean pooling as OpenVINO compiles them for one thread."""
    import torch

    package: Any = importlib.import_module("openvino")
    body: Any = ours(model, "float32")._replicas[0].body  # the same tokens and weights as robustir's

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = body.model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            states = self.inner(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state.float()
            held = attention_mask.float()
            return (states * held.unsqueeze(-1)).sum(1) / held.sum(1, keepdim=True).clamp(min=1)

    example = {name: torch.ones((2, 7), dtype=torch.int64) for name in ("input_ids", "attention_mask")}
    shapes = [(name, [-1, -1], package.Type.i64) for name in example]
    graph = package.convert_model(Pooled().eval(), example_input=example, input=shapes)
    settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
    request = package.Core().compile_model(graph, "CPU", settings).create_infer_request()

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        rows = body.rows([_PREFIX + text for text in texts])
        vectors = np.empty((len(rows), body.width), np.float32)
        for batch in plan_batches([len(row.ids) for row in rows], _BATCH_SIZES["cpu"], _USUAL_LENGTH):
            longest = max(len(rows[number].ids) for number in batch)
            ids = np.full((len(batch), longest), body.tokenizer.pad_token_id, np.int64)
            mask = np.zeros_like(ids)
            for place, number in enumerate(batch):
                ids[place, : len(rows[number].ids)] = rows[number].ids
                mask[place, : len(rows[number].ids)] = 1
            vectors[batch] = request.infer([ids, mask])[0]
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    return encode


def seconds(encoders: Mapping[str, Encode], texts: Sequence[str]) -> dict[str, float]:
    """Return the shortest time of each, taken in turns, since the machine may be shared."""
    best = dict.fromkeys(encoders, float("inf"))
    for encode in encoders.values():
        encode(texts[:20])  # loads what is loaded at first use
    for _ in range(_ROUNDS):
        for name, encode in encoders.items():
            begin = time.process_time()
            encode(texts)
            best[name] = min(best[name], time.process_time() - begin)
    return best


def ranks(encode: Encode, task: Task) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the rank of each question's passage among all, int64 [n], and all vectors, questions first."""
    right = task.qrels.passage  # one of each question, in their order
    queries, passages = encode(task.queries.texts), encode(task.corpus.texts)
    scores = queries @ passages.T
    return (scores > scores[np.arange(len(queries)), right][:, None]).sum(axis=1) + 1, np.vstack([queries, passages])


def main() -> None:
    """Print two tables: times, and what a precision does to vectors and ranks."""
    import torch

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    task = XQuADR().load(asked.data, ["en"])
    encoders: dict[str, Encode] = {}
    for dtype in _DTYPES:
        made = ours(asked.model, dtype)
        encoders[f"robustir {dtype}"] = lambda texts, made=made: made.encode(texts, role="query")
    encoders |= {f"sentence-transformers {dtype}": theirs(asked.model, dtype) for dtype in _DTYPES}
    if find_spec("openvino") is not None:
        for precision, dtype in (("f32", "float32"), ("bf16", "bfloat16")):
            begin = time.process_time()
            encoders[f"openvino {dtype}"] = by_openvino(asked.model, precision)
            print(f"openvino {dtype}: {time.process_time() - begin:.1f} CPU s to convert and compile")
    texts = {"queries": task.queries.texts[::_TIMED], "passages": task.corpus.texts[::_TIMED]}
    best = {what: seconds(encoders, some) for what, some in texts.items()}
    base = "sentence-transformers float32"
    print(f"\n{asked.model.name}, texts per second of one processor, times sentence-transformers in float32")
    for name in encoders:
        shown = (
            f"{len(texts[what]) / best[what][name]:.1f} {what}/s  {best[what][base] / best[what][name]:.2f}"
            for what in texts
        )
        print(f"{name:32}", "  ".join(shown))
    print(f"\nranks of {len(task.queries.ids)} questions among {len(task.corpus.ids)} sentences, beside float32")
    expected, whole = ranks(encoders["robustir float32"], task)
    for name in (name for name in encoders if name in ("robustir bfloat16", "openvino bfloat16")):
        found, vectors = ranks(encoders[name], task)
        changed, cosine = (found != expected).mean(), (vectors * whole).sum(axis=1).min()
        first = ((found == 1) != (expected == 1)).mean()
        score = (1 / found).mean() - (1 / expected).mean()
        print(
            f"{name:32} {changed:.2%} of ranks changed, {first:.2%} at the top, MRR {score:+.5f}, "
            f"lowest cosine {cosine:.5f}"
        )


if __name__ == "__main__":
    main()
