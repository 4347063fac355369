"""The files of a static encoder: its table of vectors and its tokenizer.

Two layouts are written and read: *open*, that of Sentence Transformers (``modules.json``, ``0_StaticEmbedding/``), in
float32; and *packed*, a quarter of the size or less, each row as integers of 8, 4 or 3 bits times a scale. That of
model2vec is read too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from robustir.disk.atomic import write_atomically, write_text_atomically
from robustir.disk.limits import limited
from robustir.disk.parsing import parse_json
from robustir.disk.reading import read_json
from robustir.disk.shapes import Shape, shortened
from robustir.encoders.module_files import GENERAL, MODULES, General, Module
from robustir.encoders.pieces import PieceFinder, piece_finder
from robustir.errors import InputError

__all__ = ["Bits", "StaticFiles", "pack_rows", "read_static", "unpack_rows", "write_open", "write_packed"]

_OPEN = "0_StaticEmbedding"
# The range of rows of few bits, in root mean squares of the row, beyond which values are clipped to keep steps narrow; for
# three bits that of the best even quantiser of a normal variable (Max 1960, Quantizing for minimum distortion).
_REACH = {4: 2.7, 3: 2.344}
_PASSING = ("Normalize", "Dropout")
_FLOATS = ("embedding.weight", "embeddings")  # Sentence Transformers' name, model2vec's


_AGAIN: Final = "copy the model again"
_SHOWN: Final = 10  # tensors named in a message


class _Model2Vec(BaseModel):
    normalize: bool = True


_CONFIG: Final = Shape[_Model2Vec](_Model2Vec)
Bits = Literal[3, 4, 8]
_FEW: tuple[Bits, ...] = (4, 3)  # that do not fill a byte


@dataclass(frozen=True)
class StaticFiles:
    """The files of a folder. table: float32 [pieces, d]; normalize: whether vectors get unit length; digest: of the files."""

    table: NDArray[np.float32]
    pieces: PieceFinder
    normalize: bool
    digest: str


def pack_rows(table: NDArray[np.float32], bits: Bits = 8) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return (codes [pieces, d], scale [pieces]), from which :func:`unpack_rows` makes the table to within half a step.

    Codes go from -127 to 127, from -7 to 7, or, with three bits, from -4 to 3; rows of few bits are clipped at ``_REACH``.
    """
    levels = 4 if bits == 3 else 2 ** (bits - 1) - 1
    largest = np.abs(table).max(axis=1)
    if bits in _REACH:
        largest = np.minimum(largest, _REACH[bits] * np.sqrt(np.square(table, dtype=np.float64).mean(axis=1)))
    scale = (largest / levels).astype(np.float32)
    steps = table / np.where(scale == 0, 1, scale)[:, None]
    codes = np.clip(np.floor(steps), -levels, levels - 1) if bits == 3 else np.clip(np.rint(steps), -levels, levels)
    return codes.astype(np.int8), scale


def unpack_rows(codes: NDArray[np.int8], scale: NDArray[np.float32], bits: Bits = 8) -> NDArray[np.float32]:
    """Return the table, float32 [pieces, d]. A code of three bits stands for the middle of its step: no zero among eight."""
    middle = np.float32(0.5 if bits == 3 else 0.0)
    return np.asarray((codes + middle) * scale.astype(np.float32)[:, None], dtype=np.float32)


def _packed(codes: NDArray[np.int8], bits: int) -> NDArray[np.uint8]:
    """Return codes of few bits one after the other, uint8 [pieces, ceil(d * bits / 8)]: the lowest bit first."""
    raised = (codes + np.int8(2 ** (bits - 1))).astype(np.uint8)
    single = np.unpackbits(raised[:, :, None], axis=2, count=bits, bitorder="little")
    return np.packbits(single.reshape(len(codes), -1), axis=1, bitorder="little")


def _unpacked(packed: NDArray[np.uint8], dimensions: int, bits: int) -> NDArray[np.int8]:
    single = np.unpackbits(packed, axis=1, count=dimensions * bits, bitorder="little")
    raised = np.packbits(single.reshape(len(packed), dimensions, bits), axis=2, bitorder="little")
    return raised[:, :, 0].astype(np.int8) - np.int8(2 ** (bits - 1))


def read_static(folder: Path) -> StaticFiles:
    """Read a static encoder from ``folder``; raises InputError that names the file at fault."""
    inner = folder / _table_folder(folder)
    weights, vocabulary = inner / "model.safetensors", inner / "tokenizer.json"
    if not folder.is_dir():
        raise InputError(f"the folder {folder} does not exist; give the folder that  robustir train -o  wrote")
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
            f"{folder}: the tokenizer has {pieces.size} pieces, but the table has {len(table)} rows; "
            "get both files from the same encoder"
        )
    digest = hashlib.sha256(weights.read_bytes() + vocabulary.read_bytes()).hexdigest()[:32]
    return StaticFiles(table, pieces, _normalizes(folder), digest)


def _table_folder(folder: Path) -> str:
    """Return the table's folder. Raises InputError for unsupported modules, prompts or similarities."""
    path, general = folder / "modules.json", folder / "config_sentence_transformers.json"
    if not path.is_file():
        return _OPEN if (folder / _OPEN).is_dir() else ""
    modules: list[Module] = read_json(path, MODULES, advice=_AGAIN, error=InputError)
    settings: General = read_json(general, GENERAL, advice=_AGAIN, error=InputError) if general.is_file() else General()
    if not modules or modules[0].kind != "StaticEmbedding":
        shown = ", ".join(shortened(module.kind) for module in modules) or "no module"
        raise InputError(f"{path} names {shown}, not a table of vectors; use  transformer(FOLDER)")
    unknown = [shortened(module.kind) for module in modules[1:] if module.kind not in _PASSING]
    unknown += [f"the prompt {shortened(text)!r}" for text in (settings.prompts or {}).values() if text]
    if "euclid" in (named := settings.similarity_fn_name or "") or "manhattan" in named:
        unknown.append(f"the similarity {shortened(named)}")
    if unknown:
        raise InputError(f"{folder} has {', '.join(unknown)} beside a table of vectors; use  transformer(FOLDER)")
    if not modules[0].is_inside(folder):
        raise InputError(f"{path} names {shortened(modules[0].path)!r}, which is outside the folder; {_AGAIN}")
    return modules[0].folder


def _read_table(path: Path) -> NDArray[np.float32]:
    tensors = _read_tensors(path)
    scale = tensors.get("embedding.scale")
    few: Bits | None = next((bits for bits in _FEW if f"embedding.int{bits}" in tensors), None)
    if "embedding.int8" in tensors and scale is not None:
        codes = tensors["embedding.int8"]
        _check_packed(path, codes, scale, np.int8)
        table = unpack_rows(codes, scale)
    elif few is not None and scale is not None:
        packed, width = tensors[f"embedding.int{few}"], tensors.get("embedding.dimensions", np.empty(0))
        _check_packed(path, packed, scale, np.uint8)
        if width.shape != (1,) or width.dtype.kind not in "iu" or packed.shape[1] != -(-int(width[0]) * few // 8):
            raise InputError(f"{path}: embedding.dimensions does not fit embedding.int{few}; copy the file again")
        table = unpack_rows(_unpacked(packed, int(width[0]), few), scale, few)
    else:
        name = next((name for name in _FLOATS if name in tensors), None)
        if name is None:
            held = ", ".join(map(shortened, sorted(tensors)[:_SHOWN])) or "nothing"
            raise InputError(
                f"{path} holds {held}, but a static encoder has embedding.weight; for a transformer use  transformer(FOLDER)"
            )
        if tensors[name].dtype.kind not in "fiu":
            raise InputError(f"{path}: {name} holds {tensors[name].dtype}, not numbers; copy the file again")
        table = tensors[name].astype(np.float32)
    if table.ndim != 2 or not table.size or not np.isfinite(table).all():
        raise InputError(f"{path}: the table must be finite and of shape [pieces, dimensions], not {table.shape}")
    return np.ascontiguousarray(table)


def _read_tensors(path: Path) -> Mapping[str, NDArray[Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        try:
            tensors: Mapping[str, NDArray[Any]] = load_file(path)
        except (TypeError, KeyError, AttributeError):  # NumPy has no bfloat16 and no floats of 8 bits
            from safetensors.torch import load_file as load_with_torch

            tensors = {name: tensor.float().numpy() for name, tensor in load_with_torch(path).items()}
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        told = shortened(str(error), 300)
        raise InputError(f"{path} is not a valid safetensors file ({told}); copy it again") from error
    return tensors


def _check_packed(path: Path, codes: NDArray[Any], scale: NDArray[Any], kind: type[np.generic]) -> None:
    if codes.ndim != 2 or codes.dtype != kind or scale.shape != codes.shape[:1] or scale.dtype.kind != "f":
        raise InputError(
            f"{path}: codes {codes.dtype}{list(codes.shape)} and scale {scale.dtype}{list(scale.shape)} do not fit; copy "
            "the file again"
        )


def _read_tokenizer(path: Path) -> PieceFinder:
    try:
        return piece_finder(path.read_bytes())
    except Exception as error:  # the library raises its own plain Exception
        if limit := limited(error):
            raise limit from error
        raise InputError(f"{path} is not a valid tokenizer ({shortened(str(error), 300)}); copy it again") from error


def _normalizes(folder: Path) -> bool:
    modules, config = folder / "modules.json", folder / "config.json"
    if modules.is_file():
        rows: list[Module] = read_json(modules, MODULES, advice=_AGAIN, error=InputError)
        return any(module.kind == "Normalize" for module in rows)
    if config.is_file():
        settings: _Model2Vec = read_json(config, _CONFIG, advice=_AGAIN, error=InputError)
        return settings.normalize
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
    """Write rows of 8, 4 or 3 bits and the tokenizer, without spaces."""
    codes, scale = pack_rows(table, bits)
    compact = json.dumps(parse_json(tokenizer), ensure_ascii=False, separators=(",", ":"))
    write_text_atomically(folder / "tokenizer.json", compact)
    tensors: dict[str, NDArray[Any]] = {"embedding.int8": codes, "embedding.scale": scale}
    if bits in _FEW:
        width = np.array([codes.shape[1]], dtype=np.int64)
        tensors = {
            f"embedding.int{bits}": _packed(codes, bits),
            "embedding.scale": scale,
            "embedding.dimensions": width,
        }
    _write_tensors(folder / "model.safetensors", tensors)


def _write_tensors(path: Path, tensors: dict[str, NDArray[Any]]) -> None:
    from safetensors.numpy import save_file

    write_atomically(path, lambda temporary: save_file(tensors, temporary))
