"""Finding, identifying and loading a transformer checkpoint: a local folder or an id on the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

from robustir.disk.atomic import digest_of
from robustir.disk.hub import first_line, hub_commit, hub_file, hub_unreachable, silent_hub
from robustir.disk.limits import limited
from robustir.disk.reading import read_json
from robustir.disk.shapes import Shape, shortened
from robustir.encoders.module_files import MODULES, Module
from robustir.encoders.training_record import RECORD
from robustir.encoders.weights import asks_for_code, wants_code
from robustir.errors import InputError
from robustir.plugins.code import admit

__all__ = ["Checkpoint"]

T = TypeVar("T")

_AGAIN: Final = "get the model again"

# Files that decide the vectors; reports, licences and the states of a training do not.
_SUFFIXES = frozenset({".bin", ".bpe", ".json", ".model", ".pt", ".py", ".safetensors", ".txt", ".vocab"})
_NOT_VECTORS = (
    "checkpoint.pt",
    "optimizer",
    "rng_state",
    "scheduler",
    "scaler",
    "trainer_state",
    RECORD,
    "training_args",
    "requirements",
    "eval_",
)
_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model", "*.bpe", "tokenization*.py")
_SAID = frozenset({".lock", ".md"})  # in the folders of modules all other files count


@dataclass(frozen=True)
class Checkpoint:
    """The place of a model: a folder (if it exists) or a hub id at ``revision`` (branch, tag or commit)."""

    model: str
    revision: str | None = None
    trust_remote_code: bool = False

    def __post_init__(self) -> None:
        if self.trust_remote_code:
            admit("trust_remote_code=True")

    @property
    def folder(self) -> Path | None:
        """The local folder, or None for a hub id. Raises InputError for a missing folder that cannot be a hub id."""
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
        return f"commit={self._commit}" if folder is None else f"sha256={digest_of(folder, _files(folder))}"

    @cached_property
    def _commit(self) -> str:
        return hub_commit(self.model, self.revision)

    def file(self, name: str) -> Path | None:
        """Return a file of the model by its path inside it, or None if the model has no such file.

        Raises InputError if this cannot be known (a hub id without a network).
        """
        folder = self.folder
        if folder is None:
            return hub_file(self.model, name, self._commit)
        return folder / name if (folder / name).is_file() else None

    def read_json(self, name: str, shape: Shape[T]) -> T | None:
        """Return the content of a JSON file of the model, or None if it has no such file. Raises InputError."""
        path = self.file(name)
        found: T | None = None if path is None else read_json(path, shape, advice=_AGAIN, error=InputError)
        return found

    def _source(self, subfolder: str) -> tuple[str, dict[str, Any]]:
        options: dict[str, Any] = {"trust_remote_code": self.trust_remote_code}
        if self.folder is None and not hub_unreachable():
            options["revision"] = self._commit
            return self.model, options | ({"subfolder": subfolder} if subfolder else {})
        # Without a network the cache serves as a folder; transformers would ask the hub for optional files again.
        config = self.file(f"{subfolder}/config.json" if subfolder else "config.json")
        if config is None:
            raise InputError(
                f"{self.folder or self.model} has no config.json; give the folder that the model's save_pretrained wrote"
            )
        return str(config.parent), options

    def load_config(self, subfolder: str = "") -> Any:
        """Return the transformers configuration."""
        from transformers import AutoConfig

        return self._load("configuration", AutoConfig, subfolder)

    def require_tokenizer(self, subfolder: str = "") -> None:
        """Raise InputError if a folder has no tokenizer file; nothing is loaded."""
        where = Path(self._source(subfolder)[0])
        if where.is_dir() and not any(any(where.glob(pattern)) for pattern in _TOKENIZERS):
            raise InputError(f"{where} has no tokenizer; save one there:  tokenizer.save_pretrained({str(where)!r})")

    def load_tokenizer(self, subfolder: str = "") -> Any:
        """Return the tokenizer, padding on the right."""
        from transformers import AutoTokenizer

        self.require_tokenizer(subfolder)
        tokenizer = self._load("tokenizer", AutoTokenizer, subfolder)
        tokenizer.padding_side = "right"
        if tokenizer.pad_token_id is None:
            if tokenizer.eos_token is None:
                raise InputError(f"the tokenizer of {self.model!r} has no padding token; set one and save it again")
            tokenizer.pad_token = tokenizer.eos_token
        return tokenizer

    def load_model(self, subfolder: str = "", *, needs_pooler: bool = False) -> Any:
        """Return the model without a head, on the CPU; of an encoder-decoder model, the encoder.

        Args:
            subfolder: of the model.
            needs_pooler: whether the pooler's weights are used.

        Raises:
            InputError: if the checkpoint lacks weights, which would be random.
        """
        from transformers import AutoModel

        model, report = self._load("weights", AutoModel, subfolder, output_loading_info=True)
        unused = ("decoder",) if needs_pooler else ("decoder", "pooler")
        missing = sorted(key for key in report["missing_keys"] if not any(part in key for part in unused))
        if missing:
            raise InputError(
                f"the checkpoint {self.model!r} lacks {len(missing)} weights of its architecture "
                f"({model.config.model_type}), such as {missing[0]}; they would be random. The checkpoint is incomplete or "
                "of another architecture: save the model again with its save_pretrained"
            )
        return model.get_encoder() if getattr(model.config, "is_encoder_decoder", False) else model

    def _load(self, part: str, factory: Any, subfolder: str, **options: Any) -> Any:
        source, common = self._source(subfolder)
        try:
            with _silent(), silent_hub():
                return factory.from_pretrained(source, **common, **options)
        except Exception as error:  # loaders raise nearly anything on bad files
            if limit := limited(error):
                raise limit from error
            if wanted := asks_for_code(error):
                raise wants_code(f"the {part} of {self.model!r}", wanted) from error
            raise InputError(
                f"the {part} of {self.model!r} cannot be loaded ({type(error).__name__}: {shortened(first_line(error), 300)}); "
                "check that its files are complete, and give trust_remote_code=True if it brings code that you trust"
            ) from error


def _files(folder: Path) -> list[Path]:
    """Return the files that decide vectors: those of the folder, and all below the folders that modules.json names."""
    inner = [folder / name for name in module_folders(folder)]
    top = [path for path in folder.iterdir() if path.suffix in _SUFFIXES]
    below = [path for module in inner for path in module.rglob("*") if path.suffix not in _SAID]
    paths = {path for path in (*top, *below) if not path.name.startswith((".", *_NOT_VECTORS)) and path.is_file()}
    return sorted(paths, key=lambda path: path.relative_to(folder).as_posix())


def module_folders(folder: Path) -> list[str]:
    """Return the folders that a model's modules.json names, each inside ``folder``; none without that file."""
    path = folder / "modules.json"
    rows: list[Module] = read_json(path, MODULES, advice=_AGAIN, error=InputError) if path.is_file() else []
    outside = [row.folder for row in rows if not row.is_inside(folder)]
    if outside:
        raise InputError(
            f"{path} names {shortened(outside[0])!r}, which is outside the model's folder; move it into the folder"
        )
    return [row.folder for row in rows if row.folder not in ("", ".")]


@contextmanager
def _silent() -> Iterator[None]:
    """Keep transformers from drawing bars and from warnings about weights, which are checked here."""
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
