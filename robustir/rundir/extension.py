"""Whether a plan continues the run in a folder: the same plan resumes it, a larger plan extends it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from robustir.errors import RunError
from robustir.planning.plan import Plan, PlannedTask
from robustir.planning.suite import Suite
from robustir.rundir.directory import RunDirectory
from robustir.rundir.manifest import BenchmarkEntry, EncoderEntry, Manifest, NoiseEntry

__all__ = ["continued", "differences"]

_SHOWN = 4  # differences named in a message


def continued(directory: RunDirectory, plan: Plan) -> Manifest | None:
    """Return the manifest of the run in ``directory`` that ``plan`` resumes or extends; None if there is no run.

    Raises:
        RunError: if the plan lacks a part of the run, or differs from it; names the differences.
    """
    if not directory.exists:
        return None
    before = directory.read_manifest()
    if before.plan == plan.digest():
        return before
    found = list(differences(directory, before, plan))
    if not found:
        return before
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    raise RunError(
        f"{directory.path} holds another plan ({before.name!r} of {before.created}): {'; '.join(found[:_SHOWN])}{more}. "
        f"Choose another folder with -o, replace the run with --overwrite, or finish it:  robustir resume {directory.path}"
    )


def differences(directory: RunDirectory, before: Manifest, plan: Plan) -> Iterator[str]:
    """Yield what a plan lacks of a run or does differently; nothing if all cells of the run are in the plan.

    Additions are not differences: encoders, perturbations, severities, draws, benchmarks, languages, queries.
    """
    suite = before.suite
    if suite.seed != plan.suite.seed:
        yield f"its seed is {suite.seed}, the plan's is {plan.suite.seed}"
    if suite.statistics != plan.suite.statistics:
        yield "its statistics (confidence, flips, resamples, test, correction, interval) differ"
    if suite.equivalence != plan.suite.equivalence:
        yield "its margins of equivalence differ"
    if suite.validity != plan.suite.validity:
        yield "its rules of validity differ"
    if suite.index != plan.suite.index:
        yield f"its index is {suite.index}, the plan's is {plan.suite.index}"
    yield from _missing("measure", suite.measures, plan.suite.measures)
    yield from _encoders(before.encoders, plan)
    yield from _perturbations(before.perturbations, plan)
    yield from _benchmarks(directory, before, plan)


def _missing(what: str, there: Iterable[object], asked: Iterable[object]) -> Iterator[str]:
    kept = set(asked)
    lacking = [str(value) for value in there if value not in kept]
    if lacking:
        yield f"the {what}{'s' if len(lacking) > 1 else ''} {', '.join(lacking)} of the run {'are' if len(lacking) > 1 else 'is'} not in the plan"


def _encoders(rows: Sequence[EncoderEntry], plan: Plan) -> Iterator[str]:
    asked = {encoder.spec: encoder.revision for encoder in plan.encoders}
    there = {row.spec: row.revision for row in rows}
    yield from _missing("encoder", there, asked)
    for spec, revision in there.items():
        if spec in asked and asked[spec] != revision:
            yield f"the encoder {spec} changed (its revision was {revision!r}, now {asked[spec]!r})"


def _perturbations(rows: Sequence[NoiseEntry], plan: Plan) -> Iterator[str]:
    asked = {noise.spec: noise for noise in plan.noises}
    there = {row.spec: row for row in rows}
    yield from _missing("perturbation", there, asked)
    for spec, row in there.items():
        noise = asked.get(spec)
        if noise is None:
            continue
        if row.version != noise.version:
            yield f"{noise.spec} changed (its version was {row.version!r}, now {noise.version!r})"
        yield from _missing(f"{noise.spec} severity", row.severities, noise.severities)
        if row.draws > noise.draws:
            yield f"the run has {row.draws} draws of {noise.spec}, the plan has {noise.draws}"


def _benchmarks(directory: RunDirectory, before: Manifest, plan: Plan) -> Iterator[str]:
    # By spec or digest: an added benchmark may lengthen the name of another, and a path has several spellings.
    asked = {planned.spec: planned for planned in plan.tasks}
    same = {planned.digest: planned for planned in plan.tasks}
    pairs = [(row, asked.get(row.spec) or same.get(row.digest)) for row in before.benchmarks]
    yield from _missing("benchmark", [row.name for row, planned in pairs if planned is None], ())
    keys = {cell.key for cell in plan.cells()}
    for row, planned in pairs:
        if planned is None:
            continue
        lacking = [
            *_missing(f"{row.name} language", row.languages, planned.task.languages),
            *_missing(f"{row.name} setting", row.settings, planned.task.settings),
        ]
        yield from lacking
        if lacking:
            continue
        if row.digest == planned.digest:
            cells = [cell for cell in before.cells if cell.benchmark == row.name]
            if any(cell.key not in keys for cell in cells) and not _changed_otherwise(before, plan):
                yield f"its cells of {row.name} were made by a version of robustir that computes them differently"
        elif _limit(before.suite) > _limit(plan.suite):
            yield f"the run took {before.suite.limit or 'all'} queries of {row.name} per language, the plan takes {plan.suite.limit}"
        elif not _grew(before, row, plan, planned):
            yield f"the data of {row.name} changed"
        else:
            yield from _lost(directory, row, planned)


def _changed_otherwise(before: Manifest, plan: Plan) -> bool:
    """Whether changed encoders, perturbations, seeds or indexes explain why cells of the run are not in the plan."""
    others = (*_encoders(before.encoders, plan), *_perturbations(before.perturbations, plan))
    return bool(others) or (before.suite.seed, before.suite.index) != (plan.suite.seed, plan.suite.index)


def _limit(suite: Suite) -> float:
    return float(suite.limit or math.inf)


def _grew(before: Manifest, row: BenchmarkEntry, plan: Plan, planned: PlannedTask) -> bool:
    """Whether the plan asks for more of a benchmark: languages, or queries per language."""
    more = _limit(before.suite) < _limit(plan.suite)
    return more or set(row.languages) < set(planned.task.languages)


def _lost(directory: RunDirectory, row: BenchmarkEntry, planned: PlannedTask) -> Iterator[str]:
    """Say which stored queries or passages a larger benchmark no longer has."""
    stored, task = directory.read_task(row), planned.task
    queries = set(zip(task.queries.ids, task.queries.langs, task.queries.texts, strict=True))
    passages = set(zip(task.corpus.ids, task.corpus.langs, strict=True))
    kept = zip(stored.queries.ids, stored.queries.langs, stored.queries.texts, strict=True)
    lost = [query[0] for query in kept if query not in queries]
    gone = [
        passage[0] for passage in zip(stored.corpus.ids, stored.corpus.langs, strict=True) if passage not in passages
    ]
    for what, ids in (("query", lost), ("passage", gone)):
        if ids:
            yield f"the {what} {ids[0]!r} of {row.name} ({len(ids)} in all) is not in the plan, or changed"
