"""How much of the variance is between groups, questions, languages, draws and training seeds: the method of moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Components", "seed_component", "variance_components"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Components:
    """Components of variance; NaN for a factor that the data can't separate from another.

    group: between groups of questions; question: between questions of a group; language: between languages; interaction:
    question by language, with what no other factor explains; draw: between draws of the noise for one query; seed:
    between training seeds.
    """

    group: float
    question: float
    language: float
    interaction: float
    draw: float
    seed: float = float("nan")

    @classmethod
    def mean(cls, several: Sequence[Self]) -> Self:
        """Return the mean of each component."""
        return cls(**{one.name: float(np.mean([getattr(part, one.name) for part in several])) for one in fields(cls)})

    def shares(self) -> tuple[float, Self]:
        """Return the sum of the known components, and their shares of it (NaN if it is 0)."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        total = float(np.nansum(list(values.values())))
        return total, type(self)(**{name: value / total if total > 0 else np.nan for name, value in values.items()})


def variance_components(values: Floats, groups: NDArray[np.intp], *, draws: int = 1, within: float = 0.0) -> Components:
    """Return the components of means over draws of each question in each language, by equating mean squares.

    Questions are nested in groups of any size and crossed with languages; every question is in every language (the
    analysis of variance for crossed and nested random factors: Searle, Casella & McCulloch 1992, ch. 4 and 5). A
    negative solution is 0.

    Args:
        values: float64 [questions, languages].
        groups: [questions], the number of each question's group.
        draws: over which the values are means.
        within: the variance between draws of one query, estimated from the single draws.
    """
    questions, languages = values.shape
    grand, by_question, by_language = values.mean(), values.mean(axis=1), values.mean(axis=0)
    draw = within if draws > 1 else np.nan
    rest = values - by_question[:, None] - by_language[None, :] + grand
    crossed = (questions - 1) * (languages - 1)
    residual = float(np.square(rest).sum() / crossed) if crossed > 0 else np.nan  # interaction and draws
    if languages < 2:
        residual = within / draws
    between = (
        questions * np.square(by_language - grand).sum() / (languages - 1) if min(languages, questions) > 1 else np.nan
    )
    nested = _nested(by_question, groups, languages)
    within_groups = nested.within if np.isfinite(nested.within) else nested.between
    return Components(
        group=_positive((nested.between - nested.within) / (languages * nested.size)),
        question=_positive((within_groups - residual) / languages),
        language=_positive((between - residual) / questions),
        interaction=_positive(residual - within / draws) if languages > 1 else np.nan,
        draw=draw,
    )


def _positive(solution: float) -> float:
    """Return 0 for a negative solution; NaN stays NaN."""
    return float(np.maximum(0.0, solution))


@dataclass(frozen=True, slots=True)
class _Nested:
    """Mean squares between and within groups, times the languages; size: the average number of questions of a group."""

    between: float
    within: float
    size: float


def _nested(by_question: Floats, groups: NDArray[np.intp], languages: int) -> _Nested:
    """Return the mean squares of questions in groups; NaN for the one that has no degrees of freedom."""
    counts = np.bincount(groups).astype(np.float64)
    sums = np.bincount(groups, weights=by_question)
    there = counts > 0
    counts, means = counts[there], sums[there] / counts[there]
    questions, size = float(counts.sum()), len(counts)
    inside = float(np.square(by_question).sum() - (counts * np.square(means)).sum())
    outside = float((counts * np.square(means - by_question.mean())).sum())
    return _Nested(
        between=languages * outside / (size - 1) if size > 1 else np.nan,
        within=languages * max(inside, 0.0) / (questions - size) if questions > size else np.nan,
        size=(questions - np.square(counts).sum() / questions) / (size - 1) if size > 1 else np.nan,
    )


def seed_component(values: Floats) -> float:
    """Return the variance between training seeds from values [seeds, cells], crossed with cells; NaN for one seed."""
    seeds, cells = values.shape
    if seeds < 2 or cells < 2:
        return float("nan")
    by_seed, by_cell = values.mean(axis=1), values.mean(axis=0)
    rest = values - by_seed[:, None] - by_cell[None, :] + values.mean()
    residual = np.square(rest).sum() / ((seeds - 1) * (cells - 1))
    return _positive(by_seed.var(ddof=1) - residual / cells)
