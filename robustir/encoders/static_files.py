"""The files of a static encoder: its table of vectors and its tokenizer.

Two layouts are written. *Open*: that of Sentence Transformers (``modules.json``, ``0_StaticEmbedding/``), in float32.
*Packed*: a quarter of the size, each row as 8-bit integers times a scale. Read are both, and model2vec's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robustir.errors import InputError
from robustir.files import write_atomically, write_text_atomically

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["StaticFiles", "pack_rows", "read_static", "write_open", "write_packed"]

_OPEN = "0_StaticEmbedding"
_LEVELS = 127
_FLOATS = ("embedding.weight", "embeddings")  # Sentence Transformers' name, model2vec's


@dataclass(frozen=True)
class StaticFiles:
    """What a folder holds. table: float32 [pieces, d]; normalize: whether vectors get unit length; digest: of the files."""

    table: NDArray[np.float32]
    tokenizer: Tokenizer
    normalize: bool
    digest: str


def pack_rows(table: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return (codes [pieces, d], scale [pieces]) with ``codes * scale[:, None]`` within half a step of the table."""
    scale = (np.abs(table).max(axis=1) / _LEVELS).astype(np.float32)
    codes = np.rint(table / np.where(scale == 0, 1, scale)[:, None])
    return codes.astype(np.int8), scale


def read_static(folder: Path) -> StaticFiles:
    """Read a static encoder from ``folder``; raises InputError that names the file at fault."""
    inner = folder / _OPEN if (folder / _OPEN).is_dir() else folder
    weights, vocabulary = inner / "model.safetensors", inner / "tokenizer.json"
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; give the one that  robustir train -o  wrote")
    for path, what in ((weights, "weights"), (vocabulary, "tokenizer")):
        if not path.is_file():
            raise InputError(
                f"{folder} has no {what} ({path} is missing); a static encoder is a folder that  robustir train -o  "
                "or Sentence Transformers' StaticEmbedding or model2vec wrote"
            )
    table = _read_table(weights)
    tokenizer = _read_tokenizer(vocabulary)
    if tokenizer.get_vocab_size() > len(table):
        raise InputError(
            f"{folder}: the tokenizer knows {tokenizer.get_vocab_size()} pieces, but the table has {len(table)} rows; "
            "the two files are not of one encoder"
        )
    digest = hashlib.sha256(weights.read_bytes() + vocabulary.read_bytes()).hexdigest()[:32]
    return StaticFiles(table, tokenizer, _normalizes(folder), digest)


def _read_table(path: Path) -> NDArray[np.float32]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors: Mapping[str, NDArray[Any]] = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path} is no safetensors file ({error}); copy it again") from error
    if "embedding.int8" in tensors and "embedding.scale" in tensors:
        table = tensors["embedding.int8"].astype(np.float32) * tensors["embedding.scale"].astype(np.float32)[:, None]
    else:
        name = next((name for name in _FLOATS if name in tensors), None)
        if name is None:
            raise InputError(
                f"{path} holds {', '.join(sorted(tensors)) or 'nothing'}, and a static encoder has embedding.weight; "
                "for a transformer give  transformer(FOLDER)"
            )
        table = tensors[name].astype(np.float32)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise InputError(f"{path}: the table must be finite and of shape [pieces, dimensions], not {table.shape}")
    return np.ascontiguousarray(table)


def _read_tokenizer(path: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises its own plain Exception
        raise InputError(f"{path} is no tokenizer ({error}); copy it again") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _normalizes(folder: Path) -> bool:
    modules, config = folder / "modules.json", folder / "config.json"
    if modules.is_file():
        return any(str(module.get("type", "")).endswith("Normalize") for module in json.loads(modules.read_text()))
    if config.is_file():
        return bool(json.loads(config.read_text()).get("normalize", True))
    return True


def write_open(folder: Path, table: NDArray[np.float32], tokenizer: str) -> None:
    """Write the layout of Sentence Transformers; ``tokenizer`` is the text of its tokenizer.json."""
    modules = [
        {"idx": number, "name": str(number), "path": f"{number}_{kind}", "type": f"sentence_transformers.models.{kind}"}
        for number, kind in enumerate(("StaticEmbedding", "Normalize"))
    ]
    write_text_atomically(folder / _OPEN / "tokenizer.json", tokenizer)
    _write_tensors(folder / _OPEN / "model.safetensors", {"embedding.weight": np.ascontiguousarray(table)})
    (folder / "1_Normalize").mkdir(exist_ok=True)
    settings: dict[str, object] = {"prompts": {}, "default_prompt_name": None, "similarity_fn_name": "cosine"}
    write_text_atomically(folder / "config_sentence_transformers.json", json.dumps(settings, indent=2) + "\n")
    write_text_atomically(folder / "modules.json", json.dumps(modules, indent=2) + "\n")


def write_packed(folder: Path, table: NDArray[np.float32], tokenizer: str) -> None:
    """Write 8-bit rows and the tokenizer, without spaces."""
    codes, scale = pack_rows(table)
    compact = json.dumps(json.loads(tokenizer), ensure_ascii=False, separators=(",", ":"))
    write_text_atomically(folder / "tokenizer.json", compact)
    _write_tensors(folder / "model.safetensors", {"embedding.int8": codes, "embedding.scale": scale})


def _write_tensors(path: Path, tensors: dict[str, NDArray[Any]]) -> None:
    from safetensors.numpy import save_file

    write_atomically(path, lambda temporary: save_file(tensors, temporary))
