"""What all attacks on a retriever share: they refuse single texts, and check what they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from robustir.contracts import AttackOutcome
from robustir.errors import SpecError
from robustir.languages import normalise
from robustir.noise.prepared import unknown_languages
from robustir.perturbations.attacks.searches import Found
from robustir.plugins.shown import Shown
from robustir.seeds import Stream
from robustir.types import QuerySet, Task

__all__ = ["RetrieverAttack", "outcome"]


class RetrieverAttack(Shown):
    """An attack with a budget of words: a subclass gives ``attack`` and ``control``.

    Args:
        against: spec of the attacked encoder; "": every encoder of the suite in turn.
        passages: which passages are aimed at, "same" (those of the query's language) or a language code.
    """

    name: ClassVar[str]
    spec_parameters: ClassVar[Mapping[str, str]] = {"against": "encoder"}
    languages: frozenset[str] | None
    nested: ClassVar[bool] = False
    inside_clusters: ClassVar[bool] = True
    example: ClassVar[str] = ""  # options of ``robustir run`` that an example of it needs

    def __init__(self, against: object, passages: str) -> None:
        self.against = str(against)
        self.passages = passages if passages == "same" else normalise(passages)

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        """Refuse: without relevant passages there is nothing to attack."""
        raise SpecError(
            f"{self.name} is an attack: it needs a benchmark with relevant passages and an encoder, and runs in suites, "
            f"such as  robustir run quickstart {self.example}--perturbation \"{self.name}(against='hashing')\""
        )

    def check(self, queries: QuerySet, task: Task, severity: float) -> None:
        """Raise SpecError for a severity, query or ``passages`` that does not fit, NotApplicableError for a language."""
        if not 0 <= severity <= 1:
            raise SpecError(f"severity={severity} is not a share of words; give a number from 0 to 1")
        if foreign := sorted(set(queries.ids) - set(task.queries.ids)):
            raise SpecError(f"the query {foreign[0]!r} is not in {task.name}; attack queries of the task itself")
        if self.passages != "same" and self.passages not in task.corpus.langs:
            raise SpecError(
                f"passages={self.passages!r}: {task.name} has passages only in {', '.join(sorted(set(task.corpus.langs)))}"
            )
        if self.languages is not None and (missing := sorted(set(queries.langs) - self.languages)):
            raise unknown_languages(self.name, missing, self.languages)

    @staticmethod
    def rows(queries: QuerySet, task: Task) -> list[int]:
        """Return which queries of the task these are."""
        row_of = {name: row for row, name in enumerate(task.queries.ids)}
        return [row_of[name] for name in queries.ids]


def outcome(results: Sequence[Found]) -> AttackOutcome:
    """Return what an attack made of each query, as arrays."""
    return AttackOutcome(
        texts=tuple(result.text for result in results),
        edits=np.array([result.edits for result in results], dtype=np.int64),
        encoder_queries=np.array([result.asked for result in results], dtype=np.int64),
        margin_before=np.array([result.before for result in results], dtype=np.float64),
        margin_after=np.array([result.after for result in results], dtype=np.float64),
    )
