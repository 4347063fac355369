"""What an encoder of robustir was trained on, from the record beside it, so that tables can mark unfair tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from robustir.disk.parsing import parse_json
from robustir.errors import DataError

__all__ = ["RECORD", "TrainingRecord", "in_domain_benchmarks", "read_training_record"]

RECORD = "training.json"

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
    """What an encoder was trained on. sampling: "x-x", "x-y" or "hybrid"; noise: specs of perturbations in training."""

    name: str
    sampling: str
    seed: int
    sources: tuple[str, ...]
    noise: tuple[str, ...]

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
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
        told = content["configuration"]
        sources = tuple(map(str, told["sources"]))
        noise = [str(entry["spec"]) for entry in content["robust_training"]["queries"]]
        noise += [_LIKE[source] for source in sources if source in _LIKE]
        return TrainingRecord(str(content["name"]), str(told["sampling"]), int(told["seed"]), sources, tuple(noise))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is not a training record ({error!r}); train again with  robustir train") from error
