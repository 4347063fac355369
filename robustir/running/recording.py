"""The manifest of a run: made once from the plan before the run, and completed with its results."""

from __future__ import annotations

import os
import platform
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from robustir.planning.conditions import CLEAN, FLOOR, Condition
from robustir.planning.plan import Plan, PlannedEncoder, PlannedNoise, PlannedTask
from robustir.rundir.directory import RunDirectory
from robustir.rundir.index_recall import IndexRecall, read_recall
from robustir.rundir.manifest import (
    BenchmarkEntry,
    CellEntry,
    Checkout,
    Counts,
    EncoderEntry,
    FailedEntry,
    IndexEntry,
    Manifest,
    NoiseEntry,
    RefusedEntry,
    TrainingEntry,
    shown_cell,
)
from robustir.running.summary import RunSummary
from robustir.version import __version__

__all__ = ["finished", "machine", "new_manifest", "recorded_indexes", "versions"]

# Packages whose version can change a number of a run.
_PACKAGES = (
    "bm25s",
    "faiss-cpu",
    "jieba",
    "numpy",
    "pyarrow",
    "pythainlp",
    "rapidfuzz",
    "regex",
    "scipy",
    "tokenizers",
    "torch",
    "transformers",
)


def versions() -> dict[str, str]:
    """Return the versions of robustir, Python and the packages that affect results."""
    known = {"robustir": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            known[name] = version(name)
        except PackageNotFoundError:
            known[name] = "not installed"
    return known


def machine() -> dict[str, str | int | float | None]:
    """Return the machine's kind: architecture, cores, memory in GiB, operating system."""
    import psutil

    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


def _checkout() -> Checkout | None:
    """Return revision and state of the checkout that robustir runs from, or None for an installed package."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None

    def ask(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        changes = ask("status", "--porcelain", "--untracked-files=no")
        return Checkout(revision=ask("rev-parse", "HEAD"), modified=bool(changes))
    except (OSError, subprocess.SubprocessError):
        return None


def _benchmark(plan: Plan, planned: PlannedTask) -> BenchmarkEntry:
    task = planned.task
    return BenchmarkEntry(
        name=task.name,
        spec=planned.spec,
        digest=planned.digest,
        queries_key=plan.queries_key(planned, CLEAN),
        settings=tuple(task.settings),
        settings_note=task.settings_note,
        exclude_identical_ids=task.exclude_identical_ids,
        judgements=dict(task.counts),
        notes=tuple(task.notes),
        languages=tuple(task.languages),
        written_languages={
            lang: tuple(names) for lang, names in sorted({**task.corpus.written, **task.queries.written}.items())
        },
        label_notes=planned.label_notes,
        queries=len(task.queries),
        queries_per_language=dict(Counter(task.queries.langs)),
        passages=len(task.corpus),
        pool_sizes=dict(Counter(task.corpus.langs)),
        groups=len(set(task.queries.groups)),
        group_kind=task.group_kind,
        licence=task.licence,
        source=task.source,
    )


def _encoder(plan: Plan, encoder: PlannedEncoder) -> EncoderEntry:
    record, training = encoder.training, None
    if record is not None:
        # A name that had to be told apart has arguments behind it.
        names = [planned.task.name for planned in plan.tasks]
        known = tuple(name for name in names if record.in_domain(name.partition("(")[0]))
        training = TrainingEntry(
            name=record.name,
            sampling=record.sampling,
            seed=record.seed,
            sources=record.sources,
            noise=record.noise,
            in_domain=known,
        )
    return EncoderEntry(
        name=encoder.name,
        spec=encoder.spec,
        revision=encoder.revision,
        vectors=encoder.dense,
        strategy=encoder.strategy if training is not None and encoder.strategy else None,
        training=training,
    )


def _noise(plan: Plan, noise: PlannedNoise) -> NoiseEntry:
    attacked = noise.treatment.attacked
    return NoiseEntry(
        name=noise.name,
        spec=noise.spec,
        version=noise.version,
        severities=noise.severities,
        draws=noise.draws,
        exploratory=noise.exploratory,
        **asdict(replace(noise.treatment, attacked=plan.name_of(attacked) if attacked else "")),
    )


def _refused(plan: Plan, benchmark: str, perturbation: str, language: str) -> RefusedEntry:
    noise = plan.noise(Condition(perturbation))
    reason = (
        "the attack does not know this language, or the benchmark has no passages in the query's language"
        if noise.treatment.attacked
        else plan.refusal(perturbation, language)
    )
    return RefusedEntry(benchmark=benchmark, perturbation=noise.name, language=language, reason=reason)


def _cells(plan: Plan) -> tuple[CellEntry, ...]:
    names = {encoder.spec: encoder.name for encoder in plan.encoders}
    return tuple(
        CellEntry(
            benchmark=cell.benchmark,
            encoder=names[cell.encoder],
            perturbation=plan.shown(cell.condition).perturbation,
            severity=cell.condition.severity,
            draw=cell.condition.draw,
            key=cell.key,
            queries_key=cell.queries_key,
        )
        for cell in plan.cells()
    )


def new_manifest(plan: Plan, *, before: Manifest | None = None) -> Manifest:
    """Return the manifest of a new or continued run.

    before: the continued run's manifest; its start, counts and timings are kept.
    """
    digest = plan.digest()
    resumed = before is not None and before.plan == digest  # its suite no longer lists what was left out
    return Manifest(
        status="running",
        created=before.created if before else datetime.now(UTC).isoformat(timespec="seconds"),
        name=plan.suite.name,
        description=plan.suite.description,
        plan=digest,
        extended=_extended(plan, before),
        suite=plan.suite,
        encoder_notes=before.encoder_notes if before is not None and resumed else plan.encoder_notes,
        data=str(plan.data.absolute()) if plan.data is not None else None,
        benchmarks=tuple(_benchmark(plan, planned) for planned in plan.tasks),
        encoders=tuple(_encoder(plan, encoder) for encoder in plan.encoders),
        perturbations=tuple(_noise(plan, noise) for noise in plan.noises),
        not_applicable=tuple(_refused(plan, *pair) for pair in plan.not_applicable),
        cells=_cells(plan),
        versions=versions(),
        machine=machine(),
        git=_checkout(),
        counts=before.counts if before else None,
        timings=before.timings if before else {},
    )


def recorded_indexes(plan: Plan, run: RunDirectory) -> tuple[IndexEntry, ...]:
    """Return the indexes of a run and their recall, from its files; nothing if it was searched exactly."""
    if plan.index.exact:
        return ()
    found = []
    for planned in plan.tasks:
        for encoder in plan.encoders:
            if not encoder.dense:
                continue
            clean: list[IndexRecall] = []
            noisy: list[IndexRecall] = []
            for condition in plan.conditions(planned):
                cell = plan.cell(planned, encoder, condition)
                known = read_recall(run, cell.key) if run.ranks_path(cell.key).exists() else None
                if known is not None and condition != FLOOR:
                    (clean if condition == CLEAN else noisy).append(known)
            entry = IndexEntry(
                benchmark=planned.task.name,
                encoder=encoder.name,
                index=str(plan.index),
                depth=plan.index.depth,
                queries=clean[0].queries if clean else 0,
                recall=_mean_recall(clean),
                recall_under_noise=_mean_recall(noisy),
            )
            found.append(entry)
    return tuple(found)


def _mean_recall(known: Sequence[IndexRecall]) -> dict[str, float]:
    """Return the mean over cells, by depth."""
    depths = known[0].shares if known else ()
    return {str(depth): round(sum(one.shares[depth] for one in known) / len(known), 10) for depth in depths}


def _extended(plan: Plan, before: Manifest | None) -> bool:
    """Whether a plan adds to a run with results, so that the additions were not declared beforehand."""
    if before is None:
        return False
    return before.extended or (before.status != "running" and before.plan != plan.digest())


def finished(manifest: Manifest, summary: RunSummary) -> Manifest:
    """Return the manifest completed with the run's counts, timings and failures.

    A continued run adds to the earlier texts and seconds; a run with nothing left to do changes neither.
    """
    failed = tuple(
        FailedEntry(
            benchmark=failure.benchmark,
            encoder=failure.encoder,
            condition=failure.condition,
            cell=shown_cell(failure.benchmark, failure.encoder, failure.condition),
            error=failure.error,
            traceback=failure.traceback,
        )
        for failure in summary.failures
    )
    before, seconds = manifest.counts, manifest.timings
    idle = before is not None and summary.cells_done_before == summary.cells == before.cells
    counts = Counts(
        cells=summary.cells,
        cells_done_before=before.cells_done_before if before is not None and idle else summary.cells_done_before,
        cells_failed=len(failed),
        texts_encoded=summary.texts_encoded + (before.texts_encoded if before else 0),
        texts_reused=summary.texts_reused + (before.texts_reused if before else 0),
    )
    if not idle:
        both = {**seconds, **summary.seconds}
        seconds = {stage: round(summary.seconds.get(stage, 0.0) + seconds.get(stage, 0.0), 3) for stage in both}
    status = "failed cells" if failed else "complete"
    return replace(manifest, status=status, failed=failed, counts=counts, timings=seconds)
