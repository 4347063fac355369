"""Measures as values: ``nDCG@10`` prints as it is parsed, is hashable, and is computed from exact ranks.

Names and numbers are those of ir_measures and trec_eval for a ranking of the whole pool: every relevant passage has a
rank, gains are linear, and the divisor is the number of relevant passages, not the cutoff (except for P). Spellings of
other tools are accepted (:mod:`robustir.plugins.measure_names`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from robustir.errors import SpecError, UnknownNameError
from robustir.plugins.measure_names import Spelling, read_spelling
from robustir.types import SETTINGS, Setting

__all__ = ["MEASURES", "Measure", "RankLists", "Relevance", "evaluate", "parse_measure"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankLists:
    """The ranks of the relevant passages of many queries, one list per query (and candidate language).

    List i is ``ranks[starts[i]:starts[i + 1]]``; it holds all relevant passages or, for a query without any, another one.

    Args:
        ranks: [k], 1-based, list after list, in any order within a list; 0: not scored, infinity: never found.
        gains: [k], 0: not relevant.
        starts: [v + 1], where each list begins.
        pool_size: [v], the number of candidates.
        langs: [k], the number of each passage's language, for measures that compare languages; None: unknown.
        relevance: what follows from the gains, starts and pool sizes alone, where many lists share them; None: not yet known.

    Raises:
        ValueError: if the arrays do not fit each other.
    """

    ranks: NDArray[np.integer] | NDArray[np.floating]
    gains: NDArray[np.integer] | NDArray[np.floating]
    starts: NDArray[np.integer]
    pool_size: NDArray[np.integer]
    langs: NDArray[np.integer] | None = None
    relevance: Relevance | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        sizes = np.diff(self.starts)
        if len(self.starts) != len(self.pool_size) + 1 or self.starts[0] != 0 or self.starts[-1] != len(self.ranks):
            raise ValueError("starts must be [v + 1], from 0 to the number of ranks, and pool_size [v]")
        if len(self.gains) != len(self.ranks) or (sizes < 1).any():
            raise ValueError("every rank needs a gain and every list a passage")

    def __len__(self) -> int:
        return len(self.pool_size)


class Relevance:
    """What the rank lists of all encoders and conditions share: which passages are relevant, and what follows from that.

    Args:
        gains, starts, pool_size: as in :class:`RankLists`.
    """

    def __init__(self, gains: NDArray[np.generic], starts: NDArray[np.integer], pool_size: NDArray[np.integer]) -> None:
        self.gains = gains.astype(np.float64)
        self.first: NDArray[np.intp] = np.asarray(starts[:-1], dtype=np.intp)
        self.relevant: NDArray[np.intp] = np.diff(starts).astype(np.intp)
        self.which = np.repeat(np.arange(len(self.relevant)), self.relevant)
        self.pool_size = pool_size.astype(np.float64)
        size = int(self.relevant.max(initial=1))
        self.single = size == 1  # one passage per list
        self.length = size if len(gains) == size * len(self.relevant) else 0  # of all lists, 0 if it differs
        self.alike = bool(self.gains.min(initial=np.inf) == self.gains.max(initial=-np.inf))
        self.place = np.arange(len(gains)) - self.first[self.which] + 1.0
        # How much of the passages, list after list, tells all ideal rankings: one list if all are alike.
        self.ideal = size if self.alike and self.length else len(gains)
        self.ideal_gains = self.gains if self.alike else self.gains[self.ascending(-self.gains)]

    def ascending(self, values: NDArray[Any]) -> NDArray[np.intp]:
        """Return the order that sorts each list by ``values``, stably."""
        if self.single:
            return np.arange(len(values))
        if self.length:  # a sort of short rows, 5 times as fast
            within = np.argsort(values.reshape(-1, self.length), axis=1, kind="stable")
            return (within + self.first[:, np.newaxis]).ravel()
        return np.lexsort((values, self.which))

    def total(self, values: Floats) -> Floats:
        """Sum values per list, in the order of the ranks."""
        if self.single:
            return values
        totals: Floats = np.add.reduceat(values, self.first)
        return totals


class _Sorted:
    """Rank lists with the ranks of each list ascending, and the gains in their order."""

    def __init__(self, lists: RankLists, relevance: Relevance) -> None:
        self.relevance, self.total = relevance, relevance.total
        self.first, self.relevant, self.place = relevance.first, relevance.relevant, relevance.place
        self.unsorted = lists
        ranks = lists.ranks.astype(np.float64)
        if relevance.single or not relevance.alike or not relevance.length:
            order = relevance.ascending(ranks)
            self.ranks: Floats = ranks if relevance.single else ranks[order]
            self.gains: Floats = relevance.gains if relevance.alike else relevance.gains[order]
        else:  # the order is not needed
            self.ranks = np.sort(ranks.reshape(-1, relevance.length), axis=1).ravel()
            self.gains = relevance.gains

    @property
    def best(self) -> Floats:
        return self.ranks[self.first]

    @cached_property
    def found(self) -> NDArray[np.intp]:
        """The number of relevant passages among the candidates."""
        return self.total(np.isfinite(self.ranks).astype(np.float64)).astype(np.intp)

    @property
    def worst(self) -> Floats:
        last: NDArray[np.intp] = self.first + np.maximum(self.found, 1) - 1
        return self.ranks[last]


def _average_precision(lists: _Sorted, cutoff: float) -> Floats:
    return lists.total(np.where(lists.ranks <= cutoff, lists.place / lists.ranks, 0.0)) / lists.relevant


def _reciprocal_rank(lists: _Sorted, cutoff: float) -> Floats:
    return np.where(lists.best <= cutoff, 1.0 / lists.best, 0.0)


def _discounted_gain(lists: _Sorted, cutoff: float) -> Floats:
    gain = lists.total(np.where(lists.ranks <= cutoff, lists.gains / np.log2(lists.ranks + 1.0), 0.0))
    ideal_size = lists.relevance.ideal
    place, gains = lists.place[:ideal_size], lists.relevance.ideal_gains[:ideal_size]
    ideal = np.where(place <= cutoff, gains / np.log2(place + 1.0), 0.0)
    return gain / (lists.total(ideal) if len(ideal) == len(lists.place) else np.add.reduceat(ideal, [0]))


def _found(lists: _Sorted, cutoff: float) -> Floats:
    return lists.total((lists.ranks <= cutoff).astype(np.float64))


def _precision(lists: _Sorted, cutoff: float) -> Floats:
    return _found(lists, cutoff) / cutoff


def _recall(lists: _Sorted, cutoff: float) -> Floats:
    return _found(lists, cutoff) / lists.relevant


def _hit(lists: _Sorted, cutoff: float) -> Floats:
    return (lists.best <= cutoff).astype(np.float64)


def _rank_distance(lists: _Sorted, _cutoff: float) -> Floats:
    return np.where(lists.found > 1, lists.worst - lists.best, np.nan)


def _normalised_rank_distance(lists: _Sorted, cutoff: float) -> Floats:
    # Below 0 only for tie-averaged ranks, which may coincide.
    surplus = np.maximum(_rank_distance(lists, cutoff) - (lists.found - 1), 0.0)
    room = lists.relevance.pool_size - lists.found
    return np.where(room > 0, surplus / room, np.nan)


def _equal_expected_rank(lists: _Sorted, _cutoff: float) -> Floats:
    """PEER: p of the Kruskal-Wallis statistic of the ranks by language, per gain; the mean over gains that have one.

    With a single passage in every language the statistic does not depend on the ranks, so there is none.
    """
    from scipy.special import chdtrc

    given, relevance = lists.unsorted, lists.relevance
    there = np.isfinite(given.ranks)
    ranks = given.ranks[there].astype(np.float64)
    langs = np.zeros(len(ranks), dtype=np.intp) if given.langs is None else given.langs[there].astype(np.intp)
    _, gain = np.unique(relevance.gains[there], return_inverse=True)
    levels = int(gain.max(initial=0)) + 1
    level = relevance.which[there] * levels + gain  # of one list and one gain
    which, of_level = np.unique(level, return_inverse=True)
    which = which // levels
    cells, of_cell = np.unique(of_level * (int(langs.max(initial=0)) + 1) + langs, return_inverse=True)
    cell_level = cells // (int(langs.max(initial=0)) + 1)
    size = np.bincount(of_level).astype(np.float64)
    mean = np.bincount(of_level, weights=ranks) / size
    cell_size = np.bincount(of_cell).astype(np.float64)
    cell_mean = np.bincount(of_cell, weights=ranks) / cell_size
    spread = np.bincount(of_level, weights=np.square(ranks - mean[of_level]))
    between = np.bincount(cell_level, weights=cell_size * np.square(cell_mean - mean[cell_level]))
    languages = np.bincount(cell_level).astype(np.float64)
    p = np.where(spread > 0, chdtrc(languages - 1, (size - 1) * between / spread), 1.0)
    known = (languages > 1) & (size > languages)
    counts = np.bincount(which[known], minlength=len(lists.first))
    return np.bincount(which[known], weights=p[known], minlength=len(lists.first)) / np.where(counts, counts, np.nan)


@dataclass(frozen=True, slots=True)
class _Definition:
    compute: Callable[[_Sorted, float], Floats]
    cutoff: Literal["required", "optional", "none"]
    description: str
    higher_is_better: bool = True
    threshold: bool = True
    settings: tuple[Setting, ...] = SETTINGS
    of_average_ranks: bool = False


_DEFINITIONS: dict[str, _Definition] = {
    "AP": _Definition(
        _average_precision, "optional", "average precision: mean over relevant passages of the precision at their rank"
    ),
    "RR": _Definition(_reciprocal_rank, "optional", "reciprocal rank of the first relevant passage"),
    "nDCG": _Definition(
        _discounted_gain,
        "optional",
        "discounted cumulative gain (linear gain, log2 discount) over the ideal ranking's (Järvelin & Kekäläinen 2002)",
        threshold=False,
    ),
    "P": _Definition(_precision, "required", "share of the first k passages that are relevant"),
    "R": _Definition(_recall, "required", "share of the relevant passages that are among the first k"),
    "Hit": _Definition(_hit, "required", "1 if a relevant passage is among the first k, else 0 (ir_measures: Success)"),
    "RankDistance": _Definition(
        _rank_distance,
        "none",
        "worst minus best rank in the pool of the parallel relevant passages (Huang et al. 2023; Elmahdy et al. 2024)",
        higher_is_better=False,
        threshold=False,
        settings=("multi",),
        of_average_ranks=True,
    ),
    "nRankDistance": _Definition(
        _normalised_rank_distance,
        "none",
        "rank distance on a scale from 0 (side by side) to 1 (first and last): (worst - best - (k-1)) / (N-k), "
        "k relevant passages in a pool of N",
        higher_is_better=False,
        threshold=False,
        settings=("multi",),
        of_average_ranks=True,
    ),
    "PEER": _Definition(
        _equal_expected_rank,
        "none",
        "probability of equal expected rank: p of the Kruskal-Wallis test of the ranks of relevant passages by language, the "
        "mean over gains (Yang et al. 2024); 1: no language is favoured, undefined with one passage per language",
        threshold=False,
        settings=("multi",),
        of_average_ranks=True,
    ),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of one ranking. Names of other tools (``Success@1`` for ``Hit@1``) parse to equal values.

    Args:
        name: one of ``AP RR nDCG P R Hit RankDistance nRankDistance PEER``.
        cutoff: how many passages count; None: the whole ranking.
        rel: the lowest relevant gain.

    Raises:
        SpecError: for a missing or superfluous cutoff or threshold.
    """

    name: str
    cutoff: int | None = None
    rel: int = 1

    def __post_init__(self) -> None:
        needs = _DEFINITIONS[self.name].cutoff
        if self.rel != 1 and not _DEFINITIONS[self.name].threshold:
            raise SpecError(f"the measure {self.name} takes no relevance threshold: write {replace(self, rel=1)}")
        if needs == "required" and self.cutoff is None:
            raise SpecError(f"the measure {self.name} needs a cutoff: write, for example, {self.name}@10")
        if needs == "none" and self.cutoff is not None:
            raise SpecError(f"the measure {self.name} takes no cutoff: write {self.name}")

    def __str__(self) -> str:
        threshold = "" if self.rel == 1 else f"(rel={self.rel})"
        return f"{self.name}{threshold}" + ("" if self.cutoff is None else f"@{self.cutoff}")

    @property
    def higher_is_better(self) -> bool:
        """False for distances."""
        return _DEFINITIONS[self.name].higher_is_better

    @property
    def of_average_ranks(self) -> bool:
        """Whether it is about ranks rather than an order, so that passages with equal scores have their average rank."""
        return _DEFINITIONS[self.name].of_average_ranks

    @property
    def settings(self) -> tuple[Setting, ...]:
        """The settings in which the measure is defined."""
        return _DEFINITIONS[self.name].settings

    @property
    def description(self) -> str:
        """A one-line explanation."""
        threshold = "" if self.rel == 1 else f"; relevant is a gain of at least {self.rel}"
        return _DEFINITIONS[self.name].description + threshold


def parse_measure(text: str) -> Measure:
    """Return the measure that ``text`` names, such as ``AP``, ``nDCG@10`` or ``AP(rel=2)@100``.

    Spellings of other tools are accepted, such as ``mrr@10``, ``Recall@100`` or trec_eval's ``ndcg_cut_10``.

    Raises:
        UnknownNameError: for an unknown name.
        SpecError: for a missing, superfluous or malformed cutoff.
    """
    spelling = read_spelling(text, tuple(_DEFINITIONS))
    if not isinstance(spelling, Spelling):
        hint = f"did you mean {spelling}? Measures are" if spelling else "measures are"
        raise UnknownNameError(
            f"{text[:60]!r} is not a measure; {hint}: {', '.join(_DEFINITIONS)}  (robustir list measures)"
        )
    return Measure(spelling.name, spelling.cutoff, spelling.rel)


# What ``robustir list measures`` shows; any other cutoff works too.
MEASURES: tuple[Measure, ...] = tuple(
    parse_measure(text)
    for text in (
        "AP AP@100 AP(rel=2) RR RR@10 nDCG nDCG@10 P@10 R@10 R@100 Hit@1 Hit@10 RankDistance nRankDistance PEER".split()  # noqa: SIM905 -- one line reads better
    )
)


def evaluate(measures: Sequence[Measure], lists: RankLists) -> Floats:
    """Compute every measure of every list: float64 [len(measures), v].

    A list without a relevant passage scores 0, as in trec_eval. A score is NaN if the measure is undefined (a rank distance
    with fewer than 2 relevant passages; a normalised one in a pool of relevant passages only) or the list holds a rank of
    0, not scored. Tie-averaged ranks, which need not be whole numbers, are for the rank distances only: the other measures
    are defined on orders.
    """
    values = np.empty((len(measures), len(lists)))
    for rel in {measure.rel for measure in measures}:
        rows = [row for row, measure in enumerate(measures) if measure.rel == rel]
        values[rows] = _evaluate_at([measures[row] for row in rows], lists, rel)
    if not lists.ranks.all():
        values[:, np.minimum.reduceat(lists.ranks, lists.starts[:-1]) == 0] = np.nan
    return values


def _evaluate_at(measures: Sequence[Measure], lists: RankLists, rel: int) -> Floats:
    """Compute measures with the same relevance threshold."""
    relevant = lists.gains >= rel
    every = bool(relevant.all())
    kept, some = (lists, np.ones(len(lists), dtype=np.bool_)) if every else _only(lists, relevant)
    prepared = _Sorted(kept, kept.relevance or Relevance(kept.gains, kept.starts, kept.pool_size))
    values = np.empty((len(measures), len(lists)))
    with np.errstate(divide="ignore", invalid="ignore"):
        for row, measure in enumerate(measures):
            definition = _DEFINITIONS[measure.name]
            cutoff = np.inf if measure.cutoff is None else float(measure.cutoff)
            found = definition.compute(prepared, cutoff)
            if every:
                values[row] = found
            else:
                values[row] = np.nan if definition.of_average_ranks else 0.0
                values[row, some] = found
    return values


def _only(lists: RankLists, relevant: NDArray[np.bool_]) -> tuple[RankLists, NDArray[np.bool_]]:
    """Return the lists reduced to their relevant passages, without empty ones, and which lists [v] remain."""
    sizes = np.add.reduceat(relevant.astype(np.intp), lists.starts[:-1])
    some = sizes > 0
    starts = np.concatenate(([0], np.cumsum(sizes[some])))
    langs = None if lists.langs is None else lists.langs[relevant]
    return RankLists(lists.ranks[relevant], lists.gains[relevant], starts, lists.pool_size[some], langs), some
