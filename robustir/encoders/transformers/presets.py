"""Well-known multilingual encoders by name, each with its pooling, layer, prefixes and commit.

The commits are those that other public projects pin, so that a preset always uses the same files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar, Literal

from robustir.encoders.transformers.pooling import Pooling
from robustir.encoders.transformers.transformer import DTypeName, TransformerEncoder
from robustir.errors import SpecError

__all__ = ["BgeM3", "LaBSE", "MBert", "MDistilBert", "MultilingualE5", "Preset", "XlmR"]


@dataclass(frozen=True)
class Preset:
    """The settings of a preset. pooling None: as modules.json says. layer None: the last. max_length: in tokens."""

    model: str
    commit: str
    pooling: Pooling | None
    layer: int | None = None
    query_prefix: str | None = ""
    passage_prefix: str | None = ""
    normalize: bool | None = True
    max_length: int | None = 512

    def shown(self) -> dict[str, str]:
        """Return the settings in words."""
        return {
            "model": self.model,
            "commit": self.commit,
            "pooling": self.pooling or "as its modules.json says",
            "layer": "the last" if self.layer is None else str(self.layer),
            "prefixes": f"query {self.query_prefix!r}, passage {self.passage_prefix!r}"
            if self.query_prefix or self.passage_prefix
            else "none",
            "normalize": "to unit length" if self.normalize else "no",
            "max_length": "as the model says" if self.max_length is None else f"{self.max_length} tokens",
        }


class _PresetEncoder(TransformerEncoder):
    """A transformer with the settings of its class's preset, unless others are given."""

    preset: Preset  # of the class, or of the model that its arguments choose

    def __init__(
        self,
        path: str | None = None,
        *,
        revision: str | None = None,
        max_length: int | None = None,
        dtype: DTypeName = "float32",
        device: str = "auto",
        batch_size: int | None = None,
    ) -> None:
        preset = self.preset
        super().__init__(
            path or preset.model,
            preset.pooling,
            preset.layer,
            preset.query_prefix,
            preset.passage_prefix,
            normalize=preset.normalize,
            max_length=preset.max_length if max_length is None else max_length,
            dtype=dtype,
            device=device,
            revision=preset.commit if revision is None and path is None else revision,
            batch_size=batch_size,
        )


class _LayeredEncoder(_PresetEncoder):
    """A preset of a model that was not trained for retrieval, so that its layers are worth trying."""

    def __init__(
        self,
        path: str | None = None,
        layer: int | None = None,
        *,
        revision: str | None = None,
        max_length: int | None = None,
        dtype: DTypeName = "float32",
        device: str = "auto",
        batch_size: int | None = None,
    ) -> None:
        if layer is not None:
            self.preset = replace(self.preset, layer=layer)
        super().__init__(
            path, revision=revision, max_length=max_length, dtype=dtype, device=device, batch_size=batch_size
        )


_MBERT = Preset("google-bert/bert-base-multilingual-cased", "3f076fdb1ab68d5b2880cb87a0886f315b8146f8", "mean", 7)


class MBert(_LayeredEncoder):
    """Multilingual BERT (Devlin et al. 2019), not trained for retrieval: mean pooling of layer 7 of 12.

    XTREME (Hu et al. 2020) retrieves with a layer in the middle, 7 of 12, mean pooling over all tokens (the special
    ones included) and the cosine. Its script counts the layers' outputs from 0, so that its --specific_layer 7 is, to
    the letter, layer=8 here.

    Args:
        path: a local folder instead of the hub.
        layer: 0 (the embeddings) to 12, by default 7.
    """

    preset = _MBERT
    families = frozenset({"bert"})
    settings: ClassVar[Mapping[str, str]] = MappingProxyType(_MBERT.shown())
    source = "https://huggingface.co/google-bert/bert-base-multilingual-cased; layer: Hu et al. 2020, arXiv 2003.11080"
    licence = "Apache-2.0"


_XLMR = Preset("FacebookAI/xlm-roberta-large", "c23d21b0620b635a76227c604d44e43a9f0ee389", "mean", 13)


class XlmR(_LayeredEncoder):
    """XLM-R large (Conneau et al. 2020), not trained for retrieval: mean pooling of layer 13 of 24.

    XTREME (Hu et al. 2020) retrieves with layer 13 of 24, mean pooling over all tokens and the cosine. Its script
    counts the layers' outputs from 0, so that its --specific_layer 13 is, to the letter, layer=14 here.

    Args:
        path: a local folder instead of the hub.
        layer: 0 (the embeddings) to 24, by default 13.
    """

    preset = _XLMR
    families = frozenset({"xlm-roberta"})
    settings: ClassVar[Mapping[str, str]] = MappingProxyType(_XLMR.shown())
    source = "https://huggingface.co/FacebookAI/xlm-roberta-large; layer: Hu et al. 2020, arXiv 2003.11080"
    licence = "MIT"


_DISTIL = Preset(
    "distilbert/distilbert-base-multilingual-cased", "45c032ab32cc946ad88a166f7cb282f58c753c2e", "mean", None
)


class MDistilBert(_LayeredEncoder):
    """Multilingual DistilBERT (Sanh et al. 2019), not trained for retrieval: mean pooling of the last of 6 layers.

    No publication says which of its layers retrieves best; give layer to try another.

    Args:
        path: a local folder instead of the hub.
        layer: 0 (the embeddings) to 6, by default the last.
    """

    preset = _DISTIL
    families = frozenset({"distilbert"})
    settings: ClassVar[Mapping[str, str]] = MappingProxyType(_DISTIL.shown())
    source = "https://huggingface.co/distilbert/distilbert-base-multilingual-cased"
    licence = "Apache-2.0"


_LABSE = Preset(
    "sentence-transformers/LaBSE",
    "e34fab64a3011d2176c99545a93d5cbddc9a91b7",
    None,
    query_prefix=None,
    passage_prefix=None,
    normalize=True,
    max_length=None,
)


# The content of its modules.json at the pinned commit, for people; the file itself is what counts.
_LABSE_SHOWN = {
    **_LABSE.shown(),
    "pooling": "as its modules.json says: cls, then dense with tanh (the pooler), then normalize",
    "max_length": "as its modules.json says: 256 tokens",
}


class LaBSE(_PresetEncoder):
    """LaBSE (Feng et al. 2022), trained on bitext: the first token through a dense layer with tanh, to unit length.

    Read from the model's modules.json: Transformer, Pooling (cls), Dense (the pooler), Normalize, 256 tokens. A folder
    without modules.json is used with the model's own pooler, which is the same dense layer, and 512 tokens.

    Args:
        path: a local folder instead of the hub.
    """

    preset = _LABSE
    families = frozenset({"bert"})
    plain_pooling = "pooler"
    settings: ClassVar[Mapping[str, str]] = MappingProxyType(_LABSE_SHOWN)
    source = "https://huggingface.co/sentence-transformers/LaBSE; Feng et al. 2022, arXiv 2007.01852"
    licence = "Apache-2.0"


_E5: Mapping[str, Preset] = {
    size: Preset(f"intfloat/multilingual-e5-{size}", commit, "mean", query_prefix="query: ", passage_prefix="passage: ")
    for size, commit in {
        "small": "fd1525a9fd15316a2d503bf26ab031a61d056e98",
        "base": "d13f1b27baf31030b7fd040960d60d909913633f",
        "large": "ab10c1a7f42e74530fe7ae5be82e6d4f11a719eb",
    }.items()
}
_E5_SHOWN = {
    **_E5["base"].shown(),
    "model": "intfloat/multilingual-e5-SIZE",
    "commit": "; ".join(f"{size}: {preset.commit}" for size, preset in _E5.items()),
}


class MultilingualE5(_PresetEncoder):
    """Multilingual E5 (Wang et al. 2024), trained for retrieval: mean pooling, "query: " and "passage: " in front.

    Args:
        size: "small" (12 layers, 384 dimensions), "base" (12, 768) or "large" (24, 1024).
        path: a local folder instead of the hub.
    """

    families = frozenset({"bert", "xlm-roberta"})  # small descends from Multilingual MiniLM, a BERT
    settings: ClassVar[Mapping[str, str]] = MappingProxyType(_E5_SHOWN)
    source = "https://huggingface.co/intfloat/multilingual-e5-base; Wang et al. 2024, arXiv 2402.05672"
    licence = "MIT"

    def __init__(
        self,
        size: Literal["small", "base", "large"] = "base",
        path: str | None = None,
        *,
        revision: str | None = None,
        max_length: int | None = None,
        dtype: DTypeName = "float32",
        device: str = "auto",
        batch_size: int | None = None,
    ) -> None:
        if size not in _E5:
            raise SpecError(f"size={size!r}: choose one of {', '.join(_E5)}")
        self.preset = _E5[size]
        super().__init__(
            path, revision=revision, max_length=max_length, dtype=dtype, device=device, batch_size=batch_size
        )


_BGE = Preset("BAAI/bge-m3", "5617a9f61b028005a4858fdac845db406aefb181", "cls", max_length=8192)


class BgeM3(_PresetEncoder):
    """BGE-M3 (Chen et al. 2024), trained for retrieval, by its dense vectors: the first token, to unit length.

    Its sparse and multi-vector scores are not used. It needs no prefixes.

    Args:
        path: a local folder instead of the hub.
        max_length: in tokens, by default 8192; lower it for long passages on a small machine.
    """

    preset = _BGE
    families = frozenset({"xlm-roberta"})
    settings: ClassVar[Mapping[str, str]] = MappingProxyType(_BGE.shown())
    source = "https://huggingface.co/BAAI/bge-m3; Chen et al. 2024, arXiv 2402.03216"
    licence = "MIT"
