"""Runs jobs on Ray actors (``--executor ray``): the machines of a Ray cluster that share the run directory's file system.

An actor whose process or machine dies is replaced, and its job runs again: a job writes whole files whose bytes depend on
nothing but the plan, so that doing it twice changes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

from robustir.errors import CellError, InputError, MissingExtraError, RunError
from robustir.running.executors import A, C, Executor, J, Outcome, R, describe_error, trace_of

__all__ = ["RayExecutor"]

_TRIES = 3  # of a job whose worker dies; a job that needs too much memory would kill one after the other
_PATIENCE = 300.0  # seconds to wait for the first worker to start


class _Worker:
    """One actor: a process with its own context and one thread of linear algebra."""

    def __init__(self, make_context: Callable[[A], object], argument: A) -> None:
        self._context = make_context(argument)

    def ready(self) -> None:
        """Return once the actor has started."""

    def call(self, function: Callable[[Any, J], R], job: J) -> tuple[R | None, CellError | None, bool]:
        """Return (value, picklable error, whether the whole run must stop)."""
        try:
            return function(self._context, job), None, False
        except Exception as error:  # noqa: BLE001 - a failing cell must not stop the others
            failed = CellError(describe_error(error))
            failed.trace = trace_of(error)
            return None, failed, isinstance(error, RunError)


class RayExecutor(Executor[C]):
    """An executor whose workers are Ray actors, one core each.

    ``address``: of a running cluster; None: that of $RAY_ADDRESS or of this machine, or else a new local one. ``again``
    and ``lost``: how many jobs ran again because their worker died, and how many workers died.
    """

    def __init__(
        self, jobs: int, make_context: Callable[[A], C], argument: A, local: C, address: str | None = None
    ) -> None:
        super().__init__(jobs, make_context, argument, local)
        self.again = self.lost = 0
        self._address = address
        self._failed_starts = 0

    _ray: Any
    _actor: Any
    _argument: Any
    _actors: set[Any]
    _mine: bool

    def __enter__(self) -> RayExecutor[C]:
        try:
            ray = self._ray = import_module("ray")
        except ImportError:
            raise MissingExtraError("ray", "cluster") from None
        threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._mine = not ray.is_initialized()
        if self._mine:
            local = {} if self._address else {"include_dashboard": False}
            try:
                ray.init(self._address, log_to_driver=False, runtime_env={"env_vars": threads}, **local)
            except (ConnectionError, RuntimeError, ValueError) as error:
                where = self._address or "$RAY_ADDRESS"
                why = str(error).strip().partition("\n")[0]
                raise InputError(
                    f"the Ray cluster at {where} does not answer ({why}); start one with  ray start --head  and name its "
                    "address with --ray-address"
                ) from error
        self._actor = ray.remote(num_cpus=1, runtime_env={"env_vars": threads})(_Worker)
        self._argument = ray.put(self._start[1])  # once for all actors
        self._actors = set()
        self._idle: deque[Any] = deque()
        self._starting: dict[Any, Any] = {}
        for _ in range(self.jobs):
            self._add()
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        for actor in self._actors:
            self._ray.kill(actor)
        if self._mine:
            self._ray.shutdown()

    def _add(self) -> None:
        actor = self._actor.remote(self._start[0], self._argument)
        self._actors.add(actor)
        self._starting[actor.ready.remote()] = actor

    def _replace(self, actor: Any) -> None:
        self.lost += 1
        self._actors.discard(actor)
        self._ray.kill(actor)
        self._add()

    def map(self, function: Callable[[C, J], R], jobs: Sequence[J]) -> Iterator[Outcome[R]]:
        """Yield outcomes as they come; every job goes to an actor, whatever ``jobs`` is."""
        waiting = deque(range(len(jobs)))
        tries = [0] * len(jobs)
        running: dict[Any, tuple[int, Any]] = {}
        while waiting or running:
            while waiting and self._idle:
                actor, position = self._idle.popleft(), waiting.popleft()
                tries[position] += 1
                running[actor.call.remote(function, jobs[position])] = position, actor
            for done in self._done(running):
                if done in self._starting:
                    self._started(done)
                    continue
                position, actor = running.pop(done)
                found = self._result(done)
                if found is None:
                    self._replace(actor)
                    if tries[position] == _TRIES:
                        raise RunError(
                            f"a Ray worker died {_TRIES} times at the same job (out of memory?); nothing is lost: run  "
                            "robustir resume  with a smaller --jobs"
                        )
                    self.again += 1
                    waiting.appendleft(position)
                    continue
                self._idle.append(actor)
                value, error, stop = found
                if stop:
                    raise RunError(str(error))
                yield Outcome(position, value, error)

    def _done(self, running: dict[Any, tuple[int, Any]]) -> list[Any]:
        """Return what ended next, jobs and starts; raise RunError if no worker starts at all."""
        patience = None if running or self._idle else _PATIENCE
        found, _ = self._ray.wait([*running, *self._starting], num_returns=1, timeout=patience)
        if not found:
            raise RunError(
                f"no worker started on the Ray cluster within {_PATIENCE:.0f} s: each needs a free CPU; ask for fewer with "
                "--jobs, or free the cluster, and run  robustir resume  on the run"
            )
        return list(found)

    def _started(self, reference: Any) -> None:
        """Take an actor into use, or start another if its machine died; what fails at every start ends the run."""
        actor = self._starting.pop(reference)
        try:
            self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            self._failed_starts += 1
            if self._failed_starts >= _TRIES * self.jobs:
                raise RunError(
                    f"Ray workers cannot start ({error}); nothing is lost: run  robustir resume  on the run"
                ) from error
            self._replace(actor)
        else:
            self._idle.append(actor)

    def _result(self, reference: Any) -> tuple[Any, CellError | None, bool] | None:
        """Return what a job returned; None if its worker or machine died."""
        exceptions = self._ray.exceptions
        died = (
            exceptions.RayActorError,
            exceptions.ObjectLostError,
            exceptions.WorkerCrashedError,
            exceptions.NodeDiedError,
            exceptions.OutOfMemoryError,
        )
        try:
            found: tuple[Any, CellError | None, bool] = self._ray.get(reference)
        except died:
            return None
        except exceptions.RayError as error:
            raise RunError(
                f"a Ray worker failed ({error}); nothing is lost: run  robustir resume  on the run"
            ) from error
        return found
