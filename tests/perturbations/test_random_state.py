from __future__ import annotations

import random

import numpy as np

from robustir.perturbations.shared.random_state import random_state


def test_random_states_are_seeded_by_the_key_and_put_back() -> None:
    before = random.getstate(), str(np.random.get_state())  # noqa: NPY002 - the state itself is tested
    draws = []
    for key in (b"a" * 16, b"b" * 16, b"a" * 16):
        with random_state(key):
            draws.append((random.random(), np.random.random()))  # noqa: NPY002 - as above
    assert draws[0] == draws[2]
    assert draws[0][0] != draws[1][0]
    assert draws[0][1] != draws[1][1]
    assert before == (random.getstate(), str(np.random.get_state()))  # noqa: NPY002 - as above
