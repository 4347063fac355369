"""Texts as numbers of subwords. Encoders that share a tokenizer share the pieces of each text.

Compared trainings (the same pieces, other seeds or samplings) encode the same texts, and finding the pieces of a text
takes far longer than adding up their vectors.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["PieceFinder", "Pieces", "piece_finder"]

_MOST_BYTES = 2**28  # of pieces kept per tokenizer, in each process


class Pieces(NamedTuple):
    """The pieces of some texts. numbers: int32 [pieces], text after text; counts: int32 [texts]."""

    numbers: NDArray[np.int32]
    counts: NDArray[np.int32]


class PieceFinder:
    """Finds the pieces of texts. They are kept from its second user on: a single encoder sees each text once."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self.size = tokenizer.get_vocab_size()
        self.users = 0
        self._tokenizer = tokenizer
        self._kept: OrderedDict[bytes, Pieces] = OrderedDict()
        self._bytes = 0

    def find(self, texts: Sequence[str]) -> Pieces:
        """Return the pieces of some texts, without special ones."""
        if self.users < 2:
            return self._find(texts)
        key = _digest(texts)
        pieces = self._kept.pop(key, None)
        if pieces is None:
            pieces = self._find(texts)
            self._bytes += _size(pieces)
        self._kept[key] = pieces
        while self._bytes > _MOST_BYTES:
            self._bytes -= _size(self._kept.popitem(last=False)[1])
        return pieces

    def _find(self, texts: Sequence[str]) -> Pieces:
        try:
            encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        except (TypeError, UnicodeEncodeError):  # a lone surrogate has no UTF-8
            whole = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
            encodings = self._tokenizer.encode_batch_fast(whole, add_special_tokens=False)
        rows = [encoding.ids for encoding in encodings]
        counts = np.fromiter(map(len, rows), dtype=np.int32, count=len(rows))
        numbers = np.fromiter((piece for row in rows for piece in row), dtype=np.int32, count=int(counts.sum()))
        return Pieces(numbers, counts)


_finders: WeakValueDictionary[bytes, PieceFinder] = WeakValueDictionary()


def piece_finder(tokenizer: bytes) -> PieceFinder:
    """Return the shared finder of a tokenizer, given as its tokenizer.json, and count a new user.

    Raises the plain Exception of the library ``tokenizers`` if it cannot be read.
    """
    from tokenizers import Tokenizer

    key = blake2b(tokenizer).digest()
    finder = _finders.get(key)
    if finder is None:
        finder = _finders.setdefault(key, PieceFinder(Tokenizer.from_buffer(tokenizer)))
    finder.users += 1
    return finder


def _digest(texts: Sequence[str]) -> bytes:
    digest = blake2b(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)).tobytes())
    digest.update("".join(texts).encode("utf-8", "surrogatepass"))
    return digest.digest()


def _size(pieces: Pieces) -> int:
    return pieces.numbers.nbytes + pieces.counts.nbytes
