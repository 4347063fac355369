"""Which changed queries of a cell are the same input to its encoder as the clean ones, kept among the facts of its ranks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from robustir.rundir.directory import RunDirectory

__all__ = ["read_same_input", "same_input_facts"]

_FACT = "same_input"


def same_input_facts(rows: NDArray[np.int64], same: NDArray[np.bool_] | None, queries: int) -> Mapping[str, str]:
    """Return what to write beside a cell's ranks; nothing if it is not known.

    Args:
        rows: the changed queries of the cell.
        same: which of them are the same input [len(rows)].
        queries: the number of all queries.
    """
    if same is None:
        return {}
    mask = np.zeros(queries, dtype=np.bool_)
    mask[rows[same]] = True
    return {_FACT: np.packbits(mask).tobytes().hex()}


def read_same_input(run: RunDirectory, key: str, queries: int) -> NDArray[np.bool_] | None:
    """Return which of all queries [queries] were changed and are the same input; None if it is not known."""
    text = run.read_facts(run.ranks_path(key)).get(_FACT)
    if text is None:
        return None
    bits = np.frombuffer(bytes.fromhex(text), dtype=np.uint8)
    return np.unpackbits(bits, count=queries).astype(np.bool_)
