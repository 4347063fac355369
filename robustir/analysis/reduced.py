"""One benchmark in one setting, reduced to sums: everything later needs only these."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.equal_dose import EqualDose
from robustir.analysis.estimator import Estimator, Layout
from robustir.analysis.options import AnalysisOptions
from robustir.analysis.rows import ViewRows
from robustir.errors import InputError
from robustir.evidence.scores import QueryScores
from robustir.stats.rounding import ROUNDING, settled
from robustir.stats.threads import in_threads

__all__ = ["BIAS_MEASURES", "NoiseSums", "ReducedSetting", "harmed_and_helped"]

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]
Mask = NDArray[np.bool_]
R = TypeVar("R")

# Of ranks, not of scores: they go only to the bias table.
BIAS_MEASURES = frozenset({"RankDistance", "nRankDistance", "PEER"})

# A smaller change of score is not a win or loss: passages that share no word with the query are tied at 0, and the order of
# their ids moves them by some places and the score by some thousandths.
_WON = 0.01
_TWIN = 1e-12  # measures that agree this closely on every row are one number under two names


def harmed_and_helped(changes: Floats) -> tuple[Floats, Floats]:
    """Return 1 for changes that lose 0.01 or more, and 1 for those that gain as much; 0 for the others."""
    return (changes <= ROUNDING - _WON).astype(np.float64), (changes >= _WON - ROUNDING).astype(np.float64)


@dataclass(frozen=True, slots=True)
class NoiseSums:
    """One encoder under one perturbation, over the rows that have all scores.

    conditions: numbers of its severities in the block; severities: their values; mask: bool [v], the rows used, sorted;
    clean: group sums [m, views, groups]; delta: noisy - clean, [s, m, views, groups].
    squares: sums of squared deltas; harmed, helped: rows that lose and gain 0.01 or more, [s, m, views]; worst: group
    sums of the worst draw; moved: rows whose score changed, [s, m, views, groups].
    """

    conditions: tuple[int, ...]
    severities: tuple[float, ...]
    mask: Mask
    layout: Layout
    clean: Floats
    delta: Floats
    squares: Floats
    harmed: Floats
    helped: Floats
    worst: Floats
    moved: Floats


class ReducedSetting:
    """A block of per-query scores with its rows, measures and resampling."""

    def __init__(self, block: QueryScores, options: AnalysisOptions) -> None:
        self.block = block
        self.options = options
        self.rows = ViewRows.of(block)
        self.estimator = Estimator(self.rows.groups, options)
        self._layouts: dict[bytes, Layout] = {}
        self.trapezoids: dict[tuple[int, ...], Floats] = {}  # of robustir.analysis.curves, asked for by every pair
        self._noise: dict[tuple[int, str], NoiseSums | None] = {}
        self._equal_doses: dict[tuple[tuple[int, ...], bytes], EqualDose | None] = {}
        self._kept: dict[Hashable, Any] = {}  # what functions of a condition made, until it is forgotten
        scored = [m for m, name in enumerate(block.measures) if name not in BIAS_MEASURES and self._has_values(m)]
        self._measures = np.array(scored, dtype=np.intp)
        self.measures = tuple(block.measures[m] for m in scored)

    def _has_values(self, measure: int) -> bool:
        return bool(np.isfinite(self.block.clean[:, measure]).any())

    @property
    def primary(self) -> int:
        """The number, among ``measures``, of the measure of the declared families."""
        name = self.options.primary_measure
        if name is None:
            return 0
        if name not in self.measures:
            known = ", ".join(self.measures)
            raise InputError(f"the primary measure {name} is not among the measures of {self.block.benchmark}: {known}")
        return self.measures.index(name)

    @cached_property
    def perturbations(self) -> dict[str, tuple[int, ...]]:
        """Numbers of the conditions of every perturbation, in suite order."""
        found: dict[str, tuple[int, ...]] = {}
        for number, (spec, _) in enumerate(self.block.conditions):
            found[spec] = (*found.get(spec, ()), number)
        return found

    @cached_property
    def twins(self) -> dict[str, str]:
        """Measures that repeat another one on every row, such as RR with one relevant passage: name -> the one kept."""
        order = [self.primary, *(m for m in range(len(self.measures)) if m != self.primary)] if self.measures else []
        kept: list[int] = []
        twins: dict[str, str] = {}
        for measure in order:
            first = next((other for other in kept if self._same(measure, other)), None)
            if first is None:
                kept.append(measure)
            else:
                twins[self.measures[measure]] = self.measures[first]
        return twins

    def _same(self, left: int, right: int) -> bool:
        one, two = self._measures[left], self._measures[right]
        block = self.block
        if not np.allclose(block.clean[:, one], block.clean[:, two], rtol=0, atol=_TWIN, equal_nan=True):
            return False
        return bool(np.allclose(block.noisy[:, :, one], block.noisy[:, :, two], rtol=0, atol=_TWIN, equal_nan=True))

    def clean(self, encoder: int) -> Floats:
        """Sorted clean scores [m, v] of an encoder."""
        return self.rows.sorted(self.block.clean[encoder, self._measures])

    def noisy(self, encoder: int, condition: int) -> Floats:
        """Sorted scores [m, v] of an encoder under a condition."""
        return self.rows.sorted(self.block.noisy[encoder, condition, self._measures])

    @property
    def noises(self) -> list[str]:
        """The perturbations that are neither attacks nor their controls."""
        treatments = {name: self.block.treatment(name) for name in self.perturbations}
        return [name for name, one in treatments.items() if not (one.attacked or one.control)]

    def once(self, key: Hashable, make: Callable[[], R]) -> R:
        """Return what ``make`` makes, kept under a key until :meth:`forget`; threads that ask at once may make it twice."""
        if key not in self._kept:
            self._kept[key] = make()
        found: R = self._kept[key]
        return found

    def change(self, encoder: int, condition: int, measure: int) -> Floats:
        """Sorted changes [v] of one measure under a condition; they are kept until they are forgotten."""

        def make() -> Floats:
            at = self._measures[measure]
            return self.rows.sorted(self.block.noisy[encoder, condition, at] - self.block.clean[encoder, at])

        return self.once(("change", encoder, condition, measure), make)

    def over_ties(self, encoder: int, condition: int, change: Floats, mask: Mask) -> Floats:
        """Return sorted changes [m, v] of the measures with tie-averaged ranks, in the rows of a mask; others as they are."""
        found = self.block.moved_ties.get((self.block.encoders[encoder], self.block.conditions[condition]))
        if found is None:
            return change
        rows, values = found
        at = self._inverse[rows]
        moved = change.copy()
        moved[:, at] += np.where(mask[at], values[self._measures], 0.0)
        return moved

    @cached_property
    def _inverse(self) -> Indexes:
        """Where each row of the block is in the sorted order."""
        inverse = np.empty_like(self.rows.order)
        inverse[self.rows.order] = np.arange(len(inverse))
        return inverse

    def forget(self) -> None:
        """Forget what was kept of single queries: the changes of all conditions would take gigabytes."""
        self._kept.clear()

    def floor(self, encoder: int) -> Floats:
        """Sorted scores [m, v] of an encoder with shuffled queries."""
        return self.rows.sorted(self.block.floor[encoder, self._measures])

    def overlap(self, encoder: int, condition: int, mask: Mask) -> tuple[Layout, Floats] | None:
        """Return layout and group sums [views, groups] of the rank-biased overlap with the clean ranking; None if unknown.

        Over the rows of a sorted mask [v] that have one.
        """
        if self.block.overlap is None:
            return None
        values = self.rows.sorted(self.block.overlap[encoder, condition])
        inside: Mask = mask & np.isfinite(values)
        if not inside.any():
            return None
        return self.layout(inside), self.rows.group_sums(np.where(inside, values, 0.0))

    def level(self, kind: str, encoder: int) -> Floats:
        """Means per view, [views], of "tied" or "missed", the shares of an encoder's relevant passages; NaN if unknown."""
        shares = getattr(self.block, kind)
        if shares is None:
            return np.full(len(self.rows.views), np.nan)
        return self.rows.view_means(self.rows.sorted(shares[encoder]))

    def doses(self, kind: str) -> Floats:
        """Means per view, [conditions, views], of a dose: "word_edit_rate", "char_error_rate" or "unchanged"."""
        return self.rows.view_means(self.rows.sorted(getattr(self.block, kind)))

    @cached_property
    def word_edit_rate(self) -> Floats:
        """Realised dose [conditions, views]."""
        return self.doses("word_edit_rate")

    @cached_property
    def char_error_rate(self) -> Floats:
        """Realised character error rate [conditions, views]."""
        return self.doses("char_error_rate")

    @cached_property
    def unchanged(self) -> Floats:
        """Share of texts left as they were, [conditions, views]."""
        return self.doses("unchanged")

    @cached_property
    def languages(self) -> Indexes:
        """Number of the query language of every view, [views]."""
        return np.unique([query for query, _ in self.rows.views], return_inverse=True)[1].astype(np.intp)

    def named_languages(self, numbers: Indexes, chosen: Mask) -> NDArray[np.object_]:
        """Return the codes of the chosen ones, bool [c, languages], of some query languages: objects [c], joined by spaces."""
        codes = sorted({query for query, _ in self.rows.views})
        found = np.empty(len(chosen), dtype=object)
        found[:] = [" ".join(codes[one] for one in numbers[row]) for row in chosen]
        return found

    def equal_dose(self, noise: NoiseSums) -> EqualDose | None:
        """Return what brings a perturbation to one realised dose in every language; None with fewer than two languages."""
        key = noise.conditions, noise.layout.counts.tobytes()
        if key not in self._equal_doses:
            doses = self.char_error_rate[list(noise.conditions)]
            self._equal_doses[key] = EqualDose.of(doses, noise.layout, self.languages)
        return self._equal_doses[key]

    def layout(self, mask: Mask) -> Layout:
        """Rows per view and group of a mask [v]; equal masks share one object."""
        key = np.packbits(mask).tobytes()
        if key not in self._layouts:
            found = Layout.of(self.rows.group_sums(mask.astype(np.float64)))
            return self._layouts.setdefault(key, found)  # one object, even if two threads ask at once
        return self._layouts[key]

    def reduce_all(self) -> None:
        """Sum every encoder under every perturbation, in threads, so that :meth:`noise` has the sums."""
        every = [(encoder, name) for encoder in range(len(self.block.encoders)) for name in self.perturbations]
        in_threads(lambda one: self.noise(*one), every)

    def noise(self, encoder: int, perturbation: str) -> NoiseSums | None:
        """Sums of an encoder under a perturbation; None where no severity has a score."""
        key = (encoder, perturbation)
        if key not in self._noise:
            mask, conditions = self._usable(encoder, perturbation)
            self._noise[key] = self.reduce(encoder, conditions, mask) if conditions and mask.any() else None
        return self._noise[key]

    def _usable(self, encoder: int, perturbation: str) -> tuple[Mask, tuple[int, ...]]:
        """Rows with every score, over the severities that have any: one set of rows serves a whole curve."""
        mask: Mask = np.isfinite(self.clean(encoder).sum(axis=0))
        conditions = []
        for condition in self.perturbations[perturbation]:
            finite: Mask = np.isfinite(self.block.noisy[encoder, condition, self._measures].sum(axis=0))
            if finite.any():
                mask &= finite[self.rows.order]
                conditions.append(condition)
        return mask, tuple(conditions)

    def reduce(self, encoder: int, conditions: tuple[int, ...], mask: Mask) -> NoiseSums:
        """Sum the scores of an encoder under some conditions over the rows of a sorted mask [v]."""
        rows, complete = self.rows, bool(mask.all())

        def used(values: Floats) -> Floats:
            return values if complete else np.where(mask, values, 0.0)

        clean = used(self.clean(encoder))
        shape = (len(conditions), len(self.measures), len(rows.views))
        delta = np.empty((*shape, rows.groups))
        squares, harmed, helped = (np.empty(shape) for _ in range(3))
        moved, worst = np.empty_like(delta), np.empty_like(delta)
        for number, condition in enumerate(conditions):
            change = used(self.noisy(encoder, condition)) - clean
            delta[number] = rows.group_sums(change)
            squares[number] = rows.view_sums(np.square(change))
            flips = self.over_ties(encoder, condition, change, mask)
            harmed[number], helped[number] = (rows.view_sums(part) for part in harmed_and_helped(flips))
            moved[number] = rows.group_sums((settled(change) != 0).astype(np.float64))
            worst[number] = rows.group_sums(used(rows.sorted(self.block.worst[encoder, condition, self._measures])))
        severities = tuple(float(self.block.conditions[condition][1]) for condition in conditions)
        layout = self.layout(mask)
        return NoiseSums(
            conditions, severities, mask, layout, rows.group_sums(clean), delta, squares, harmed, helped, worst, moved
        )

    def edited(self, encoder: int, condition: int, mask: Mask) -> tuple[Layout, Floats] | None:
        """Return layout and group sums [m, views, groups] of the change over rows that were edited; None without any.

        Among the rows of a sorted mask [v] those whose text some draw changed; of each the mean over the draws that did:
        in the others the change is 0.
        """
        share = 1.0 - self.rows.sorted(self.block.unchanged)[condition]
        inside: Mask = mask & (share > 0)
        if not inside.any():
            return None
        change = self.noisy(encoder, condition) - self.clean(encoder)
        alone = np.where(inside, change / np.where(inside, share, 1.0), 0.0)
        return self.layout(inside), self.rows.group_sums(alone)
