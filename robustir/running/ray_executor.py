"""Runs jobs on Ray actors (``--executor ray``): the machines of a Ray cluster that share the run directory's file system."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

from robustir.errors import CellError, MissingExtraError, RunError
from robustir.running.executors import A, C, Executor, J, Outcome, R, describe_error, trace_of

__all__ = ["RayExecutor"]


class _Worker:
    """One actor: a process with its own context and one thread of linear algebra."""

    def __init__(self, make_context: Callable[[A], object], argument: A) -> None:
        self._context = make_context(argument)

    def call(
        self, function: Callable[[Any, J], R], position: int, job: J
    ) -> tuple[int, R | None, CellError | None, bool]:
        """Return (position, value, picklable error, whether the whole run must stop)."""
        try:
            return position, function(self._context, job), None, False
        except Exception as error:  # noqa: BLE001 - a failing cell must not stop the others
            failed = CellError(describe_error(error))
            failed.trace = trace_of(error)
            return position, None, failed, isinstance(error, RunError)


class RayExecutor(Executor[C]):
    """An executor whose workers are Ray actors, one core each; ``ray.init()`` finds a running cluster or starts a local one."""

    _ray: Any
    _actors: list[Any]

    def __enter__(self) -> RayExecutor[C]:
        try:
            ray = self._ray = import_module("ray")
        except ImportError:
            raise MissingExtraError("ray", "cluster") from None
        threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        ray.init(
            ignore_reinit_error=True, include_dashboard=False, log_to_driver=False, runtime_env={"env_vars": threads}
        )
        actor = ray.remote(num_cpus=1)(_Worker)
        self._actors = [actor.remote(*self._start) for _ in range(self.jobs)]
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        for actor in self._actors:
            self._ray.kill(actor)

    def map(self, function: Callable[[C, J], R], jobs: Sequence[J]) -> Iterator[Outcome[R]]:
        """Yield outcomes as they come; every job goes to an actor, whatever ``jobs`` is."""
        pool = import_module("ray.util").ActorPool(self._actors)
        numbered = list(enumerate(jobs))
        try:
            done = pool.map_unordered(lambda actor, item: actor.call.remote(function, *item), numbered)
            for position, value, error, stop in done:
                if stop:
                    raise RunError(str(error))
                yield Outcome(position, value, error)
        except self._ray.exceptions.RayError as error:
            raise RunError(
                f"a Ray worker failed ({error}); nothing is lost: run  robustir resume  on the run"
            ) from error
