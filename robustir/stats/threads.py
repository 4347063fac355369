"""Independent pieces of work in threads: NumPy releases the interpreter's lock, and results keep the order of the pieces."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

__all__ = ["cores", "in_threads", "workers"]

P = TypeVar("P")  # a piece of work
R = TypeVar("R")  # its result

_MOST = 4  # every thread holds arrays of its own
_here = threading.local()


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers(pieces: int) -> int:
    """Return how many threads, or processes, share so many pieces of work."""
    return min(_MOST, cores(), pieces)


def in_threads(work: Callable[[P], R], pieces: Sequence[P]) -> list[R]:
    """Return the results of independent pieces of work, in their order; inside another such call, one after the other.

    A piece must write only what is its own: then the results do not depend on the number of threads.
    """
    threads = workers(len(pieces))
    if threads < 2 or getattr(_here, "busy", False):
        return [work(piece) for piece in pieces]

    def one(piece: P) -> R:
        _here.busy = True
        return work(piece)

    pool = ThreadPoolExecutor(threads, thread_name_prefix="robustir-analysis")
    try:
        # With the context of the caller: what NumPy does about divisions by 0 belongs to it.
        futures = [pool.submit(copy_context().run, one, piece) for piece in pieces]
        return [future.result() for future in futures]
    finally:
        pool.shutdown(cancel_futures=True)
