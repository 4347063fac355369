"""The configuration of a training: a TOML file, checked before anything is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from robustir.disk.reading import read_toml
from robustir.disk.shapes import shortened
from robustir.encoders.static_files import Bits
from robustir.encoders.transformers.pooling import Pooling
from robustir.errors import SpecError
from robustir.languages import LANGUAGES, normalise_all

__all__ = [
    "TRANSFORMER",
    "Architecture",
    "Noise",
    "Optimiser",
    "Robust",
    "StaticModel",
    "TrainingConfig",
    "TransformerModel",
    "find_config",
    "load_config",
]

_SHOWN = 10  # mistakes
_LAYERS = re.compile(r"layers:[1-9][0-9]{0,3}")


def _frozen_part(part: str) -> str:
    if part != "embeddings" and not _LAYERS.fullmatch(part):
        raise ValueError(f'{part!r} is not a part of a model; choose "embeddings" and "layers:N", such as "layers:6"')
    return part


Sampling = Literal["x-x", "x-y", "hybrid"]
SourceName = Literal["tatoeba", "wmt", "flores", "mkqa", "qa", "qa-sentences", "neighbours", "contexts", "glossed"]
Share = Annotated[float, Field(ge=0, le=1)]
Frozen = Annotated[str, AfterValidator(_frozen_part)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StaticModel(_Section):
    """A table. start: "svd" (of pieces by sentences, translations sharing a sentence) or "random"."""

    kind: Literal["static"] = "static"
    pieces: int = Field(default=32_000, ge=100, le=1_000_000)
    dimensions: int = Field(default=256, ge=2, le=4096)
    start: Literal["svd", "random"] = "random"
    tokenizer: str | None = None  # a tokenizer.json, or a folder that holds one; None: learn one from the pairs
    frequency_weight: float = Field(
        default=1e-3, gt=0
    )  # a piece of relative frequency p starts with the weight a / (a + p)
    packed_bits: Bits = 8  # of a number of the packed encoder
    language_free: bool = False  # project out the mean vectors of the languages, once the table has learnt
    whitening: float = Field(default=0.0, ge=0, le=0.5)  # then make directions more equal; 0.5: all alike
    reduced_to: int | None = Field(default=None, ge=1)  # then keep so many directions, those of the largest variance

    @model_validator(mode="after")
    def _not_longer(self) -> StaticModel:
        if self.reduced_to is not None and self.reduced_to > self.dimensions:
            raise ValueError(f"reduced_to is {self.reduced_to}, and the table has {self.dimensions} dimensions")
        return self

    @property
    def finished(self) -> bool:
        """Whether something is done to the table once it has learnt."""
        return self.language_free or self.whitening > 0 or self.reduced_to is not None


class Architecture(_Section):
    """A BERT from scratch, with pieces learnt from the pairs."""

    layers: int = Field(default=6, ge=1, le=96)
    dimensions: int = Field(default=384, ge=2, le=8192)
    heads: int = Field(default=12, ge=1)
    feed_forward: int = Field(default=1536, ge=1)
    dropout: Share = 0.1
    pieces: int = Field(default=32_000, ge=100, le=1_000_000)

    @model_validator(mode="after")
    def _divisible(self) -> Architecture:
        if self.dimensions % self.heads:
            raise ValueError(f"{self.dimensions} dimensions cannot be divided among {self.heads} heads")
        return self


class TransformerModel(_Section):
    """A transformer: a checkpoint (``base``) or, from scratch, an ``architecture``.

    pooling, prefixes, max_length: by default as the base says, else mean, none, 128. layer: train and keep the layers up
    to this one alone. freeze: "embeddings", and "layers:N" for the lowest N layers; they stay as they are, and what they
    say of a text is computed once and kept, up to ``kept_states`` MiB of memory. dtype: "bfloat16" computes in mixed
    precision on a GPU or CPU that has it, the weights stay float32. micro_batch: texts that are encoded at a time, with
    the gradient of the whole batch. threads: of the CPU; another number may change the last bits.
    """

    kind: Literal["transformer"]
    base: str | None = None  # a local folder or an id on the Hugging Face hub
    revision: str | None = None
    architecture: Architecture | None = None
    pooling: Pooling | None = None
    layer: int | None = Field(default=None, ge=1)
    query_prefix: str | None = None
    passage_prefix: str | None = None
    max_length: int | None = Field(default=None, ge=3)
    dtype: Literal["float32", "bfloat16"] = "float32"
    device: str = "auto"
    micro_batch: int = Field(default=32, ge=1)
    freeze: tuple[Frozen, ...] = ()
    kept_states: int = Field(default=1024, ge=0)  # MiB
    threads: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _one_start(self) -> TransformerModel:
        if (self.base is None) == (self.architecture is None):
            raise ValueError("give either base (a folder or an id on the hub) or architecture (from scratch)")
        if self.base is None and (self.revision is not None or self.layer is not None):
            raise ValueError("revision and layer belong to a base, but this model starts from scratch")
        if self.freeze and self.base is None:
            raise ValueError("freeze belongs to a base, but this model starts from scratch")
        return self

    @model_validator(mode="after")
    def _frozen_from_below(self) -> TransformerModel:
        layers = [part for part in self.freeze if part != "embeddings"]
        if len(layers) > 1 or (layers and "embeddings" not in self.freeze):
            raise ValueError('freeze: give "embeddings", alone or with one "layers:N" for the lowest N layers')
        return self

    @property
    def frozen_layers(self) -> int | None:
        """How many layers are frozen, 0: the embeddings alone, None: nothing."""
        numbers = [int(part.partition(":")[2] or 0) for part in self.freeze]
        return max(numbers, default=None)


class Optimiser(_Section):
    """Adam (over touched rows, of a table; AdamW, of a transformer): warm-up, then a line down to ``last_rate`` of the rate.

    The defaults are those of a table; :data:`TRANSFORMER` holds a transformer's.
    """

    learning_rate: float = Field(default=1e-2, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    warm_up: int = Field(default=50, ge=0)
    last_rate: Share = 0.02
    clip: float | None = Field(default=None, gt=0)
    temperature: float = Field(default=0.05, gt=0)


# Where a transformer's defaults differ. Learning rate, weight decay and batch are those of Elmahdy et al. (2024).
TRANSFORMER: Mapping[str, Any] = {
    "batch": 100,
    "optimiser": {"learning_rate": 3e-5, "weight_decay": 1e-2, "warm_up": 100, "last_rate": 0.0, "clip": 1.0},
}


class Noise(_Section):
    """A perturbation on the query side; it meets ``share`` of the batches."""

    spec: str
    severity: Share = 0.2
    share: Share = 0.5


class Robust(_Section):
    """Training for robustness beside the sampling (Huang et al. 2021, arXiv 2104.08645); always named in the manifest.

    gaussian: noise on the vectors of texts. adversarial: the step that raises the loss most, on the vectors of texts (of
    a table) or on the input embeddings of each text (of a transformer). Both are radii as shares of a vector's length.
    """

    queries: tuple[Noise, ...] = ()
    gaussian: float = Field(default=0.0, ge=0)
    adversarial: float = Field(default=0.0, ge=0)


class TrainingConfig(_Section):
    """One training.

    alpha: under "hybrid", the probability that a whole batch is monolingual. language_choice: "uniform" draws every
    set of languages equally often, "size" by its number of pairs. weights: how often a source is drawn, relative to
    its size. parts: a query keeps a random share of its pieces, down to 1 - parts; translation pairs, which have no
    monolingual form, then serve as "part of a sentence to the sentence". mixed: a batch of so many draws, all of one
    kind, so that the negatives of a query are in several languages. shared: of a source, how many draws of every
    mixed batch it gives, each in one language, whatever the sampling; its pairs serve nothing else.
    """

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    sampling: Sampling
    alpha: Share = 0.5
    language_choice: Literal["uniform", "size"] = "uniform"
    languages: tuple[str, ...] = LANGUAGES
    sources: tuple[SourceName, ...]
    weights: dict[SourceName, float] = {}
    parts: Share = 0.0
    monolingual_parts: Share = 0.9
    steps: int = Field(default=1000, ge=1)
    batch: int = Field(default=512, ge=2)
    mixed: int = Field(default=1, ge=1)  # draws of shelf and languages that share a batch
    shared: dict[SourceName, int] = {}
    longest: int = Field(default=400, ge=8)  # characters of a passage that are read
    seed: int = Field(default=0, ge=0)
    validate_every: int = Field(default=0, ge=0)  # steps; 0: never
    validation_pairs: int = Field(default=500, ge=2)
    patience: int = Field(default=5, ge=1)
    checkpoint_every: int = Field(default=200, ge=1)
    model: Annotated[StaticModel | TransformerModel, Field(discriminator="kind")] = StaticModel()
    optimiser: Optimiser = Optimiser()
    robust: Robust = Robust()

    @field_validator("languages")
    @classmethod
    def _in_one_code(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return normalise_all(values)

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_kind(cls, content: Any) -> Any:
        """Say which kind a model is, static unless told, and fill in a transformer's defaults."""
        if not isinstance(content, dict) or not isinstance(model := content.get("model", {}), dict):
            return content
        if model.get("kind", "static") != "transformer":
            return content | {"model": {"kind": "static", **model}}
        optimiser = content.get("optimiser", {})
        if isinstance(optimiser, dict):
            content = content | {"optimiser": {**TRANSFORMER["optimiser"], **optimiser}}
        return {"batch": TRANSFORMER["batch"], **content}

    @model_validator(mode="after")
    def _fits(self) -> TrainingConfig:
        if self.mixed * 2 > self.batch:
            raise ValueError("mixed: a draw needs at least 2 pairs; lower mixed or raise batch")
        if self.shared and sum(self.shared.values()) >= self.mixed:
            raise ValueError("shared: it must be below mixed, the number of draws in a batch")
        if unread := [source for source in self.shared if source not in self.sources]:
            raise ValueError(f"shared: {unread[0]!r} is not among the sources")
        return self

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
            raise SpecError(f"{str(given)!r} is not a training configuration; there are: {names}, or give a file")
        return given
    return named


def load_config(path: Path, *, seed: int | None = None, sampling: str | None = None) -> TrainingConfig:
    """Read and check a file; ``seed`` and ``sampling`` replace its own. Raises SpecError that names every key at fault."""
    content = read_toml(path, error=SpecError)
    replaced = {key: value for key, value in (("seed", seed), ("sampling", sampling)) if value is not None}
    try:
        return TrainingConfig.model_validate({**content, **replaced})
    except ValidationError as error:
        faults = "; ".join(map(_fault, error.errors()[:_SHOWN]))
        raise SpecError(f"{path}: {faults}  (docs/training.md lists the keys)") from None


def _fault(fault: Any) -> str:
    # Which kind of model was checked is in pydantic's place, and its own exceptions' name in the message.
    place = ".".join(shortened(str(part)) for part in fault["loc"] if part not in ("static", "transformer"))
    message = shortened(str(fault["msg"]).removeprefix("Value error, "), 300)
    return f"{place}: {message[0].lower()}{message[1:]}"
