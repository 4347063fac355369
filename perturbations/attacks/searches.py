"""Searches for the edits that hurt most, one query at a time but in lock-step, so that an encoder sees large batches.

A search is a generator: it yields texts, is sent their objectives (lower is worse for retrieval), and yields a
:class:`Reached` whenever it knows the best edits within one more of its budget. What a smaller budget would have found
is so a stage of the search with the largest one, and is not searched for again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from robustir.perturbations.attacks.swaps import Attackable

__all__ = ["SEARCHES", "Edit", "Found", "Reached", "Score", "Search", "beam", "greedy", "lockstep"]

Edit = tuple[int, str]  # number of the open word, what replaces it
Edits = tuple[Edit, ...]
Allowed = Callable[[str], bool]  # the semantic gate


@dataclass(frozen=True, slots=True)
class Reached:
    """The edits that a search settles for within the next budget: the first one yielded is that of one edit."""

    edits: Edits


Search = Generator[Sequence[str] | Reached, Sequence[float], None]


@dataclass(frozen=True, slots=True)
class Score:
    """The margin of a text and the objective that is lowered."""

    margin: float
    goal: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a search ended with; ``asked``: distinct texts that the encoder scored for it."""

    text: str
    edits: int
    asked: int
    before: float
    after: float


def greedy(query: Attackable, edits: int, allowed: Allowed, width: int) -> Search:  # noqa: ARG001 - one signature
    """Change words in the order of their importance, each to its worst candidate where that lowers the objective.

    A word's importance is the drop of the objective when it is deleted (Jin et al. 2020, TextFooler).
    """
    masked = [query.without(number) for number in range(len(query.open))]
    shown = [number for number, text in enumerate(masked) if text.strip()]
    current, *dropped = yield [query.text, *(masked[number] for number in shown)]
    order = [number for _, number in sorted(zip(dropped, shown, strict=True))]
    order += [number for number in range(len(masked)) if number not in set(shown)]
    chosen: Edits = ()
    for number in order:
        if len(chosen) == edits:
            break
        options = [(*chosen, (number, swap)) for swap in query.open[number].candidates]
        texts = [query.write(option) for option in options]
        kept = [place for place, text in enumerate(texts) if allowed(text)]
        if not kept:
            continue
        values = yield [texts[place] for place in kept]
        best = min(range(len(kept)), key=values.__getitem__)
        if values[best] < current:
            chosen, current = options[kept[best]], values[best]
            yield Reached(chosen)


def beam(query: Attackable, edits: int, allowed: Allowed, width: int) -> Search:
    """Add one edit at a time to each of the ``width`` worst texts so far; every open word and candidate is tried."""
    (best,) = yield [query.text]
    chosen: Edits = ()
    states: list[Edits] = [()]
    for _ in range(edits):
        grown: dict[str, Edits] = {}
        for state in states:
            taken = {number for number, _ in state}
            for number, word in enumerate(query.open):
                for swap in word.candidates if number not in taken else ():
                    option = tuple(sorted((*state, (number, swap))))
                    text = query.write(option)
                    if text not in grown and allowed(text):
                        grown[text] = option
        if not grown:
            break
        values = yield list(grown)
        ranked = sorted(zip(values, grown, strict=True))[:width]
        states = [grown[text] for _, text in ranked]
        if ranked[0][0] < best:
            best, chosen = ranked[0][0], states[0]
        yield Reached(chosen)


SEARCHES: Final = {"greedy": greedy, "beam": beam}


class _Running:
    """One query's search, what is known of its texts, and what it reached within budgets of 1, 2, ... edits."""

    def __init__(self, query: Attackable, search: Search) -> None:
        self.query = query
        self.search = search
        self.known: dict[str, Score] = {}
        self.reached: list[tuple[Edits, int]] = []  # edits, texts asked
        self.ended = False
        self.wanted = self._texts(next(search))

    def _texts(self, said: Sequence[str] | Reached) -> Sequence[str]:
        """Return the texts that the search wants next, none when it has ended; what it reached is noted."""
        while isinstance(said, Reached):
            self.reached.append((said.edits, len(self.known)))
            try:
                said = next(self.search)
            except StopIteration:
                self.ended = True
                return ()
        return said

    def unknown(self) -> list[str]:
        return [text for text in dict.fromkeys(self.wanted) if text not in self.known]

    def advance(self) -> None:
        """Go on until a text is wanted that is not known, or the search ends."""
        while not self.ended and not self.unknown():
            try:
                self.wanted = self._texts(self.search.send([self.known[text].goal for text in self.wanted]))
            except StopIteration:
                self.ended = True

    def found(self, budget: int) -> Found:
        """Return what the search found within ``budget`` edits, as if it had been given no more."""
        edits: Edits = ()
        asked = 1  # without an edit only the clean text is scored
        if 0 < budget <= len(self.reached):
            edits, asked = self.reached[budget - 1]
        elif budget:
            edits, asked = (self.reached[-1][0] if self.reached else ()), len(self.known)
        text = self.query.write(edits)
        return Found(text, len(edits), asked, self.known[self.query.text].margin, self.known[text].margin)


def lockstep(
    queries: Sequence[Attackable],
    searches: Sequence[Search],
    score: Callable[[list[int], list[str]], Iterator[Score]],
    budgets: Sequence[Sequence[int]],
) -> list[list[Found]]:
    """Run all searches together; ``score`` is asked once per round for the unknown texts of all queries.

    ``budgets[i]``: numbers of edits, none above what search i was made for. Returns what each would have found alone.
    """
    running = [_Running(query, search) for query, search in zip(queries, searches, strict=True)]
    active = list(range(len(running)))
    while active:
        asked = [(number, text) for number in active for text in running[number].unknown()]
        answers = score([number for number, _ in asked], [text for _, text in asked])
        for (number, text), answer in zip(asked, answers, strict=True):
            running[number].known[text] = answer
        for number in active:
            running[number].advance()
        active = [number for number in active if not running[number].ended]
    return [[state.found(budget) for budget in wanted] for state, wanted in zip(running, budgets, strict=True)]
