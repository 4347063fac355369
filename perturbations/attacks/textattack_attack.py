"""TextAttack's attacks on a retriever: its transformations, constraints and searches, with the goal and the budget of attacks here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import AttackOutcome, Encoder, Scorer
from robustir.errors import SpecError
from robustir.perturbations.attacks.attack import RetrieverAttack, outcome
from robustir.perturbations.attacks.searches import Found
from robustir.perturbations.attacks.swaps import BUDGET, budget, may_change
from robustir.perturbations.attacks.textattack_parts import Machine, check_part
from robustir.perturbations.attacks.victims import Victim
from robustir.perturbations.shared.random_state import random_state
from robustir.seeds import Stream
from robustir.text.words import words
from robustir.types import QuerySet, Task

__all__ = ["TextAttack"]

# TextAttack splits words at combining vowel signs and does not segment, so no Hindi, Thai or Chinese.
_ALPHABETS: Final = frozenset({"ar", "de", "el", "en", "es", "ru", "tr", "vi"})
_LATIN: Final = frozenset({"de", "en", "es", "tr", "vi"})
_LANGUAGES: Final = {
    "WordSwapNeighboringCharacterSwap": _ALPHABETS,
    "WordSwapRandomCharacterDeletion": _ALPHABETS,
    "WordSwapRandomCharacterInsertion": _LATIN,  # it writes letters of ASCII
    "WordSwapRandomCharacterSubstitution": _LATIN,
    "WordInnerSwapRandom": _LATIN,
}  # all others, among them WordSwapQWERTY with its one keyboard, are English
_TRIES = 4  # rounds over the words in which the control may draw again if a transformation gave nothing


class TextAttack(RetrieverAttack):
    """An attack of the library TextAttack: ``textattack(transformation='WordSwapQWERTY', search='GreedyWordSwapWIR')``.

    The goal is the margin of the relevant passage over its strongest competitor. TextAttack draws from global random
    states: they are seeded with the query's key and restored afterwards. Nothing is downloaded. The first attack of a
    process imports TextAttack (20 s).

    Args:
        transformation: a class of TextAttack with its arguments, or a tuple of them.
        search: one of its search methods, with its arguments.
        constraints: its constraints, besides those that always hold: the budget, each word once, and function words,
            numbers, acronyms and names stay.
        languages: codes of the languages in which it works, if a transformation of yours knows more than English.

    Raises:
        SpecError: for a class that TextAttack does not have, or without a transformation.
        MissingExtraError: without TextAttack, as soon as it is used.
    """

    name: ClassVar[str] = "textattack"
    version: ClassVar[str] = "1"
    nesting_note: ClassVar[str] = "a search with a larger budget may choose other words, and draws other chances"
    example: ClassVar[str] = "--languages en "
    severity_meaning: ClassVar[str] = (
        "share of a query's words that may change, rounded up or down by chance so that the expected share is right"
    )
    source: ClassVar[str] = "Morris et al. 2020, TextAttack, https://github.com/QData/TextAttack"
    languages: frozenset[str] | None = frozenset({"en"})  # of the default transformation

    def __init__(
        self,
        against: object = "",
        *,
        transformation: Sequence[str] | str = "WordSwapQWERTY",
        search: str = "GreedyWordSwapWIR",
        constraints: Sequence[str] | str = (),
        passages: str = "same",
        languages: Sequence[str] | str | None = None,
    ) -> None:
        super().__init__(against, passages)
        self.transformations = (transformation,) if isinstance(transformation, str) else tuple(transformation)
        self.constraints = (constraints,) if isinstance(constraints, str) else tuple(constraints)
        self.search = search
        if not self.transformations:
            raise SpecError(
                "textattack(transformation=()): give at least one, such as  transformation='WordSwapQWERTY'"
            )
        names = [check_part(part, "transformation") for part in self.transformations]
        check_part(search, "search")
        for part in self.constraints:
            check_part(part, "constraints")
        if languages is not None:
            self.languages = frozenset((languages,) if isinstance(languages, str) else languages)
        else:
            self.languages = frozenset.intersection(*(_LANGUAGES.get(name, frozenset({"en"})) for name in names))

    @cached_property
    def _machine(self) -> Machine:
        return Machine(self.transformations, self.search, self.constraints)

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
        """Return the attacked queries; if the search finds nothing worse within the budget, the query stays.

        Raises SpecError for a query that is not the task's or a severity outside [0, 1], NotApplicableError for a
        language that the transformation does not know, MissingExtraError without TextAttack.
        """
        self.check(queries, task, severity)
        against = Victim(
            victim, task, self.rows(queries, task), passages=self.passages, passage_vectors=passage_vectors
        )
        results = []
        for number, (text, lang, key) in enumerate(zip(queries.texts, queries.langs, keys, strict=True)):
            if not against.can_attack(number):
                results.append(Found(text, 0, 0, np.nan, np.nan))
            else:
                results.append(self._one(against, number, text, lang, severity, key))
        return outcome(results)

    def _one(self, against: Victim, number: int, text: str, lang: str, severity: float, key: bytes) -> Found:
        known: dict[str, float] = {}

        def score(texts: list[str]) -> list[float]:
            wanted = [candidate for candidate in dict.fromkeys(texts) if candidate not in known]
            if wanted:
                margins = against.margins([number] * len(wanted), wanted)[0]
                known.update(zip(wanted, margins.tolist(), strict=True))
            return [known[candidate] for candidate in texts]

        (before,) = score([text])
        most = budget(len(words(text, lang)), severity, Stream(key).uniform(BUDGET))
        allowed = self._allowed(text, lang)
        if not most or not allowed:
            return Found(text, 0, len(known), before, before)
        with random_state(key):
            noisy, edits, after = self._machine.search(text, allowed, most, score)
        if not 0 < edits <= most or after >= before:
            noisy, edits, after = text, 0, before
        return Found(noisy, edits, len(known), before, after)

    def control(
        self, queries: QuerySet, task: Task, *, edits: Sequence[int], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Return the queries with ``edits[i]`` words changed by the same transformation, words and options by chance."""
        self.check(queries, task, severity)
        return list(self._controls(queries, edits, keys))

    def _controls(self, queries: QuerySet, edits: Sequence[int], keys: Sequence[bytes]) -> Iterator[str]:
        for text, lang, wanted, key in zip(queries.texts, queries.langs, edits, keys, strict=True):
            allowed = self._allowed(text, lang) if wanted else []
            if not allowed:
                yield text
                continue
            rng = Stream(key)
            rng.shuffle(allowed)
            with random_state(key):
                yield self._machine.at_random(text, allowed, wanted, allowed * _TRIES, rng.randrange)

    def _allowed(self, text: str, lang: str) -> list[int]:
        """Return the numbers of TextAttack's words that may change."""
        if not text.strip():
            return []
        return [number for number, free in enumerate(may_change(self._machine.words(text), lang)) if free]
