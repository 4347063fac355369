"""Runs the missing cells of a plan into a run directory. Existing results are never computed again."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from robustir.errors import InputError
from robustir.planning.conditions import CLEAN
from robustir.planning.plan import Plan
from robustir.rundir.directory import RunDirectory
from robustir.running.attack_work import attack_ladders, missing_ladders
from robustir.running.cells import Cells
from robustir.running.encoder_run import EncoderRun
from robustir.running.executors import Executor, Fault, single_threaded
from robustir.running.keeping import keeping
from robustir.running.summary import Failure, Progress, RunOptions, RunSummary, Silent
from robustir.running.work import WorkArgument, WorkContext, perturb_queries
from robustir.stats.threads import cores

__all__ = ["execute"]

_LITTLE = 1_000  # texts; a worker process takes seconds to start


def execute(
    plan: Plan, run: RunDirectory, options: RunOptions | None = None, progress: Progress | None = None
) -> RunSummary:
    """Compute the missing cells of a plan. Failed cells are recorded; the others continue."""
    chosen, bars = options or RunOptions(), progress or Silent()
    cells = Cells(plan, run, keep_top=chosen.keep_top or 0)
    every = [cell.key for cell in plan.cells()]
    missing = cells.missing()
    summary = RunSummary(cells=len(every), cells_done_before=sum(key not in missing for key in every))
    broken: dict[str, Fault] = {}  # key of a query set or cell -> why it failed
    for planned in plan.tasks:
        run.write_task(plan.queries_key(planned, CLEAN), planned.task)
    with single_threaded(), _executor(cells, missing, chosen) as executor:
        with summary.timed("perturb"):
            _perturb(cells, executor, broken, bars)
        one = EncoderRun(cells, executor, bars, summary, broken)
        for encoder in plan.encoders:
            one.make(encoder, missing)
    summary.failures = _failures(plan, broken)
    return summary


def _jobs(plan: Plan, missing: AbstractSet[str]) -> int:
    """Return how many processes the missing cells are worth."""
    if any(noise.treatment.attacked for noise in plan.noises):
        return cores()  # an attack asks its encoder thousands of times
    sizes = {planned.task.name: len(planned.task.queries) for planned in plan.tasks}
    queries = sum(sizes[cell.benchmark] for cell in plan.cells() if cell.key in missing)
    passages = len(plan.encoders) * sum(len(planned.task.corpus) for planned in plan.tasks)
    return cores() if queries + passages > _LITTLE else 1


def _executor(cells: Cells, missing: AbstractSet[str], options: RunOptions) -> Executor[WorkContext]:
    """Return the executor of the jobs: live objects and a GPU stay in this process."""
    plan, run = cells.plan, cells.run
    argument = WorkArgument(
        tasks={planned.task.name: planned.task for planned in plan.tasks},
        run=run.path,
        seed=plan.suite.seed,
        device=options.device,
        cache=options.cache,
        keeping=keeping(plan, options.keep_top),
    )
    here = any(encoder.live for encoder in plan.encoders) or options.device != "cpu"
    jobs = options.jobs or (cores() if options.executor == "ray" else _jobs(plan, missing))
    local = WorkContext(argument)
    local.adopt(
        {encoder.spec: encoder.scorer for encoder in plan.encoders},
        {noise.spec: noise.perturbation for noise in plan.noises},
    )
    if options.executor != "ray":
        return Executor(1 if here else jobs, WorkContext, argument, local)
    from robustir.running.ray_executor import RayExecutor

    if here:
        raise InputError("--executor ray needs encoders given by spec and --device cpu")
    return RayExecutor(jobs, WorkContext, argument, local, options.ray_address)


def _perturb(cells: Cells, executor: Executor[WorkContext], broken: dict[str, Fault], bars: Progress) -> None:
    """Make the missing query sets; the reasons of failures go into ``broken``, by key."""
    jobs = list(cells.missing_query_sets())
    ladders = missing_ladders(cells.plan, cells.run)
    sizes = {planned.task.name: len(planned.task.queries) for planned in cells.plan.tasks}
    if jobs:
        bars.stage("perturb queries", sum(sizes[job.task] for job in jobs), "texts")
    for outcome in executor.map(perturb_queries, jobs):
        job = jobs[outcome.position]
        if outcome.error is not None:
            broken[job.key] = Fault.of(outcome.error)
        bars.step(sizes[job.task])
    if ladders:
        bars.stage("attack queries", sum(len(ladder.languages) for ladder in ladders), "searches")
    attack_ladders(executor, cells.run, ladders, broken, bars.step)


def _failures(plan: Plan, broken: dict[str, Fault]) -> list[Failure]:
    names = {encoder.spec: encoder.name for encoder in plan.encoders}
    failures = []
    for cell in plan.cells():
        fault = broken.get(cell.queries_key) or broken.get(cell.key)
        if fault is not None:
            condition = str(plan.shown(cell.condition))
            failures.append(Failure(cell.benchmark, names[cell.encoder], condition, fault.reason, fault.trace))
    return failures
