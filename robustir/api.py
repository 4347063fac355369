"""The Python interface: perturb, encode, run, analyse, render, in a few words each."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustir.disk.folders import data_folder
from robustir.errors import InputError, SpecError
from robustir.languages import normalise_all
from robustir.types import QuerySet, Task

if TYPE_CHECKING:
    import pandas as pd

    from robustir.analysis import Findings
    from robustir.contracts import Encoder, Scorer
    from robustir.planning.suite import Suite
    from robustir.rundir.directory import RunDirectory
    from robustir.rundir.exporting import ExportedSet
    from robustir.rundir.manifest import Manifest
    from robustir.running.progress import Told
    from robustir.running.summary import Progress, RunSummary

__all__ = ["analyse", "benchmark", "compare", "encoder", "export_queries", "perturb", "render", "run"]


def perturb(queries: QuerySet, perturbation: str | Any, *, severity: float, seed: int = 0, draw: int = 0) -> QuerySet:
    """Return ``queries`` with noise (same ids, same order) and the realised dose per query.

    Args:
        queries: clean queries.
        perturbation: a spec such as "typos", or an object.
        severity: share of edited units, from 0 to 1.
        seed: of the noise.
        draw: another draw has other noise at the same severity.
    """
    from robustir.noise.applying import perturb as apply

    if not isinstance(queries, QuerySet):
        raise InputError(
            f"queries must be a QuerySet, not of type {type(queries).__name__}; make one with  robustir.QuerySet.from_texts([...], lang='en')"
        )
    return apply(queries, perturbation, severity=severity, seed=seed, draw=draw)


def encoder(spec: str | Any) -> Encoder | Scorer:
    """Return the encoder (or scorer) that a spec names, or adapt a live object; raise SpecError for anything else."""
    from robustir.encoders.adapters import adapt
    from robustir.plugins.registry import create

    return adapt(create("encoder", spec) if isinstance(spec, str) else spec)


def benchmark(spec: str, *, data: Path | str | None = None, languages: Sequence[str] | None = None) -> Task:
    """Load a benchmark; ``languages`` restricts its queries and passages."""
    from robustir.plugins.registry import create

    if not isinstance(spec, str):
        raise SpecError(f"spec must be a string such as 'mini', not of type {type(spec).__name__}")
    names = [languages] if isinstance(languages, str) else languages
    chosen = None if names is None else normalise_all(names)
    task: Task = create("benchmark", spec).load(data_folder(data), chosen)
    return task


def run(
    suite: str | Path | Suite | Mapping[str, Any] | None = None,
    out: Path | str | None = None,
    *,
    data: Path | str | None = None,
    tasks: Sequence[str | Task] | str | Task | None = None,
    benchmarks: Sequence[str | Task] | str | Task | None = None,
    encoders: Any = None,
    perturbations: Sequence[str | Mapping[str, Any]] | str | None = None,
    languages: Sequence[str] | str | None = None,
    severities: Sequence[float] | float | None = None,
    draws: int | None = None,
    seed: int | None = None,
    settings: Sequence[str] | str | None = None,
    measures: Sequence[str] | str | None = None,
    limit: int | None = None,
    longest: int | None = None,
    index: str | None = None,
    test: str | None = None,
    correction: str | None = None,
    interval: str | None = None,
    jobs: int = 1,
    device: str | None = None,
    keep_top: int | None = None,
    progress: bool | Told | Progress | None = None,
    formats: Sequence[str] = ("html", "pdf"),
    overwrite: bool = False,
) -> RunDirectory:
    """Run a suite, analyse it and write the reports, as ``robustir run`` does; return the run directory.

    Arguments from ``tasks`` to ``interval`` replace what the suite says. Failed cells are reported by a warning and in the
    manifest.

    Args:
        suite: a name, a file, a Suite, or its content as a mapping; None: ``quickstart``, for its noise.
        out: the folder; None: that of the command line, inside ``runs/``.
        data: the data folder.
        tasks, benchmarks: specs, or :class:`robustir.Task` objects; both names mean the same.
        encoders: specs or live objects, in a list, or by their names in results (``{"mine": model}``).
        perturbations: specs.
        languages, severities, draws, seed, settings, measures, limit, longest, index, test, correction, interval: as on the command
            line.
        jobs: worker processes. Above 1, a script needs the usual ``if __name__ == "__main__"`` guard; live objects stay
            in this process.
        device: "cpu" or "cuda".
        keep_top: how many top passages to keep of every list, with scores; None: 100 of few lists, 0: none.
        progress: True, or a function of (stage, done, total, unit).
        formats: of the reports.
        overwrite: True: remove an earlier run in the folder.

    Raises:
        InputError: for wrong arguments, in one sentence.
    """
    from robustir.encoders.devices import use_device
    from robustir.planning.asked import asked_for, whole_number
    from robustir.planning.plan import make_plan
    from robustir.planning.run_folder import run_folder
    from robustir.reports import check_formats
    from robustir.rundir.directory import RunDirectory
    from robustir.running.orchestration import execute_plan
    from robustir.running.progress import told
    from robustir.running.summary import RunOptions

    formats = check_formats(formats)
    if tasks is not None and benchmarks is not None:
        raise InputError("tasks and benchmarks mean the same; give only one of them")
    asked = asked_for(
        suite,
        benchmarks=benchmarks if tasks is None else tasks,
        encoders=encoders,
        perturbations=perturbations,
        languages=languages,
        severities=severities,
        draws=draws,
        seed=seed,
        settings=settings,
        measures=measures,
        limit=limit,
        longest=longest,
        index=index,
        test=test,
        correction=correction,
        interval=interval,
    )
    workers = whole_number(jobs, "jobs", 1)
    kept = None if keep_top is None else whole_number(keep_top, "keep_top", 0)
    options = RunOptions(jobs=workers, device=use_device(device), keep_top=kept)
    directory = RunDirectory(out if out is not None else run_folder(asked.before, asked.suite))
    with told(progress) as bars:
        plan = make_plan(asked.suite, data_folder(data), live=asked.live)
        summary, notes = execute_plan(plan, directory, options, bars, formats=formats, overwrite=overwrite)
    _warn(directory, summary, notes)
    return directory


def _warn(directory: RunDirectory, summary: RunSummary, notes: Sequence[str]) -> None:
    """Warn of what the command line would print: failed cells, and warnings of the renderers."""
    if summary.failures:
        first = summary.failures[0]
        failed = f"{len(summary.failures)} of {summary.cells} cells failed, the first: {first.benchmark} / {first.encoder} / "
        where = f"{first.condition}: {first.error}; all are in {directory.path / 'manifest.json'}"
        notes = [failed + where, *notes]
    for note in notes:
        warnings.warn(note, stacklevel=3)


def export_queries(
    source: str | Path | Suite | RunDirectory | Mapping[str, Any],
    out: Path | str,
    *,
    data: Path | str | None = None,
    benchmarks: Sequence[str | Task] | str | Task | None = None,
    perturbations: Sequence[str | Mapping[str, Any]] | str | None = None,
    languages: Sequence[str] | str | None = None,
    severities: Sequence[float] | float | None = None,
    draws: int | None = None,
    seed: int | None = None,
    limit: int | None = None,
    longest: int | None = None,
) -> list[ExportedSet]:
    """Write the queries of a suite or run, clean and noisy, for any search engine; return one row per query set.

    The encoder ``trec-run`` scores the engine's rankings (docs/external-runs.md).

    Args:
        source: a suite as in :func:`run`, or a run (its folder, or a RunDirectory). A run has its queries already, and
            takes only ``data`` beside it.
        out: the folder to write.
        data, benchmarks, perturbations, languages, severities, draws, seed, limit, longest: as in :func:`run`.
    """
    from robustir.planning.asked import asked_for
    from robustir.rundir.directory import RunDirectory
    from robustir.rundir.exporting import export_queries as export
    from robustir.rundir.exporting import export_run

    changes: dict[str, Any] = {
        "languages": languages,
        "severities": severities,
        "draws": draws,
        "seed": seed,
        "limit": limit,
        "longest": longest,
    }
    changes |= {"benchmarks": benchmarks, "perturbations": perturbations}
    run_directory = (
        source
        if isinstance(source, RunDirectory)
        else RunDirectory(source)
        if isinstance(source, (str, Path))
        else None
    )
    if run_directory is not None and run_directory.exists:
        if given := [name for name, value in changes.items() if value is not None]:
            raise InputError(
                f"{run_directory.path} is a run, which has its queries already; leave {given[0]} out, or name a suite"
            )
        return export_run(run_directory, data_folder(data or run_directory.read_manifest().data), Path(out))
    asked = asked_for(source, encoders=None, settings=None, measures=None, **changes)
    return export(asked.suite, data_folder(data), Path(out), live=asked.live)


def analyse(
    run_directory: RunDirectory | Path | str,
    *,
    test: str | None = None,
    correction: str | None = None,
    interval: str | None = None,
    partial: bool = False,
) -> Findings:
    """Return the findings of a run as tidy pandas tables; needs neither encoders nor data.

    test ("flips", "t", "bootstrap", "wilcoxon"), correction ("max-t", "holm", "bh") and interval ("studentised",
    "percentile", "bca") replace those that the run's suite declared; ``Findings.changed`` then says so. partial: take an
    unfinished run as it is. Raises InputError for a combination that does not work, RunError for an unfinished run otherwise.
    """
    from robustir.analysis.of_run import analyse_run
    from robustir.rundir.directory import RunDirectory

    chosen = {"test": test, "correction": correction, "interval": interval}
    if isinstance(run_directory, RunDirectory):
        return analyse_run(RunDirectory(run_directory.path, partial=partial or run_directory.partial), **chosen)
    if not isinstance(run_directory, (str, Path)):
        raise InputError(f"a run must be a RunDirectory or its path, not of type {type(run_directory).__name__}")
    return analyse_run(RunDirectory.open(run_directory, partial=partial), **chosen)


def compare(
    baseline: RunDirectory | Path | str,
    *runs: RunDirectory | Path | str,
    encoders: Sequence[str] | str = (),
    measure: str | None = None,
    margin: float | None = None,
) -> pd.DataFrame:
    """Compare runs of the same queries with a baseline, or two encoders of one run; return one row per condition and quantity.

    quantity: "clean", "noisy" (the score under noise) or "change" (noisy - clean); difference = new - baseline, so that
    above 0 the new run is better. outcome: better, worse, equivalent (only if a margin is given), the same (no score
    differs), near the floor (of a change), or not told, after all p-values are adjusted. encoders: that of the baseline and that of the others; none:
    those that the runs share. margin: of equivalence, such as 0.02. ``attrs`` of the table holds what was left out
    and why (``left_out``), ``notes``, ``orders``, ``overlaps`` and ``reproduced``, as ``robustir compare --json`` does.
    Raises RunError if the runs share nothing.
    """
    from robustir.comparing.runs import compare_runs
    from robustir.rundir.directory import RunDirectory

    opened = [one if isinstance(one, RunDirectory) else RunDirectory.open(one) for one in (baseline, *runs)]
    named = (encoders,) if isinstance(encoders, str) else tuple(encoders)
    found = compare_runs(opened, encoders=named, measure=measure, margin=margin)
    found.table.attrs.update(found.beside())
    return found.table


def render(
    findings: Findings,
    path: Path | str,
    *,
    manifest: Manifest | None = None,
    formats: Sequence[str] | None = None,
    only: Sequence[str] = (),
    appendix: bool = False,
) -> list[str]:
    """Write a report: to a file (.html, .pdf, .tex), or into a folder in several formats. Return the renderers' warnings.

    only: the ids of the sections to write, such as "comparisons"; none: all. appendix: whether a PDF has the appendix.
    """
    from robustir import reports
    from robustir.analysis import Findings

    if not isinstance(findings, Findings):
        raise InputError(
            f"findings must come from  robustir.analyse(run); this object is of type {type(findings).__name__}"
        )
    target, layout = Path(path), reports.Layout((only,) if isinstance(only, str) else tuple(only), appendix)
    if formats is not None:
        return reports.write_reports(findings, manifest or findings.manifest, target, formats, layout)
    return reports.render(findings, manifest or findings.manifest, target, layout)
