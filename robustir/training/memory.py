"""Memory of a training step, kept by the process: large tensors come and go with every step, always in the same sizes."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["keep_memory"]

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # of glibc's mallopt


def keep_memory() -> None:
    """Let glibc's allocator keep what is freed instead of giving it back; elsewhere nothing happens.

    By default every large tensor is mapped and unmapped, and the kernel clears its pages each time: half of the CPU time
    of a step over a table of 32,000 rows of 1,024. Holds for the rest of the process; no number depends on it.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(_MMAP_MAX, 0)
