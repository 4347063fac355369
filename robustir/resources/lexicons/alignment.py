"""Word alignment: IBM model 1 in both directions, with a diagonal prior, symmetrised by the product of posteriors.

Brown et al. (1993), The mathematics of statistical machine translation, model 1; the log-linear prior towards the
diagonal after Dyer, Chahuneau & Smith (2013), A simple, fast, and effective reparameterization of IBM model 2; agreement
of the two directions after Liang, Taskar & Klein (2006), Alignment by agreement; the Dirichlet prior (variational Bayes)
that keeps rare words from collecting links after Riley & Gildea (2012).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustir.text.blocks import ragged_arange

__all__ = ["Pairs", "agreement", "posteriors"]

_TINY = 1e-30


@dataclass(frozen=True, slots=True)
class Pairs:
    """Every word of a sentence with every word of its translation, over a whole bitext.

    left, right: int64 [kinds], the distinct word pairs (ids); kind: int32 [tokens], the number of the pair; left_at,
    right_at: int32 [tokens], the running number of the word token on either side; distance: float32 [tokens], how far
    the two are apart in their sentences, 0 to 1.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    kind: NDArray[np.int32]
    left_at: NDArray[np.int32]
    right_at: NDArray[np.int32]
    distance: NDArray[np.float32]

    @classmethod
    def of(cls, left: Sequence[Sequence[int]], right: Sequence[Sequence[int]]) -> Pairs:
        """Make the pairs of two lists of sentences, each a list of word ids; line i translates line i."""
        lefts, rights = _lengths(left), _lengths(right)
        left_ids, right_ids = _flat(left), _flat(right)
        sentence = np.repeat(np.arange(len(lefts)), lefts)
        left_at = np.repeat(np.arange(len(left_ids)), rights[sentence])
        begin = np.cumsum(rights) - rights
        right_at = ragged_arange(begin[sentence], rights[sentence])
        of = sentence[left_at]
        near = (left_at - (np.cumsum(lefts) - lefts)[of] + 0.5) / lefts[of]
        far = (right_at - begin[of] + 0.5) / rights[of]
        width = int(right_ids.max(initial=0)) + 1
        codes, kind = np.unique(left_ids[left_at] * width + right_ids[right_at], return_inverse=True)
        return cls(
            codes // width,
            codes % width,
            kind.astype(np.int32),
            left_at.astype(np.int32),
            right_at.astype(np.int32),
            np.abs(near - far).astype(np.float32),
        )

    def turned(self) -> Pairs:
        """Return the same pairs with the sides exchanged."""
        return Pairs(self.right, self.left, self.kind, self.right_at, self.left_at, self.distance)


def posteriors(
    pairs: Pairs, rounds: int = 5, *, pull: float = 4.0, null: float = 0.08, smoothing: float = 0.01
) -> NDArray[np.float64]:
    """Return p(the right token comes from the left token), float64 [tokens], after ``rounds`` of EM.

    pull: the prior of a link falls with ``exp(-pull * distance)``, 0 is IBM model 1; null: the share of words that
    come from no word; smoothing: the Dirichlet parameter, 0 is maximum likelihood.
    """
    from scipy.special import digamma

    prior = np.exp(-pull * pairs.distance.astype(np.float64))
    prior *= (1 - null) / np.bincount(pairs.right_at, prior)[pairs.right_at]
    size = int(pairs.left.max(initial=0)) + 1
    kinds = np.bincount(pairs.left, minlength=size)
    words = int(pairs.right.max(initial=0)) + 1
    chance = 1.0 / kinds[pairs.left]
    result = prior
    for _ in range(rounds):
        weight = prior * chance[pairs.kind]
        total = np.bincount(pairs.right_at, weight) + null / words
        result = weight / total[pairs.right_at]
        count = np.bincount(pairs.kind, result, minlength=len(pairs.left))
        mass = np.bincount(pairs.left, count, minlength=size)
        if smoothing > 0:
            chance = np.exp(digamma(count + smoothing) - digamma(mass + smoothing * kinds)[pairs.left])
        else:
            chance = count / np.maximum(mass, _TINY)[pairs.left]
    return result


def agreement(pairs: Pairs, rounds: int = 5, *, pull: float = 4.0) -> NDArray[np.float64]:
    """Return how far both directions agree on the link of two word tokens, float64 [tokens]: the product of both posteriors."""
    forward = posteriors(pairs, rounds, pull=pull)
    forward *= posteriors(pairs.turned(), rounds, pull=pull)
    return forward


def _lengths(lines: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    return np.fromiter(map(len, lines), dtype=np.int64, count=len(lines))


def _flat(lines: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    return np.fromiter((word for line in lines for word in line), dtype=np.int64)
