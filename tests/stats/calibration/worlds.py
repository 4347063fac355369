"""Simulated queries, clustered like XQuAD-R: unequal articles, one right passage, scores that are reciprocal ranks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustir.stats import ClusterSums

__all__ = [
    "ARTICLES",
    "QUESTIONS",
    "articles",
    "changes",
    "equal_encoders",
    "few_moved_changes",
    "normal_changes",
    "scores",
    "summed",
]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
QUESTIONS, ARTICLES = 1190, 48
_DROPS = np.array([-1 / 2, -2 / 3, -4 / 5, -9 / 10])  # from rank 1 to 2, 3, 5 and 10


def articles(
    rng: np.random.Generator, groups: int = ARTICLES, questions: int = QUESTIONS, dominant: float = 0.0
) -> Codes:
    """Return the article of every question: unequal ones, or one that holds the share ``dominant`` of all questions."""
    first = round(dominant * questions)
    others = groups - (first > 0)
    least = min(8, (questions - first) // (2 * others))
    rest = questions - first - least * others
    sizes = least + rng.multinomial(rest, rng.dirichlet(np.full(others, 3.0)))
    return np.repeat(np.arange(groups), np.concatenate([[first], sizes]) if first else sizes)


def summed(values: Floats, codes: Codes) -> ClusterSums:
    """Sum the values [trials, questions] of every article."""
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    return ClusterSums(np.add.reduceat(values, starts, axis=1)[:, None], np.bincount(codes).astype(np.float64)[None])


def _reciprocal(latent: Floats) -> Floats:
    """Reciprocal ranks: half of the questions of average difficulty have rank 1."""
    return np.asarray(1.0 / (1.0 + np.floor(np.exp(1.2 * latent))))


def scores(
    rng: np.random.Generator, trials: int, codes: Codes, *, loss: float = 0.0, spread: float = 0.25
) -> tuple[Floats, Floats]:
    """Return clean and noisy reciprocal ranks [trials, questions]; without loss, both are exchangeable within each article.

    Four questions in ten are moved by chance, and all of an article together by a little (``spread``).
    """
    shape, groups = (trials, len(codes)), int(codes.max()) + 1
    difficulty = rng.standard_normal(shape) + 0.4 * rng.standard_normal((trials, groups))[:, codes]
    shared = spread * rng.standard_normal((trials, groups))[:, codes]
    own = [0.5 * rng.standard_normal(shape) * (rng.random(shape) < 0.4) for _ in range(2)]
    clean = _reciprocal(difficulty - shared / 2 + own[0])
    return clean, _reciprocal(difficulty + shared / 2 + own[1] + loss)


def changes(rng: np.random.Generator, trials: int, codes: Codes, *, loss: float = 0.0, spread: float = 0.25) -> Floats:
    """Return noisy - clean :func:`scores`."""
    clean, noisy = scores(rng, trials, codes, loss=loss, spread=spread)
    return np.asarray(noisy - clean)


def normal_changes(rng: np.random.Generator, trials: int, codes: Codes) -> tuple[Floats, float, float]:
    """Return changes without an effect [trials, questions], with the standard deviation and design effect that they have."""
    groups = int(codes.max()) + 1
    of_article, of_question = 0.08, 0.25 * np.sqrt(5 / 3)
    values = of_article * rng.standard_normal((trials, groups))[:, codes] + 0.25 * rng.standard_t(
        5, (trials, len(codes))
    )
    variance = of_article**2 + of_question**2
    sizes = np.bincount(codes)
    effect = 1 + (np.square(sizes).sum() / len(codes) - 1) * of_article**2 / variance
    return np.asarray(values), float(np.sqrt(variance)), float(effect)


def few_moved_changes(rng: np.random.Generator, trials: int, codes: Codes, share: float) -> tuple[Floats, float]:
    """Return changes of which a share is not 0, [trials, questions], and their true mean; articles differ in that share."""
    groups = int(codes.max()) + 1
    weight = rng.gamma(2.0, 0.5, (trials, groups))[:, codes]
    moved = rng.random((trials, len(codes))) < share * weight
    return np.where(moved, rng.choice(_DROPS, (trials, len(codes))), 0.0), float(share * _DROPS.mean())


def equal_encoders(rng: np.random.Generator, codes: Codes, encoders: int, noises: int) -> tuple[Floats, Floats]:
    """Return clean [encoders, questions] and noisy [noises, encoders, questions] scores of encoders that do not differ."""
    groups, size = int(codes.max()) + 1, len(codes)
    difficulty = rng.standard_normal(size) + 0.4 * rng.standard_normal(groups)[codes]
    clean = (
        difficulty
        + 0.4 * rng.standard_normal((encoders, size))
        + 0.1 * rng.standard_normal((encoders, groups))[:, codes]
    )
    shape = (noises, encoders)
    noise = 0.4 + 0.5 * rng.standard_normal((*shape, size)) + 0.1 * rng.standard_normal((*shape, groups))[..., codes]
    return _reciprocal(clean), _reciprocal(clean + noise)
