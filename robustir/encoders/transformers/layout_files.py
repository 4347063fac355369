"""Writes a transformer in the layout of sentence-transformers: Transformer, Pooling, Normalize."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from robustir.contracts import Role
from robustir.disk.atomic import explained, write_text_atomically

__all__ = ["write_layout"]

_KINDS = ("Transformer", "Pooling", "Normalize")
# Sentence Transformers calls the role "passage" a document.
_PROMPTS: Mapping[Role, str] = {"query": "query", "passage": "document"}


def write_layout(
    folder: Path,
    model: Any,
    tokenizer: Any,
    *,
    poolings: Sequence[str],
    max_length: int,
    prefixes: Mapping[Role, str],
    include_prompt: bool = True,
) -> None:
    """Write a model and tokenizer of transformers with their settings; ``modules.json`` comes last.

    Args:
        folder: to write.
        model, tokenizer: of transformers.
        poolings: names of :data:`robustir.encoders.transformers.pooling.POOLINGS`, joined in this order.
        max_length: in tokens.
        prefixes: by role.
        include_prompt: whether the tokens of a prefix are pooled.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as temporary, explained(folder):
        model.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)
        for path in sorted(Path(temporary).iterdir()):
            path.replace(folder / path.name)
    places = ["", *(f"{number}_{kind}" for number, kind in enumerate(_KINDS) if number)]
    pooling = {
        "word_embedding_dimension": model.config.hidden_size,
        "pooling_mode_cls_token": "cls" in poolings,
        "pooling_mode_max_tokens": "max" in poolings,
        "pooling_mode_mean_tokens": "mean" in poolings,
        "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens" in poolings,
        "pooling_mode_weightedmean_tokens": "weightedmean" in poolings,
        "pooling_mode_lasttoken": "lasttoken" in poolings,
        "include_prompt": include_prompt,
    }
    prompts = {name: prefixes[role] for role, name in _PROMPTS.items()}
    general = {"prompts": prompts, "default_prompt_name": None, "similarity_fn_name": "cosine"}
    modules = [
        {"idx": number, "name": str(number), "path": place, "type": f"sentence_transformers.models.{kind}"}
        for number, (kind, place) in enumerate(zip(_KINDS, places, strict=True))
    ]
    (folder / places[2]).mkdir(exist_ok=True)
    for name, content in (
        (f"{places[1]}/config.json", pooling),
        ("sentence_bert_config.json", {"max_seq_length": max_length, "do_lower_case": False}),
        ("config_sentence_transformers.json", general),
        ("modules.json", modules),
    ):
        write_text_atomically(folder / name, json.dumps(content, indent=2) + "\n")
