"""The options of an analysis: confidence, resampling, and whether the comparisons were declared beforehand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from robustir.errors import InputError
from robustir.protocol import INTERVALS, Correction, IntervalKind, TestKind, check_protocol, correction_of

__all__ = ["AnalysisOptions", "Margins", "Unreached"]

# (benchmark, encoder or strategy, perturbation, query language or "all") -> severities
Unreached = Mapping[tuple[str, str, str, str], frozenset[float]]


@dataclass(frozen=True, slots=True)
class Margins:
    """Margins of equivalence: a difference in the measure's unit (0.01 is a point), and a share of the score."""

    absolute: float
    relative: float

    def __post_init__(self) -> None:
        if not (0 < self.absolute < 1 and 0 < self.relative < 1):
            raise InputError(f"margins {self.absolute:g} and {self.relative:g}: use shares between 0 and 1")

    def __str__(self) -> str:
        points = 100 * self.absolute
        return f"{points:g} point{'' if points == 1 else 's'} and {100 * self.relative:g}%"

    @property
    def log_ratio(self) -> float:
        """The relative margin of a log ratio, the same for a ratio and its inverse: ``-log(1 - relative)``."""
        return -math.log1p(-self.relative)


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """Options of :func:`robustir.analysis.analyse`.

    confidence: of all intervals; interval: their kind; resamples: bootstrap replicates; flips: of the randomisation
    test. test: behind every p (but those of strategies over seeds); correction: of the declared families (None: max-T for
    flips, else Holm), or of all rows if nothing is declared. primary_measure: the measure of the declared families (None:
    the first of every block). primary: whether the comparisons were declared beforehand; if not, all of them are
    exploratory. explored: specs of perturbations whose rows are exploratory in any case. floors: whether clean scores are
    judged against the shuffled-query floor. low_score: clean means below it make retention unstable. loss: the share of
    the clean score behind ``dose_at_10_percent_loss``. in_domain: (benchmark, encoder or strategy) where that was trained
    on the benchmark's own collection. compare: the pairs of training strategies that are compared, (A, B) for A - B
    (None: all). margins: within which changes and losses are called equivalent (None: that is not tested). reference: the
    encoder of corruption errors. kinds: the kind of each encoder, by name; encoders of one kind are variants (by default
    each is of its own). unreached: where the noise did not reach an encoder or strategy, so that nothing is claimed
    (:mod:`robustir.analysis.inputs`).
    """

    confidence: float = 0.95
    flips: int = 10_000
    resamples: int = 2_000
    seed: int = 0
    interval: IntervalKind = "studentised"
    test: TestKind = "flips"
    correction: Correction | None = None
    primary_measure: str | None = None
    primary: bool = True
    explored: frozenset[str] = frozenset()
    floors: bool = True
    low_score: float = 0.05
    loss: float = 0.10
    in_domain: frozenset[tuple[str, str]] = frozenset()
    compare: tuple[tuple[str, str], ...] | None = None
    margins: Margins | None = None
    reference: str = "bm25"
    kinds: Mapping[str, str] = field(default_factory=dict)
    unreached: Unreached = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.confidence < 1:
            raise InputError(f"confidence {self.confidence}: use a number between 0 and 1, such as 0.95")
        if self.flips < 1 or self.resamples < 2:
            raise InputError(f"{self.flips} flips and {self.resamples} resamples: use at least 1 and 2")
        if self.interval not in INTERVALS:
            raise InputError(f"interval {self.interval!r}: use one of {', '.join(INTERVALS)}")
        check_protocol(self.test, self.correction, declared=self.primary)

    @property
    def corrected_by(self) -> Correction:
        """The correction of the declared families, or of all rows if nothing is declared."""
        return correction_of(self.test, self.correction, declared=self.primary)
