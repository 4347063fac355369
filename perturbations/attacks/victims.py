"""The attacked encoder as a function of texts: how far the relevant passage is ahead of its strongest competitor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Encoder, Scorer
from robustir.errors import PerturbationError
from robustir.types import QuerySet, Task

__all__ = ["Objective", "Victim"]

Objective = Literal["margin", "rank"]

_BLOCK = (
    256  # rows of one matrix product; the last block is padded, so that no score depends on how many texts there are
)


class _View:
    """The passages of one language, and per query which of them are relevant and which is not a candidate."""

    def __init__(self, task: Task, lang: str, rows: Sequence[int]) -> None:
        self.columns = np.flatnonzero(np.array(task.corpus.langs) == lang)
        place = np.full(len(task.corpus), -1, dtype=np.int64)
        place[self.columns] = np.arange(len(self.columns))
        inside = np.where(task.qrels.gain > 0, place[task.qrels.passage], -1)
        self.excluded: dict[int, int] = {}
        if (identical := task.identical_judgements()) is not None:
            there = identical[identical >= 0]
            inside[there] = -1
            self.excluded = dict(
                zip(task.qrels.query[there].tolist(), place[task.qrels.passage[there]].tolist(), strict=True)
            )
        first, last = (np.searchsorted(task.qrels.query, rows, side=side) for side in ("left", "right"))
        self.relevant: dict[int, NDArray[np.int64]] = {}
        for row, start, stop in zip(rows, first.tolist(), last.tolist(), strict=True):
            relevant = inside[start:stop]
            if len(relevant := relevant[relevant >= 0]):
                self.relevant[row] = relevant


class Victim:
    """Answers margins for texts in whole batches, for dense encoders and lexical scorers alike.

    rows: the queries' rows in ``task.queries``; passages: "same" or a language; passage_vectors: float32
    [len(task.corpus), d], encoded here if they are missing. A scorer must have indexed the task's corpus. Raises
    PerturbationError where a scorer was indexed for another corpus.
    """

    def __init__(
        self,
        encoder: Encoder | Scorer,
        task: Task,
        rows: Sequence[int],
        *,
        passages: str = "same",
        objective: Objective = "margin",
        passage_vectors: NDArray[np.float32] | None = None,
    ) -> None:
        self._encoder: Any = encoder
        self._task = task
        self._objective = objective
        self._rows = list(rows)
        self._langs = [task.queries.langs[row] for row in rows]
        self._targets = [lang if passages == "same" else passages for lang in self._langs]
        self._views = {lang: _View(task, lang, self._rows) for lang in dict.fromkeys(self._targets)}
        self._dense = hasattr(encoder, "encode")
        self._vectors: dict[str, NDArray[np.float64]] = {}
        self._given = passage_vectors

    def can_attack(self, query: int) -> bool:
        """Whether the passages aimed at hold a relevant one and a competitor of query number ``query``."""
        view = self._views[self._targets[query]]
        relevant = view.relevant.get(self._rows[query])
        candidates = len(view.columns) - (view.excluded.get(self._rows[query], -1) >= 0)
        return relevant is not None and candidates > len(relevant)

    def margins(self, queries: Sequence[int], texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return margins and objectives (lower is worse for retrieval), float64 [texts] each.

        queries: for each text the number of the query that it stands for, one that :meth:`can_attack`.
        """
        margin = np.empty(len(texts))
        goal = np.empty(len(texts))
        of_target: dict[str, list[int]] = {}
        for place, query in enumerate(queries):
            of_target.setdefault(self._targets[query], []).append(place)
        for target, places in of_target.items():
            mine = [queries[place] for place in places]
            scores = self._in_view(target, mine, [texts[place] for place in places])
            margin[places], goal[places] = scores
        return margin, goal

    def _in_view(
        self, target: str, queries: list[int], texts: list[str]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        view = self._views[target]
        margin, goal = np.empty(len(texts)), np.empty(len(texts))
        at = 0
        for scores in self._scores(target, queries, texts):
            relevant = [view.relevant[self._rows[query]] for query in queries[at : at + len(scores)]]
            row = np.repeat(np.arange(len(relevant)), [len(margins) for margins in relevant])
            column = np.concatenate(relevant)
            held = scores[row, column]
            best = np.full(len(relevant), -np.inf, dtype=np.float32)
            np.maximum.at(best, row, held)
            scores[row, column] = -np.inf
            for place, query in enumerate(queries[at : at + len(scores)] if view.excluded else ()):
                if (excluded := view.excluded.get(self._rows[query], -1)) >= 0:
                    scores[place, excluded] = -np.inf
            margins = best.astype(np.float64) - scores.max(axis=1).astype(np.float64)
            margin[at : at + len(relevant)] = margins
            if self._objective == "rank":
                above = (scores >= best[:, None]).sum(axis=1)
                margins = -above + 0.5 * margins / (1.0 + np.abs(margins))  # among equal ranks the lower margin counts
            goal[at : at + len(relevant)] = margins
            at += len(relevant)
        return margin, goal

    def _scores(self, target: str, queries: list[int], texts: list[str]) -> Any:
        """Yield writable blocks of similarities with the passages aimed at, float32 [b, passages]."""
        langs = [self._langs[query] for query in queries]
        view = self._views[target]
        if self._dense:
            vectors = self._encoder.encode(texts, role="query", langs=langs)
            passages = self._passages(target)
            block = np.zeros((_BLOCK, vectors.shape[1]))
            for first in range(0, len(texts), _BLOCK):
                some = vectors[first : first + _BLOCK]
                block[: len(some)] = some
                yield (block @ passages.T)[: len(some)].astype(np.float32)
            return
        for scores in self._encoder.blocks(QuerySet.from_texts(texts, lang=langs)):
            if scores.shape[1] != len(self._task.corpus):
                raise PerturbationError(
                    f"{self._encoder.name} has indexed {scores.shape[1]} passages and {self._task.name} has "
                    f"{len(self._task.corpus)}; call index(task.corpus) before the attack"
                )
            yield scores[:, view.columns]

    def _passages(self, target: str) -> NDArray[np.float64]:
        if target not in self._vectors:
            columns, corpus = self._views[target].columns, self._task.corpus
            if self._given is not None:
                vectors = self._given[columns]
            else:
                texts = [corpus.texts[column] for column in columns]
                vectors = self._encoder.encode(texts, role="passage", langs=[target] * len(texts))
            self._vectors[target] = vectors.astype(np.float64)
        return self._vectors[target]
