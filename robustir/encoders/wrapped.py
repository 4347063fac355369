"""What encoders over another encoder share: whatever that says of itself, and its vectors, which are encoded once for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.encoders.adapters import adapt
from robustir.encoders.training_record import TrainingRecord
from robustir.errors import SpecError
from robustir.plugins.registry import create
from robustir.plugins.shown import Shown
from robustir.plugins.specs import Spec

__all__ = ["Wrapped"]


class Wrapped(Shown):
    """An encoder over another one, ``vectors_of``, whose vectors :meth:`derive` may change.

    Args:
        encoder: a spec, or the encoder itself.

    Raises:
        SpecError: if it makes no vectors.
    """

    name: str

    def __init__(self, encoder: Any) -> None:
        inner: Any = adapt(create("encoder", encoder) if isinstance(encoder, (str, Spec)) else encoder)
        if not hasattr(inner, "encode"):
            raise SpecError(f"{self.name}: {inner.name} makes no vectors, so it has no cosines; give an encoder")
        if getattr(inner, "margin", 0):
            raise SpecError(f"{self.name}: give the encoder itself, not a margin over it")
        self.vectors_of = inner

    def _revision(self, version: str) -> str:
        """Return the revision of a wrapper over the encoder. Raises SpecError if that is made for Euclidean distances."""
        if getattr(self.vectors_of, "similarity", "cosine") == "euclidean":
            raise SpecError(
                f"{self.name}: {self.vectors_of.name} is made for Euclidean distances, but {self.name} needs cosines; "
                "give the encoder normalize=True to use its cosines"
            )
        return f"{version} of {self.vectors_of.name} {self.vectors_of.revision}"

    @property
    def uses_langs(self) -> bool:
        """As the encoder says."""
        return bool(self.vectors_of.uses_langs)

    @property
    def caution(self) -> str:
        """As the encoder says."""
        return str(getattr(self.vectors_of, "caution", ""))

    @property
    def batch_invariant(self) -> bool:
        """As the encoder says."""
        return bool(getattr(self.vectors_of, "batch_invariant", False))

    @property
    def cacheable(self) -> bool:
        """As the encoder says."""
        return bool(getattr(self.vectors_of, "cacheable", True))

    @property
    def languages(self) -> frozenset[str] | None:
        """As the encoder says."""
        known = getattr(self.vectors_of, "languages", None)
        return known if isinstance(known, frozenset) else None

    @property
    def training(self) -> TrainingRecord | None:
        """The encoder's training record, if known."""
        record = getattr(self.vectors_of, "training", None)
        return record if isinstance(record, TrainingRecord) else None

    def derive(self, vectors: NDArray[np.float32], role: Role) -> NDArray[np.float32]:
        """Return this encoder's vectors float32 [n, e] from those of ``vectors_of`` [n, d]: row by row, by their values alone."""
        del role
        return vectors

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Return float32 vectors [len(texts), e]."""
        return self.derive(self.vectors_of.encode(texts, role=role, langs=langs), role)
