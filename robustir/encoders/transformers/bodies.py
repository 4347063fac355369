"""The part of an encoder that turns texts into vectors: a transformer with pooling, or a table of token vectors."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from robustir.encoders.transformers.checkpoint import Checkpoint
from robustir.encoders.transformers.layout import Layout, Step
from robustir.encoders.transformers.pooling import pool
from robustir.encoders.weights import load_tensors
from robustir.errors import InputError

if TYPE_CHECKING:
    import torch

__all__ = [
    "PLAIN_STACKS",
    "Body",
    "Row",
    "StaticBody",
    "TransformerBody",
    "TransformerOptions",
    "apply_steps",
    "copy_steps",
    "lower",
]

_MULTIPLE = 8  # tensor cores are faster with lengths that are multiples of it; on a CPU padding only costs time
# Models whose last layer's output is the last hidden state itself, so that layers above the requested one can be left out.
PLAIN_STACKS = frozenset({"bert", "camembert", "roberta", "xlm-roberta"})


class Row(NamedTuple):
    """The tokens of a text, without padding; ``types`` only if a tokenizer gives any but 0."""

    ids: list[int]
    types: list[int] | None = None


class Body(Protocol):
    """From texts to rows of token ids, and from rows to vectors."""

    width: int  # dimensions of a vector, before any module after pooling

    def rows(self, texts: list[str]) -> list[Row]:
        """Return the tokens of each text, cut at the longest allowed."""
        ...

    def forward(self, rows: Sequence[Row], prompt: str) -> torch.Tensor:
        """Return the vectors of one batch, float32 [b, width]; ``prompt`` begins every text."""
        ...

    def copy_to(self, device: torch.device) -> Body:
        """Return the body on a device; the first call moves it, since weights are held once per device."""
        ...


@dataclass(frozen=True)
class TransformerOptions:
    """How a transformer is used; poolings may be ("pooler",): the output of the model's own pooler."""

    poolings: tuple[str, ...]
    include_prompt: bool
    layer: int | None
    max_length: int | None
    lower_case: bool
    dtype: str
    folder: str = ""


class TransformerBody:
    """A model of Hugging Face transformers, with pooling.

    Args:
        name: for messages.
        tokenizer, model: of transformers, the model without a head.
        options: how to use them; its layer is the hidden state to pool, None: the last.
    """

    def __init__(self, name: str, tokenizer: Any, model: Any, options: TransformerOptions) -> None:
        import torch

        self._options = options
        self.tokenizer = tokenizer
        self.layer = _cut_above(model, options.layer)
        self.longest = self._find_longest(name, model)
        if options.lower_case:
            lower(tokenizer)
        # All but XLNet and Funnel give 0 to every token of a single text, which is what a model takes by default.
        self._typed = any(tokenizer("a").get("token_type_ids", ()))
        self.model = model.to(dtype=getattr(torch, options.dtype)).eval()
        self._device = torch.device("cpu")
        self.width = model.config.hidden_size * len(options.poolings)

    @classmethod
    def load(cls, checkpoint: Checkpoint, options: TransformerOptions) -> TransformerBody:
        """Load a checkpoint. Raises InputError if it is incomplete, or its parts do not fit each other."""
        config = checkpoint.load_config(options.folder)
        layers = getattr(config, "num_hidden_layers", None)
        if options.layer is not None and layers is not None and options.layer > layers:
            raise InputError(f"layer={options.layer}: {checkpoint.name} has the layers 0 (the embeddings) to {layers}")
        tokenizer = checkpoint.load_tokenizer(options.folder)
        model = checkpoint.load_model(options.folder, needs_pooler=options.poolings == ("pooler",))
        _check_vocabulary(checkpoint, tokenizer, model)
        return cls(checkpoint.name, tokenizer, model, options)

    def _find_longest(self, name: str, model: Any) -> int:
        asked = self._options.max_length
        bounds = [self.tokenizer.model_max_length, _positions(model)]
        limit = int(min(bounds if asked is None else [asked, *bounds]))
        special = self.tokenizer.num_special_tokens_to_add()
        if limit <= special:
            raise InputError(f"max_length={asked}: {name} adds {special} tokens to every text; allow more")
        return limit

    def copy_to(self, device: torch.device) -> TransformerBody:
        """Return the body on a device."""
        copied = copy.copy(self)
        copied.model = copy.deepcopy(self.model).to(device) if device != self._device else self.model
        copied._device = device  # noqa: SLF001 - an object of this class
        return copied

    def rows(self, texts: list[str]) -> list[Row]:
        """Return the tokens of each text."""
        if not texts:
            return []
        encoded = self.tokenizer(
            texts,
            truncation=True,
            max_length=self.longest,
            padding=False,
            return_attention_mask=False,
            return_token_type_ids=self._typed,
        )
        types = encoded["token_type_ids"] if self._typed else [None] * len(texts)
        return list(map(Row, encoded["input_ids"], types))

    def _inputs(self, rows: Sequence[Row]) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Return what the model takes beside the mask, and the mask, int64 [b, t]: padded rows."""
        import torch

        longest = max([1, *(len(row.ids) for row in rows)])
        if self._device.type != "cpu":
            longest = max(longest, min(-(-longest // _MULTIPLE) * _MULTIPLE, self.longest))
        ids = np.full((len(rows), longest), self.tokenizer.pad_token_id, dtype=np.int64)
        held, types = np.zeros_like(ids), np.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, : len(row.ids)] = row.ids
            held[number, : len(row.ids)] = 1
            if row.types is not None:
                types[number, : len(row.types)] = row.types
        arrays = {"input_ids": ids, **({"token_type_ids": types} if self._typed else {})}
        inputs = {name: torch.from_numpy(array).to(self._device) for name, array in arrays.items()}
        return inputs, torch.from_numpy(held).to(self._device)

    def states(self, lower: Any, rows: Sequence[Row]) -> list[torch.Tensor]:
        """Return what the lower part of the model, as a model of its own, says of each row: [t, d] each, without padding."""
        inputs, mask = self._inputs(rows)
        found = lower(attention_mask=mask, **inputs).last_hidden_state
        return [state[: len(row.ids)] for state, row in zip(found, rows, strict=True)]

    def forward(
        self, rows: Sequence[Row], prompt: str, upper: tuple[Any, Sequence[torch.Tensor]] | None = None
    ) -> torch.Tensor:
        """Return the vectors of one batch. upper: the rest of the model, and :meth:`states` of its lower part, to go on from."""
        inputs, mask = self._inputs(rows)
        model, options = self.model, self._options
        if upper is not None:
            model, states = upper
            del inputs["input_ids"]
            inputs["inputs_embeds"] = _padded(states, mask.shape[1])
        output = model(attention_mask=mask, output_hidden_states=self.layer is not None, **inputs)
        if options.poolings == ("pooler",):
            pooled: torch.Tensor = output.pooler_output.float()
            return pooled
        states = output.last_hidden_state if self.layer is None else output.hidden_states[self.layer]
        if prompt and not options.include_prompt:
            mask = mask.clone()
            mask[:, : self._prompt_length(prompt)] = 0
        return pool(states, mask, *options.poolings)

    def _prompt_length(self, prompt: str) -> int:
        ids = self.rows([prompt])[0].ids
        ends = bool(ids) and ids[-1] in self.tokenizer.all_special_ids
        return len(ids) - ends


def _padded(states: Sequence[torch.Tensor], longest: int) -> torch.Tensor:
    """Return states [t_i, d] as one tensor [b, longest, d], with zeros behind them."""
    import torch

    found = torch.zeros((len(states), longest, states[0].shape[1]), dtype=torch.float32, device=states[0].device)
    for row, state in zip(found, states, strict=True):
        row[: len(state)] = state
    return found


def lower(tokenizer: Any) -> None:
    """Let a fast tokenizer lower-case texts first."""
    from tokenizers import normalizers

    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        tokenizer.do_lower_case = True
        return
    lower: Any = normalizers.Lowercase()
    backend.normalizer = lower if backend.normalizer is None else normalizers.Sequence([lower, backend.normalizer])


def _check_vocabulary(checkpoint: Checkpoint, tokenizer: Any, model: Any) -> None:
    table = model.get_input_embeddings()
    size = getattr(table, "num_embeddings", None)
    if size is not None and len(tokenizer) > size:
        raise InputError(
            f"the tokenizer of {checkpoint.model!r} has {len(tokenizer)} pieces, but the model has vectors for {size}: "
            "they are of different checkpoints; save the model and its own tokenizer in one folder"
        )


def _cut_above(model: Any, layer: int | None) -> int | None:
    """Drop layers above ``layer`` if the result is certainly the same; return the hidden state to take then."""
    import torch

    stack = getattr(getattr(model, "encoder", None), "layer", None)
    if not layer or model.config.model_type not in PLAIN_STACKS or not isinstance(stack, torch.nn.ModuleList):
        return layer
    model.encoder.layer = stack[:layer]
    model.config.num_hidden_layers = layer
    return None


def _positions(model: Any) -> int:
    """Return how many tokens have a position; RoBERTa and its relatives count from after the padding token."""
    import torch

    number = getattr(model.config, "max_position_embeddings", None)
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    if number is None or not isinstance(number, int) or number < 1:
        return 2**31
    if isinstance(table, torch.nn.Embedding) and table.padding_idx is not None:
        return number - table.padding_idx - 1
    return number


class StaticBody:
    """A vector per token of the tokenizer, averaged over a text (the StaticEmbedding of sentence-transformers)."""

    def __init__(self, checkpoint: Checkpoint, layout: Layout) -> None:
        from tokenizers import Tokenizer

        prefix = f"{layout.folder}/" if layout.folder else ""
        path = checkpoint.file(f"{prefix}tokenizer.json")
        weights = checkpoint.file(f"{prefix}model.safetensors") or checkpoint.file(f"{prefix}pytorch_model.bin")
        if path is None or weights is None:
            raise InputError(
                f"{checkpoint.model!r} lacks {prefix}tokenizer.json or {prefix}model.safetensors; get it again"
            )
        try:
            self._tokenizer: Any = Tokenizer.from_file(str(path))
        except Exception as error:  # the Rust library raises bare exceptions
            raise InputError(
                f"the tokenizer of {checkpoint.model!r} cannot be loaded ({error}); get it again"
            ) from error
        self._tokenizer.no_padding()
        tensors = load_tensors(weights, f"the token vectors of {checkpoint.model!r}")
        # "embeddings" is the name in models of model2vec.
        table = tensors.get("embedding.weight", tensors.get("embeddings"))
        if table is None or table.ndim != 2 or self._tokenizer.get_vocab_size() > len(table):
            raise InputError(
                f"the token vectors of {checkpoint.model!r} do not fit its tokenizer of "
                f"{self._tokenizer.get_vocab_size()} pieces; get both from the same model"
            )
        self._table: torch.Tensor = table.float()
        self.width = int(table.shape[1])

    def copy_to(self, device: torch.device) -> StaticBody:
        """Return the body on a device."""
        copied = copy.copy(self)
        copied._table = self._table.to(device)  # noqa: SLF001 - an object of this class
        return copied

    def rows(self, texts: list[str]) -> list[Row]:
        """Return the tokens of each text."""
        return [Row(encoding.ids) for encoding in self._tokenizer.encode_batch(texts, add_special_tokens=False)]

    def forward(self, rows: Sequence[Row], prompt: str) -> torch.Tensor:
        """Return the vectors of one batch; a text without a token has zeros."""
        import torch

        device = self._table.device
        lengths = np.fromiter((len(row.ids) for row in rows), np.int64, len(rows))
        ids: NDArray[np.int64] = np.fromiter((piece for row in rows for piece in row.ids), np.int64, int(lengths.sum()))
        offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        return torch.nn.functional.embedding_bag(
            torch.from_numpy(ids).to(device), self._table, torch.from_numpy(offsets).to(device), mode="mean"
        )


def apply_steps(vectors: torch.Tensor, steps: Sequence[Step]) -> torch.Tensor:
    """Return vectors after the modules that follow pooling."""
    for step in steps:
        vectors = step(vectors)
    return vectors


def copy_steps(steps: Sequence[Step], device: torch.device) -> list[Callable[[torch.Tensor], torch.Tensor]]:
    """Return the modules that follow pooling on a device."""
    import torch

    return [copy.deepcopy(step).to(device) if isinstance(step, torch.nn.Module) else step for step in steps]
