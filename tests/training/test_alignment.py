"""Word alignment, against a hand-computed example."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from scipy.special import digamma

from robustir.resources.lexicons.alignment import Pairs, agreement, posteriors
from robustir.resources.lexicons.lexicon import induce


def test_pairs_hold_every_word_with_every_word() -> None:
    pairs = Pairs.of([[0, 1], [0]], [[5, 6], [5]])
    assert list(zip(pairs.left[pairs.kind].tolist(), pairs.right[pairs.kind].tolist(), strict=True)) == [
        (0, 5),
        (0, 6),
        (1, 5),
        (1, 6),
        (0, 5),
    ]
    assert pairs.left_at.tolist() == [0, 0, 1, 1, 2]
    assert pairs.right_at.tolist() == [0, 1, 0, 1, 2]
    assert pairs.distance.tolist() == [0, 0.5, 0.5, 0, 0]


def test_model_1_by_hand() -> None:
    # the house = das Haus; the = das. Uniform start: every posterior of line 1 is 1/2, of line 2 it is 1.
    # Counts: (the, das) 3/2, (the, Haus) 1/2, (house, das) 1/2, (house, Haus) 1/2; t(das|the) = 3/4, t(Haus|the) = 1/4,
    # t(das|house) = t(Haus|house) = 1/2. Second round, line 1: p(the|das) = (3/4) / (5/4), p(the|Haus) = (1/4) / (3/4).
    pairs = Pairs.of([[0, 1], [0]], [[0, 1], [0]])
    first = posteriors(pairs, 1, pull=0, null=0, smoothing=0)
    second = posteriors(pairs, 2, pull=0, null=0, smoothing=0)
    assert first == pytest.approx([1 / 2, 1 / 2, 1 / 2, 1 / 2, 1])
    assert second == pytest.approx([3 / 5, 1 / 3, 2 / 5, 2 / 3, 1])


def test_posteriors_of_a_word_sum_to_one_at_most() -> None:
    generator = np.random.default_rng(3)
    lines = [generator.integers(0, 9, size=generator.integers(1, 7)).tolist() for _ in range(40)]
    pairs = Pairs.of(lines, lines[::-1])
    total = np.bincount(pairs.right_at, posteriors(pairs))
    assert ((total > 0) & (total <= 1 + 1e-9)).all()
    assert np.bincount(pairs.right_at, posteriors(pairs, null=0)) == pytest.approx(np.ones(len(total)))


def _plainly(
    left: list[list[int]], right: list[list[int]], rounds: int, pull: float, null: float, smoothing: float
) -> dict[tuple[int, int, int], float]:
    """Return p(right token j of sentence s comes from left token i), by loops over the definition."""
    seen = {(a, b) for x, y in zip(left, right, strict=True) for a in x for b in y}
    kinds = {a: len({b for c, b in seen if c == a}) for a, _ in seen}
    words = max(b for y in right for b in y) + 1
    chance = {(a, b): 1 / kinds[a] for a, b in seen}
    found: dict[tuple[int, int, int], float] = {}
    for _ in range(rounds):
        count: dict[tuple[int, int], float] = defaultdict(float)
        for s, (x, y) in enumerate(zip(left, right, strict=True)):
            for j, b in enumerate(y):
                near = [math.exp(-pull * abs((i + 0.5) / len(x) - (j + 0.5) / len(y))) for i in range(len(x))]
                weight = [(1 - null) * n / sum(near) * chance[a, b] for n, a in zip(near, x, strict=True)]
                for i, a in enumerate(x):
                    found[s, i, j] = weight[i] / (sum(weight) + null / words)
                    count[a, b] += found[s, i, j]
        mass: dict[int, float] = defaultdict(float)
        for (a, _), value in count.items():
            mass[a] += value
        chance = {
            (a, b): math.exp(digamma(value + smoothing) - digamma(mass[a] + smoothing * kinds[a]))
            for (a, b), value in count.items()
        }
    return found


def test_agreement_against_plain_loops() -> None:
    generator = np.random.default_rng(5)
    left = [generator.integers(0, 8, size=generator.integers(1, 6)).tolist() for _ in range(25)]
    right = [generator.integers(0, 8, size=generator.integers(1, 6)).tolist() for _ in range(25)]
    forward = _plainly(left, right, 4, 3.0, 0.08, 0.01)
    backward = _plainly(right, left, 4, 3.0, 0.08, 0.01)
    expected = [
        forward[s, i, j] * backward[s, j, i]
        for s, (x, y) in enumerate(zip(left, right, strict=True))
        for i in range(len(x))
        for j in range(len(y))
    ]
    pairs = Pairs.of(left, right)
    assert agreement(pairs, 4, pull=3.0) == pytest.approx(expected, rel=1e-5)


def _links(pairs: Pairs) -> dict[tuple[int, int], float]:
    counts = np.bincount(pairs.kind, agreement(pairs)).tolist()
    return dict(zip(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True), counts, strict=True))


def test_links_do_not_depend_on_the_direction() -> None:
    pairs = Pairs.of([[0, 1], [0], [1, 2]], [[4, 3], [4], [3, 5]])
    there = _links(pairs)
    turned = Pairs.of([[4, 3], [4], [3, 5]], [[0, 1], [0], [1, 2]])
    back = {(left, right): count for (right, left), count in _links(turned).items()}
    assert there == pytest.approx(back)
    assert min(there[0, 4], there[1, 3], there[2, 5]) > max(there[0, 3], there[1, 4], there[2, 3])


def test_a_lexicon_from_a_few_sentences() -> None:
    english = [
        "The house is big.",
        "The house is old.",
        "A big tree stands there.",
        "An old tree.",
        "Is the house new?",
    ] * 4
    german = [
        "Das Haus ist groß.",
        "Das Haus ist alt.",
        "Ein großer Baum steht da.",
        "Ein alter Baum.",
        "Ist das Haus neu?",
    ] * 4
    best: dict[str, tuple[float, str]] = {}
    for word, other, there, back in induce(english, german, "de"):
        assert 0 <= there <= 1
        assert 0 <= back <= 1
        best[word] = max(best.get(word, (0.0, "")), (there, other))
    assert {word: best[word][1] for word in ("house", "tree", "the", "new")} == {
        "house": "Haus",
        "tree": "Baum",
        "the": "das",
        "new": "neu",
    }
    assert induce(english, german, "de") == induce(english, german, "de")
