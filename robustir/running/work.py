"""The state of a worker process, and the jobs that cells depend on: perturb a query set, encode a unit of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Role, Scorer
from robustir.encoders.adapters import adapt
from robustir.noise.applying import perturb
from robustir.noise.prepared import PreparedPerturbation, prepare
from robustir.planning.conditions import Condition
from robustir.plugins.registry import create
from robustir.ranking.pools import Part, split_pools
from robustir.rundir.directory import RunDirectory
from robustir.running.encoding import Unit
from robustir.running.keeping import Keeping
from robustir.running.kept import Kept
from robustir.types import Task
from robustir.vectors.store import EmbeddingStore, EncodedUnit

__all__ = ["EncodeJob", "PerturbJob", "WorkArgument", "WorkContext", "encode", "perturb_queries"]

_ENCODED_AT_ONCE = 1_024  # passages of an attacked corpus


@dataclass(frozen=True)
class WorkArgument:
    """The argument of a worker process's context; picklable."""

    tasks: Mapping[str, Task]
    run: Path
    seed: int
    device: str
    cache: Path | None
    keeping: Keeping


class WorkContext:
    """Per-process state: plugins, indexes and values shared by jobs are made on first use and ``kept``."""

    def __init__(self, argument: WorkArgument) -> None:
        self.argument = argument
        self.run = RunDirectory(argument.run)
        self.kept = Kept()

    def adopt(self, encoders: Mapping[str, Any], perturbations: Mapping[str, PreparedPerturbation]) -> None:
        """Use existing objects of this process."""
        for kind, objects in (("encoder", encoders), ("perturbation", perturbations)):
            for spec, one in objects.items():
                self.kept.put((kind, spec), one)

    def parts(self, task: Task) -> list[Part]:
        """Return the pools of a task, each with its own corpus; the task's corpus if it is one pool."""
        return self.kept.get(("parts", task.name), lambda: split_pools(task))

    @cached_property
    def store(self) -> EmbeddingStore:
        """The embedding store."""
        return EmbeddingStore(self.argument.cache)

    def encoder(self, spec: str) -> Any:
        """Return the encoder of a spec."""
        return self.kept.get(("encoder", spec), lambda: adapt(create("encoder", spec)))

    def perturbation(self, spec: str) -> PreparedPerturbation:
        """Return the perturbation of a spec."""
        return self.kept.get(("perturbation", spec), lambda: prepare(spec))

    def indexed(self, spec: str, task: Task, part: Part | None = None) -> Scorer:
        """Return a scorer with the task's corpus, or that of one of its pools, indexed."""

        def index() -> Scorer:
            scorer: Scorer = self.encoder(spec)
            scorer.index(task.corpus if part is None else part.corpus)
            return scorer

        pool = None if part is None or part.whole else part.number
        return self.kept.get(("index", spec), index, key=(task.name, pool))

    def victim(self, spec: str, task: Task) -> tuple[Any, NDArray[np.float32] | None]:
        """Return an encoder to attack with its vectors of the corpus; a scorer without vectors comes with its index."""
        encoder = self.encoder(spec)
        if not hasattr(encoder, "encode"):
            return self.indexed(spec, task), None
        vectors = self.kept.get("victim's passages", lambda: self._corpus_vectors(encoder, task), key=(task.name, spec))
        return encoder, vectors

    def _corpus_vectors(self, encoder: Any, task: Task) -> NDArray[np.float32]:
        texts, langs = list(task.corpus.texts), list(task.corpus.langs)
        parts = [
            _encode_unit(
                self.store,
                encoder,
                texts[at : at + _ENCODED_AT_ONCE],
                "passage",
                langs[at : at + _ENCODED_AT_ONCE] if encoder.uses_langs else None,
            ).vectors
            for at in range(0, len(texts), _ENCODED_AT_ONCE)
        ]
        return np.concatenate(parts)


@dataclass(frozen=True)
class PerturbJob:
    """One query set to perturb, in the languages in which the perturbation works."""

    task: str
    condition: Condition
    key: str
    languages: tuple[str, ...]


def perturb_queries(context: WorkContext, job: PerturbJob) -> None:
    """Perturb and store one query set."""
    queries = context.argument.tasks[job.task].queries
    if set(job.languages) != set(queries.langs):
        known = set(job.languages)
        queries = queries.select([row for row, lang in enumerate(queries.langs) if lang in known])
    condition = job.condition
    perturbation = context.perturbation(condition.perturbation)
    noisy = perturb(queries, perturbation, severity=condition.severity, seed=context.argument.seed, draw=condition.draw)
    context.run.write_queries(job.key, noisy)


@dataclass(frozen=True)
class EncodeJob:
    """One unit of texts to encode."""

    encoder: str
    unit: Unit


def encode(context: WorkContext, job: EncodeJob) -> tuple[EncodedUnit, list[str]]:
    """Encode one unit, through the store; return it, and what the store found damaged."""
    unit = job.unit
    found = _encode_unit(context.store, context.encoder(job.encoder), unit.texts, unit.role, unit.langs)
    return found, context.store.take_damaged()


def _encode_unit(
    store: EmbeddingStore, encoder: Any, texts: Sequence[str], role: Role, langs: Sequence[str] | None
) -> EncodedUnit:
    """Return a unit's vectors through the store, which keeps those of the innermost encoder alone."""
    inner = getattr(encoder, "vectors_of", None)
    if inner is None:
        return store.encode_unit(encoder, texts, role=role, langs=langs)
    unit = _encode_unit(store, inner, texts, role, langs)
    return unit._replace(vectors=encoder.derive(unit.vectors, role))
