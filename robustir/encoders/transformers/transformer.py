"""Encodes with a transformer: any model of the Hugging Face hub or a local folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.encoders.batching import encode_batches, plan_batches
from robustir.encoders.devices import computes_bfloat16, find_devices
from robustir.encoders.module_files import SETTINGS, Settings
from robustir.encoders.similarity import Similarity, as_inner_products, similarity_named
from robustir.encoders.training_record import TrainingRecord, read_training_record
from robustir.encoders.transformers.bodies import (
    Body,
    Row,
    StaticBody,
    TransformerBody,
    TransformerOptions,
    apply_steps,
    copy_steps,
    lower,
)
from robustir.encoders.transformers.checkpoint import Checkpoint
from robustir.encoders.transformers.layout import Layout, Step, build_tail, find_prefixes, read_layout
from robustir.encoders.transformers.pooling import POOLINGS, Pooling
from robustir.errors import InputError, SpecError
from robustir.plugins.shown import Shown

if TYPE_CHECKING:
    import torch

__all__ = ["DTypeName", "TransformerEncoder"]

DTypeName = Literal["float32", "bfloat16", "float16", "auto"]
_DTYPES: tuple[DTypeName, ...] = ("float32", "bfloat16", "float16", "auto")
_MAX_LENGTH = 512  # tokens, where neither the user nor the model says anything
_USUAL_LENGTH = 128  # tokens: a batch holds as many as batch_size texts of this length
# Default texts per batch by kind of device: on a CPU 1,024 tokens stay in its cache, and a model of
# MiniLM's size ran 1.16 times as fast as sentence-transformers, against 0.88 times with 4,096 tokens.
_BATCH_SIZES = {"cpu": 8, "cuda": 32}


@dataclass(frozen=True)
class _Settings:
    """How vectors are made, after all defaults; every field changes them."""

    layout: Layout | None
    poolings: tuple[str, ...]
    prefixes: Mapping[Role, str]
    similarity: Similarity
    max_length: int | None


@dataclass(frozen=True)
class _Replica:
    body: Body
    steps: Sequence[Step]


class TransformerEncoder(Shown):
    """Encodes texts with a transformer through Hugging Face transformers.

    A model in the layout of sentence-transformers (modules.json: Transformer and Pooling, or StaticEmbedding, then
    Dense, LayerNorm, Normalize) is used as its modules say, without that package, unless pooling or layer is given.
    Weights are loaded when the first text is encoded. Batches hold texts of similar length, padded on the right, the
    longest first; a batch that does not fit into memory is halved. Padding and batch size change only the last bits of a
    vector, so the vector store keeps these vectors by unit.

    Args:
        model: hub id or local folder.
        pooling: "mean" (the default without modules.json), "cls", "max", "mean_sqrt_len_tokens", "weightedmean",
            "lasttoken", or "pooler" (the model's own).
        layer: the hidden state to pool: 0 is the embeddings, 7 the output of the seventh layer; None is the last.
        query_prefix, passage_prefix: put before every text of the role (such as E5's "query: "); by default the model's
            own prompts.
        normalize: True ranks by the cosine, False by the inner product; by default the model's own similarity (for
            Euclidean distances, vectors have one more dimension), else the cosine.
        max_length: in tokens, by default the model's own, else 512; at most what the model allows.
        dtype: of weights and computation; pooling is in float32. "auto" is bfloat16 on a CPU that has instructions for it
            (AMX, AVX512-BF16), else float32; the revision says which.
        device: "auto" ($ROBUSTIR_DEVICE, which --device sets, else CUDA if available), "cpu", "cuda", "cuda:1",
            several as "cuda:0,cuda:1", or "cuda:all".
        revision: branch, tag or commit on the hub.
        batch_size: texts of 128 tokens per batch, by default 8 on a CPU and 32 on a GPU; shorter or longer texts fill a
            batch with as many tokens.
        trust_remote_code: whether to run code from the model; only for models that you trust.
    """

    uses_langs = False
    batch_invariant = False
    # Set by presets: accepted architectures (config.json's model_type), and the pooling without modules.json.
    families: frozenset[str] | None = None
    plain_pooling: str = "mean"

    def __init__(
        self,
        model: str,
        pooling: Pooling | Literal["pooler"] | None = None,
        layer: int | None = None,
        query_prefix: str | None = None,
        passage_prefix: str | None = None,
        *,
        normalize: bool | None = None,
        max_length: int | None = None,
        dtype: DTypeName = "float32",
        device: str = "auto",
        revision: str | None = None,
        batch_size: int | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        if pooling is not None and pooling not in (*POOLINGS, "pooler"):
            raise SpecError(f"pooling={pooling!r}: choose one of {', '.join(POOLINGS)}, pooler")
        if dtype not in _DTYPES:
            raise SpecError(f"dtype={dtype!r}: choose one of {', '.join(_DTYPES)}")
        if layer is not None and layer < 0:
            raise SpecError(f"layer={layer!r}: count from 0 (the embeddings); leave it out for the last layer")
        if layer is not None and pooling == "pooler":
            raise SpecError(f"layer={layer!r}: the model's pooler works on the last layer; choose another pooling")
        if any(given is not None and given < 1 for given in (max_length, batch_size)):
            raise SpecError(f"max_length={max_length!r}, batch_size={batch_size!r}: both must be at least 1")
        self.checkpoint = Checkpoint(str(model), revision, trust_remote_code)
        self.pooling = pooling
        self.layer = layer
        self.query_prefix = query_prefix
        self.passage_prefix = passage_prefix
        self.normalize = normalize
        self.max_length = max_length
        self._dtype: DTypeName = dtype
        self.device = device
        self.batch_size = batch_size

    @property
    def name(self) -> str:
        """The hub id, or the name of the folder."""
        return self.checkpoint.name

    @property
    def training(self) -> TrainingRecord | None:
        """The record of ``robustir train``; None for other models."""
        folder = self.checkpoint.folder
        return None if folder is None else read_training_record(folder)

    @cached_property
    def dtype(self) -> str:
        """The dtype of weights and computation: "float32", "bfloat16" or "float16"."""
        if self._dtype != "auto":
            return self._dtype
        device = find_devices(self.device)[0]
        return "bfloat16" if device.type == "cpu" and computes_bfloat16(device) else "float32"

    @property
    def caution(self) -> str:
        """What a user should know before a long run: that bfloat16 is imitated here; "" if there is nothing."""
        if self.dtype != "bfloat16" or computes_bfloat16(find_devices(self.device)[0]):
            return ""
        return (
            f"{self.name} computes in bfloat16, which this machine can only imitate, slower than float32; "
            "dtype='auto' takes float32 here"
        )

    @cached_property
    def _settings(self) -> _Settings:
        layout = read_layout(self.checkpoint) if self.pooling is None and self.layer is None else None
        prefixes = find_prefixes(layout, query=self.query_prefix, passage=self.passage_prefix)
        if layout is None:
            return _Settings(
                None,
                (self.pooling or self.plain_pooling,),
                prefixes,
                "dot" if self.normalize is False else "cosine",
                self.max_length or _MAX_LENGTH,
            )
        similarity = similarity_named(layout.similarity, repr(self.checkpoint.model), self.normalize)
        return _Settings(layout, layout.poolings, prefixes, similarity, self.max_length or layout.max_length)

    @property
    def similarity(self) -> Similarity:
        """The similarity that orders passages: cosine, inner product or Euclidean distance."""
        return self._settings.similarity

    @cached_property
    def revision(self) -> str:
        """Everything that changes the vectors; digests the files of a folder once. Raises InputError for bad files."""
        self._check_files()
        settings = self._settings
        parts = {
            "pooling": "+".join(settings.poolings) if settings.layout is None else settings.layout.description,
            "layer": "last" if self.layer is None else self.layer,
            "query_prefix": settings.prefixes["query"],
            "passage_prefix": settings.prefixes["passage"],
            "similarity": settings.similarity,
            "max_length": settings.max_length,
            "dtype": self.dtype,
            "batch_size": self._batch_size,
            "device": find_devices(self.device)[0].type,
            "transformers": version("transformers").partition(".")[0],
        }
        return " ".join(["3", self.checkpoint.identity, *(f"{key}={value!r}" for key, value in parts.items())])

    @property
    def _batch_size(self) -> int:
        return self.batch_size or _BATCH_SIZES.get(find_devices(self.device)[0].type, _BATCH_SIZES["cuda"])

    @cached_property
    def _replicas(self) -> list[_Replica]:
        devices = find_devices(self.device)
        settings = self._settings
        self._check_files()
        steps: list[Step] = []
        if settings.layout is not None:
            steps = build_tail(self.checkpoint, settings.layout)
        if settings.layout is not None and settings.layout.body == "static":
            body: Body = StaticBody(self.checkpoint, settings.layout)
        else:
            body = TransformerBody.load(self.checkpoint, self._options())
        return [_Replica(body.copy_to(device), copy_steps(steps, device)) for device in devices]

    def _options(self) -> TransformerOptions:
        settings = self._settings
        layout = settings.layout
        return TransformerOptions(
            settings.poolings,
            True if layout is None else layout.include_prompt,
            self.layer,
            settings.max_length,
            False if layout is None else layout.lower_case,
            self.dtype,
            "" if layout is None else layout.folder,
        )

    def _check_files(self) -> None:
        """Refuse missing files, or files of another architecture, before anything is loaded."""
        layout = self._settings.layout
        if layout is not None and layout.body == "static":
            return
        folder = "" if layout is None else layout.folder
        self.checkpoint.require_tokenizer(folder)
        config = self.checkpoint.read_json(f"{folder}/config.json" if folder else "config.json", SETTINGS) or Settings()
        family, layers = config.model_type, config.layers
        if self.families is not None and family not in self.families:
            raise InputError(
                f"{self.checkpoint.model!r} has the architecture {family}, not {' or '.join(sorted(self.families))}; "
                f"give its folder to  transformer(...)  instead"
            )
        if self.layer is not None and layers is not None and self.layer > layers:
            raise InputError(f"layer={self.layer}: {self.name} has the layers 0 (the embeddings) to {layers}")

    @cached_property
    def _tokenizer(self) -> Any:
        """The tokenizer, which needs no weights."""
        options = self._options()
        tokenizer = self.checkpoint.load_tokenizer(options.folder)
        if options.lower_case:
            lower(tokenizer)
        return tokenizer

    def tokens(
        self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None
    ) -> Sequence[tuple[int, ...]]:
        """Return the token ids of each text, cut at the longest allowed; equal ids are the same input. Loads no weights."""
        settings = self._settings
        prefixed = [settings.prefixes[role] + text for text in texts]
        if settings.layout is not None and settings.layout.body == "static":
            return [tuple(row.ids) for row in self._replicas[0].body.rows(prefixed)]
        tokenizer = self._tokenizer
        longest = int(min(tokenizer.model_max_length, settings.max_length or _MAX_LENGTH))
        read = tokenizer(prefixed, truncation=True, max_length=longest, return_attention_mask=False) if texts else {}
        return list(map(tuple, read.get("input_ids", ())))

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Return float32 vectors [len(texts), d].

        Raises:
            InputError: if the model is neither a local folder nor can be downloaded.
            EncoderError: if a single text does not fit into the device's memory.
        """
        replicas = self._replicas
        prefix = self._settings.prefixes[role]
        rows = replicas[0].body.rows([prefix + text for text in texts] if prefix else list(texts))
        batches = plan_batches([len(row.ids) for row in rows], self._batch_size, _USUAL_LENGTH)
        forwards = [partial(self._forward, replica, rows, prefix) for replica in replicas]
        vectors = encode_batches(self.name, batches, forwards, self._width)
        # Cosines are made on the device, where the vectors are.
        return vectors if self.similarity == "cosine" else as_inner_products(vectors, self.similarity, role)

    def _forward(self, replica: _Replica, rows: Sequence[Row], prefix: str, batch: list[int]) -> torch.Tensor:
        """Return the vectors of the texts with these numbers, float32 [b, d]."""
        import torch

        vectors = apply_steps(replica.body.forward([rows[number] for number in batch], prefix), replica.steps)
        return torch.nn.functional.normalize(vectors, dim=1) if self.similarity == "cosine" else vectors

    def _width(self) -> int:
        import torch

        replica = self._replicas[0]
        with torch.inference_mode():
            device = find_devices(self.device)[0]
            return apply_steps(torch.zeros((1, replica.body.width), device=device), replica.steps).shape[1]
