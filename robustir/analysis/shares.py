"""The settings of a large benchmark in several processes: threads of one process wait for each other between short operations.

A process reads and analyses whole settings and sends what they add to the findings, so that no byte depends on the number
of processes. This one takes the lightest share and finds the doses meanwhile; what another fails to bring, it does itself.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from robustir.analysis.options import AnalysisOptions
from robustir.analysis.parts import Part, parts_of
from robustir.evidence.gather import StoredBenchmark, benchmarks, gather, query_doses
from robustir.evidence.strata import EMBEDDED
from robustir.evidence.views import view
from robustir.rundir.directory import RunDirectory
from robustir.stats.threads import workers
from robustir.types import Setting

__all__ = ["benchmark_parts", "serve"]

Doses = NDArray[np.float64]

_WORTH = 2**23  # judgements x cells; fewer are done in seconds, and a process takes two to start
# glibc: memory of arrays up to 8 MB is kept for the next; given back and taken again it cost a tenth of the time.
_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**23), "MALLOC_TRIM_THRESHOLD_": str(2**26)}
_SERVE = "import sys; sys.path[:] = {path!r}; from robustir.analysis.shares import serve; serve()"


@dataclass(frozen=True, slots=True)
class _Share:
    """Settings of one benchmark of a run, and what is asked of them."""

    run: Path
    partial: bool
    benchmark: str
    settings: tuple[Setting, ...]
    measures: tuple[str, ...]
    options: AnalysisOptions

    def parts(self, stored: StoredBenchmark, doses: Callable[[], Doses]) -> list[Part]:
        # Many small products: with two BLAS threads they took five times the CPU time of one (36 s for 7 s on the quickstart).
        with threadpool_limits(1, user_api="blas"):
            blocks = gather(stored, self.measures, settings=self.settings, doses=doses)
            return list(parts_of(blocks, self.options))


class _Worker:
    """Another process at work on a share. It ends with this one, however that ends."""

    def __init__(self, share: _Share) -> None:
        # Not by multiprocessing: that would run a script without a guard, such as a user's own, once more.
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **_MEMORY},
            start_new_session=True,  # an interrupt from the terminal is for this process, which ends the other
        )
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="robustir-share")
        assert self._process.stdout is not None
        self._answer = self._reader.submit(self._process.stdout.read)
        self.tell(share)

    def tell(self, message: object) -> None:
        """Send a message; one that has ended does not hear it."""
        assert self._process.stdin is not None
        try:
            pickle.dump(message, self._process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
        except OSError:
            return

    def parts(self) -> list[Part] | None:
        """Return the parts of the share; None if the process failed."""
        answer = self._answer.result()
        if self._process.wait() != 0:
            return None
        found: list[Part] = pickle.loads(answer)  # noqa: S301 - this program's own bytes
        return found

    def end(self) -> None:
        """End the process, at work or not."""
        self._process.kill()
        self._process.wait()
        self._reader.shutdown()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # something was left to be sent
                    continue


def benchmark_parts(stored: StoredBenchmark, measures: Sequence[str], options: AnalysisOptions) -> list[Part]:
    """Return what every setting of a benchmark adds to the findings, in suite order."""
    run = stored.run
    own, *others = (
        _Share(run.path.resolve(), run.partial, stored.name, settings, tuple(measures), options)
        for settings in _shared_out(stored)
    )
    started: list[_Worker] = []
    try:
        started += [_Worker(share) for share in others]
        doses = query_doses(stored)
        for worker in started:
            worker.tell(doses)
        found = own.parts(stored, lambda: doses)
        for share, worker in zip(others, started, strict=True):
            found += worker.parts() or share.parts(stored, lambda: doses)
    finally:
        for worker in started:
            worker.end()
    order: dict[str, int] = {name: number for number, name in enumerate(stored.task.settings)}
    return sorted(found, key=lambda part: order["cross" if part.setting == EMBEDDED else part.setting])


def _shared_out(stored: StoredBenchmark) -> list[tuple[Setting, ...]]:
    """Return the settings of each process, the lightest share first; a setting weighs as much as it has lists."""
    settings = stored.task.settings
    if workers(len(settings)) < 2 or len(stored.task.qrels) * sum(1 for _ in stored.cells()) < _WORTH:
        return [settings]
    sizes = {setting: len(view(stored.task, setting)) for setting in settings}
    shares: list[list[Setting]] = [[] for _ in range(workers(len(settings)))]

    def weight(share: list[Setting]) -> int:
        return sum(sizes[setting] for setting in share)

    for setting in sorted(settings, key=lambda one: -sizes[one]):
        min(shares, key=weight).append(setting)
    return [tuple(share) for share in sorted(shares, key=weight)]


def serve() -> None:
    """Do the share that the process at the other end of standard input asks for; what is printed goes to standard error."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    status = 1
    try:
        share: _Share = pickle.load(sys.stdin.buffer)  # noqa: S301 - this program's own bytes
        doses: Future[Doses] = Future()
        Thread(target=_hear, args=(doses,), daemon=True).start()
        every = benchmarks(RunDirectory(share.run, partial=share.partial))
        stored = next(one for one in every if one.name == share.benchmark)
        stored.kept_ranks = 0  # nothing here reads them again
        with answer:
            pickle.dump(share.parts(stored, doses.result), answer, protocol=pickle.HIGHEST_PROTOCOL)
        status = 0
    finally:  # without a traceback: the other process does this share itself, and fails in the same way
        os._exit(status)


def _hear(doses: Future[Doses]) -> None:
    """Take the doses, then end this process as soon as the other one is gone: nobody waits for its results."""
    try:
        doses.set_result(pickle.load(sys.stdin.buffer))  # noqa: S301 - this program's own bytes
        os.read(0, 1)
    finally:
        os._exit(1)
