"""Compression of vectors, as indexes use it: fewer dimensions, eight bits, one bit. Vectors are encoded once for all of them.

In a run with ``static-hybrid``, ``int8(static-hybrid)`` and ``binary(static-hybrid)`` every text is encoded once, and what noise
costs each is compared query by query.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.encoders.similarity import as_inner_products
from robustir.encoders.wrapped import Wrapped
from robustir.errors import InputError, SpecError

__all__ = ["Binary", "Int8", "Truncate"]

_LARGEST: Final = 127  # of the integers of eight bits, -127 to 127


class Truncate(Wrapped):
    """Keeps the first d dimensions of an encoder's vectors, at unit length again.

    What an index of shorter vectors holds. An encoder trained for it loses little (Matryoshka representations); any other shows
    what its first dimensions are worth.

    Args:
        encoder: a spec, such as ``static-hybrid`` or ``transformer('./model')``.
        d: how many dimensions to keep; an error if the encoder has fewer.

    Raises:
        SpecError: if d is not at least 1, or the encoder makes no vectors.
    """

    name = "truncate"
    settings: ClassVar[Mapping[str, str]] = MappingProxyType({"similarity": "cosine of the kept dimensions"})
    source = "Kusupati et al. 2022, arXiv 2205.13147"

    def __init__(self, encoder: Any, d: int) -> None:
        if not isinstance(d, int) or isinstance(d, bool) or d < 1:
            raise SpecError(f"truncate: d={d!r} must be a number of dimensions of at least 1")
        super().__init__(encoder)
        self.dimensions = d

    @property
    def revision(self) -> str:
        """The number of dimensions and the identity of the encoder. Raises SpecError if it has no cosines."""
        return self._revision(f"1 d={self.dimensions}")

    def derive(self, vectors: NDArray[np.float32], role: Role) -> NDArray[np.float32]:
        """Return the first dimensions, float32 [n, d], at unit length (zeros stay). Raises InputError if there are fewer."""
        if vectors.shape[1] < self.dimensions:
            raise InputError(
                f"truncate: {self.vectors_of.name} has {vectors.shape[1]} dimensions, not {self.dimensions}; give a smaller d"
            )
        return as_inner_products(np.ascontiguousarray(vectors[:, : self.dimensions]), "cosine", role)


class Int8(Wrapped):
    """Rounds an encoder's vectors to eight bits: integers from -127 to 127 and a scale per vector.

    Scalar quantisation with the range of each vector, which needs no training on the collection: the largest component of a
    vector in size becomes 127. Queries and passages are rounded alike, and scores are inner products of what the integers and
    scales stand for. Indexes that take one range from the collection have as many steps, and clip what lies outside.

    Args:
        encoder: a spec, such as ``static-hybrid`` or ``transformer('./model')``.

    Raises:
        SpecError: if the encoder makes no vectors.
    """

    name = "int8"
    settings: ClassVar[Mapping[str, str]] = MappingProxyType({"size": "a byte per dimension, and a scale"})

    @property
    def revision(self) -> str:
        """The version of the rounding and the identity of the encoder. Raises SpecError if it has no cosines."""
        return self._revision("1")

    def derive(self, vectors: NDArray[np.float32], role: Role) -> NDArray[np.float32]:
        """Return what the integers and scales stand for, float32 [n, d]."""
        del role
        largest = np.abs(vectors).max(axis=1, keepdims=True)
        scale = np.where(largest == 0, 1, largest / np.float32(_LARGEST)).astype(np.float32)
        return np.asarray(np.rint(vectors / scale) * scale, dtype=np.float32)


class Binary(Wrapped):
    """Keeps the sign of each dimension of an encoder's vectors: one bit.

    A component above 0 is 1, any other -1, scaled to unit length. Inner products then order passages as the number of equal bits
    does (the Hamming distance).

    Args:
        encoder: a spec, such as ``static-hybrid`` or ``transformer('./model')``.
        queries: "binary", or "float" to leave queries as they are, as indexes do that score again with the query's own vector.

    Raises:
        SpecError: for other values of queries, or if the encoder makes no vectors.
    """

    name = "binary"
    settings: ClassVar[Mapping[str, str]] = MappingProxyType({"size": "a bit per dimension"})
    source = "Charikar 2002, Similarity estimation techniques from rounding algorithms"

    def __init__(self, encoder: Any, queries: str = "binary") -> None:
        if queries not in ("binary", "float"):
            raise SpecError(f"binary: queries={queries!r} must be 'binary' or 'float'")
        super().__init__(encoder)
        self.queries = queries

    @property
    def revision(self) -> str:
        """What is done to queries and the identity of the encoder. Raises SpecError if it has no cosines."""
        return self._revision(f"1 queries={self.queries}")

    def derive(self, vectors: NDArray[np.float32], role: Role) -> NDArray[np.float32]:
        """Return vectors of unit length whose components differ in sign alone, float32 [n, d]; queries as asked."""
        if role == "query" and self.queries == "float":
            return vectors
        bit = np.float32(1 / np.sqrt(vectors.shape[1]))
        return np.where(vectors > 0, bit, -bit)
