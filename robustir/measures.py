"""Measures as values: ``nDCG@10`` prints as it is parsed, is hashable, and is computed from exact ranks.

Names and numbers are those of ir_measures and trec_eval for a ranking of the whole pool: every relevant passage has a
rank, gains are linear, and what divides is the number of relevant passages, not the cutoff (but for P).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from robustir.errors import SpecError, UnknownNameError
from robustir.types import SETTINGS, Setting

__all__ = ["MEASURES", "Measure", "RankLists", "evaluate", "parse_measure"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankLists:
    """The ranks of the relevant passages of many queries, one list per query (and candidate language).

    ranks [k]: 1-based, list after list, in any order within a list; 0 marks what was not scored, inf what was not
    retrieved; gains [k]: above 0;
    starts [v + 1]: where each list begins, so that list i is ``ranks[starts[i]:starts[i + 1]]`` and holds all relevant
    passages, at least one; pool_size [v]: the number of candidates.
    """

    ranks: NDArray[np.integer] | NDArray[np.floating]
    gains: NDArray[np.integer] | NDArray[np.floating]
    starts: NDArray[np.integer]
    pool_size: NDArray[np.integer]

    def __post_init__(self) -> None:
        sizes = np.diff(self.starts)
        if len(self.starts) != len(self.pool_size) + 1 or self.starts[0] != 0 or self.starts[-1] != len(self.ranks):
            raise ValueError("starts must be [v + 1], from 0 to the number of ranks, and pool_size [v]")
        if len(self.gains) != len(self.ranks) or (sizes < 1).any():
            raise ValueError("every rank needs a gain and every list a relevant passage")

    def __len__(self) -> int:
        return len(self.pool_size)


class _Sorted:
    """Rank lists with the ranks of each list ascending, and the parts that measures share."""

    def __init__(self, lists: RankLists) -> None:
        self.first: NDArray[np.intp] = np.asarray(lists.starts[:-1], dtype=np.intp)
        self.relevant: NDArray[np.intp] = np.diff(lists.starts).astype(np.intp)
        self.which = np.repeat(np.arange(len(lists)), self.relevant)
        self.pool_size = lists.pool_size.astype(np.float64)
        order = self._ascending(lists.ranks)
        self.ranks: Floats = lists.ranks[order].astype(np.float64)
        gains = lists.gains.astype(np.float64)
        self.gains = gains[order]
        alike = gains.min(initial=np.inf) == gains.max(initial=-np.inf)
        self.ideal_gains = gains if alike else gains[self._ascending(-gains)]
        self.place = np.arange(len(order)) - self.first[self.which] + 1.0

    def _ascending(self, values: NDArray[Any]) -> NDArray[np.intp]:
        """Return the order that sorts each list by ``values``, equal ones as they stand."""
        size = int(self.relevant.max(initial=1))
        if size == 1:
            return np.arange(len(values))
        if len(values) == size * len(self.relevant):  # lists of one length: a sort of short rows, 5 times as fast
            within = np.argsort(values.reshape(-1, size), axis=1, kind="stable")
            return (within + self.first[:, np.newaxis]).ravel()
        return np.lexsort((values, self.which))

    def total(self, values: Floats) -> Floats:
        """Sum values per list, in the order of the ranks."""
        totals: Floats = np.add.reduceat(values, self.first) if len(self.first) else np.zeros(0)
        return totals

    @property
    def best(self) -> Floats:
        return self.ranks[self.first]

    @property
    def worst(self) -> Floats:
        last: NDArray[np.intp] = self.first + self.relevant - 1
        return self.ranks[last]


def _average_precision(lists: _Sorted, cutoff: float) -> Floats:
    return lists.total(np.where(lists.ranks <= cutoff, lists.place / lists.ranks, 0.0)) / lists.relevant


def _reciprocal_rank(lists: _Sorted, cutoff: float) -> Floats:
    return np.where(lists.best <= cutoff, 1.0 / lists.best, 0.0)


def _discounted_gain(lists: _Sorted, cutoff: float) -> Floats:
    gain = lists.total(np.where(lists.ranks <= cutoff, lists.gains / np.log2(lists.ranks + 1.0), 0.0))
    ideal = lists.total(np.where(lists.place <= cutoff, lists.ideal_gains / np.log2(lists.place + 1.0), 0.0))
    return gain / ideal


def _found(lists: _Sorted, cutoff: float) -> Floats:
    return lists.total((lists.ranks <= cutoff).astype(np.float64))


def _precision(lists: _Sorted, cutoff: float) -> Floats:
    return _found(lists, cutoff) / cutoff


def _recall(lists: _Sorted, cutoff: float) -> Floats:
    return _found(lists, cutoff) / lists.relevant


def _hit(lists: _Sorted, cutoff: float) -> Floats:
    return (lists.best <= cutoff).astype(np.float64)


def _rank_distance(lists: _Sorted, _cutoff: float) -> Floats:
    return np.where(lists.relevant > 1, lists.worst - lists.best, np.nan)


def _normalised_rank_distance(lists: _Sorted, cutoff: float) -> Floats:
    # Below 0 only for tie-averaged ranks, which may coincide.
    surplus = np.maximum(_rank_distance(lists, cutoff) - (lists.relevant - 1), 0.0)
    room = lists.pool_size - lists.relevant
    return np.where(room > 0, surplus / room, np.nan)


@dataclass(frozen=True, slots=True)
class _Definition:
    compute: Callable[[_Sorted, float], Floats]
    cutoff: Literal["required", "optional", "none"]
    description: str
    higher_is_better: bool = True
    settings: tuple[Setting, ...] = SETTINGS


_DEFINITIONS: dict[str, _Definition] = {
    "AP": _Definition(
        _average_precision, "optional", "average precision: mean over relevant passages of the precision at their rank"
    ),
    "RR": _Definition(_reciprocal_rank, "optional", "reciprocal rank of the first relevant passage"),
    "nDCG": _Definition(
        _discounted_gain,
        "optional",
        "discounted cumulative gain (linear gain, log2 discount) over the ideal ranking's (Järvelin & Kekäläinen 2002)",
    ),
    "P": _Definition(_precision, "required", "share of the first k passages that are relevant"),
    "R": _Definition(_recall, "required", "share of the relevant passages that are among the first k"),
    "Hit": _Definition(_hit, "required", "1 if a relevant passage is among the first k, else 0 (ir_measures: Success)"),
    "RankDistance": _Definition(
        _rank_distance,
        "none",
        "worst minus best rank in the pool of the parallel relevant passages (Huang et al. 2023; Elmahdy et al. 2024)",
        higher_is_better=False,
        settings=("multi",),
    ),
    "nRankDistance": _Definition(
        _normalised_rank_distance,
        "none",
        "rank distance on a scale from 0 (side by side) to 1 (first and last): (worst - best - (k-1)) / (N-k), "
        "k relevant passages in a pool of N",
        higher_is_better=False,
        settings=("multi",),
    ),
}
_ALIASES = {"MAP": "AP", "MRR": "RR", "NDCG": "nDCG", "Success": "Hit", "Recall": "R", "Precision": "P"}
_SPELLING = re.compile(r"([A-Za-z]+)(?:@([1-9][0-9]{0,8}))?")


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of one ranking; ``cutoff``: how many passages it looks at, None for the whole ranking.

    Other names for the same thing (``Success@1`` and ``Hit@1``) parse to equal values.
    """

    name: str
    cutoff: int | None = None

    def __post_init__(self) -> None:
        needs = _DEFINITIONS[self.name].cutoff
        if needs == "required" and self.cutoff is None:
            raise SpecError(f"the measure {self.name} needs a cutoff: write, for example, {self.name}@10")
        if needs == "none" and self.cutoff is not None:
            raise SpecError(f"the measure {self.name} takes no cutoff: write {self.name}")

    def __str__(self) -> str:
        return self.name if self.cutoff is None else f"{self.name}@{self.cutoff}"

    @property
    def higher_is_better(self) -> bool:
        """False for distances."""
        return _DEFINITIONS[self.name].higher_is_better

    @property
    def settings(self) -> tuple[Setting, ...]:
        """The settings in which the measure is defined."""
        return _DEFINITIONS[self.name].settings

    @property
    def description(self) -> str:
        """What it measures, in a line."""
        return _DEFINITIONS[self.name].description


def parse_measure(text: str) -> Measure:
    """Return the measure that ``text`` names, such as ``AP`` or ``nDCG@10``.

    Raises UnknownNameError for a name that does not exist, SpecError for a missing, superfluous or malformed cutoff.
    """
    match = _SPELLING.fullmatch(text)
    name = match[1] if match else re.split(r"[@(]", text, maxsplit=1)[0]
    name = _ALIASES.get(name, name)
    if name not in _DEFINITIONS:
        by_lower = {known.lower(): _ALIASES.get(known, known) for known in (*_ALIASES, *_DEFINITIONS)}
        near = difflib.get_close_matches(name.lower(), by_lower, n=1)
        hint = f"did you mean {by_lower[near[0]]}? There are" if near else "there are"
        raise UnknownNameError(
            f"no measure is called {name!r}; {hint}: {', '.join(_DEFINITIONS)}  (robustir list measures)"
        )
    if match is None:
        raise SpecError(f"{text!r}: write a measure as its name and a whole number of passages, for example {name}@10")
    return Measure(name, int(match[2]) if match[2] else None)


# What ``robustir list measures`` shows; any other cutoff works too.
MEASURES: tuple[Measure, ...] = tuple(
    parse_measure(text)
    for text in (
        "AP AP@100 RR RR@10 nDCG nDCG@10 P@10 R@10 R@100 Hit@1 Hit@10 RankDistance nRankDistance".split()  # noqa: SIM905 -- one line reads better
    )
)


def evaluate(measures: Sequence[Measure], lists: RankLists) -> Floats:
    """Compute every measure of every list: float64 [len(measures), v].

    NaN where a measure is not defined (a rank distance with fewer than 2 relevant passages; a normalised one in a pool
    of relevant passages only) and where a list holds a rank of 0, not scored. Tie-averaged ranks, which need not be
    whole numbers, are meant for the rank distances: the other measures are defined on orders.
    """
    prepared = _Sorted(lists)
    scored = prepared.best > 0
    values = np.empty((len(measures), len(lists)))
    with np.errstate(divide="ignore", invalid="ignore"):
        for row, measure in enumerate(measures):
            cutoff = np.inf if measure.cutoff is None else float(measure.cutoff)
            values[row] = _DEFINITIONS[measure.name].compute(prepared, cutoff)
    values[:, ~scored] = np.nan
    return values
