"""One OPUS-MT model: where it is, what identifies it, and translating with it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from robustir.errors import DataError, MissingExtraError

__all__ = ["FILES", "Marian"]

FILES = ("config.json", "source.spm", "target.spm", "vocab.json")  # beside the weights
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_CHUNK = 2**20


@dataclass(frozen=True)
class Marian:
    """A Marian checkpoint: a local folder or a hub id at ``revision``, which must be in the hub's local cache."""

    model: str
    revision: str | None = None
    device: str = "cpu"
    dtype: str = "float64"

    @cached_property
    def folder(self) -> Path | None:
        """The folder that holds the files, or None where they are not on this machine. Nothing is downloaded."""
        path = Path(self.model).expanduser()
        if not path.is_dir() and not self.model.startswith((".", "/", "~")):
            path = self._cached() or path
        whole = all((path / name).is_file() for name in FILES) and any((path / name).is_file() for name in _WEIGHTS)
        return path if whole else None

    def _cached(self) -> Path | None:
        try:
            from huggingface_hub import try_to_load_from_cache
            from huggingface_hub.errors import HFValidationError
        except ImportError:
            return None
        try:
            found = try_to_load_from_cache(self.model, "config.json", revision=self.revision)
        except HFValidationError:
            return None
        return Path(found).parent if isinstance(found, str) else None

    def required(self) -> Path:
        """Return the folder. Raises DataError with the command that gets the model."""
        if self.folder is not None:
            return self.folder
        at = f" --revision {self.revision}" if self.revision else ""
        raise DataError(
            f"the translation model {self.model} is not on this machine. With a network:  hf download "
            f"{self.model}{at}  ; or give models='FOLDER/opus-mt-{{src}}-{{tgt}}', each folder with "
            f"{', '.join(FILES)} and {' or '.join(_WEIGHTS)}"
        )

    @cached_property
    def identity(self) -> str:
        """SHA-256 (32 hex digits) over configuration, vocabulary and weights; loads no weights into memory."""
        digest = hashlib.sha256()
        folder = self.required()
        for name in ("generation_config.json", *FILES, *_WEIGHTS):
            path = folder / name
            if not path.is_file():
                continue
            digest.update(f"{name}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as handle:
                while chunk := handle.read(_CHUNK):
                    digest.update(chunk)
        return digest.hexdigest()[:32]

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        folder = str(self.required())
        try:
            import torch
            from transformers import MarianMTModel, MarianTokenizer
        except ImportError as error:
            raise MissingExtraError("transformers", "transformers") from error
        try:
            tokenizer: Any = MarianTokenizer.from_pretrained(folder)
            model: Any = MarianMTModel.from_pretrained(folder, dtype=getattr(torch, self.dtype))
        except Exception as error:  # loaders raise nearly anything on bad files
            raise DataError(f"{folder} cannot be loaded as a Marian model ({error}); download it again") from error
        return tokenizer, model.to(self.device).eval()

    def check_token(self, token: str) -> None:
        """Raise DataError where a group model does not know the target token, such as ``>>tur<<``."""
        known = self._loaded[0].supported_language_codes
        if (token or known) and token not in known:
            raise DataError(
                f"{self.model} needs a target token, one of {', '.join(known[:8]) or 'none'}, not {token!r}; "
                "give it as  tokens={'tr': '>>tur<<'}"
            )

    def translate(
        self, texts: Sequence[str], seeds: Sequence[int] | None, *, beams: int, batch: int, max_length: int
    ) -> list[str]:
        """Return translations; ``seeds``: sample each text from its own seed, else beam search."""
        import torch

        tokenizer, model = self._loaded
        rows = [tokenizer(text, truncation=True, max_length=max_length)["input_ids"] for text in texts]
        result = [""] * len(texts)
        for group in _batches([len(row) for row in rows], 1 if seeds is not None else batch):
            ids = torch.tensor([rows[row] for row in group], device=self.device)
            options: dict[str, Any] = {"max_length": max_length, "attention_mask": torch.ones_like(ids)}
            cuda = list(range(torch.cuda.device_count())) if self.device.startswith("cuda") else []
            with torch.inference_mode(), torch.random.fork_rng(devices=cuda):  # the global generator stays as it was
                if seeds is not None:
                    torch.manual_seed(seeds[group[0]])
                    made = model.generate(ids, do_sample=True, num_beams=1, **options)
                else:
                    made = model.generate(ids, do_sample=False, num_beams=beams, **options)
            for row, text in zip(group, tokenizer.batch_decode(made, skip_special_tokens=True), strict=True):
                result[row] = text
        return result


def _batches(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Return rows in batches of one length each, so that nothing is padded."""
    by_length: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        by_length.setdefault(length, []).append(row)
    return [rows[at : at + size] for _, rows in sorted(by_length.items()) for at in range(0, len(rows), size)]
