"""The Python interface: perturb, encode, run, analyse, render, in a few words each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustir.disk.folders import data_folder
from robustir.languages import normalise_all
from robustir.types import QuerySet, Task

if TYPE_CHECKING:
    from robustir.analysis import Findings
    from robustir.planning.plan import Plan
    from robustir.planning.suite import Suite
    from robustir.rundir.directory import RunDirectory
    from robustir.running.runner import Progress, RunOptions, RunSummary

__all__ = ["analyse", "benchmark", "encoder", "execute_plan", "perturb", "render", "run"]


def perturb(queries: QuerySet, perturbation: str | Any, *, severity: float, seed: int = 0, draw: int = 0) -> QuerySet:
    """Return ``queries`` with noise (same ids, same order) and the realised dose per query."""
    from robustir.noise.applying import perturb as apply

    return apply(queries, perturbation, severity=severity, seed=seed, draw=draw)


def encoder(spec: str | Any) -> Any:
    """Return the encoder (or scorer) that a spec names, or adapt a live object."""
    from robustir.encoders.adapters import adapt
    from robustir.plugins.registry import create

    return adapt(create("encoder", spec) if isinstance(spec, str) else spec)


def benchmark(spec: str, *, data: Path | str | None = None, languages: Sequence[str] | None = None) -> Task:
    """Load a benchmark."""
    from robustir.plugins.registry import create

    chosen = None if languages is None else normalise_all(languages)
    task: Task = create("benchmark", spec).load(data_folder(data), chosen)
    return task


def run(
    suite: str | Suite,
    out: Path | str,
    *,
    data: Path | str | None = None,
    encoders: Sequence[Any] = (),
    jobs: int = 1,
    formats: Sequence[str] = ("html", "pdf"),
) -> RunDirectory:
    """Run a suite into ``out``, analyse it and write the reports; return the run directory.

    ``encoders``: live objects scored beside the suite's own. ``jobs`` above 1 starts worker processes, so the calling
    script then needs the usual ``if __name__ == "__main__"`` guard.
    """
    from robustir.planning.plan import make_plan
    from robustir.planning.suite import load_suite
    from robustir.reports import check_formats
    from robustir.rundir.directory import RunDirectory
    from robustir.running.runner import RunOptions

    formats = check_formats(formats)
    plan = make_plan(load_suite(suite) if isinstance(suite, str) else suite, data_folder(data), encoders=encoders)
    directory = RunDirectory(out)
    execute_plan(plan, directory, RunOptions(jobs=jobs), formats=formats)
    return directory


def execute_plan(
    plan: Plan,
    directory: RunDirectory,
    options: RunOptions | None = None,
    progress: Progress | None = None,
    *,
    formats: Sequence[str] = ("html", "pdf"),
    overwrite: bool = False,
) -> tuple[RunSummary, list[str]]:
    """Run a plan, analyse it, write findings and reports; return the summary and warnings of the renderers.

    On an existing run the same plan resumes it and one that adds to it extends it; another raises RunError, or begins
    anew if ``overwrite``.
    """
    from robustir.reports import check_formats
    from robustir.rundir.extension import continued
    from robustir.rundir.manifest import finished, new_manifest
    from robustir.running.runner import execute

    formats = check_formats(formats)
    if not overwrite:
        continued(directory, plan)
    with directory.locked():
        if overwrite:
            directory.clear()
        # Asked again, as another process may have begun a run here in between.
        manifest = new_manifest(plan, before=continued(directory, plan))
        directory.write_manifest(manifest)
        summary = execute(plan, directory, options, progress)
        directory.write_manifest(finished(manifest, summary))
        if progress is not None:
            progress.stage("analyse", 1)
        with summary.timed("analyse"):
            findings = analyse(directory)
            _write_findings(findings, directory)
        if progress is not None:
            progress.step()
            progress.stage("write reports", 1)
        with summary.timed("report"):
            if len(findings.scores):
                warnings = render(findings, directory.path, manifest=finished(manifest, summary), formats=formats)
            else:
                warnings = ["no cell could be scored, so no report was written"]
        if progress is not None:
            progress.step()
        directory.write_manifest(finished(manifest, summary))
    return summary, warnings


def _write_findings(findings: Findings, directory: RunDirectory) -> None:
    from robustir.analysis import write_findings

    write_findings(findings, directory.path / "findings")


def analyse(run_directory: RunDirectory | Path | str) -> Findings:
    """Return the findings of a run as tidy pandas tables; needs neither encoders nor data."""
    from robustir.analysis.of_run import analyse_run
    from robustir.rundir.directory import RunDirectory

    directory = run_directory if isinstance(run_directory, RunDirectory) else RunDirectory.open(run_directory)
    return analyse_run(directory)


def render(
    findings: Findings,
    path: Path | str,
    *,
    manifest: dict[str, Any] | None = None,
    formats: Sequence[str] | None = None,
) -> list[str]:
    """Write a report: to a file (.html, .pdf, .tex), or into a folder in several formats. Return the renderers' warnings."""
    from robustir import reports

    target = Path(path)
    if formats is not None:
        return reports.write_reports(findings, manifest or findings.manifest, target, formats)
    return reports.render(findings, manifest or findings.manifest, target)
