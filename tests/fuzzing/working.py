"""Parts of the inputs in processes of their own, which may die of one of them."""

from __future__ import annotations

import logging
import multiprocessing
import os
import resource
import warnings
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from typing import Final

from tests.fuzzing.fuzzing import Outcome, fuzz

__all__ = ["work"]

_ADDRESSES: Final = 24 * 2**30  # bytes of a process: what asks for more is refused by the system


def work(name: str, numbers: range, seed: int) -> tuple[str, Outcome]:
    """Return the name of a reader and what it made of the inputs with these numbers."""
    whole = Outcome()
    context = multiprocessing.get_context("spawn")
    at: Synchronized[int] = context.Value("q", numbers.start)
    while at.value < numbers.stop:
        ours, theirs = context.Pipe(duplex=False)
        begun = at.value
        process = context.Process(target=_feed, args=(name, range(begun, numbers.stop), seed, at, theirs))
        process.start()
        theirs.close()
        try:
            whole.take(ours.recv())
            at.value = numbers.stop
        except EOFError:
            process.join()
            if at.value == begun and process.exitcode == 1:
                raise RuntimeError(f"{name}: the fuzzer itself failed") from None
            whole.inputs += at.value - begun + 1
            whole.add(f"the process died ({process.exitcode})", at.value, "")
            at.value += 1
        process.join()
    return name, whole


def _feed(name: str, numbers: range, seed: int, at: Synchronized[int], results: Connection) -> None:
    def started(number: int) -> None:
        at.value = number

    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.environ["HF_HUB_OFFLINE"] = "1"
    warnings.simplefilter("ignore")
    logging.disable()
    results.send(fuzz(name, numbers, seed, started))
