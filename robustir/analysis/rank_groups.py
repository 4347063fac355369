"""All pairs of encoders at once, and the groups of encoders that can't be told apart, as letters.

Over all encoders of a setting, in macro-averages: the clean score, and for every noise at the shown severity the noisy
score and the loss. Two encoders share a letter unless their pair is separated, adjusted for all pairs of the table:
single-step max-T over the pairs by flips of whole groups. Of the loss both scales must separate a pair, in the same
direction, as everywhere (:mod:`robustir.analysis.claims`). Randomised Tukey HSD, the customary test of all pairs, is
beside it; an encoder far from the others widens its distribution and hides the differences between those.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.analysis.claims import ALPHA, Kind
from robustir.analysis.field import Field, field_of
from robustir.analysis.reduced import ReducedSetting
from robustir.analysis.scores import CleanScores
from robustir.analysis.tables import Grids, labelled
from robustir.stats import ClusterSums, compact_letters, max_t, randomised_tukey, retention_contributions, smallest_p
from robustir.stats.rounding import below, settled
from robustir.stats.threads import in_threads

__all__ = ["add_rank_groups"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Tested:
    """All pairs of some encoders in one quantity: levels [e]; differences, adjusted p and that of Tukey's test [pairs]."""

    encoders: tuple[int, ...]
    levels: Floats
    differences: Floats
    p: Floats
    tukey_p: Floats
    separated: NDArray[np.bool_]
    idle: bool


class _RankGroups:
    """The rows of one setting."""

    def __init__(self, groups: Grids, pairs: Grids, setting: ReducedSetting) -> None:
        self._groups, self._pairs, self._setting = groups, pairs, setting

    def add(self, field: Field) -> None:
        """Add the letters of one condition, in every measure."""
        for measure, name in enumerate(self._setting.measures):
            clean, change = field.clean[:, measure], field.change[:, measure]
            if not field.perturbation:
                self._write(field, name, "clean", self._score(field, clean))
                continue
            self._write(field, name, "noisy", self._score(field, clean + change))
            judged = np.flatnonzero(~field.near_floor[:, measure])
            self._write(field, name, "loss", self._loss(field, judged, clean, change))

    def _score(self, field: Field, sums: Floats) -> _Tested:
        """Test the differences of scores: sums [e, strata, groups]."""
        scores = ClusterSums(sums, field.counts)
        p, tukey = self._tests(scores)
        return _Tested(field.encoders, scores.estimates, _gaps(scores.estimates), p, tukey, below(p, ALPHA), idle=False)

    def _loss(self, field: Field, judged: NDArray[np.intp], clean: Floats, change: Floats) -> _Tested:
        """Test the differences of loss on both scales; the p of a pair is the larger one (intersection-union)."""
        loss = ClusterSums(change[judged], field.counts)
        p, tukey = self._tests(loss)
        of_side = [ClusterSums(part, field.counts) for part in (clean[judged] + change[judged], clean[judged])]
        levels = [
            ClusterSums(part.sums[side], part.counts) for side in np.triu_indices(len(judged), 1) for part in of_side
        ]
        shares = retention_contributions(levels)
        p = np.maximum(p, max_t(shares, self._setting.estimator.flips))
        same = np.sign(_gaps(loss.estimates)) == np.sign(shares.sum(axis=1))
        names = tuple(field.encoders[one] for one in judged)
        idle = not settled(loss.sums).any()
        return _Tested(names, loss.estimates, _gaps(loss.estimates), p, tukey, below(p, ALPHA) & same, idle)

    def _tests(self, scores: ClusterSums) -> tuple[Floats, Floats]:
        """Return the p of all pairs by max-T and by Tukey's test, [pairs] each."""
        contributions, options = scores.contributions, self._setting.options
        differences = settled(_gaps(contributions))
        p = max_t(differences, self._setting.estimator.flips)
        if not len(p) or not differences.any():
            return p, p.copy()
        return p, randomised_tukey(settled(contributions), permutations=options.flips, seed=options.seed)

    def _write(self, field: Field, measure: str, quantity: str, tested: _Tested) -> None:
        block = self._setting.block
        treatment = block.treatment(field.perturbation)
        shared: dict[str, Any] = {
            "benchmark": block.benchmark,
            "setting": block.setting,
            "perturbation": field.perturbation,
            "severity": field.severity,
            "measure": measure,
            "quantity": quantity,
            "attacked": treatment.attacked,
            "embedded_lang": treatment.embedded_lang,
        }
        names = [block.encoders[number] for number in tested.encoders]
        (rows, *_), (groups, *_) = field.layout.sizes
        if names:
            self._groups.add(
                np.ones(len(names), dtype=np.bool_),
                **shared,
                **_letters(tested),
                encoder=labelled(names),
                level=tested.levels,
                encoders=len(names),
                n=rows,
                groups=groups,
                smallest_p=smallest_p(int(groups), self._setting.options.flips),
                note=str(Kind.ONE_GROUP) if groups < 2 else str(Kind.NOTHING) if tested.idle else "",
            )
        pairs = list(combinations(names, 2))
        if pairs:
            self._pairs.add(
                np.ones(len(pairs), dtype=np.bool_),
                **shared,
                encoder_a=labelled([a for a, _ in pairs]),
                encoder_b=labelled([b for _, b in pairs]),
                difference=tested.differences,
                p_adjusted=tested.p,
                tukey_p=tested.tukey_p,
                separated=tested.separated,
            )


def _letters(tested: _Tested) -> dict[str, NDArray[Any]]:
    """Return the letters of the encoders, and the best and the worst rank that each can have, [e] each."""
    size = len(tested.encoders)
    told = [pair for pair, one in zip(combinations(range(size), 2), tested.separated, strict=True) if one]
    best, worst = np.ones(size, dtype=np.intp), np.full(size, size, dtype=np.intp)
    for a, b in told:
        ahead, behind = (a, b) if tested.levels[a] > tested.levels[b] else (b, a)
        best[behind] += 1
        worst[ahead] -= 1
    letters = compact_letters(tested.levels.tolist(), told)
    return {"letters": labelled([_joined(own) for own in letters]), "rank_best": best, "rank_worst": worst}


def add_rank_groups(
    groups: Grids, pairs: Grids, setting: ReducedSetting, scores: list[CleanScores], strategies: AbstractSet[str]
) -> None:
    """Add letters and pairs of the clean scores and of every noise at its shown severity.

    Without training ``strategies``, whose seeds are random too, and without the encoder that an attack was made against.
    """
    names = setting.block.encoders
    encoders = [encoder for encoder, name in enumerate(names) if name not in strategies]

    def add(perturbation: str) -> tuple[Grids, Grids]:
        own = Grids("rank_groups"), Grids("rank_pairs")
        attacked = setting.block.treatment(perturbation).attacked
        field = field_of(setting, [one for one in encoders if names[one] != attacked], perturbation, scores)
        if field is not None:
            _RankGroups(*own, setting).add(field)
        return own

    for of_groups, of_pairs in in_threads(add, ["", *setting.perturbations]):
        groups.extend(of_groups)
        pairs.extend(of_pairs)


def _gaps(values: Floats) -> Floats:
    """Return the differences A - B of all pairs of rows [e, ...], [pairs, ...]."""
    first, second = np.triu_indices(len(values), 1)
    found: Floats = values[first] - values[second]
    return found


def _joined(letters: tuple[str, ...]) -> str:
    """Return the letters as one word; beyond z, with commas."""
    return ("" if all(len(one) == 1 for one in letters) else ",").join(letters)
