"""Executors of jobs: in this process, or in worker processes. Results never depend on the choice.

Every process computes with one thread of linear algebra, so that a sum has the same bits whatever ``--jobs`` is.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread, current_thread, main_thread
from typing import Any, Generic, TypeVar, cast

from robustir.errors import CellError, RobustirError, RunError

__all__ = [
    "A",
    "C",
    "Executor",
    "Fault",
    "J",
    "Outcome",
    "R",
    "describe_error",
    "single_threaded",
    "trace_of",
]

C = TypeVar("C")  # the context of a process
J = TypeVar("J")  # a job
R = TypeVar("R")  # the result of a job
A = TypeVar("A")  # the argument of a context

_TRACE = 8_000  # characters of a traceback that are kept


@contextmanager
def single_threaded() -> Iterator[None]:
    """Compute with one torch thread and one BLAS thread inside, and restore the caller's numbers afterwards."""
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Let processes started inside ignore interrupts; a signal that this process hears reaches it afterwards.

    A terminal sends interrupts to all processes, and one that is still importing would print a traceback; so would one whose
    parent ends before the process has all that it is started with. Another thread may take a signal that this one blocks, so
    that signals are put off too.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    put_off: list[int] = []
    heard = signal.valid_signals() if current_thread() is main_thread() else ()
    handlers = {number: handler for number in heard if callable(handler := signal.getsignal(number))}
    for number in handlers:
        signal.signal(number, lambda number, _: put_off.append(number))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for one in put_off:
            signal.raise_signal(one)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """The outcome of the job at ``position``: its ``value``, or the ``error`` that it raised."""

    position: int
    returned: R | None = None
    error: Exception | None = None

    @property
    def value(self) -> R:
        """The job's value; raises its error if there is one."""
        if self.error is not None:
            raise self.error
        return cast("R", self.returned)


@dataclass(frozen=True, slots=True)
class Fault:
    """The reason of a failure in one line, and the lines of its traceback."""

    reason: str
    trace: str = ""

    @classmethod
    def of(cls, error: Exception) -> Fault:
        """Return the fault of an error."""
        return cls(describe_error(error), trace_of(error))

    def behind(self, what: str) -> Fault:
        """Return this fault as the reason of another failure, which ``what`` names."""
        return Fault(f"{what}: {self.reason}", self.trace)


_context: Any = None


def _end_with_parent() -> None:
    """End this worker as soon as its parent is gone, however that ended: nobody waits for its results."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _start_worker(make_context: Callable[[A], object], argument: A) -> None:
    global _context  # noqa: PLW0603 - one context per worker process, set once
    Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process handles an interrupt and ends the workers
    # Read when torch is imported, which a worker that only perturbs never does (it takes two seconds).
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    _context = make_context(argument)


def _call(function: Callable[[Any, J], R], job: J) -> R:
    """Do one job in a worker. Only plain errors are sent back: an error that cannot be unpickled breaks the whole pool."""
    try:
        return function(_context, job)
    except RunError as error:
        raise RunError(str(error)) from error
    except Exception as error:  # noqa: BLE001 - a plain error is raised in its place
        failed = CellError(describe_error(error))
        failed.trace = trace_of(error)  # a traceback cannot be pickled
        raise failed from None


class Executor(Generic[C]):
    """Runs jobs against a context that each process makes once from ``argument`` (which must be picklable if ``jobs`` > 1).

    ``local`` is the context of this process, used when ``jobs`` is 1.
    """

    def __init__(self, jobs: int, make_context: Callable[[A], C], argument: A, local: C) -> None:
        self.jobs = jobs
        self._local = local
        self._start = (make_context, argument)
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Executor[C]:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if self._pool is None:
            return
        if kind is not None:
            # An interrupt must not wait for minutes of encoding; writes are atomic, so ending is safe.
            for process in list(self._pool._processes.values()):  # noqa: SLF001 - terminate_workers is new in Python 3.14
                process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None

    def map(self, function: Callable[[C, J], R], jobs: Sequence[J]) -> Iterator[Outcome[R]]:
        """Yield outcomes as they come; ``function`` must be a module-level function of (context, job)."""
        if self.jobs == 1 or len(jobs) == 1:
            yield from self._map_here(function, jobs)
        else:
            yield from self._map_in_workers(function, jobs)

    def _map_here(self, function: Callable[[C, J], R], jobs: Sequence[J]) -> Iterator[Outcome[R]]:
        for position, job in enumerate(jobs):
            try:
                yield Outcome(position, function(self._local, job))
            except RunError:
                raise
            except Exception as error:  # noqa: BLE001 - a failing cell must not stop the others
                yield Outcome(position, error=error)

    def _map_in_workers(self, function: Callable[[C, J], R], jobs: Sequence[J]) -> Iterator[Outcome[R]]:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.jobs, context, initializer=_start_worker, initargs=self._start)
        pending: dict[Future[R], int] = {}
        following = iter(enumerate(jobs))
        try:
            while True:
                # A short queue keeps results of large jobs from piling up in memory.
                for position, job in following:
                    with _deaf_children():
                        pending[self._pool.submit(_call, function, job)] = position
                    if len(pending) >= 3 * self.jobs:
                        break
                if not pending:
                    return
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    yield self._outcome(pending.pop(future), future)
        except BrokenProcessPool as error:
            raise RunError(
                "a worker process was killed (out of memory?); nothing is lost: run  robustir resume  with a smaller --jobs"
            ) from error

    @staticmethod
    def _outcome(position: int, future: Future[R]) -> Outcome[R]:
        error = future.exception()
        if isinstance(error, (RunError, BrokenProcessPool)) or (error is not None and not isinstance(error, Exception)):
            raise error
        return Outcome(position, None if error else future.result(), error)


def describe_error(error: Exception) -> str:
    """Return one line for a failed job."""
    return str(error) if isinstance(error, RobustirError) else f"{type(error).__name__}: {error}"


def trace_of(error: Exception) -> str:
    """Return the traceback of a failed job as Python prints it, the same wherever it ran; the end of a very long one."""
    frames = error.__traceback__
    job = frames.tb_next if frames is not None and frames.tb_next is not None else frames  # without the executor's own
    found = traceback.TracebackException(type(error), error, job).format()
    trace = getattr(error, "trace", "") or "".join(found)
    return trace if len(trace) <= _TRACE else f"...\n{trace[-_TRACE:]}"
