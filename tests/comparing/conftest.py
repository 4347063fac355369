"""Runs whose truth is known: encoders that miss a chosen share of the topics, clean and under noise."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import robustir
from robustir import Corpus, Qrels, QuerySet, Task
from robustir.rundir.directory import RunDirectory

TOPICS, GROUPS = 240, 20
_QUERY = "where is topic {} found today"
MakeRun = Callable[..., RunDirectory]


def uniform(number: int) -> float:
    return float(np.random.default_rng(number).random())


def _vector(*key: int) -> NDArray[np.float32]:
    values = np.random.default_rng(key).normal(size=64)
    return (values / np.linalg.norm(values)).astype(np.float32)


class Misses:
    """Finds the passage of every topic but for a share of them, which grows if the words of the query moved.

    A larger share misses the same topics and more, so which encoder is better is known.
    """

    uses_langs = False
    batch_invariant = True

    def __init__(self, clean: float, noisy: float) -> None:
        self.name = "misses"
        self.clean, self.noisy = clean, noisy
        self.revision = f"{clean} {noisy}"

    def encode(self, texts: Sequence[str], *, role: str, langs: Sequence[str] | None = None) -> NDArray[np.float32]:
        return np.stack([self._one(text, role) for text in texts])

    def _one(self, text: str, role: str) -> NDArray[np.float32]:
        number = int(re.findall(r"\d+", text)[0])
        share = self.clean if text == _QUERY.format(number) else self.noisy
        return _vector(1, number) if role == "query" and uniform(number) < share else _vector(0, number)


def task(topics: int = TOPICS, *, first: int = 0, extra: int = 0) -> Task:
    """Return one query and one passage for each topic, in groups; ``extra`` passages that nothing asks for."""
    numbers = range(first, first + topics)
    names = tuple(f"q{number}" for number in numbers)
    texts = tuple(_QUERY.format(number) for number in numbers)
    groups = tuple(f"g{number % GROUPS}" for number in numbers)
    queries = QuerySet(names, texts, ("en",) * topics, names, groups)
    passages = [*numbers, *range(9000, 9000 + extra)]
    ids, topic = tuple(f"p{number}" for number in passages), tuple(f"topic {number}" for number in passages)
    corpus = Corpus(ids, topic, ("en",) * len(passages))
    rows = np.arange(topics, dtype=np.int32)
    return Task("topics", queries, corpus, Qrels(rows, rows, np.ones(topics)), settings=("mono",))


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> MakeRun:
    """Run encoders of given shares of misses, (clean, noisy) by name; asked again for the same, return the same run."""
    made: dict[str, RunDirectory] = {}

    def make(encoders: dict[str, tuple[float, float]], *, tasks: Task | None = None, **options: Any) -> RunDirectory:
        key = repr((encoders, tasks, options))
        if key not in made:
            given = {"severities": [0.3, 1.0], "draws": 2, "perturbations": ["shuffle-words"], "seed": 1, **options}
            made[key] = robustir.run(
                tasks=tasks or task(),
                encoders={name: Misses(*shares) for name, shares in encoders.items()},
                measures=["RR@10"],
                formats=(),
                out=Path(tmp_path_factory.mktemp("run")) / "run",
                **given,
            )
        return made[key]

    return make
