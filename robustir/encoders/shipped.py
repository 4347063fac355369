"""The static encoders that come with robustir, one for each training sampling.

``robustir train static-hybrid`` (and ``static-xy``, ``static-xx``) made them; the folder of each holds its model card and
the record of its training.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from robustir.encoders.static import StaticEncoder

__all__ = ["StaticHybrid", "StaticXX", "StaticXY"]

_WEIGHTS = Path(__file__).resolve().parent / "weights"


class _Shipped(StaticEncoder):
    _folder: ClassVar[str]

    def __init__(self) -> None:
        super().__init__(str(_WEIGHTS / self._folder))


class StaticXX(_Shipped):
    """Encodes by a table trained on monolingual batches alone (x-x); comes with robustir, 720 dimensions.

    Needs no download. docs/training.md has its figures, and its folder a model card.
    """

    _folder = "static-xx"


class StaticXY(_Shipped):
    """Encodes by a table trained on cross-lingual batches alone (x-y); comes with robustir, 720 dimensions.

    Needs no download. docs/training.md has its figures, and its folder a model card.
    """

    _folder = "static-xy"


class StaticHybrid(_Shipped):
    """Encodes by a table trained on monolingual and cross-lingual batches (hybrid); comes with robustir, 720 dimensions.

    Needs no download. docs/training.md has its figures, and its folder a model card.
    """

    _folder = "static-hybrid"
