"""Exact products: right to the last rounding, and the same bits in whatever order the groups are added."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.stats.exact import exact_products, to_integers

FLOATS = st.floats(-1e3, 1e3, allow_nan=False, allow_subnormal=True)


@settings(max_examples=40, deadline=None)
@given(st.lists(FLOATS, min_size=1, max_size=12), st.integers(0, 2**32 - 1))
def test_it_agrees_with_rational_arithmetic_in_any_order(values: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 5, size=(7, len(values))).astype(np.float64)
    bound = float(weights.sum(axis=1).max(initial=1.0))
    found = exact_products(np.array([values]), weights, bound)[0]
    largest = max(abs(value) for value in values)
    for b, row in enumerate(weights):
        truth = sum(Fraction(value) * int(weight) for value, weight in zip(values, row, strict=True))
        unit = Fraction(largest) * int(bound) / 2**51 + Fraction(1, 2**1000)  # the scale stays finite
        assert abs(Fraction(float(found[b])) - truth) <= unit * int(bound) / 2
    order = rng.permutation(len(values))
    again = exact_products(np.array([values])[:, order], weights[:, order], bound)[0]
    assert again.tobytes() == found.tobytes()


def test_the_shape_of_the_block_does_not_show() -> None:
    rng = np.random.default_rng(0)
    values, weights = rng.standard_normal((130, 48)), rng.integers(0, 6, size=(500, 48)).astype(np.float64)
    whole = exact_products(values, weights, 300.0)
    parts = np.concatenate([exact_products(values[k : k + 7], weights, 300.0) for k in range(0, 130, 7)])
    assert whole.tobytes() == parts.tobytes()
    columns = np.concatenate([exact_products(values, weights[b : b + 1], 300.0) for b in range(500)], axis=1)
    assert whole.tobytes() == columns.tobytes()


def test_zeros_and_subnormal_numbers_have_a_finite_scale() -> None:
    integers, scale = to_integers(np.array([[0.0, 0.0], [5e-324, 0.0]]), 48.0)
    assert np.isfinite(integers).all()
    assert np.isfinite(scale).all()
    assert exact_products(np.zeros((1, 3)), np.ones((2, 3)), 3.0).tolist() == [[0.0, 0.0]]


_PROGRAM = """
import hashlib, numpy as np
from robustir.stats import *
rng = np.random.default_rng(3)
table = rng.standard_normal((96, 1190)) * 0.2
clusters = cluster_sums(table, np.sort(rng.integers(0, 48, 1190)), 48)
weights = bootstrap_weights(48, 2000, 7)
found = interval(clusters, weights)
shifted = ClusterSums(clusters.sums + clusters.counts, clusters.counts)
ratio = log_ratio_interval([shifted], [ClusterSums(np.roll(shifted.sums, 1, axis=0), shifted.counts)], weights)
p = randomisation_test(clusters.contributions, sign_flips(48, 10000, 7))
most = max_t(clusters.contributions, sign_flips(48, 999, 7))
parts = [found.low, found.high, ratio.estimate, ratio.low, ratio.high, p, most]
print(hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest())
"""


def test_threads_and_hash_seed_do_not_show(root: Path) -> None:
    digests = set()
    for threads, hash_seed in (("1", "0"), ("2", "5")):
        env = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM], cwd=root, env=env, capture_output=True, text=True, check=True
        )
        digests.add(done.stdout)
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 2 * hashlib.sha256().digest_size
