"""Encodes by a table: the mean of a text's subword vectors, to unit length. Thousands of texts a second on one core."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.encoders.static_files import StaticFiles, read_static
from robustir.encoders.training_record import TrainingRecord, read_training_record
from robustir.plugins.shown import Shown

__all__ = ["StaticEncoder"]

# Texts at a time: their pieces are held as Python lists before they become an array.
_BLOCK = 4096


class StaticEncoder(Shown):
    """Encodes a text as the mean of the vectors of its subwords.

    The weight of a piece is the length of its vector, so one table holds both. A text's vector has the same bits whatever
    texts are encoded with it; a text without any piece has zeros.

    Args:
        model: the folder that ``robustir train -o`` wrote, or one of Sentence Transformers' StaticEmbedding or of
            model2vec.

    Raises:
        InputError: if its files are missing or do not fit each other.
    """

    uses_langs = False
    batch_invariant = True

    def __init__(self, model: str) -> None:
        self.folder = Path(model).expanduser()

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.folder.resolve().name

    @cached_property
    def _files(self) -> StaticFiles:
        return read_static(self.folder)

    @property
    def training(self) -> TrainingRecord | None:
        """The record of ``robustir train``, if there is one."""
        return read_training_record(self.folder)

    @property
    def revision(self) -> str:
        """The digest of table and tokenizer."""
        return f"1 sha256={self._files.digest} normalize={self._files.normalize}"

    def tokens(
        self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None
    ) -> Sequence[tuple[int, ...]]:
        """Return the piece numbers of each text."""
        numbers, counts = self._files.pieces.find(texts)
        ends = np.cumsum(counts)
        return [tuple(part.tolist()) for part in np.split(numbers, ends[:-1])] if len(texts) else []

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Return float32 vectors [len(texts), d]; role and language make no difference."""
        vectors = np.empty((len(texts), self._files.table.shape[1]), dtype=np.float32)
        for first in range(0, len(texts), _BLOCK):
            block = texts[first : first + _BLOCK]
            vectors[first : first + len(block)] = self._encode_block(block)
        return vectors

    def _encode_block(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import torch

        numbers, counts = self._files.pieces.find(texts)
        offsets = np.cumsum(counts, dtype=np.int32) - counts
        # Adds the pieces of each text in their order, without a copy of their vectors.
        summed = torch.nn.functional.embedding_bag(
            torch.from_numpy(numbers), torch.from_numpy(self._files.table), torch.from_numpy(offsets), mode="sum"
        ).numpy()
        length = counts.astype(np.float64)
        if self._files.normalize:
            length = np.sqrt(np.einsum("nd,nd->n", summed, summed, dtype=np.float64))
        return (summed / np.where(length == 0, 1.0, length)[:, None]).astype(np.float32)
