"""What an encoder of robustir was trained on, from the record beside it, so that tables can mark unfair tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from robustir.disk.reading import read_json
from robustir.disk.shapes import Shape

__all__ = ["RECORD", "TrainingRecord", "in_domain_benchmarks", "read_training_record"]

RECORD = "training.json"


class _Noise(BaseModel):
    spec: str


class _Robust(BaseModel):
    queries: list[_Noise]


class _Model(BaseModel):
    kind: str


class _Configuration(BaseModel):
    sources: list[str]
    sampling: str
    seed: int
    model: _Model = _Model(kind="static")


class _Record(BaseModel):
    name: str
    configuration: _Configuration
    robust_training: _Robust


_SHAPE = Shape[_Record](_Record)

# Benchmark -> the sources of training pairs with its sentences, or others of its collection; and the words of a model
# card. The devtest of FLORES is another split than the dev used in training, but of the same kind, which a card says.
_KNOWN: Mapping[str, tuple[frozenset[str], str]] = {
    "tatoeba": (frozenset({"tatoeba"}), "Tatoeba's test (the same collection of sentences)"),
    "wmt": (frozenset({"wmt", "neighbours", "contexts"}), "newstest 2008-2018, on which it was trained"),
    "flores-dev": (
        frozenset({"flores", "neighbours", "contexts"}),
        "FLORES dev, on which it was trained, and to some degree FLORES devtest, which is of the same kind",
    ),
}

# Source of training pairs -> the perturbation that makes such text: glosses come from the lexicons that mix languages.
_LIKE: Mapping[str, str] = {"glossed": "code-switch"}


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """What an encoder was trained on.

    sampling: "x-x", "x-y" or "hybrid"; noise: specs of perturbations in training; reader: the encoder that reads the folder,
    "static" or "transformer".
    """

    name: str
    sampling: str
    seed: int
    sources: tuple[str, ...]
    noise: tuple[str, ...]
    reader: str = "static"

    def in_domain(self, benchmark: str) -> bool:
        """Whether sentences of the benchmark's own collection were trained on."""
        return benchmark in in_domain_benchmarks(self.sources)


def in_domain_benchmarks(sources: Iterable[str]) -> dict[str, str]:
    """Return the benchmarks that sources of training pairs make in-domain, each with the reason in words."""
    trained = frozenset(sources)
    return {benchmark: words for benchmark, (held, words) in _KNOWN.items() if held & trained}


def read_training_record(folder: Path) -> TrainingRecord | None:
    """Read the record of a folder that ``robustir train`` wrote (or of its ``packed``); None if there is none.

    Raises DataError if it is malformed.
    """
    place = folder.parent if folder.name == "packed" else folder
    path = place / RECORD
    if not path.is_file():
        return None
    content: _Record = read_json(path, _SHAPE, advice="train again with  robustir train")
    told = content.configuration
    noise = [entry.spec for entry in content.robust_training.queries]
    noise += [_LIKE[source] for source in told.sources if source in _LIKE]
    return TrainingRecord(
        content.name, told.sampling, told.seed, tuple(told.sources), tuple(noise), reader=told.model.kind
    )
