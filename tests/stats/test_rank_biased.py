"""Rank-biased overlap against its definition, summed depth by depth."""

from __future__ import annotations

import numpy as np
import pytest

from robustir.stats.rank_biased import rank_biased_overlap


def by_definition(one: list[str], other: list[str], p: float) -> float:
    """Equation 32 of Webber, Moffat & Zobel (2010), term by term."""
    short, long = sorted((one, other), key=len)
    s, length = len(short), len(long)

    def shared(depth: int) -> int:
        return len(set(short[:depth]) & set(long[:depth]))

    total = sum(shared(d) / d * p**d for d in range(1, length + 1))
    total += sum(shared(s) * (d - s) / (s * d) * p**d for d in range(s + 1, length + 1))
    return (1 - p) / p * total + ((shared(length) - shared(s)) / length + shared(s) / s) * p**length


def overlap(one: list[str], other: list[str], p: float = 0.9) -> float:
    later = [max(one.index(name), other.index(name)) + 1 for name in one if name in other]
    query = np.zeros(len(later), dtype=np.intp)
    lengths = np.array([[len(one), len(other)]])
    return float(rank_biased_overlap(query, np.array(later, dtype=np.intp), lengths, persistence=p)[0])


@pytest.mark.parametrize("p", [0.5, 0.9, 0.98])
def test_random_lists_agree_with_the_definition(p: float) -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        pool = [f"p{number}" for number in range(12)]
        one = list(rng.permutation(pool)[: rng.integers(1, 10)])
        other = list(rng.permutation(pool)[: rng.integers(1, 10)])
        assert overlap(one, other, p) == pytest.approx(by_definition(one, other, p), abs=1e-12)


def test_equal_lists_are_1_disjoint_ones_0_and_empty_ones_nothing() -> None:
    assert overlap(list("abc"), list("abc")) == pytest.approx(1.0, abs=1e-12)
    assert overlap(list("abc"), list("xyz")) == 0.0
    none = np.zeros(0, dtype=np.intp)
    assert np.isnan(rank_biased_overlap(none, none, np.array([[0, 0]]))[0])
    assert rank_biased_overlap(none, none, np.array([[0, 3]]))[0] == 0.0


def test_queries_are_apart() -> None:
    found = rank_biased_overlap(np.array([0, 0, 1]), np.array([1, 2, 2]), np.array([[2, 2], [2, 2], [2, 2]]))
    assert found[0] == pytest.approx(1.0, abs=1e-12)
    assert found[1] == pytest.approx(by_definition(["a", "b"], ["b", "c"], 0.9), abs=1e-12)
    assert found[2] == 0.0
