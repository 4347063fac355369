"""How much more a translation system loses than the best one: counts against references, and the rates of a noise channel.

Most of the distance between a translation and a reference is paraphrase, which the best system shares. A word that the
best system keeps with probability b and another with probability w is taken to be lost by a channel between the two
with probability 1 - w / b, in the ways in which the losses of the other exceed the best one's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from robustir.errors import DataError, SpecError
from robustir.perturbations.mt.mt_words import CLASSES
from robustir.perturbations.typing.keyboards import read_data

__all__ = ["FARTHEST", "OUTCOMES", "Counts", "Rates", "Table", "excess", "load_table"]

OUTCOMES: Final = ("kept", "dropped", "lexical", "form", "untranslated", "other")
FARTHEST: Final = 8  # words that a word may move; counts of more are counted here


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the words of the references in a system's translations.

    outcomes: per class of word (CLASSES), how many met each of OUTCOMES; moves: kept words that are 1, 2, ... words
    away; added: function words and other words that no word of a reference accounts for.
    """

    outcomes: tuple[tuple[int, ...], ...]
    moves: tuple[int, ...]
    added: tuple[int, int]

    @property
    def words(self) -> int:
        """The number of words of the references."""
        return sum(map(sum, self.outcomes))

    @property
    def kept(self) -> int:
        """How many of them the translations have as well."""
        return sum(row[0] for row in self.outcomes)

    def as_json(self) -> dict[str, Any]:
        """Return the counts as they are written."""
        return {
            "outcomes": {name: list(row) for name, row in zip(CLASSES, self.outcomes, strict=True)},
            "moves": list(self.moves),
            "added": list(self.added),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read what :meth:`as_json` gave."""
        function, other = raw["added"]
        return cls(tuple(tuple(raw["outcomes"][name]) for name in CLASSES), tuple(raw["moves"]), (function, other))


@dataclass(frozen=True, slots=True)
class Rates:
    """A channel.

    lost: float64 [classes], the share of words that are lost; most: float64 [classes], the greatest share that a stronger
    channel loses, which is what the system itself loses of the references; how: float64 [classes, 5], cumulative, in which way (OUTCOMES
    without kept); moved: share of the words not lost that move; reach: float64 [FARTHEST], cumulative, by how many words; added: words
    per word that are added, function words and others.
    """

    lost: NDArray[np.float64]
    most: NDArray[np.float64]
    how: NDArray[np.float64]
    moved: float
    reach: NDArray[np.float64]
    added: tuple[float, float]

    def lost_at(self, strength: float) -> NDArray[np.float64]:
        """Return the shares of words that are lost at a multiple of the rates, float64 [classes]."""
        return np.minimum(strength * self.lost, np.maximum(self.lost, self.most))


def excess(best: Counts, system: Counts) -> Rates:
    """Return the channel that would make of the best system's translations what another system's are; never below 0.

    With b and w the shares of the best and the other system: lost = 1 - w / b of kept; dropped = (w - b) / (1 - b) of
    dropped, since words that the best one words differently are dropped as well; other ways share what remains as
    their excess is. Of the words that the best one adds the channel drops some, so that added = w - b (1 - dropped).
    """
    classes, ways = len(CLASSES), len(OUTCOMES) - 1
    lost, most, dropped = np.zeros((3, classes))
    how = np.zeros((classes, ways))
    for row, (of_best, of_system) in enumerate(zip(best.outcomes, system.outcomes, strict=True)):
        before, after = (np.array(counts) / max(1, sum(counts)) for counts in (of_best, of_system))
        lost[row] = max(0.0, 1 - after[0] / before[0]) if before[0] else 0.0
        most[row] = 1 - after[0]
        dropped[row] = min(lost[row], max(0.0, (after[1] - before[1]) / max(1 - before[1], 1e-9)))
        rest = _shares(after[2:] - before[2:], after[2:])
        how[row] = np.cumsum([dropped[row], *(lost[row] - dropped[row]) * rest]) / lost[row] if lost[row] else 1.0
    how[:, -1] = 1.0
    more = np.array(system.moves) / max(1, system.kept) - np.array(best.moves) / max(1, best.kept)
    content = np.array([sum(row) for row in best.outcomes]) * [name != "function" for name in CLASSES]
    stays = 1 - dropped[0], 1 - float((content * dropped).sum() / max(1, content.sum()))
    function, rest = (
        max(0.0, after / system.words - before / best.words * stay)
        for before, after, stay in zip(best.added, system.added, stays, strict=True)
    )
    reach = np.cumsum(_shares(more, np.array(system.moves, dtype=np.float64)))
    return Rates(lost, most, how, max(0.0, float(more.sum())), reach, (function, rest))


def _shares(more: NDArray[np.float64], otherwise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the shares of what is above 0; if nothing is, of ``otherwise``, else equal ones."""
    mass = np.maximum(more, 0.0)
    mass = mass if mass.sum() > 0 else otherwise if otherwise.sum() > 0 else np.ones_like(more)
    shares: NDArray[np.float64] = mass / mass.sum()
    return shares


@dataclass(frozen=True, slots=True)
class Table:
    """The counts of all systems of a pair.

    best: the one that keeps most words, a commercial one perhaps; systems: the open ones, by name, from the one that
    keeps most words to the one that keeps fewest; pool: function words that systems add, with their counts.
    """

    source: str
    target: str
    best: str
    counts: Mapping[str, Counts]
    systems: tuple[str, ...]
    pool: Mapping[str, int]

    @property
    def worst(self) -> str:
        """The open system that keeps fewest words."""
        return self.systems[-1]

    def rates(self, system: str = "") -> Rates:
        """Return the excess of a system over the best one; "": of the worst one. SpecError names the systems there are."""
        if system and system not in self.systems:
            raise SpecError(
                f"mt-channel has no system {system!r} for {self.source}-{self.target}; there are {', '.join(self.systems)}"
            )
        return excess(self.counts[self.best], self.counts[system or self.worst])

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read a table. Raises DataError if a field is missing."""
        try:
            counts = {name: Counts.from_json(entry) for name, entry in raw["counts"].items()}
            return cls(raw["source"], raw["target"], raw["best"], counts, tuple(raw["systems"]), raw["pool"])
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"not a valid table of mt-channel ({error!r}); make it with  robustir mt-channel build"
            ) from error


@cache
def load_table(source: str, target: str) -> Table:
    """Return the shipped table of a pair, which must exist."""
    return Table.from_json(read_data("mt_channel", f"{source}-{target}.json"))
