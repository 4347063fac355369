"""The files of a static encoder: its table of vectors and its tokenizer.

Two layouts are written. *Open*: that of Sentence Transformers (``modules.json``, ``0_StaticEmbedding/``), in float32.
*Packed*: a quarter or an eighth of the size, each row as 8-bit or 4-bit integers times a scale. Read are both, and
model2vec's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from robustir.encoders.pieces import PieceFinder, piece_finder
from robustir.errors import InputError
from robustir.files import write_atomically, write_text_atomically

__all__ = ["Bits", "StaticFiles", "pack_rows", "read_static", "write_open", "write_packed"]

_OPEN = "0_StaticEmbedding"
_REACH = 2.7  # times the root mean square of a row: where 4-bit rows end, as their steps would be too wide else
_FLOATS = ("embedding.weight", "embeddings")  # Sentence Transformers' name, model2vec's


Bits = Literal[4, 8]


@dataclass(frozen=True)
class StaticFiles:
    """What a folder holds. table: float32 [pieces, d]; normalize: whether vectors get unit length; digest: of the files."""

    table: NDArray[np.float32]
    pieces: PieceFinder
    normalize: bool
    digest: str


def pack_rows(table: NDArray[np.float32], bits: Bits = 8) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return (codes [pieces, d], scale [pieces]) with ``codes * scale[:, None]`` within half a step of the table.

    Codes go from -127 to 127, or from -7 to 7; those of 4 bits end at 2.7 times the root mean square of a row.
    """
    levels = 2 ** (bits - 1) - 1
    largest = np.abs(table).max(axis=1)
    if bits == 4:
        largest = np.minimum(largest, _REACH * np.sqrt(np.square(table, dtype=np.float64).mean(axis=1)))
    scale = (largest / levels).astype(np.float32)
    codes = np.rint(table / np.where(scale == 0, 1, scale)[:, None])
    return np.clip(codes, -levels, levels).astype(np.int8), scale


def _halves(codes: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Return two codes a byte, uint8 [pieces, ceil(d / 2)]: the first in the lower half, each plus 8."""
    even = np.pad(codes, ((0, 0), (0, codes.shape[1] % 2))) + np.int8(8)
    return (even[:, ::2] | (even[:, 1::2] << 4)).astype(np.uint8)


def _whole(halves: NDArray[np.uint8], dimensions: int) -> NDArray[np.int8]:
    codes = np.stack([halves & 15, halves >> 4], axis=2).reshape(len(halves), -1)[:, :dimensions]
    return codes.astype(np.int8) - np.int8(8)


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
    pieces = _read_tokenizer(vocabulary)
    if pieces.size > len(table):
        raise InputError(
            f"{folder}: the tokenizer knows {pieces.size} pieces, but the table has {len(table)} rows; "
            "the two files are not of one encoder"
        )
    digest = hashlib.sha256(weights.read_bytes() + vocabulary.read_bytes()).hexdigest()[:32]
    return StaticFiles(table, pieces, _normalizes(folder), digest)


def _read_table(path: Path) -> NDArray[np.float32]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors: Mapping[str, NDArray[Any]] = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path} is no safetensors file ({error}); copy it again") from error
    if "embedding.int8" in tensors and "embedding.scale" in tensors:
        table = tensors["embedding.int8"].astype(np.float32) * tensors["embedding.scale"].astype(np.float32)[:, None]
    elif "embedding.int4" in tensors and "embedding.scale" in tensors:
        halves = tensors["embedding.int4"]
        dimensions = int(tensors["embedding.dimensions"][0])
        table = _whole(halves, dimensions) * tensors["embedding.scale"].astype(np.float32)[:, None]
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


def _read_tokenizer(path: Path) -> PieceFinder:
    try:
        return piece_finder(path.read_bytes())
    except Exception as error:  # the library raises its own plain Exception
        raise InputError(f"{path} is no tokenizer ({error}); copy it again") from error


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


def write_packed(folder: Path, table: NDArray[np.float32], tokenizer: str, bits: Bits = 8) -> None:
    """Write rows of 8 or 4 bits and the tokenizer, without spaces."""
    codes, scale = pack_rows(table, bits)
    compact = json.dumps(json.loads(tokenizer), ensure_ascii=False, separators=(",", ":"))
    write_text_atomically(folder / "tokenizer.json", compact)
    tensors: dict[str, NDArray[Any]] = {"embedding.int8": codes, "embedding.scale": scale}
    if bits == 4:
        width = np.array([codes.shape[1]], dtype=np.int64)
        tensors = {"embedding.int4": _halves(codes), "embedding.scale": scale, "embedding.dimensions": width}
    _write_tensors(folder / "model.safetensors", tensors)


def _write_tensors(path: Path, tensors: dict[str, NDArray[Any]]) -> None:
    from safetensors.numpy import save_file

    write_atomically(path, lambda temporary: save_file(tensors, temporary))
