"""Searches for the edits that hurt most, one query at a time but in lock-step, so that an encoder sees large batches.

A search is a generator: it yields texts, is sent their objectives (lower is worse for retrieval), and returns its edits.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from robustir.perturbations.swaps import Attackable

__all__ = ["SEARCHES", "Edit", "Found", "Score", "Search", "beam", "greedy", "lockstep"]

Edit = tuple[int, str]  # number of the open word, what stands instead
Edits = tuple[Edit, ...]
Search = Generator[Sequence[str], Sequence[float], Edits]
Allowed = Callable[[str], bool]  # the semantic gate


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
        options = [option for option in options if allowed(query.write(option))]
        if not options:
            continue
        values = yield [query.write(option) for option in options]
        best = min(range(len(options)), key=values.__getitem__)
        if values[best] < current:
            chosen, current = options[best], values[best]
    return chosen


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
    return chosen


SEARCHES: Final = {"greedy": greedy, "beam": beam}


class _Running:
    """One query's search and what is known of its texts."""

    def __init__(self, query: Attackable, search: Search) -> None:
        self.query = query
        self.search = search
        self.known: dict[str, Score] = {}
        self.edits: Edits | None = None
        self.wanted: Sequence[str] = next(search)

    def unknown(self) -> list[str]:
        return [text for text in dict.fromkeys(self.wanted) if text not in self.known]

    def advance(self) -> None:
        """Go on until a text is wanted that is not known, or the search ends."""
        while self.edits is None and not self.unknown():
            try:
                self.wanted = self.search.send([self.known[text].goal for text in self.wanted])
            except StopIteration as end:
                self.edits = end.value

    def found(self) -> Found:
        assert self.edits is not None
        text = self.query.write(self.edits)
        before, after = self.known[self.query.text].margin, self.known[text].margin
        return Found(text, len(self.edits), len(self.known), before, after)


def lockstep(
    queries: Sequence[Attackable],
    searches: Sequence[Search],
    score: Callable[[list[int], list[str]], Iterator[Score]],
) -> list[Found]:
    """Run all searches together; ``score`` is asked once per round for the unknown texts of all queries."""
    running = [_Running(query, search) for query, search in zip(queries, searches, strict=True)]
    active = list(range(len(running)))
    while active:
        asked = [(number, text) for number in active for text in running[number].unknown()]
        answers = score([number for number, _ in asked], [text for _, text in asked])
        for (number, text), answer in zip(asked, answers, strict=True):
            running[number].known[text] = answer
        for number in active:
            running[number].advance()
        active = [number for number in active if running[number].edits is None]
    return [each.found() for each in running]
