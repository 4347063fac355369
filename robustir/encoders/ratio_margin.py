"""``ratio-margin``: an encoder whose passages are ranked by the ratio margin instead of the inner product."""

from __future__ import annotations

from typing import Any

from robustir.encoders.wrapped import Wrapped
from robustir.errors import SpecError

__all__ = ["RatioMargin"]


class RatioMargin(Wrapped):
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
        super().__init__(encoder)
        self.margin = k

    @property
    def revision(self) -> str:
        """The version of the margin, k, and the identity of the encoder. Raises SpecError if it has no cosines."""
        return self._revision(f"1 k={self.margin}")
