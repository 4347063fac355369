"""What a training is told: a TOML file, checked before anything is read."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from robustir.errors import SpecError

__all__ = ["Noise", "Optimiser", "Robust", "StaticModel", "TrainingConfig", "find_config", "load_config"]

Sampling = Literal["x-x", "x-y", "hybrid"]
SourceName = Literal["tatoeba", "wmt", "flores", "mkqa", "qa", "neighbours"]
Share = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StaticModel(_Section):
    """The table. start: "svd" (of pieces by sentences, translations sharing a sentence) or "random"."""

    pieces: int = Field(default=32_000, ge=100, le=1_000_000)
    dimensions: int = Field(default=256, ge=2, le=4096)
    start: Literal["svd", "random"] = "random"
    tokenizer: str | None = None  # a tokenizer.json, or a folder that holds one; None: learn one from the pairs
    frequency_weight: float = Field(
        default=1e-3, gt=0
    )  # a piece of relative frequency p starts with the weight a / (a + p)


class Optimiser(_Section):
    """Adam over touched rows, warm-up, then a line down to ``last_rate`` of the learning rate."""

    learning_rate: float = Field(default=1e-2, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    warm_up: int = Field(default=50, ge=0)
    last_rate: Share = 0.02
    clip: float | None = Field(default=None, gt=0)
    temperature: float = Field(default=0.05, gt=0)


class Noise(_Section):
    """A perturbation on the query side; it meets ``share`` of the batches."""

    spec: str
    severity: Share = 0.2
    share: Share = 0.5


class Robust(_Section):
    """Training for robustness beside the sampling (Huang et al. 2021, arXiv 2104.08645); always named in the manifest.

    gaussian, adversarial: radii as shares of a vector's length.
    """

    queries: tuple[Noise, ...] = ()
    gaussian: float = Field(default=0.0, ge=0)
    adversarial: float = Field(default=0.0, ge=0)


class TrainingConfig(_Section):
    """One training.

    alpha: under "hybrid", the probability that a whole batch is monolingual. language_choice: "uniform" draws every
    set of languages equally often, "size" by its number of pairs. weights: how often a source is drawn, relative to
    its size. parts: a query keeps a random share of its pieces, down to 1 - parts; translation pairs, which have no
    monolingual form, then serve as "part of a sentence to the sentence".
    """

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    sampling: Sampling
    alpha: Share = 0.5
    language_choice: Literal["uniform", "size"] = "uniform"
    languages: tuple[str, ...] = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
    sources: tuple[SourceName, ...]
    weights: dict[SourceName, float] = {}
    parts: Share = 0.0
    monolingual_parts: Share = 0.9
    steps: int = Field(default=1000, ge=1)
    batch: int = Field(default=512, ge=2)
    longest: int = Field(default=400, ge=8)  # characters of a passage that are read
    seed: int = Field(default=0, ge=0)
    validate_every: int = Field(default=0, ge=0)  # steps; 0: never
    validation_pairs: int = Field(default=500, ge=2)
    patience: int = Field(default=5, ge=1)
    checkpoint_every: int = Field(default=200, ge=1)
    model: StaticModel = StaticModel()
    optimiser: Optimiser = Optimiser()
    robust: Robust = Robust()

    @property
    def monolingual_share(self) -> float:
        """The probability that a batch is monolingual."""
        return {"x-x": 1.0, "x-y": 0.0, "hybrid": self.alpha}[self.sampling]


def find_config(given: Path) -> Path:
    """Return the path of a configuration: the file itself, or the shipped one of that name."""
    shipped = Path(__file__).resolve().parent / "configs"
    named = shipped / f"{given}.toml"
    if given.is_file() or not named.is_file():
        if given.suffix == "" and given.name == str(given) and not given.is_file():
            names = ", ".join(sorted(path.stem for path in shipped.glob("*.toml")))
            raise SpecError(f"no training configuration is called {str(given)!r}; there are: {names}, or give a file")
        return given
    return named


def load_config(path: Path, *, seed: int | None = None, sampling: str | None = None) -> TrainingConfig:
    """Read and check a file; ``seed`` and ``sampling`` replace its own. Raises SpecError that names every key at fault."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError(f"{path} cannot be read ({error.strerror}); give a training configuration in TOML") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} is no TOML: {error}") from error
    replaced = {key: value for key, value in (("seed", seed), ("sampling", sampling)) if value is not None}
    try:
        return TrainingConfig.model_validate({**content, **replaced})
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg'][0].lower()}{fault['msg'][1:]}"
            for fault in error.errors()
        )
        raise SpecError(f"{path}: {faults}  (docs/training.md lists the keys)") from None
