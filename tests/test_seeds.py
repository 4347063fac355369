"""Keyed streams: the scalar and the vector route agree, and the numbers are uniform and independent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustir.seeds import Draws, Stream, derive_key, derive_keys, key_array, uniforms
from tests.processes import outputs_under_hash_seeds


def test_a_key_never_changes_between_releases() -> None:
    # Computed with hashlib alone: blake2b of (4-byte length, bytes) frames.
    import hashlib

    framed = b"".join(len(part).to_bytes(4, "little") + part for part in (b"7", b"typos", b"en"))
    assert derive_key(7, "typos", "en") == hashlib.blake2b(framed, digest_size=16).digest()
    assert derive_key("a", "bc") != derive_key("ab", "c")


@given(st.lists(st.text(max_size=5), min_size=1, max_size=5), st.integers(0, 3))
def test_many_keys_equal_single_ones(ids: list[str], draw: int) -> None:
    langs = ["en"] * len(ids)
    assert derive_keys((1, "x"), langs, ids, draw) == [derive_key(1, "x", "en", name, draw) for name in ids]


@given(st.integers(0, 2**63), st.integers(0, 2**40), st.integers(0, 2**20))
def test_vector_route_equals_scalar_route(seed: int, index: int, slot: int) -> None:
    key = derive_key(seed)
    vector = uniforms(key_array([key]), np.array([index]), slot)
    assert vector[0] == Stream(key).uniform(index, slot)
    draws = Draws(np.repeat(key_array([key]), 2, axis=0), np.array([0, index]))
    assert draws.uniform(slot, np.array([1])).tolist() == [Stream(key).uniform(index, slot)]


def test_uniform_and_uncorrelated() -> None:
    words = np.repeat(key_array([derive_key("moments")]), 200_000, axis=0)
    index = np.arange(200_000)
    first, second = uniforms(words, index, 0), uniforms(words, index, 1)
    # Standard errors: 0.00065 for the mean, 0.0022 for a correlation; five of them.
    assert abs(first.mean() - 0.5) < 0.0033
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.011
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 0.011
    counts = np.bincount((first * 100).astype(int), minlength=100)
    chi_square = ((counts - 2000) ** 2 / 2000).sum()
    assert 50 < chi_square < 165  # 99 degrees of freedom: 1e-5 quantiles


def test_sequential_draws() -> None:
    stream = Stream(derive_key("sequence"))
    draws = [stream.randrange(6) for _ in range(6000)]
    assert set(draws) == set(range(6))
    assert all(850 < draws.count(value) < 1150 for value in range(6))
    items = list(range(50))
    Stream(derive_key("shuffle")).shuffle(items)
    assert sorted(items) == list(range(50))
    assert items != list(range(50))
    with pytest.raises(ValueError, match="above 0"):
        stream.randrange(0)
    with pytest.raises(ValueError, match="16 bytes"):
        Stream(b"short")


def test_child_streams_differ() -> None:
    stream = Stream(derive_key("parent"))
    assert stream.at(0).random() != stream.at(1).random()
    assert stream.at(3).random() == stream.at(3).random()


def test_hash_seed_does_not_matter() -> None:
    code = "from robustir.seeds import *; print(Stream(derive_key('a', 1)).uniform(5), derive_keys(('p',), ['en'], ['q'], 0))"
    outputs = outputs_under_hash_seeds(code)
    assert len(outputs) == 1
