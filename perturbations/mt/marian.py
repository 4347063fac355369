"""One OPUS-MT model: where it is, what identifies it, and translating with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from robustir.errors import DataError, MissingExtraError
from robustir.perturbations.mt.engines import CTranslate2, Engine, Transformers
from robustir.perturbations.shared.model_files import ModelFiles

__all__ = ["FILES", "Marian"]

FILES = ("config.json", "source.spm", "target.spm", "vocab.json")  # beside the weights
_OPTIONAL = ("generation_config.json", "tokenizer_config.json", "target_vocab.json", "special_tokens_map.json")


@dataclass(frozen=True)
class Marian:
    """A Marian checkpoint: a local folder, or a hub id at ``revision``, downloaded when first needed.

    engine: "transformers", or "ctranslate2", which runs on the CPU. dtype: one of the engine's.
    """

    model: str
    revision: str | None = None
    device: str = "cpu"
    dtype: str = "float64"
    engine: str = "transformers"

    @cached_property
    def files(self) -> ModelFiles:
        """Where its files are."""
        return ModelFiles(self.model, self.revision, FILES, _OPTIONAL)

    @cached_property
    def _tokenizer(self) -> Any:
        folder = str(self.files.folder)
        try:
            from transformers import MarianTokenizer
        except ImportError as error:
            raise MissingExtraError("transformers", "transformers") from error
        try:
            return MarianTokenizer.from_pretrained(folder, local_files_only=True)
        except Exception as error:  # loaders raise almost anything for damaged files
            raise DataError(f"{folder} cannot be loaded as a Marian model ({error}); download it again") from error

    @cached_property
    def _engine(self) -> Engine:
        if self.engine == "ctranslate2":
            return CTranslate2(self.files.folder, self.dtype, self._tokenizer.get_vocab())
        return Transformers(self.files.folder, self.device, self.dtype)

    def token(self, asked: str, usual: str) -> str:
        """Return the target token to write before each text, "" for a model of one target language.

        A group model gets the token asked for, or, with none, the usual one of the language. Raises DataError if it
        does not know it.
        """
        known = self._tokenizer.supported_language_codes
        token = asked or (usual if known else "")
        if (token or known) and token not in known:
            raise DataError(
                f"{self.model} needs a target token, one of {', '.join(known[:8]) or 'none'}, not {token!r}; "
                "give it as  tokens={'tr': '>>tur<<'}"
            )
        return token

    def translate(
        self, texts: Sequence[str], seeds: Sequence[int] | None, *, beams: int, batch: int, max_length: int
    ) -> list[str]:
        """Return translations; ``seeds``: sample each text from its own seed, else beam search."""
        tokenizer = self._tokenizer
        rows = [tokenizer(text, truncation=True, max_length=max_length)["input_ids"] for text in texts]
        result = [""] * len(texts)
        for group in _batches([len(row) for row in rows], 1 if seeds is not None else batch):
            seed = None if seeds is None else seeds[group[0]]
            output = self._engine.generate([rows[row] for row in group], seed=seed, beams=beams, max_length=max_length)
            for row, text in zip(group, tokenizer.batch_decode(output, skip_special_tokens=True), strict=True):
                result[row] = text
        return result


def _batches(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Return rows in batches of one length each, so that nothing is padded."""
    by_length: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        by_length.setdefault(length, []).append(row)
    return [rows[at : at + size] for _, rows in sorted(by_length.items()) for at in range(0, len(rows), size)]
