"""A plan from beginning to end: its cells, then findings, then reports, in one run directory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from robustir.analysis import Findings, write_findings
from robustir.analysis.examples import keep_passages, with_passages
from robustir.analysis.of_run import analyse_run
from robustir.planning.plan import Plan
from robustir.reports import check_formats, write_reports
from robustir.rundir.directory import RunDirectory
from robustir.rundir.extension import continued
from robustir.running.recording import finished, new_manifest, recorded_indexes
from robustir.running.runner import execute
from robustir.running.summary import Progress, RunOptions, RunSummary, Silent

__all__ = ["execute_plan"]


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

    In the folder of a run, the same plan resumes it and a plan with additions extends it; another plan raises RunError, or
    starts over if ``overwrite``.
    """
    formats, bars = check_formats(formats), progress or Silent()
    with directory.locked():
        if overwrite:
            directory.clear()
        damaged = directory.files.audit()
        manifest = new_manifest(plan, before=continued(directory, plan))
        directory.write_manifest(manifest)
        summary = execute(plan, directory, options, bars)
        manifest = replace(manifest, indexes=recorded_indexes(plan, directory))
        directory.write_manifest(finished(manifest, summary))
        bars.stage("analyse", 1)
        with summary.timed("analyse"):
            findings = _with_passages(plan, directory, analyse_run(directory))
            write_findings(findings, directory.path / "findings")
        bars.step()
        bars.stage("write reports", 1)
        with summary.timed("report"):
            if len(findings.scores):
                notes = write_reports(findings, finished(manifest, summary), directory.path, formats)
            else:
                notes = ["no cell could be scored, so no report was written"]
        bars.step()
        directory.write_manifest(finished(manifest, summary))
    told = _told(damaged, "file was", "files were", "damaged or lost, and made again")
    told += _told(
        summary.damaged_vectors,
        "file of stored vectors was",
        "files of stored vectors were",
        "damaged, and their texts encoded again",
    )
    return summary, [*told, *notes]


def _told(damaged: Sequence[str], one: str, several: str, done: str) -> list[str]:
    if not damaged:
        return []
    return [f"{len(damaged)} {one if len(damaged) == 1 else several} {done}; the first: {damaged[0]}"]


def _with_passages(plan: Plan, directory: RunDirectory, findings: Findings) -> Findings:
    """Keep the passages that the examples name, while the data is here, and return the findings with their texts."""
    entries = {entry.name: entry for entry in directory.read_manifest().benchmarks}
    for planned in plan.tasks:
        keep_passages(directory, entries[planned.task.name], findings.examples, planned.task.corpus)
    return replace(findings, examples=with_passages(directory, tuple(entries.values()), findings.examples))
