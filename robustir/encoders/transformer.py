"""Encodes with a transformer: any model of the Hugging Face hub or a local folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.encoders.checkpoint import Checkpoint
from robustir.encoders.pooling import POOLINGS, Pooling, pool
from robustir.errors import EncoderError, InputError, SpecError

if TYPE_CHECKING:
    import torch

__all__ = ["TransformerEncoder"]

DTypeName = Literal["float32", "bfloat16", "float16"]
_DTYPES: tuple[DTypeName, ...] = ("float32", "bfloat16", "float16")
_MULTIPLE = 8  # tensor cores and vector units like lengths that are multiples of it
# Models whose last layer's output is the last hidden state itself, so that layers above the one asked for can be left
# out.
_PLAIN_STACKS = frozenset({"bert", "camembert", "roberta", "xlm-roberta"})


@dataclass(frozen=True)
class _Loaded:
    tokenizer: Any
    model: Any
    device: torch.device
    max_length: int  # tokens that tokenizer and positions allow, at most what was asked for
    layer: int | None  # index into all hidden states; None: the last hidden state


class TransformerEncoder:
    """Encodes texts with a transformer through Hugging Face transformers.

    Weights are loaded when the first text is encoded. Batches are sorted by length and padded on the right; a batch
    that does not fit into a GPU's memory is halved. Padding and batch size touch the last bits of a vector (not
    more), so the vector store keeps these vectors by unit.

    model: hub id or local folder. pooling: "mean", "cls" or "max". layer: which hidden state, 0 being the embeddings
    and 7 the output of the seventh layer; None is the last. query_prefix, passage_prefix: put before every text of
    the role (as E5's "query: "). normalize: to unit length, so that inner products are cosines. max_length: in
    tokens, cut down to what the model allows. dtype: of weights and computation; pooling is in float32. device:
    "auto" ($ROBUSTIR_DEVICE, which --device sets, else CUDA if there is one), "cpu", "cuda", "cuda:1", ... revision: branch, tag or commit on the hub.
    trust_remote_code: run code that the model brings; off unless you trust it.
    """

    uses_langs = False
    batch_invariant = False

    def __init__(
        self,
        model: str,
        pooling: Pooling = "mean",
        layer: int | None = None,
        query_prefix: str = "",
        passage_prefix: str = "",
        *,
        normalize: bool = True,
        max_length: int = 512,
        dtype: DTypeName = "float32",
        device: str = "auto",
        revision: str | None = None,
        batch_size: int = 32,
        trust_remote_code: bool = False,
    ) -> None:
        if pooling not in POOLINGS:
            raise SpecError(f"pooling={pooling!r}: choose one of {', '.join(POOLINGS)}")
        if dtype not in _DTYPES:
            raise SpecError(f"dtype={dtype!r}: choose one of {', '.join(_DTYPES)}")
        if layer is not None and layer < 0:
            raise SpecError(f"layer={layer!r}: count from 0 (the embeddings); leave it out for the last layer")
        if max_length < 1 or batch_size < 1:
            raise SpecError(f"max_length={max_length!r}, batch_size={batch_size!r}: both must be at least 1")
        self.checkpoint = Checkpoint(str(model), revision, trust_remote_code)
        self.pooling: Pooling = pooling
        self.layer = layer
        self.prefixes: Mapping[Role, str] = {"query": query_prefix, "passage": passage_prefix}
        self.normalize = normalize
        self.max_length = max_length
        self.dtype: DTypeName = dtype
        self.device = device
        self.batch_size = batch_size

    @property
    def name(self) -> str:
        """The hub id, or the name of the folder."""
        return self.checkpoint.name

    @cached_property
    def revision(self) -> str:
        """Everything that changes the vectors; digests the files of a folder once."""
        parts = {
            "pooling": self.pooling,
            "layer": "last" if self.layer is None else self.layer,
            "query_prefix": self.prefixes["query"],
            "passage_prefix": self.prefixes["passage"],
            "normalize": self.normalize,
            "max_length": self.max_length,
            "dtype": self.dtype,
            "batch_size": self.batch_size,
            "device": self._device.type,
            "transformers": version("transformers").partition(".")[0],
        }
        return " ".join(["1", self.checkpoint.identity, *(f"{key}={value!r}" for key, value in parts.items())])

    @cached_property
    def _device(self) -> torch.device:
        import torch

        name = os.environ.get("ROBUSTIR_DEVICE", "auto") if self.device == "auto" else self.device
        if name == "auto":
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        try:
            device = torch.device(name)
        except RuntimeError as error:
            raise SpecError(f"device={self.device!r}: choose auto, cpu, cuda or cuda:NUMBER") from error
        if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
            raise InputError(
                f"device={self.device!r}: {torch.cuda.device_count()} CUDA devices are seen; use cpu or auto"
            )
        return device

    @cached_property
    def _loaded(self) -> _Loaded:
        import torch

        config = self.checkpoint.load_config()
        layers = getattr(config, "num_hidden_layers", None)
        if self.layer is not None and layers is not None and self.layer > layers:
            raise InputError(f"layer={self.layer}: {self.name} has the layers 0 (the embeddings) to {layers}")
        tokenizer = self.checkpoint.load_tokenizer()
        model = self.checkpoint.load_model()
        layer = _cut_above(model, config, self.layer)
        limit = int(min(self.max_length, tokenizer.model_max_length, _positions(model, config)))
        special = tokenizer.num_special_tokens_to_add()
        if limit <= special:
            raise InputError(
                f"max_length={self.max_length}: {self.name} adds {special} tokens to every text; allow more"
            )
        model = model.to(device=self._device, dtype=getattr(torch, self.dtype)).eval()
        return _Loaded(tokenizer, model, self._device, limit, layer)

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Return float32 vectors [len(texts), d].

        Raises InputError if the model cannot be had, EncoderError if one text does not fit into the GPU's memory.
        """
        import torch

        loaded = self._loaded
        prefix = self.prefixes[role]
        rows = self._tokenize([prefix + text for text in texts])
        # Longest first, so that memory runs out at once or never; the order of equal lengths is that of the texts.
        order = sorted(range(len(rows)), key=lambda row: -len(rows[row]["input_ids"]))
        vectors: NDArray[np.float32] | None = None
        with torch.inference_mode():
            for batch, states in self._batches(rows, order):
                if vectors is None:
                    vectors = np.empty((len(rows), states.shape[1]), dtype=np.float32)
                vectors[batch] = states.cpu().numpy()
        return np.empty((0, loaded.model.config.hidden_size), dtype=np.float32) if vectors is None else vectors

    def _tokenize(self, texts: list[str]) -> list[dict[str, list[int]]]:
        """Return one row of model inputs per text, without padding."""
        if not texts:
            return []
        encoded = self._loaded.tokenizer(texts, truncation=True, max_length=self._loaded.max_length, padding=False)
        names = [name for name in ("input_ids", "token_type_ids") if name in encoded]
        return [{name: list(encoded[name][row]) for name in names} for row in range(len(texts))]

    def _batches(self, rows: list[dict[str, list[int]]], order: list[int]) -> Iterator[tuple[list[int], torch.Tensor]]:
        """Yield text numbers and their vectors; the batch size halves for good when the GPU's memory is short."""
        import torch

        size, first = self.batch_size, 0
        while first < len(order):
            batch = order[first : first + size]
            try:
                states = self._forward([rows[row] for row in batch])
            except torch.cuda.OutOfMemoryError as error:
                if len(batch) == 1:
                    raise EncoderError(
                        f"{self.name}: one text of {len(rows[batch[0]]['input_ids'])} tokens does not fit into "
                        f"the memory of {self._device}; lower max_length, or use dtype='bfloat16' or device='cpu'"
                    ) from error
                size = len(batch) // 2
                torch.cuda.empty_cache()
                continue
            yield batch, states
            first += len(batch)

    def _forward(self, rows: list[dict[str, list[int]]]) -> torch.Tensor:
        """Return the vectors of one batch, float32 [b, d]."""
        import torch

        loaded = self._loaded
        longest = max(len(row["input_ids"]) for row in rows)
        width = max(longest, 1, min(-(-longest // _MULTIPLE) * _MULTIPLE, loaded.max_length))
        fill = {
            "input_ids": loaded.tokenizer.pad_token_id,
            "token_type_ids": getattr(loaded.tokenizer, "pad_token_type_id", 0),
        }
        inputs = {name: torch.full((len(rows), width), fill[name], dtype=torch.long) for name in rows[0]}
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for number, row in enumerate(rows):
            for name, values in row.items():
                inputs[name][number, : len(values)] = torch.tensor(values, dtype=torch.long)
            mask[number, : len(row["input_ids"])] = 1
        mask = mask.to(loaded.device)
        moved = {name: values.to(loaded.device) for name, values in inputs.items()}
        output = loaded.model(**moved, attention_mask=mask, output_hidden_states=loaded.layer is not None)
        states = output.last_hidden_state if loaded.layer is None else output.hidden_states[loaded.layer]
        vectors = pool(states, mask, self.pooling)
        return torch.nn.functional.normalize(vectors, dim=1) if self.normalize else vectors


def _cut_above(model: Any, config: Any, layer: int | None) -> int | None:
    """Drop layers above ``layer`` where that is sure to be the same; return which hidden state to take then."""
    import torch

    stack = getattr(getattr(model, "encoder", None), "layer", None)
    if not layer or config.model_type not in _PLAIN_STACKS or not isinstance(stack, torch.nn.ModuleList):
        return layer
    model.encoder.layer = stack[:layer]
    return None


def _positions(model: Any, config: Any) -> int:
    """Return how many tokens have a position; RoBERTa and its relatives begin to count after the padding token."""
    import torch

    count = getattr(config, "max_position_embeddings", None)
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    if count is None or not isinstance(count, int) or count < 1:
        return 2**31
    if isinstance(table, torch.nn.Embedding) and table.padding_idx is not None:
        return count - table.padding_idx - 1
    return count
