from __future__ import annotations

import numpy as np
import pytest

from robustir.encoders.random_floor import RandomEncoder
from robustir.errors import SpecError


def test_vectors_are_keyed_by_role_and_text() -> None:
    encoder = RandomEncoder()
    a, b, again = encoder.encode(["a", "b", "a"], role="query")
    assert a.tobytes() == again.tobytes()
    assert not np.array_equal(a, b)
    assert not np.array_equal(a, encoder.encode(["a"], role="passage")[0])
    assert not np.array_equal(a, RandomEncoder(seed=1).encode(["a"], role="query")[0])
    assert b.tobytes() == encoder.encode(["b"], role="query")[0].tobytes()
    assert encoder.encode([], role="query").shape == (0, 64)


def test_directions_are_uniform() -> None:
    # Cosines of independent directions in d dimensions have mean 0 and variance 1 / d.
    vectors = RandomEncoder(dim=32).encode([str(number) for number in range(2000)], role="query").astype(np.float64)
    np.testing.assert_allclose((vectors**2).sum(axis=1), 1, atol=1e-6)
    cosines = (vectors @ vectors.T)[np.triu_indices(2000, 1)]
    assert abs(cosines.mean()) < 4 / np.sqrt(32 * len(cosines)) + 1e-4
    assert abs(cosines.var() * 32 - 1) < 0.01


def test_wrong_dimension_is_refused() -> None:
    with pytest.raises(SpecError, match="at least one dimension"):
        RandomEncoder(dim=0)
