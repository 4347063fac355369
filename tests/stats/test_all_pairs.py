"""All pairs: Tukey's test by enumeration and against scipy, letters against the largest sets that hold no told pair."""

from __future__ import annotations

from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import studentized_range

from robustir.stats import compact_letters, letter, max_t, randomised_tukey, sign_flips

Floats = np.ndarray


def pairs_of(table: Floats) -> Floats:
    return np.array([table[a] - table[b] for a, b in combinations(range(len(table)), 2)])


def blocks(rng: np.random.Generator, effects: list[float], groups: int = 48) -> Floats:
    """Systems over the same groups: a hard group is hard for all."""
    noise = rng.standard_normal((len(effects), groups)) + 2 * rng.standard_normal(groups)
    return (noise + np.array(effects)[:, None]) / groups


def test_tukey_by_enumeration() -> None:
    table = np.random.default_rng(3).standard_normal((3, 4)) + np.array([[0.0], [0.4], [1.5]])
    ranges = [
        np.ptp(sum(np.array([table[system, group] for system in order]) for group, order in enumerate(orders)))
        for orders in product(permutations(range(3)), repeat=4)
    ]
    gaps = np.abs(pairs_of(table.sum(axis=1)))
    exact = [np.mean(np.array(ranges) >= gap - 1e-12) for gap in gaps]
    assert randomised_tukey(table, permutations=40_000, seed=1) == pytest.approx(exact, abs=0.01)


def test_tukey_of_two_systems_is_the_sign_flip_test() -> None:
    table = np.random.default_rng(0).standard_normal((2, 9)) + np.array([[0.0], [0.5]])
    exact = max_t(pairs_of(table), sign_flips(9, 1_000))
    assert randomised_tukey(table, permutations=40_000) == pytest.approx(exact, abs=0.01)


def test_tukey_is_near_the_studentised_range_of_normal_blocks() -> None:
    table = blocks(np.random.default_rng(1), [0.0, 0.1, 0.2, 0.4, 0.5]) * 48
    systems, groups = table.shape
    rest = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
    error = np.sqrt((rest**2).sum() / ((systems - 1) * (groups - 1)) / groups)
    freedom = (systems - 1) * (groups - 1)
    expected = studentized_range.sf(np.abs(pairs_of(table.mean(axis=1))) / error, systems, freedom)
    # The permutations hold the differences between the systems too, so that their distribution is a little wider.
    assert randomised_tukey(table) == pytest.approx(expected, abs=0.05)


def test_both_tests_of_all_pairs_hold_their_level_and_an_outlier_hides_what_tukey_finds() -> None:
    rng, flips = np.random.default_rng(7), sign_flips(48, 1_000)
    alone, together, hidden, found = [], [], [], []
    for _ in range(300):
        table = blocks(rng, [0.0] * 4)
        alone.append(randomised_tukey(table, permutations=1_000).min() < 0.05)
        together.append(max_t(pairs_of(table), flips).min() < 0.05)
        table = blocks(rng, [0.0, 0.8, 6.0])
        hidden.append(randomised_tukey(table, permutations=1_000)[0] < 0.05)
        found.append(max_t(pairs_of(table), flips)[0] < 0.05)
    assert 0.02 <= np.mean(alone) <= 0.085  # nominal 0.05, 300 trials
    assert 0.02 <= np.mean(together) <= 0.085
    assert np.mean(hidden) < 0.1  # although the difference is four standard errors
    assert np.mean(found) > 0.8


def test_letters_by_hand() -> None:
    # a chain: the first and the last are told apart, the middle one from neither
    assert compact_letters([0.7, 0.6, 0.5], [(0, 2)]) == [("a",), ("a", "b"), ("b",)]
    assert compact_letters([0.5, 0.7, 0.6], [(0, 1)]) == [("b",), ("a",), ("a", "b")]
    assert compact_letters([0.9, 0.1], []) == [("a",), ("a",)]
    assert compact_letters([0.9, 0.1], [(0, 1)]) == [("a",), ("b",)]
    assert compact_letters([0.9], []) == [("a",)]
    assert compact_letters([], []) == []
    assert [letter(position) for position in (0, 25, 26, 27, 52)] == ["a", "z", "aa", "ab", "ba"]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 7).flatmap(
        lambda size: st.tuples(st.just(size), st.sets(st.tuples(*[st.integers(0, size - 1)] * 2)))
    )
)
def test_letters_are_the_largest_sets_without_a_told_pair(drawn: tuple[int, set[tuple[int, int]]]) -> None:
    size, told = drawn[0], {(min(pair), max(pair)) for pair in drawn[1] if pair[0] != pair[1]}
    free = [
        set(chosen)
        for count in range(1, size + 1)
        for chosen in combinations(range(size), count)
        if not told & set(combinations(chosen, 2))
    ]
    largest = {frozenset(one) for one in free if not any(one < other for other in free)}
    found = compact_letters([float(-system) for system in range(size)], told)
    sets: dict[str, set[int]] = {}
    for system, letters in enumerate(found):
        for one in letters:
            sets.setdefault(one, set()).add(system)
    assert {frozenset(members) for members in sets.values()} == largest
    assert sorted(sets) == [letter(position) for position in range(len(sets))]
