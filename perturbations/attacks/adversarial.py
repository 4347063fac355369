"""Adversarial token swaps: the worst edits within a budget, for one encoder, its passages and the relevance judgements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import AttackOutcome, Encoder, Scorer
from robustir.errors import SpecError
from robustir.languages import LANGUAGES
from robustir.perturbations.attacks.attack import RetrieverAttack, outcome
from robustir.perturbations.attacks.chrf import chrf
from robustir.perturbations.attacks.masked_words import MaskedWords
from robustir.perturbations.attacks.searches import SEARCHES, Found, Score, lockstep
from robustir.perturbations.attacks.swaps import BUDGET, SWAPS, Attackable, budget, prepare
from robustir.perturbations.attacks.victims import Objective, Victim
from robustir.perturbations.shared.choices import choices
from robustir.seeds import Stream
from robustir.types import QuerySet, Task

__all__ = ["Adversarial"]

_TOGETHER = 256  # queries that are attacked in lock-step; more only costs memory
_SIDE = 1 << 41  # addresses of the random control's draws


class Adversarial(RetrieverAttack):
    """Swaps words for misspellings and synonyms chosen to drag the relevant passage below its strongest competitor.

    The attack knows the encoder, the passages and the judgements: it is a worst case for that encoder, shown apart from
    ordinary noise and next to a random control with as many edits. Function words, numbers and names stay.

    Args:
        swaps: what to choose from, any of keyboard, insert, delete, transpose, synonym (by way of a pivot language, so not
            always a true one), mlm (what a masked language model predicts there, which may mean something else), each once.
        search: "greedy" (words by importance, as in TextFooler) or "beam".
        width: how many texts a beam keeps, 1 or more.
        candidates: how many swaps are tried per word, the same for every encoder, 1 or more.
        gate: the least chrF of the noisy text against the clean one, from 0 (no gate) to 1.
        objective: "margin", or "rank" (the rank first, then the margin).
        mlm: the masked language model of the swaps ``mlm``, a folder or hub id; "" without them.
        revision: its branch, tag or commit on the hub.

    Raises:
        SpecError: for an argument outside these choices, or for mlm without its model.
        DataError: if a folder of the model is not complete.
        InputError: if the hub cannot give the model.
    """

    name: ClassVar[str] = "adversarial"
    version: str = "3"  # with a masked language model also its digest
    languages: frozenset[str] | None = frozenset(LANGUAGES)
    known_swaps: ClassVar[tuple[str, ...]] = SWAPS
    nesting_note: ClassVar[str] = "a search with a larger budget may choose other words and other swaps"
    severity_meaning: ClassVar[str] = (
        "share of a query's words that may change, rounded up or down by chance so that the expected share is right; "
        "a query whose budget comes to 0, or without a word that may change, stays as it is"
    )
    source: ClassVar[str] = (
        "greedy word importance after Jin et al. 2020 (TextFooler); misspellings as swaps after Gao et al. 2018 "
        "(DeepWordBug)"
    )

    def __init__(
        self,
        against: object = "",
        *,
        passages: str = "same",
        swaps: Sequence[str] | str = ("keyboard", "transpose"),
        search: str = "greedy",
        width: int = 4,
        candidates: int = 8,
        gate: float = 0.0,
        objective: Objective = "margin",
        mlm: str = "",
        revision: str | None = None,
    ) -> None:
        chosen = choices(self.name, "swaps", swaps, self.known_swaps)
        if search not in SEARCHES:
            raise SpecError(f"search={search!r}: choose {' or '.join(SEARCHES)}")
        if objective not in ("margin", "rank"):
            raise SpecError(f"objective={objective!r}: choose 'margin' or 'rank'")
        if width < 1 or candidates < 1:
            raise SpecError(f"width={width}, candidates={candidates}: give whole numbers, 1 or more")
        if not 0 <= gate <= 1:
            raise SpecError(f"gate={gate}: give the least chrF, from 0 (no gate) to 1")
        super().__init__(against, passages)
        self.swaps = chosen
        self.search = search
        self.width = width
        self.candidates = candidates
        self.gate = gate
        self.objective: Objective = objective
        if ("mlm" in chosen) != bool(mlm):
            raise SpecError(
                f"swaps={chosen!r}, mlm={mlm!r}: give the swap 'mlm' together with its model, such as  "
                f"{self.name}(swaps=('mlm',), mlm='bert-base-multilingual-cased')"
            )
        self.mlm = MaskedWords(mlm, revision) if mlm else None
        if self.mlm:
            self.version = f"{self.version} mlm={self.mlm.identity}"

    def attack(
        self,
        queries: QuerySet,
        task: Task,
        victim: Encoder | Scorer,
        *,
        severity: float,
        keys: Sequence[bytes],
        passage_vectors: NDArray[np.float32] | None = None,
    ) -> AttackOutcome:
        """Return the attacked queries; one without a relevant passage or competitor in view stays, its margins NaN.

        Raises SpecError for a query that is not the task's or a severity outside [0, 1], NotApplicableError for a
        language without a keyboard.
        """
        return self.attack_severities(
            queries, task, victim, severities=(severity,), keys=keys, passage_vectors=passage_vectors
        )[0]

    def attack_severities(
        self,
        queries: QuerySet,
        task: Task,
        victim: Encoder | Scorer,
        *,
        severities: Sequence[float],
        keys: Sequence[bytes],
        passage_vectors: NDArray[np.float32] | None = None,
    ) -> list[AttackOutcome]:
        """Return what :meth:`attack` finds at each severity, from one search with the largest budget.

        ``encoder_queries`` are those of the search with that severity's budget alone.
        """
        for severity in severities:
            self.check(queries, task, severity)
        prepared = self._prepare(queries, keys)
        against = Victim(
            victim,
            task,
            self.rows(queries, task),
            passages=self.passages,
            objective=self.objective,
            passage_vectors=passage_vectors,
        )
        results_of = [[Found(text, 0, 0, np.nan, np.nan)] * len(severities) for text in queries.texts]
        possible = [number for number in range(len(queries)) if against.can_attack(number)]
        for at in range(0, len(possible), _TOGETHER):
            chunk = possible[at : at + _TOGETHER]
            for number, results in zip(chunk, self._search(chunk, prepared, against, severities, keys), strict=True):
                results_of[number] = results
        return [outcome([of_query[level] for of_query in results_of]) for level in range(len(severities))]

    def control(
        self, queries: QuerySet, task: Task, *, edits: Sequence[int], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Return the queries with ``edits[i]`` words changed by chance, fewer if the candidates allow no more."""
        self.check(queries, task, severity)
        prepared = self._prepare(queries, keys)
        return [
            self._at_random(query, wanted, Stream(key))
            for query, wanted, key in zip(prepared, edits, keys, strict=True)
        ]

    def _at_random(self, query: Attackable, edits: int, rng: Stream) -> str:
        allowed = self._gate(query)
        chosen: list[tuple[int, str]] = []
        for number in sorted(range(len(query.open)), key=lambda number: rng.uniform(_SIDE + number)):
            if len(chosen) == edits:
                break
            options = list(query.open[number].candidates)
            rng.at(_SIDE + number).shuffle(options)
            swap = next((swap for swap in options if allowed(query.write([*chosen, (number, swap)]))), None)
            if swap is not None:
                chosen.append((number, swap))
        return query.write(chosen)

    def _gate(self, query: Attackable) -> Callable[[str], bool]:
        if not self.gate:
            return lambda _: True
        return lambda text: chrf(text, query.text) >= self.gate

    def _search(
        self,
        chunk: Sequence[int],
        prepared: Sequence[Attackable],
        victim: Victim,
        severities: Sequence[float],
        keys: Sequence[bytes],
    ) -> list[list[Found]]:
        queries = [prepared[number] for number in chunk]
        budgets = []
        for number, query in zip(chunk, queries, strict=True):
            drawn = Stream(keys[number]).uniform(BUDGET)
            budgets.append([min(budget(query.words, severity, drawn), len(query.open)) for severity in severities])
        make = SEARCHES[self.search]
        searches = [
            (make if max(wanted) else SEARCHES["beam"])(query, max(wanted), self._gate(query), self.width)
            for query, wanted in zip(queries, budgets, strict=True)
        ]

        def score(numbers: list[int], texts: list[str]) -> Iterator[Score]:
            margins, goals = victim.margins([chunk[number] for number in numbers], texts)
            return map(Score, margins.tolist(), goals.tolist())

        return lockstep(queries, searches, score, budgets)

    def _prepare(self, queries: QuerySet, keys: Sequence[bytes]) -> list[Attackable]:
        prepared: dict[int, Attackable] = {}
        for lang in dict.fromkeys(queries.langs):
            rows = [row for row, of in enumerate(queries.langs) if of == lang]
            attackable = prepare(
                [queries.texts[row] for row in rows],
                lang,
                [keys[row] for row in rows],
                swaps=self.swaps,
                candidates=self.candidates,
                model=self.mlm,
            )
            prepared.update(zip(rows, attackable, strict=True))
        return [prepared[row] for row in range(len(queries))]
