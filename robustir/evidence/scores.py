"""The per-query evidence of one benchmark in one setting, as the analysis takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from robustir.errors import DataError
from robustir.types import Treatment

__all__ = ["MovedTies", "QueryScores", "TrainedSeed", "at_rows"]

Labels = NDArray[np.object_]
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TrainedSeed:
    """An encoder's place in a training strategy: its seed, and the specs of the noise in its training queries."""

    strategy: str
    seed: int
    noise: tuple[str, ...] = ()


MovedTies = Mapping[tuple[str, tuple[str, float]], tuple[NDArray[np.intp], Scores]]


@dataclass(frozen=True, eq=False)
class QueryScores:
    """Scores of every view row: one query against the candidates of one language (in multi: against the whole pool).

    setting: mono, cross or multi, or the stratum "cross-embedded" (:mod:`robustir.evidence.strata`).
    query_id, source_id, group, query_lang, passage_lang: str objects [v]; passage_lang is "all" in multi.
    conditions: (perturbation spec, severity > 0) in suite order.
    clean, floor: float64 [encoders, measures, v]; the floor is the same encoder with the queries shuffled within their
        language (NaN where it was not run).
    noisy, worst: float64 [encoders, conditions, measures, v]: mean over draws and worst draw, NaN where a cell is
        missing or the perturbation is not applicable.
    word_edit_rate, char_error_rate, unchanged: float64 [conditions, v], means over draws; unchanged is the share of
        draws that left the text as it was.
    treatments: what each perturbation is, by its spec; one that is not listed is ordinary noise.
    tied, missed: float64 [encoders, v] of the clean queries: the share of a row's relevant passages that are retrieved
        with the score of another candidate, and of those that are not retrieved; None where that is not known.
    trained: the encoders that belong to a training strategy, by name.
    overlap: float64 [encoders, conditions, v], rank-biased overlap of the noisy and the clean ranking of the candidates, means
        over draws; NaN where a ranking was not kept, None where none was.
    noise_draws: the number of draws of each perturbation (by default ``draws``); draw_variance: float64 [encoders, conditions],
        the mean over rows of the variance between draws, in the first measure.
    rejected: float64 [conditions, v], the share of draws whose text may mean something else (:mod:`robustir.text.kept`); None
        if no text was judged.
    moved_ties: by encoder and condition, rows intp [k] and what to add to their changes, float64 [measures, k], to have them
        with tie-averaged ranks: ids decide the order of equal scores, and must not make a query harmed or helped.

    Raises:
        DataError: if an array has a wrong shape.
    """

    benchmark: str
    setting: str
    query_id: Labels
    source_id: Labels
    group: Labels
    query_lang: Labels
    passage_lang: Labels
    encoders: tuple[str, ...]
    measures: tuple[str, ...]
    conditions: tuple[tuple[str, float], ...]
    draws: int
    clean: Scores
    floor: Scores
    noisy: Scores
    worst: Scores
    word_edit_rate: Scores
    char_error_rate: Scores
    unchanged: Scores
    treatments: Mapping[str, Treatment] = field(default_factory=dict)
    trained: Mapping[str, TrainedSeed] = field(default_factory=dict)
    tied: Scores | None = None
    missed: Scores | None = None
    overlap: Scores | None = None
    noise_draws: Mapping[str, int] = field(default_factory=dict)
    draw_variance: Scores | None = None
    rejected: Scores | None = None
    moved_ties: MovedTies = field(default_factory=dict)

    def draws_of(self, perturbation: str) -> int:
        """Return the number of draws of a perturbation."""
        return self.noise_draws.get(perturbation, self.draws)

    def treatment(self, perturbation: str) -> Treatment:
        """Return the treatment of a perturbation."""
        return self.treatments.get(perturbation, Treatment())

    def __post_init__(self) -> None:
        rows = len(self.query_id)
        encoders, measures, conditions = len(self.encoders), len(self.measures), len(self.conditions)
        shapes: dict[str, tuple[int, ...]] = {
            **dict.fromkeys(("source_id", "group", "query_lang", "passage_lang"), (rows,)),
            **dict.fromkeys(("clean", "floor"), (encoders, measures, rows)),
            **dict.fromkeys(("noisy", "worst"), (encoders, conditions, measures, rows)),
            **dict.fromkeys(("word_edit_rate", "char_error_rate", "unchanged"), (conditions, rows)),
        }
        shapes |= {name: (encoders, rows) for name in ("tied", "missed") if getattr(self, name) is not None}
        shapes |= {} if self.overlap is None else {"overlap": (encoders, conditions, rows)}
        shapes |= {} if self.rejected is None else {"rejected": (conditions, rows)}
        shapes |= {} if self.draw_variance is None else {"draw_variance": (encoders, conditions)}
        for name, shape in shapes.items():
            actual = getattr(self, name).shape
            if actual != shape:
                where = f"{self.benchmark} ({self.setting})"
                raise DataError(f"{where}: {name} has the shape {actual}, not {shape}; collect the scores again")


def at_rows(block: QueryScores, rows: NDArray[np.intp]) -> MovedTies:
    """Return ``moved_ties`` of some rows of a block alone, numbered in their order."""
    place = np.full(len(block.query_id), -1, dtype=np.intp)
    place[rows] = np.arange(len(rows))
    kept = {key: place[own] >= 0 for key, (own, _) in block.moved_ties.items()}
    return {key: (place[own[kept[key]]], values[:, kept[key]]) for key, (own, values) in block.moved_ties.items()}
