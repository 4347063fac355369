"""Few and unequal groups: the CR2 t-test by its definition with matrices, its size, and what groups are worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats as scipy_stats

from robustir.stats import cluster_sums, cluster_t_test, effective_groups, few_groups_t_test, sign_flips, smallest_p
from robustir.stats.randomisation import randomisation_test


def by_matrices(values: np.ndarray, codes: np.ndarray) -> float:
    """Bell & McCaffrey (2002) for a mean, written out: adjusted residuals, and degrees of freedom of independent rows."""
    n = len(values)
    hat = np.full((n, n), 1.0 / n)
    rest = np.eye(n) - hat
    residuals = values - values.mean()
    variance, columns = 0.0, []
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        own = np.eye(len(rows)) - hat[np.ix_(rows, rows)]
        roots, vectors = np.linalg.eigh(own)
        adjust = vectors @ np.diag(roots**-0.5) @ vectors.T
        ones = np.ones(len(rows)) / n
        variance += float(ones @ adjust @ residuals[rows]) ** 2
        columns.append(rest[:, rows] @ adjust @ ones)
    gram = np.stack(columns) @ np.stack(columns).T
    roots = np.linalg.eigvalsh(gram)
    freedom = roots.sum() ** 2 / np.square(roots).sum()
    return float(2 * scipy_stats.t.sf(abs(values.mean()) / np.sqrt(variance), freedom))


@pytest.mark.parametrize("sizes", [(5, 5, 5), (2, 9, 4, 7), (30, 3, 3, 3, 3, 3)])
def test_the_t_test_for_few_groups_by_its_definition(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(len(sizes))
    codes = np.repeat(np.arange(len(sizes)), sizes)
    values = rng.standard_normal(len(codes)) + 0.5 * rng.standard_normal(len(sizes))[codes] + 0.7
    found = few_groups_t_test(cluster_sums(values, codes, len(sizes)))
    assert found[0] == pytest.approx(by_matrices(values, codes), rel=1e-9)


def test_equal_groups_of_one_query_give_the_t_test() -> None:
    values = np.random.default_rng(0).standard_normal(8) + 0.4
    found = few_groups_t_test(cluster_sums(values, np.arange(8), 8))
    expected: Any = scipy_stats.ttest_1samp(values, 0)
    assert found[0] == pytest.approx(expected.pvalue)
    assert np.isnan(few_groups_t_test(cluster_sums(values, np.zeros(8, dtype=np.intp), 1))).all()
    assert few_groups_t_test(cluster_sums(np.zeros(8), np.arange(8), 8)).tolist() == [1.0]


def test_what_groups_are_worth() -> None:
    def worth(*sizes: int) -> float:
        codes = np.repeat(np.arange(len(sizes)), sizes)
        return effective_groups(cluster_sums(np.ones(len(codes)), codes, len(sizes)))

    assert worth(4, 4, 4, 4) == pytest.approx(4)
    assert worth(50, *[1] * 50) == pytest.approx(1 / (0.25 + 50 * 0.01**2))
    assert worth(7) == pytest.approx(1)


@pytest.mark.parametrize("groups", [1, 2, 5, 6, 12, 48])
def test_no_effect_however_large_gets_a_smaller_p(groups: int) -> None:
    flips = sign_flips(groups, 999, 0)
    found = randomisation_test(np.full((1, groups), 3.0), flips)[0]
    assert found == pytest.approx(smallest_p(groups, 999))


@pytest.mark.slow
def test_its_size_where_the_usual_one_rejects_too_often(capsys: pytest.CaptureFixture[str]) -> None:
    """Six groups, one of which holds half of the queries."""
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(6), (60, 12, 12, 12, 12, 12))
    rejected = np.zeros(2)
    for _ in range(2000):
        values = rng.standard_normal(len(codes)) + 0.3 * rng.standard_normal(6)[codes]
        sums = cluster_sums(values, codes, 6)
        rejected += [few_groups_t_test(sums)[0] < 0.05, cluster_t_test(sums)[0] < 0.05]
    with capsys.disabled():
        print(f"one dominant group of six: CR2 {rejected[0] / 2000:.3f}, the usual t {rejected[1] / 2000:.3f}")
    assert rejected[0] / 2000 < 0.08
    assert rejected[0] < rejected[1]
