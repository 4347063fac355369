"""Finding, identifying and loading a transformer checkpoint: a local folder or an id on the Hugging Face hub."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from robustir.errors import InputError

__all__ = ["Checkpoint"]

# What decides the vectors; reports, licences and optimizer states do not.
_SUFFIXES = frozenset({".bin", ".bpe", ".json", ".model", ".pt", ".py", ".safetensors", ".txt", ".vocab"})
_NOT_VECTORS = (
    "optimizer",
    "rng_state",
    "scheduler",
    "scaler",
    "trainer_state",
    "training_args",
    "requirements",
    "eval_",
)
_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model", "*.bpe", "tokenization*.py")
_CHUNK = 2**20


@dataclass(frozen=True)
class Checkpoint:
    """Where a model is: a folder (if one has that name) or a hub id at ``revision`` (branch, tag or commit)."""

    model: str
    revision: str | None = None
    trust_remote_code: bool = False

    @property
    def folder(self) -> Path | None:
        """The local folder, or None for a hub id. Raises InputError if it is certainly a path and nothing is there."""
        path = Path(self.model).expanduser()
        if path.is_dir():
            return path
        certainly_path = self.model.startswith((".", "/", "~")) or "\\" in self.model or self.model.count("/") > 1
        if path.exists() or certainly_path:
            raise InputError(f"there is no model folder {self.model!r}; give the folder that holds its config.json")
        return None

    @property
    def name(self) -> str:
        """The hub id, or the name of the folder."""
        folder = self.folder
        return self.model if folder is None else folder.resolve().name

    @cached_property
    def identity(self) -> str:
        """SHA-256 over configuration, tokenizer and weights of a folder, or the commit on the hub. Loads no weights."""
        folder = self.folder
        return f"commit={self._commit}" if folder is None else f"sha256={_digest(folder)}"

    @cached_property
    def _commit(self) -> str:
        from huggingface_hub import hf_hub_download

        try:
            # The cache of the hub has the layout  snapshots/COMMIT/config.json, with or without a network.
            with _silent_hub():
                return Path(hf_hub_download(self.model, "config.json", revision=self.revision)).parent.name
        except (OSError, ValueError) as error:
            raise InputError(
                f"{self.model!r} is neither a folder here nor a model that can be had from the Hugging Face hub "
                f"({_first_line(error)}). Without a network, download it elsewhere and give its folder; with one, "
                "check its name and revision, log in if it is restricted, and see that HF_HUB_OFFLINE is not set"
            ) from error

    def _source(self) -> tuple[str, dict[str, Any]]:
        folder = self.folder
        options: dict[str, Any] = {"trust_remote_code": self.trust_remote_code}
        if folder is None:
            return self.model, {**options, "revision": self._commit}
        if not (folder / "config.json").is_file():
            raise InputError(f"{folder} has no config.json; give the folder that the model's save_pretrained wrote")
        return str(folder), options

    def load_config(self) -> Any:
        """Return the transformers configuration."""
        from transformers import AutoConfig

        return self._load("configuration", AutoConfig)

    def load_tokenizer(self) -> Any:
        """Return the tokenizer, padding on the right."""
        from transformers import AutoTokenizer

        folder = self.folder
        if folder is not None and not any(any(folder.glob(pattern)) for pattern in _TOKENIZERS):
            raise InputError(
                f"{folder} has no tokenizer; save it there too:  tokenizer.save_pretrained({str(folder)!r})"
            )
        tokenizer = self._load("tokenizer", AutoTokenizer)
        tokenizer.padding_side = "right"
        if tokenizer.pad_token_id is None:
            if tokenizer.eos_token is None:
                raise InputError(f"the tokenizer of {self.model!r} has no padding token; set one and save it again")
            tokenizer.pad_token = tokenizer.eos_token
        return tokenizer

    def load_model(self) -> Any:
        """Return the model without a head, on the CPU; an encoder-decoder model gives its encoder.

        Raises InputError if the checkpoint lacks weights: they would be random.
        """
        from transformers import AutoModel

        model, report = self._load("weights", AutoModel, output_loading_info=True)
        missing = sorted(key for key in report["missing_keys"] if "pooler" not in key and "decoder" not in key)
        if missing:
            raise InputError(
                f"the checkpoint {self.model!r} lacks {len(missing)} weights of its architecture, such as "
                f"{missing[0]}; they would be random. Save the model again with its save_pretrained"
            )
        return model.get_encoder() if getattr(model.config, "is_encoder_decoder", False) else model

    def _load(self, part: str, factory: Any, **options: Any) -> Any:
        source, common = self._source()
        try:
            with _silent(), _silent_hub():
                return factory.from_pretrained(source, **common, **options)
        except Exception as error:  # loaders raise nearly anything on bad files
            raise InputError(
                f"the {part} of {self.model!r} cannot be loaded ({type(error).__name__}: {_first_line(error)}); "
                "check that its files are complete, and give trust_remote_code=True if it brings code that you trust"
            ) from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0].strip().rstrip(".")


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.suffix not in _SUFFIXES or path.name.startswith((".", *_NOT_VECTORS)) or not path.is_file():
            continue
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as handle:
            while chunk := handle.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()[:32]


@contextmanager
def _silent_hub() -> Iterator[None]:
    """Keep the hub's client from logging each attempt to reach it; failure is reported once, as an error."""
    logger = logging.getLogger("huggingface_hub")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _silent() -> Iterator[None]:
    """Keep transformers from drawing bars and warning of what is checked here (a missing pooler is of no use to us)."""
    from transformers import utils

    output: Any = utils.logging
    verbosity, bars = output.get_verbosity(), output.is_progress_bar_enabled()
    output.set_verbosity_error()
    output.disable_progress_bar()
    try:
        yield
    finally:
        output.set_verbosity(verbosity)
        if bars:
            output.enable_progress_bar()
