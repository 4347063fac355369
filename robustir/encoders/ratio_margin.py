"""``ratio-margin``: an encoder whose passages are ranked by the ratio margin instead of the inner product."""

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

__all__ = ["RatioMargin"]


class RatioMargin(Shown):
    """Ranks by the ratio margin over an encoder's cosines, as mining of parallel sentences does (Artetxe & Schwenk 2019).

    score(x, y) = cos(x, y) / (mean cosine of x's k nearest passages / 2 + that of y's k nearest clean queries / 2), for
    the k passages nearest to a query; the others follow by cosine. On aligned sentences (``tatoeba``, ``ntrex``,
    ``flores``, ``wmt``) 1 - Hit@1 is the xsim error of LASER with its defaults (ratio, k=4). The encoder's vectors are
    used, and encoded once.

    Args:
        encoder: a spec, such as ``hashing`` or ``transformer('sentence-transformers/LaBSE')``.
        k: how many neighbours.
    """

    name = "ratio-margin"

    def __init__(self, encoder: Any, k: int = 4) -> None:
        if not isinstance(k, int) or k < 1:
            raise SpecError(f"ratio-margin: k={k!r} must be a number of neighbours of at least 1; LASER takes 4")
        inner: Any = adapt(create("encoder", encoder) if isinstance(encoder, (str, Spec)) else encoder)
        if not hasattr(inner, "encode"):
            raise SpecError(f"ratio-margin: {inner.name} makes no vectors, so it has no cosines; give an encoder")
        if getattr(inner, "margin", 0):
            raise SpecError("ratio-margin: give the encoder itself, not another margin over it")
        self.vectors_of = inner
        self.margin = k

    @property
    def revision(self) -> str:
        """The version of the margin, k, and the identity of the encoder. Raises SpecError if it has no cosines."""
        if getattr(self.vectors_of, "similarity", "cosine") == "euclidean":
            raise SpecError(
                f"ratio-margin: {self.vectors_of.name} is made for Euclidean distances, but the margin needs cosines; "
                "give the encoder normalize=True to use its cosines"
            )
        return f"1 k={self.margin} of {self.vectors_of.name} {self.vectors_of.revision}"

    @property
    def uses_langs(self) -> bool:
        """As the encoder says."""
        return bool(self.vectors_of.uses_langs)

    @property
    def batch_invariant(self) -> bool:
        """As the encoder says."""
        return bool(getattr(self.vectors_of, "batch_invariant", False))

    @property
    def cacheable(self) -> bool:
        """As the encoder says."""
        return bool(getattr(self.vectors_of, "cacheable", True))

    @property
    def training(self) -> TrainingRecord | None:
        """The encoder's training record, if known."""
        record = getattr(self.vectors_of, "training", None)
        return record if isinstance(record, TrainingRecord) else None

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Return the encoder's vectors, float32 [len(texts), d]."""
        vectors: NDArray[np.float32] = self.vectors_of.encode(texts, role=role, langs=langs)
        return vectors
