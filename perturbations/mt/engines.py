"""What computes a Marian model: transformers, or CTranslate2 on a folder that it converts once."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol

from robustir.disk.atomic import digest_of
from robustir.disk.folders import cache_folder
from robustir.disk.made import made_folder
from robustir.disk.reading import read_json
from robustir.disk.shapes import Shape
from robustir.errors import DataError, MissingExtraError, RobustirError

__all__ = ["DTYPES", "CTranslate2", "Engine", "Transformers", "has_ctranslate2", "release"]

# Kinds of numbers by engine, the default first.
DTYPES: Final = {"transformers": ("float64", "float32"), "ctranslate2": ("float32", "int8", "int16")}
_CONFIG: Final = Shape[dict[str, Any]](dict[str, Any])
_NEEDED: Final = ("model.safetensors", "pytorch_model.bin", "config.json", "vocab.json", "source.spm", "target.spm")


class Engine(Protocol):
    """A model that turns token ids into token ids."""

    def generate(
        self, rows: Sequence[Sequence[int]], *, seed: int | None, beams: int, max_length: int
    ) -> list[list[int]]:
        """Return the ids of the translations of rows of one length, with special ids or without.

        seed: sample one row; None: search with ``beams``, 1 being greedy.
        """
        ...


class Transformers:
    """A Marian model in transformers."""

    def __init__(self, folder: Path, device: str, dtype: str) -> None:
        import torch
        from transformers import MarianMTModel

        self.device = device
        try:
            model: Any = MarianMTModel.from_pretrained(str(folder), local_files_only=True, dtype=getattr(torch, dtype))
        except Exception as error:  # loaders raise almost anything for damaged files
            raise DataError(f"{folder} cannot be loaded as a Marian model ({error}); download it again") from error
        self._model = model.to(device).eval()

    def generate(
        self, rows: Sequence[Sequence[int]], *, seed: int | None, beams: int, max_length: int
    ) -> list[list[int]]:
        """See :meth:`Engine.generate`; the global generator stays as it was."""
        import torch

        ids = torch.tensor([list(row) for row in rows], device=self.device)
        options: dict[str, Any] = {"max_length": max_length, "attention_mask": torch.ones_like(ids)}
        cuda = list(range(torch.cuda.device_count())) if self.device.startswith("cuda") else []
        with torch.inference_mode(), torch.random.fork_rng(devices=cuda):
            if seed is not None:
                torch.manual_seed(seed)
                output = self._model.generate(ids, do_sample=True, num_beams=1, **options)
            else:
                output = self._model.generate(ids, do_sample=False, num_beams=beams, **options)
        return output.tolist()  # type: ignore[no-any-return]


class CTranslate2:
    """A Marian model in CTranslate2, in one thread of the CPU. It is converted once into the cache, in single precision.

    vocabulary: ids by token.
    """

    def __init__(self, folder: Path, dtype: str, vocabulary: Mapping[str, int]) -> None:
        package = _package()
        self._ids = dict(vocabulary)
        self._tokens = {number: token for token, number in vocabulary.items()}
        converted = _converted(folder)
        try:
            self._translator = package.Translator(str(converted), device="cpu", compute_type=dtype, intra_threads=1)
        except (RuntimeError, ValueError) as error:
            raise DataError(f"ctranslate2 cannot load {converted} as {dtype} ({_first(error)})") from error

    def generate(
        self, rows: Sequence[Sequence[int]], *, seed: int | None, beams: int, max_length: int
    ) -> list[list[int]]:
        """See :meth:`Engine.generate`; it searches and does not sample."""
        assert seed is None
        results = self._translator.translate_batch(
            [[self._tokens[number] for number in row] for row in rows],
            beam_size=beams,
            max_input_length=0,  # rows are cut already
            min_decoding_length=0,
            max_decoding_length=max_length - 2,  # transformers counts the start and the end
        )
        return [[self._ids[token] for token in result.hypotheses[0]] for result in results]


def has_ctranslate2() -> bool:
    """Whether the package is installed."""
    return find_spec("ctranslate2") is not None


def release(engine: str) -> str:
    """Return the engine and the part of its release on which translations may depend."""
    kept = {"transformers": 1, "ctranslate2": 2}[engine]
    return f"{engine}={'.'.join(version(engine).split('.')[:kept])}"


def _package(module: str = "") -> Any:
    try:
        return importlib.import_module(f"ctranslate2{module}")
    except ImportError as error:
        raise MissingExtraError("ctranslate2", "mt") from error


def _converted(folder: Path) -> Path:
    """Return the folder of the cache with the converted model. Raises DataError if the model cannot be converted."""
    _refuse_others(folder)
    files = [path for name in _NEEDED if (path := folder / name).is_file()]
    name = f"{digest_of(folder, files)}-{release('ctranslate2')}"

    def make(temporary: Path) -> None:
        try:
            _package(".converters.transformers").TransformersConverter(str(folder)).convert(
                str(temporary), quantization="float32"
            )
        except (RobustirError, OSError):
            raise
        except Exception as error:  # converters raise almost anything for what they do not know
            raise DataError(_cannot(folder, _first(error))) from error

    return made_folder(cache_folder() / "translators" / name, make)


def _refuse_others(folder: Path) -> None:
    """Raise DataError for models whose conversion would fail or translate wrongly."""
    path = folder / "config.json"
    config: dict[str, Any] = read_json(path, _CONFIG, advice="download the model again")
    if config.get("model_type") != "marian":
        raise DataError(f"{folder} holds a model of type {config.get('model_type')!r}; opus-mt needs a Marian model")
    if not config.get("share_encoder_decoder_embeddings", True):
        raise DataError(_cannot(folder, "its two languages have vocabularies of their own"))


def _cannot(folder: Path, reason: str) -> str:
    return f"ctranslate2 cannot convert {folder} ({reason}); write engine='transformers'"


def _first(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
