"""Global random states, seeded for one call of a library that draws from them, and restored afterwards."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

__all__ = ["random_state"]


@contextmanager
def random_state(key: bytes | None = None) -> Iterator[None]:
    """Seed the global random states of Python, NumPy and (if loaded) torch's CPU from ``key``; restore them afterwards.

    key: 16 bytes, or None to leave the states as they are.
    """
    torch: Any = sys.modules.get("torch")
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - it is the global state that is kept
    kept = torch.random.get_rng_state() if torch is not None else None
    try:
        if key is not None:
            random.seed(key)
            np.random.seed(np.frombuffer(key, dtype="<u4"))  # noqa: NPY002 - foreign code draws from it
            if torch is not None:
                torch.random.default_generator.manual_seed(int.from_bytes(key[:8], "little") >> 1)
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002 - as above
        if torch is not None:
            torch.random.set_rng_state(kept)
