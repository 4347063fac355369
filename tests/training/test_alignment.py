"""Word alignment, against a hand-computed example."""

from __future__ import annotations

import numpy as np
import pytest

from robustir.training.alignment import Pairs, links, posteriors
from robustir.training.lexicon import induce


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


def test_links_do_not_depend_on_the_direction() -> None:
    pairs = Pairs.of([[0, 1], [0], [1, 2]], [[4, 3], [4], [3, 5]])
    there = dict(zip(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True), links(pairs).tolist(), strict=True))
    turned = Pairs.of([[4, 3], [4], [3, 5]], [[0, 1], [0], [1, 2]])
    back = dict(zip(zip(turned.right.tolist(), turned.left.tolist(), strict=True), links(turned).tolist(), strict=True))
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
